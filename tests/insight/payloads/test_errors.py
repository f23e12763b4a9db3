from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import auc, average_precision_score, roc_auc_score

from narrows import Autoencoder
from narrows.errors import DataError, SettingError
from narrows.insight.payloads import detection_curves, error_by_column, error_histogram
from tests.six_networks import X

CANCER = load_breast_cancer(as_frame=True)
IS_MALIGNANT = (CANCER.target == 0).to_numpy()


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    benign = CANCER.data[~IS_MALIGNANT]
    return Autoencoder(n_components=4, epochs=10, random_state=0, device="cpu").fit(benign)


def test_every_row_is_in_a_bin_and_the_threshold_is_the_quantile(model: Autoencoder) -> None:
    errors = model.reconstruction_error(CANCER.data)
    shown = error_histogram(model, CANCER.data, quantile=0.9)
    assert shown["counts"].sum() == len(errors)
    assert shown["anomalous"].sum() == 0
    assert shown.about["threshold"] == pytest.approx(np.quantile(errors, 0.9), rel=1e-5)
    assert shown.about["above"] == (errors > np.quantile(errors.astype(float), 0.9)).sum()
    inner = shown["edges"][:-1]
    assert shown["counts"][:-1].tolist() == np.histogram(errors[errors < inner[-1]], inner)[0].tolist()
    assert shown.about["cut"]


def test_with_labels_the_threshold_is_that_of_the_normal_rows(model: Autoencoder) -> None:
    errors = model.reconstruction_error(CANCER.data)
    shown = error_histogram(model, CANCER.data, IS_MALIGNANT)
    assert shown["anomalous"].sum() == IS_MALIGNANT.sum()
    assert shown.about["threshold"] == pytest.approx(np.quantile(errors[~IS_MALIGNANT], 0.95), rel=1e-5)


def test_columns_are_compared_with_their_spread_the_worst_first(model: Autoencoder) -> None:
    shown = error_by_column(model, CANCER.data)
    scale = model.schema_.kinds[0].scale
    errors = np.square((model.reconstruct(CANCER.data) - CANCER.data) / scale).mean(axis=0)
    assert shown["error"] == pytest.approx(errors.sort_values(ascending=False), rel=1e-3)
    assert shown.about["names"] == errors.sort_values(ascending=False).index.tolist()
    spread = (CANCER.data / scale).var(axis=0, ddof=0)
    assert shown["spread"] == pytest.approx(spread[shown.about["names"]].to_numpy(), rel=1e-3)


def test_of_images_the_errors_are_a_picture() -> None:
    digits = Autoencoder(n_components=4, epochs=2, random_state=0, device="cpu").fit(X)
    assert np.allclose(
        error_by_column(digits, X)["error"], np.square(digits.reconstruct(X) - X).mean(axis=0), rtol=1e-4
    )


def test_the_curves_have_the_areas_that_scikit_learn_computes(model: Autoencoder) -> None:
    shown = detection_curves(model, CANCER.data, IS_MALIGNANT)
    errors = model.reconstruction_error(CANCER.data)
    assert shown.about["auroc"] == pytest.approx(roc_auc_score(IS_MALIGNANT, errors), abs=1e-6)
    assert shown.about["average_precision"] == pytest.approx(average_precision_score(IS_MALIGNANT, errors), abs=1e-6)
    assert auc(shown["fpr"], shown["tpr"]) == pytest.approx(shown.about["auroc"], abs=1e-3)
    assert shown.about["prevalence"] == pytest.approx(IS_MALIGNANT.mean())


@pytest.mark.parametrize("y", [np.zeros(569), np.ones(569), np.arange(569)])
def test_labels_that_are_no_labels_are_refused(model: Autoencoder, y: np.ndarray) -> None:
    with pytest.raises(DataError, match="y must hold"):
        detection_curves(model, CANCER.data, y)


def test_a_quantile_outside_0_to_1_is_refused(model: Autoencoder) -> None:
    with pytest.raises(SettingError, match="between 0 and 1"):
        error_histogram(model, CANCER.data, quantile=1.5)


def test_rows_that_are_all_alike_have_a_histogram() -> None:
    same = pd.DataFrame(np.full((20, 3), 0.5))
    flat = Autoencoder(n_components=1, epochs=1, random_state=0, device="cpu").fit(same)
    assert error_histogram(flat, same)["counts"].sum() == 20

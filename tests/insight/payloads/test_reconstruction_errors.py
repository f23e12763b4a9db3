from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import auc, average_precision_score, f1_score, roc_auc_score

from narrows import Autoencoder
from narrows.errors import DataError, SettingError
from narrows.insight.payloads import detection_curves, error_by_column, error_histogram, scores, worst_columns
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


def test_scores_are_of_rows_that_training_did_not_see(model: Autoencoder) -> None:
    shown = scores(model, CANCER.data, IS_MALIGNANT)
    position = shown["position"]
    benign = np.flatnonzero(~IS_MALIGNANT)
    assert sorted(position) == sorted([*benign[model.validation_rows_], *np.flatnonzero(IS_MALIGNANT)])
    errors = model.reconstruction_error(CANCER.data.iloc[position])
    assert np.allclose(shown["score"], errors, rtol=1e-4)
    assert (np.diff(shown["score"]) >= 0).all()
    assert np.array_equal(shown["anomalous"], IS_MALIGNANT[position])
    assert shown.about["auroc"] == pytest.approx(roc_auc_score(IS_MALIGNANT[position], errors), abs=1e-6)
    assert shown.about["average_precision"] == pytest.approx(
        average_precision_score(IS_MALIGNANT[position], errors), abs=1e-6
    )
    assert shown.about["anomalies_in_training"] == 0
    assert shown.about["thresholds"]["p95"] == pytest.approx(
        np.quantile(errors[~IS_MALIGNANT[position]].astype(float), 0.95), rel=1e-4
    )


def test_the_best_threshold_has_the_best_f1_of_all(model: Autoencoder) -> None:
    shown = scores(model, CANCER.data, IS_MALIGNANT)
    score, anomalous = shown["score"], shown["anomalous"]
    best = max(f1_score(anomalous, score > t) for t in [score[0] - 1, *score[:-1]])
    assert f1_score(anomalous, score > shown.about["thresholds"]["best_f1"]) == pytest.approx(best)


def test_without_rows_that_are_new_the_scores_say_that_they_flatter() -> None:
    all_in = Autoencoder(n_components=2, epochs=2, validation_fraction=0, random_state=0, device="cpu").fit(CANCER.data)
    shown = scores(all_in, CANCER.data)
    assert len(shown["score"]) == len(CANCER.data)
    assert not shown.about["unseen"]
    assert "optimistic" in shown.about["source"]
    assert shown.about["auroc"] is None
    assert scores(all_in, CANCER.data, np.ones(len(CANCER.data))).about["auroc"] is None


def test_anomalies_that_were_learned_from_are_counted() -> None:
    model = Autoencoder(n_components=2, epochs=2, random_state=0, device="cpu").fit(CANCER.data)
    shown = scores(model, CANCER.data, IS_MALIGNANT)
    assert sorted(shown["position"]) == model.validation_rows_.tolist()
    assert shown.about["anomalies_in_training"] == IS_MALIGNANT.sum() - IS_MALIGNANT[model.validation_rows_].sum()


def test_the_worst_columns_share_the_rows_error(model: Autoencoder) -> None:
    row = CANCER.data.iloc[10:11]
    found = worst_columns(model, row, n=30)
    assert sum(one["error"] for one in found) == pytest.approx(model.reconstruction_error(row)[0], rel=1e-4)
    expected = model.reconstruct(row).iloc[0]
    for one in found:
        assert one["observed"] == row.iloc[0][one["name"]]
        assert one["expected"] == pytest.approx(expected[one["name"]], rel=1e-5)
    assert [one["error"] for one in found] == sorted((one["error"] for one in found), reverse=True)

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from narrows import AnomalyDetector, Autoencoder
from narrows.errors import DataError
from narrows.insight.payloads import detector_scores

RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=(80, 2)) @ RNG.normal(size=(2, 5)) + 0.05 * RNG.normal(size=(80, 5))
X = np.concatenate([NORMAL, 3 * RNG.normal(size=(10, 5))])
ANOMALOUS = np.arange(90) >= 80


def test_the_detector_is_fitted_on_the_training_rows_and_measured_on_the_others() -> None:
    seen = np.arange(90) < 60
    model = Autoencoder(n_components=2, epochs=2, random_state=0, device="cpu", validation_fraction=0).fit(X[seen])
    shown = detector_scores(model, X, ANOMALOUS, seen=seen)
    assert shown["position"].tolist() == list(range(60, 90))
    detector = AnomalyDetector(random_state=0).fit(X[seen])
    expected = -detector.score_samples(X[~seen])
    assert shown["score"] == pytest.approx(expected)
    assert shown.about["auroc"] == pytest.approx(roc_auc_score(ANOMALOUS[~seen], expected))
    errors = model.reconstruction_error(X[~seen])
    assert shown.about["error_auroc"] == pytest.approx(roc_auc_score(ANOMALOUS[~seen], errors))
    assert shown.about["threshold"] == detector.threshold_


def test_too_few_rows_are_refused() -> None:
    model = Autoencoder(n_components=1, epochs=1, random_state=0, device="cpu", validation_fraction=0).fit(X[:15])
    with pytest.raises(DataError, match="at least 20 training rows, got 15"):
        detector_scores(model, X[:15])

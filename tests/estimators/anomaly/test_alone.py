"""A row has the same score alone and together with any other rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrows import AnomalyDetector, Autoencoder, VariationalAutoencoder
from narrows.data import as_rows
from narrows.insight.measure import squared_error

RNG = np.random.default_rng(0)
# Some rows come several times, some columns are large, and some rows lie close to others.
ROWS = RNG.standard_normal((400, 7)) * [1, 1e3, 1e-3, 1, 1, 50, 1] + [0, 1e5, 0, 0, 0, 0, 0]
ROWS[:100] = ROWS[RNG.integers(0, 5, 100)]
ROWS[100:150] = ROWS[150:200] * (1 + 1e-7 * RNG.standard_normal((50, 7)))
NEW = np.vstack([ROWS, ROWS[:50], RNG.standard_normal((2000, 7)) * [1, 1e3, 1e-3, 1, 1, 50, 9]])
SMALL = {"n_components": 2, "hidden_layer_sizes": (16,), "epochs": 3, "random_state": 0, "device": "cpu"}
JUDGES = {
    "default": {},
    "reconstruction": {"estimator": Autoencoder(**SMALL)},
    "combined": {"estimator": Autoencoder(**SMALL), "method": "combined"},
    "likelihood": {"estimator": VariationalAutoencoder(**SMALL), "method": "likelihood"},
}


@pytest.fixture(scope="module", params=JUDGES)
def judged(request) -> tuple[AnomalyDetector, np.ndarray]:
    fitted = AnomalyDetector(**JUDGES[request.param], random_state=0).fit(ROWS)
    return fitted, fitted.score_samples(NEW)


def same(found: np.ndarray, expected: np.ndarray, fitted: AnomalyDetector) -> None:
    # Networks of the user's own run in single precision, and not on every processor do rows round alike.
    tolerance = {"rtol": 0, "atol": 0} if fitted.estimator is None else {"rtol": 1e-5, "atol": 1e-5}
    np.testing.assert_allclose(found, expected, **tolerance)


@pytest.mark.filterwarnings("ignore:.*convert")  # one wild row alone may be in other units
@settings(max_examples=25, deadline=None)
@given(places=st.lists(st.integers(0, len(NEW) - 1), min_size=1, max_size=130))
def test_any_rows_in_any_order_have_the_scores_they_have_among_all(judged, places: list[int]) -> None:
    fitted, scores = judged
    same(fitted.score_samples(NEW[places]), scores[places], fitted)


def test_equal_rows_have_equal_scores_and_the_rows_of_the_fit_those_of_the_fit(judged) -> None:
    fitted, scores = judged
    same(scores[400:450], scores[:50], fitted)
    same(scores[:400], -fitted.decision_scores_, fitted)


def test_the_errors_that_drift_compares_are_each_rows_own() -> None:
    model = Autoencoder(**SMALL).fit(ROWS)
    floats = model.schema_.encode(as_rows(NEW))
    every = squared_error(model, floats)
    for places in ([3], [5, 3], list(range(100, 171))):
        np.testing.assert_allclose(squared_error(model, floats[places]), every[places], rtol=1e-5, atol=1e-6)

"""Exported models of real data answer as ours on 2,000 rows, with gaps and levels that no fit has seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from narrows import AnomalyDetector, Autoencoder, SparseAutoencoder, VariationalAutoencoder, read
from tests.export.running import assert_equal

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

N = 2000
VARIANTS = [Autoencoder, VariationalAutoencoder]


def harmed(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with a twentieth of their cells empty, and texts that no fit has seen."""
    rng = np.random.default_rng(0)
    frame = frame.copy()
    for name in frame.columns:
        if frame[name].dtype.kind in "iub":
            frame[name] = frame[name].astype("float64")
        elif frame[name].dtype.kind not in "fM":
            frame.loc[rng.random(len(frame)) < 0.05, name] = "never seen"
        frame.loc[rng.random(len(frame)) < 0.05, name] = None
    return frame


def fitted(X: Any, variant: type[Autoencoder] = Autoencoder, **settings: Any) -> Autoencoder:
    return variant(epochs=2, random_state=0, device="cpu", **settings).fit(X)


@pytest.fixture(scope="module")
def flights(data_folder: Path) -> pd.DataFrame:
    frame = pd.read_csv(data_folder / "flights" / "flights.csv.gz", parse_dates=["time_hour"])
    return frame.sample(8000, random_state=0).reset_index(drop=True)


@pytest.fixture(scope="module")
def mnist(data_folder: Path) -> np.ndarray:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NARROWS_DATA", str(data_folder.resolve()))
        return read("mnist").block()[: 3 * N].reshape(-1, 28, 28)


@pytest.mark.parametrize("dates", ["text", "int64"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_flights(flights, variant, dates):
    model = fitted(flights[:6000], variant)
    assert_equal(model, flights[-N:], dates=dates)
    assert_equal(model, harmed(flights[-N:]), dates=dates)


def test_a_detector_of_flights(flights):
    for detector, rows in (
        (AnomalyDetector(Autoencoder(epochs=2, device="cpu"), random_state=0), flights[:6000]),
        (AnomalyDetector(random_state=0), flights[:1000]),  # after it come planes and airports that it has not seen
    ):
        detector.fit(rows)
        assert_equal(detector, flights[-N:])
        assert_equal(detector, harmed(flights[-N:]))


@pytest.mark.parametrize("variant", VARIANTS)
def test_penguins(data_folder, variant):
    frame = pd.read_csv(data_folder / "penguins" / "penguins.csv")
    model = fitted(frame, variant)
    assert_equal(model, frame)
    assert_equal(model, harmed(frame))
    own = AnomalyDetector(Autoencoder(epochs=2, device="cpu"), method="combined", random_state=0)
    for detector in (own, AnomalyDetector(random_state=0)):
        detector.fit(frame)
        assert_equal(detector, frame)
        assert_equal(detector, harmed(frame))


def test_digits():
    X = load_digits().images
    for settings in ({}, {"network": "conv"}, {"network": "conv", "tied_weights": True}):
        assert_equal(fitted(X, **settings), X)
    assert_equal(fitted(X, SparseAutoencoder, code="top-k", k=4, n_components=32), X)
    for estimator in (Autoencoder(epochs=2, device="cpu"), None):
        assert_equal(AnomalyDetector(estimator, random_state=0).fit(X), X)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("settings", [{}, {"network": "conv"}, {"tied_weights": True}])
def test_mnist(mnist, variant, settings):
    assert_equal(fitted(mnist[:N], variant, **settings), mnist[-N:])


def test_the_default_detector_of_mnist(mnist):
    assert_equal(AnomalyDetector(random_state=0).fit(mnist[:500]), mnist[-N:])

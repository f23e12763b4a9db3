"""What PCA does as well or better."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from narrows import Autoencoder, DenoisingAutoencoder
from narrows.data import as_rows
from narrows.insight.baselines import PCABaseline
from narrows.insight.findings import (
    Evidence,
    denoising,
    pca_comparison,
)
from narrows.insight.findings.baseline_comparison import pca_curve
from narrows.insight.payloads import architecture
from tests.insight.findings.rows import ROWS, evidence


def test_pcas_curve_is_scikit_learns_reconstruction_error() -> None:
    pca = PCABaseline.fit(ROWS[:200], 8)
    curve = pca_curve(pca, ROWS[200:].astype(np.float64))
    for k in range(1, 4):
        theirs = PCA(k).fit(ROWS[:200])
        rebuilt = theirs.inverse_transform(theirs.transform(ROWS[200:]))
        assert curve[k] == pytest.approx(np.square(rebuilt - ROWS[200:]).sum(axis=1).mean(), rel=1e-3, abs=1e-5)


def test_rows_of_three_factors_need_three_components() -> None:
    model = Autoencoder(n_components=3, activation="linear", epochs=100, random_state=0).fit(ROWS)
    assert pca_comparison(evidence(model)).values["components_pca_needs"] <= 3


def test_a_model_equal_to_pca_is_not_praised_for_more() -> None:
    model = Autoencoder(n_components=2, activation="linear", epochs=100, random_state=0, device="cpu").fit(ROWS)
    finding = pca_comparison(evidence(model))
    assert (finding.verdict, "as good as PCA" in finding.meaning) == ("good", True)


def test_a_model_whose_layers_were_not_supported_is_called_pca() -> None:
    noisy = (ROWS + np.random.default_rng(3).standard_normal(ROWS.shape)).astype(np.float32)
    model = Autoencoder(n_components=3, epochs=20, random_state=0, device="cpu").fit(noisy[:200])
    model.network_.path.share.fill_(0)
    assert "it is PCA, as held-out rows" in pca_comparison(evidence(model, noisy)).meaning
    assert architecture(model).about["share_of_layers"] == 0


def test_a_curve_that_straight_lines_do_not_catch_is_told_from_one_they_do() -> None:
    angle = np.random.default_rng(1).uniform(0, 2 * np.pi, (400, 1))
    circle = np.concatenate([np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)], axis=1)
    model = Autoencoder(n_components=2, epochs=150, random_state=0, device="cpu").fit(circle)
    assert "nonlinear structure" in pca_comparison(evidence(model, circle.astype(np.float32))).meaning


@pytest.mark.slow
def test_a_code_wider_than_five_hundred_has_a_pca_as_wide() -> None:
    wide = np.random.default_rng(2).standard_normal((1300, 700)).astype(np.float32)
    model = Autoencoder(n_components=600, hidden_layer_sizes=(), epochs=1, random_state=0, device="cpu").fit(wide)
    floats = model.schema_.encode(as_rows(wide))
    given = Evidence(model, floats[:300], floats[300:], known_is_training=True)
    best = PCA(600).fit(given.known)
    theirs = np.square(best.inverse_transform(best.transform(given.measured)) - given.measured).sum(axis=1).mean()
    assert pca_comparison(given).number("pca_squared_error") == pytest.approx(theirs, rel=1e-3)


def test_a_top_k_code_is_measured_by_its_active_units() -> None:
    model = Autoencoder(code="top-k", k=2, n_components=32, epochs=20, random_state=0, device="cpu").fit(ROWS)
    given = evidence(model)
    finding = pca_comparison(given)
    assert "as wide as the data" not in finding.meaning
    expected = PCABaseline.fit(given.known, 2).squared_error(given.measured).mean()
    assert finding.number("pca_squared_error") == pytest.approx(expected, rel=1e-3)


def test_a_denoiser_is_not_called_worse_than_pca_where_it_cleans_better() -> None:
    model = DenoisingAutoencoder(level=1.5, n_components=3, epochs=60, random_state=0, device="cpu").fit(ROWS)
    given = evidence(model)
    cleaned = denoising(given)
    assert cleaned is not None
    assert cleaned.number("model") < cleaned.number("pca")
    finding = pca_comparison(given)
    assert finding.number("squared_error") > finding.number("pca_squared_error")
    assert (finding.verdict, "removes noise" in finding.meaning) == ("watch", True)

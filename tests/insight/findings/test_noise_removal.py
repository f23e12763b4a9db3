"""Noise that is removed, beside copying and PCA."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from narrows import Autoencoder, DenoisingAutoencoder
from narrows.insight.added_noise import corrupted
from narrows.insight.findings import (
    denoising,
)
from tests.insight.findings.rows import ROWS, evidence


def test_removed_noise_is_measured_beside_copying_and_pca() -> None:
    model = DenoisingAutoencoder(level=0.5, n_components=3, epochs=30, random_state=0, device="cpu").fit(ROWS)
    seen = evidence(model)
    finding = denoising(seen)
    assert finding is not None
    # Gaussian noise of deviation 0.5 on eight columns.
    assert finding.number("copied") == pytest.approx(8 * 0.25, rel=0.1)
    noisy = corrupted(model, seen.measured, seed=0)
    pca = PCA(3).fit(seen.known)
    assert finding.number("pca") == pytest.approx(
        np.square(pca.inverse_transform(pca.transform(noisy)) - seen.measured).sum(axis=1).mean(), rel=1e-3
    )
    assert finding.verdict in ("good", "watch")
    assert finding.number("model") < finding.number("copied")


def test_a_model_that_makes_noisy_rows_worse_is_called_so_and_one_without_noise_is_not_asked() -> None:
    hopeless = DenoisingAutoencoder(level=0.01, n_components=1, epochs=1, random_state=0, device="cpu").fit(ROWS)
    finding = denoising(evidence(hopeless))
    assert finding is not None
    assert finding.verdict == "bad"
    guarded = Autoencoder(corruption="gaussian", level=0.01, n_components=1, epochs=1, random_state=0, device="cpu")
    mild = denoising(evidence(guarded.fit(ROWS)))
    assert mild is not None
    assert (mild.verdict, "prevents copying" in mild.meaning) == ("good", True)
    assert denoising(evidence(Autoencoder(epochs=1, random_state=0, device="cpu").fit(ROWS))) is None

import numpy as np
import pytest

from narrows.insight import DenoisingComparison, PCABaseline, psnr
from narrows.insight.simple_denoising import best_rank, project

rng = np.random.default_rng(0)
CLEAN = (0.5 + rng.normal(size=(200, 3)) @ rng.normal(size=(3, 20)) / 20).astype(np.float32)
NOISY = (CLEAN + 0.1 * rng.normal(size=CLEAN.shape)).astype(np.float32)


def test_best_rank_is_the_one_that_brute_force_finds():
    pca = PCABaseline.fit(CLEAN, 20)
    errors = [np.square(project(PCABaseline(pca.mean, pca.components[:k], 0), NOISY) - CLEAN).sum() for k in range(21)]
    assert len(best_rank(pca, NOISY, CLEAN).components) == int(np.argmin(errors))


def test_pca_learns_from_every_other_row_and_is_measured_on_the_others():
    found = DenoisingComparison.of(CLEAN, NOISY, CLEAN * 0 + 0.5, span=1.0, n_components=3)
    pca = PCABaseline.fit(CLEAN[::2], 3)
    assert found.pca == pytest.approx(psnr(CLEAN[1::2], project(pca, NOISY[1::2]), 1.0))
    assert found.noisy == pytest.approx(psnr(CLEAN[1::2], NOISY[1::2], 1.0))


def test_the_warning_names_what_is_better():
    def warning(denoised, n=200):
        return DenoisingComparison.of(CLEAN[:n], NOISY[:n], denoised[:n], span=1.0, n_components=None).warning

    assert "doing nothing" in warning(NOISY + 1)
    assert "doing nothing" in warning(NOISY + 1, n=10)
    assert "worse than PCA" in warning(CLEAN + 0.95 * (NOISY - CLEAN))
    assert warning(CLEAN + 0.001) == ""
    assert warning(CLEAN + 0.95 * (NOISY - CLEAN), n=10) == ""  # too few rows for PCA

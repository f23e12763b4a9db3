"""Baselines of the reconstruction error: PCA with as many components, and the mean row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

MAX_FLOATS = 100_000_000
"""Above this many floats, PCA is fitted on a sample of the rows: 400 MB in float32."""

_EXACT_WIDTH = 3000  # eigenvectors of a wider covariance take longer than training an autoencoder
_EXACT_SIZE = 1_000_000


@dataclass(frozen=True, eq=False)
class PCABaseline:
    """PCA of encoded rows, the baseline of an autoencoder with as many components.

    Parameters
    ----------
    mean : np.ndarray
        (d,), mean of the rows of the fit.
    components : np.ndarray
        (k, d), orthonormal; k may be 0.
    n_rows : int
        Number of rows of the fit; fewer than given if `MAX_FLOATS` required a sample.
    """

    mean: np.ndarray
    components: np.ndarray
    n_rows: int

    @classmethod
    def fit(cls, floats: np.ndarray, n_components: int, *, max_floats: int = MAX_FLOATS) -> PCABaseline:
        """Fit on `floats` (n, d) with `n_components`, or min(n, d) if that is fewer.

        Solver: scikit-learn's "covariance_eigh" if d is at most 3000 and n at least d, "full" for other small tables,
        else "randomized" (Halko 2011) with a fixed seed.
        """
        from sklearn.decomposition import PCA

        sample = _sample(floats, max_floats)
        n, d = sample.shape
        mean = sample.mean(axis=0, dtype=np.float64)
        centred = sample - mean.astype(sample.dtype)  # before the covariance: float32 loses digits on a large mean
        k = min(n_components, n, d)
        if k == 0 or not centred.any():
            return cls(mean, np.zeros((0, d)), n)
        with np.errstate(invalid="ignore", divide="ignore"):  # the variance may be 0
            pca = PCA(k, svd_solver=_solver(n, d), random_state=0).fit(centred)
        return cls(mean, np.asarray(pca.components_, np.float64), n)

    def squared_error(self, floats: np.ndarray, observed: np.ndarray | None = None) -> np.ndarray:
        """Return the squared error of each row of `floats` (n, d), summed over all or the `observed` floats: (n,)."""
        errors = np.empty(len(floats))
        for start in range(0, len(floats), 4096):
            centred = floats[start : start + 4096] - self.mean
            rebuilt = (centred @ self.components.T) @ self.components
            squares = (centred - rebuilt) ** 2
            errors[start : start + 4096] = (
                squares if observed is None else squares * observed[start : start + 4096]
            ).sum(1)
        return errors


def pca_reconstruction_error(train: np.ndarray, held_out: np.ndarray, n_components: int) -> np.ndarray:
    """Return the squared error per row of `held_out` (n, d) with a PCA of `train`: (n,).

    On MNIST's training and test sets, in pixels of [0, 1], 30 components give 13.87, as in Hinton and Salakhutdinov
    2006.
    """
    return PCABaseline.fit(train, n_components).squared_error(held_out)


def mean_baseline(train: np.ndarray, held_out: np.ndarray, observed: np.ndarray | None = None) -> np.ndarray:
    """Return the squared error per row of `held_out` (n, d) if the mean of `train` is predicted for every row: (n,).

    observed : mask (n, d) of the floats to count; None for all.
    """
    mean = PCABaseline(train.mean(axis=0, dtype=np.float64), np.zeros((0, train.shape[1])), len(train))
    return mean.squared_error(held_out, observed)


def psnr(clean: np.ndarray, noisy: np.ndarray, data_range: float) -> float:
    """Return the peak signal-to-noise ratio of `noisy` in decibels: 10 log10(data_range² / mean squared error).

    The mean is over all rows, as in denoising papers; infinite if both are equal.
    """
    error = float(np.mean((np.asarray(clean, np.float64) - np.asarray(noisy, np.float64)) ** 2))
    return float("inf") if error == 0 else float(10 * np.log10(data_range**2 / error))


def _sample(floats: np.ndarray, max_floats: int) -> np.ndarray:
    n, d = floats.shape
    n_kept = max(1, max_floats // max(1, d))
    if n_kept >= n:
        return floats
    chosen = np.sort(np.random.default_rng(0).choice(n, n_kept, replace=False))
    return floats[chosen]


def _solver(n: int, d: int) -> Literal["covariance_eigh", "full", "randomized"]:
    if n >= d and d <= _EXACT_WIDTH:
        return "covariance_eigh"
    return "full" if n * d <= _EXACT_SIZE else "randomized"

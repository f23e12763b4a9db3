"""The errors of PCA and of doing nothing on noisy rows, the baselines of a denoising model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narrows.insight.baselines import PCABaseline, psnr

MOST_COMPONENTS = 500
_FEWEST_ROWS = 60  # half of them measure


def project(pca: PCABaseline, floats: np.ndarray) -> np.ndarray:
    """Return rows (n, d) projected on the principal components."""
    return (floats - pca.mean) @ pca.components.T @ pca.components + pca.mean


def best_rank(pca: PCABaseline, noisy: np.ndarray, clean: np.ndarray) -> PCABaseline:
    """Return PCA with as many of its components as bring noisy rows (n, d) closest to the clean ones."""
    codes, wanted = (((floats - pca.mean) @ pca.components.T).astype(np.float64) for floats in (noisy, clean))
    # A component takes its part of the clean row out of the error, and puts its part of the noise in.
    gained = np.square(wanted).sum(axis=0) - np.square(codes - wanted).sum(axis=0)
    n = int(np.argmax(np.concatenate([[0.0], np.cumsum(gained)])))
    return PCABaseline(pca.mean, pca.components[:n], pca.n_rows)


@dataclass(frozen=True)
class DenoisingComparison:
    """PSNR in decibels of noisy rows, of the model's and of PCA's; PCA's is None with fewer than sixty rows.

    PCA learns from every other clean row, and the other rows are those that are measured.
    """

    noisy: float
    model: float
    pca: float | None = None

    @classmethod
    def of(
        cls, clean: np.ndarray, noisy: np.ndarray, denoised: np.ndarray, *, span: float, n_components: int | None
    ) -> DenoisingComparison:
        """Compare rows (n, d), of which `span` is black to white.

        n_components : of PCA; None takes as many as remove most of the noise, which favours PCA.
        """
        if len(clean) < _FEWEST_ROWS:
            return cls(psnr(clean, noisy, span), psnr(clean, denoised, span))
        pca = PCABaseline.fit(clean[::2], min(n_components or MOST_COMPONENTS, MOST_COMPONENTS))
        clean, noisy, denoised = clean[1::2], noisy[1::2], denoised[1::2]
        pca = best_rank(pca, noisy, clean) if n_components is None else pca
        return cls(*(psnr(clean, floats, span) for floats in (noisy, denoised, project(pca, noisy))))

    @property
    def warning(self) -> str:
        """A sentence where doing nothing or PCA is better; else empty."""
        if self.model <= self.noisy:
            return (
                f"Denoising makes these worse than doing nothing: {self.model:.2f} dB, and {self.noisy:.2f} dB with "
                "their noise."
            )
        if self.pca is not None and self.model < self.pca:
            return f"Denoising is worse than PCA: {self.model:.2f} dB, and {self.pca:.2f} dB with PCA."
        return ""

"""Scores of a user's own autoencoders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from narrows.errors import SettingError
from narrows.estimators.anomaly.tails import ScaledParts, centre_and_spread
from narrows.estimators.anomaly.weights import quantile
from narrows.estimators.autoencoder import Autoencoder
from narrows.estimators.inference import map_floats
from narrows.estimators.likelihood_bounds import importance_weighted_bound
from narrows.model import GaussianCode, MixedError, SquaredError

Score = Literal["auto", "reconstruction", "latent", "combined", "likelihood"]

_DRAWS = 50
_REPLACEMENTS, _MOST_REPLACED = 8, 200
_ROUNDING = 16  # errors of a column in units of the precision of float32 times its largest value
_GRID = 256  # points of the tail of a column's losses


@dataclass(frozen=True, eq=False)
class EstimatorScorer:
    """One or several fitted autoencoders, and statistics of their training rows.

    Parameters
    ----------
    models : sequence of Autoencoder
        Fitted on the same rows from different seeds.
    score : {"reconstruction", "latent", "combined", "likelihood"}
    tails : ndarray of shape (1 + n_columns, g) or None
        -log p for g decreasing shares p of the training rows, starting at 1, and for each column the loss that this
        share of rows exceeds; None for images, whose pixels have one unit.
    code_mean, code_precision : list of ndarray
        Mean (k,) and inverse covariance (k, k) of the codes of each model.
    """

    models: Sequence[Autoencoder]
    score: Score
    tails: np.ndarray | None
    code_mean: Sequence[np.ndarray]
    code_precision: Sequence[np.ndarray]

    @classmethod
    def of(
        cls, models: Sequence[Autoencoder], score: Score, floats: np.ndarray, weight: np.ndarray | None = None
    ) -> EstimatorScorer:
        """Return a scorer with the statistics of encoded training rows (n, d), of weights (n,) with mean 1."""
        model = models[0]
        score = "reconstruction" if score == "auto" else score
        check_likelihood(model, score)
        tails = (
            None
            if model.schema_.image_shape
            else tails_of(column_losses(models, floats), weight, rounding_floor(model, floats))
        )
        means, precisions = [], []
        for m in models:
            z = map_floats(floats, m.network_.codes, m.device_).astype(np.float64)
            covariance = np.atleast_2d(np.cov(z.T, aweights=weight)) if len(z) > 1 else np.eye(z.shape[1])
            ridge = 1e-6 * max(float(np.trace(covariance)) / len(covariance), 1e-12)
            means.append(z.mean(axis=0) if weight is None else np.average(z, axis=0, weights=weight))
            precisions.append(np.linalg.inv(covariance + ridge * np.eye(len(covariance))))
        return cls(models, score, tails, means, precisions)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parts."""
        return {"combined": ("reconstruction", "latent")}.get(self.score, (self.score,))

    def parts(self, floats: np.ndarray) -> np.ndarray:
        """Return the scores of encoded rows, averaged over models: (n, 1), or (n, 2) if they are combined."""
        score = {"reconstruction": self._reconstruction, "latent": self._latent, "likelihood": self._likelihood}
        return np.column_stack([score[name](floats) for name in self.names])

    @property
    def references(self) -> None:
        """Return None: no training rows are needed."""
        return

    def combination(self, parts: np.ndarray, floats: np.ndarray, weight: np.ndarray | None = None) -> ScaledParts:
        """Return how parts (n, p) of training rows are combined: each in units of its spread."""
        return ScaledParts(np.stack(centre_and_spread(parts, weight)))

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors to save, without those of the models."""
        tensors = {} if self.tails is None else {"tails": torch.from_numpy(self.tails)}
        for i, (mean, precision) in enumerate(zip(self.code_mean, self.code_precision, strict=True)):
            tensors[f"code_mean.{i}"] = torch.from_numpy(mean)
            tensors[f"code_precision.{i}"] = torch.from_numpy(precision)
        return tensors

    def facts(self) -> dict[str, Any]:
        """Return the JSON values to save."""
        return {"score": self.score, "members": len(self.models)}

    def card_note(self) -> str:
        """Return an empty text."""
        return ""

    def expected(self, floats: np.ndarray, columns: np.ndarray, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the expected value of each column of encoded rows (n, d), and its contribution to the score.

        A wrong value also changes the reconstruction of other columns. Therefore each column in turn is replaced by its
        mean and then repeatedly by its reconstruction, so that its expected value depends on the other columns alone.
        Its contribution is the decrease of the score of the row. For images, and for tables of more than 200 columns,
        it is the loss of the pixel or column itself.

        columns : the column of each float (d,).

        Returns
        -------
        expected : ndarray of shape (n, d)
        far : ndarray of shape (n, n_columns)
        """
        surprise, expected = self._surprise(floats), self._reconstructed(floats)
        if self.tails is None or n_columns > _MOST_REPLACED:
            return expected, surprise
        far, whole = np.zeros(surprise.shape), surprise.sum(axis=1)
        for column in np.unique(columns):
            mended, here = floats.copy(), columns == column
            mended[:, here] = self.models[0].mean_[here]
            for _ in range(_REPLACEMENTS):
                mended[:, here] = self._reconstructed(mended)[:, here]
            expected[:, here] = mended[:, here]
            far[:, column] = whole - self._surprise(mended).sum(axis=1)
        return expected, np.maximum(far, 0)

    def _reconstructed(self, floats: np.ndarray) -> np.ndarray:
        reconstructions = [map_floats(floats, model.network_.reconstruct, model.device_) for model in self.models]
        return np.mean(reconstructions, axis=0).astype(np.float32)

    def _surprise(self, floats: np.ndarray) -> np.ndarray:
        """Return -log of the share of training rows with at least the loss of each column (n, n_columns).

        Above the losses of all training rows it grows with the logarithm of the loss. For images it is the loss.
        """
        losses = column_losses(self.models, floats)
        return losses if self.tails is None else surprise_of(losses, self.tails)

    def _reconstruction(self, floats: np.ndarray) -> np.ndarray:
        """Return the sum of `_surprise` over columns (Fisher 1932)."""
        return self._surprise(floats).sum(axis=1)

    def _latent(self, floats: np.ndarray) -> np.ndarray:
        """Return the squared Mahalanobis distance of the code."""
        distances = []
        for model, mean, precision in zip(self.models, self.code_mean, self.code_precision, strict=True):
            z = map_floats(floats, model.network_.codes, model.device_) - mean
            # Sums in float64 are rounded to float32, so that the result does not depend on the other rows.
            distances.append(np.einsum("ni,ij,nj->n", z, precision, z, dtype=np.float64).astype(np.float32))
        return np.mean(np.array(distances, np.float64), axis=0)

    def _likelihood(self, floats: np.ndarray) -> np.ndarray:
        """Return the negative of the importance-weighted bound on log p(x)."""
        bounds = [
            map_floats(floats, partial(importance_weighted_bound, m.network_, k=_DRAWS), m.device_) for m in self.models
        ]
        return -np.mean(bounds, axis=0)


def check_likelihood(model: Autoencoder, score: Score) -> None:
    """Raise `SettingError` where method="likelihood" is not defined for a fitted model."""
    network = model.network_
    if score == "likelihood" and not (isinstance(network.code, GaussianCode) and network.likelihood.is_density):
        raise SettingError(
            "method='likelihood' needs a variational model with a density for its loss; use method='reconstruction'."
        )


def column_losses(models: Sequence[Autoencoder], floats: np.ndarray) -> np.ndarray:
    """Return the loss of each column of encoded rows (n, d), averaged over models: (n, n_columns)."""
    return models[0].schema_.sum_by_column(np.mean([_losses(model, floats) for model in models], axis=0))


def rounding_floor(model: Autoencoder, floats: np.ndarray) -> np.ndarray:
    """Return the squared error of each column (c,) that is only rounding of encoded rows (n, d) in float32.

    A linear path may reproduce columns exactly; the ranks of their errors then say nothing of the rows. 0 for losses
    other than squared errors.
    """
    likelihood = model.network_.likelihood
    is_square = np.zeros(floats.shape[1])
    if isinstance(likelihood, MixedError):
        for kind, first, end in likelihood.blocks:
            is_square[first:end] = kind == "square"
        is_square *= np.asarray(likelihood.shares)
    elif isinstance(likelihood, SquaredError) and not likelihood.bounded:
        is_square[:] = 1.0
    error = _ROUNDING * np.finfo(np.float32).eps * np.maximum(np.abs(floats).max(axis=0), 1.0)
    return model.schema_.sum_by_column((is_square * np.square(error))[None])[0]


def tails_of(losses: np.ndarray, weight: np.ndarray | None = None, floor: np.ndarray | None = None) -> np.ndarray:
    """Return -log p for g decreasing shares p of rows, and the losses (n, c) that they exceed: (1 + c, g).

    Losses below the `floor` of their column (c,) are equal.
    """
    shares = np.geomspace(1, 1 / (len(losses) + 1), _GRID)
    values = quantile(losses, 1 - shares, weight).T
    return np.vstack([-np.log(shares), values if floor is None else np.maximum(values, floor[:, None])])


def surprise_of(losses: np.ndarray, tails: np.ndarray) -> np.ndarray:
    """Return -log of the share of rows with at least the loss of each column, from `tails_of`: (n, c)."""
    heights, surprise = tails[0], np.empty(losses.shape)
    for column, grid in enumerate(tails[1:]):
        steps, first = np.unique(grid, return_index=True)  # of equal losses the largest share
        surprise[:, column] = np.interp(losses[:, column], steps, heights[first])
        beyond = (losses[:, column] - steps[-1]) / max(float(steps[-1] - steps[0]), 1e-9)
        surprise[:, column] += np.log1p(np.maximum(beyond, 0))
    return surprise


def _losses(model: Autoencoder, floats: np.ndarray) -> np.ndarray:
    """Return the loss of each float from the deterministic code (n, d)."""
    network = model.network_

    def loss(x: Tensor) -> Tensor:
        return network.likelihood.loss(network.output(network.codes(x)), x)

    return map_floats(floats, loss, model.device_)

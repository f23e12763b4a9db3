"""Where the training of a default network begins: at PCA, or at the mean of the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narrows.model import AutoencoderNetwork, GaussianCode, can_start_linear, start_at_mean, start_linear

if TYPE_CHECKING:
    from narrows.estimators.autoencoder import Autoencoder

_MOST_CELLS = 4_000_000  # that PCA looks at: a fraction of a second
_MOST_ROWS = 1000  # of a wide table, whose components come from products of rows


def begin(
    model: Autoencoder, network: AutoencoderNetwork, floats: np.ndarray, weight: np.ndarray | None, mean: np.ndarray
) -> bool:
    """Set the weights that training begins with, and say whether they already are as good as PCA.

    A network whose loss, output and layers are the defaults begins at PCA where `can_start_linear` says so, else with
    outputs near the mean. All others keep what was drawn: published ones are fitted as published.

    floats, weight : encoded training rows (n, d) and what each counts (n,), None for all alike. mean : theirs (d,).
    """
    is_default = (
        isinstance(model.loss, str)
        and model.loss == model.output_activation == "auto"
        and model.encoder is model.decoder is model.pretrain is model.penalty is None
        and not isinstance(network.code, GaussianCode)
    )
    if not is_default:
        return False
    if not can_start_linear(network):
        start_at_mean(network, mean)
        return False
    start_linear(network, mean, _components(floats, weight, mean, network.n_components))
    return True


def enough(places: np.ndarray, n_floats: int) -> np.ndarray:
    """The places of rows that a start is computed from: all of them, or of a large table some, evenly spaced."""
    most = _MOST_ROWS if n_floats > _MOST_ROWS else max(_MOST_ROWS, _MOST_CELLS // n_floats)
    return places[np.linspace(0, len(places) - 1, min(len(places), most)).astype(np.intp)]


def _components(floats: np.ndarray, weight: np.ndarray | None, mean: np.ndarray, most: int) -> np.ndarray:
    """The first principal components that are there, orthonormal rows (r, d)."""
    centred = floats.astype(np.float64) - mean
    if weight is not None:
        centred *= np.sqrt(weight)[:, None]
    # The smaller of the two products of the rows with themselves has all that is asked for.
    by_rows = len(centred) < centred.shape[1]
    values, vectors = np.linalg.eigh(centred @ centred.T if by_rows else centred.T @ centred)
    largest = np.argsort(-values, kind="stable")[:most]
    largest = largest[values[largest] > 1e-10 * max(values.max(), np.finfo(np.float64).tiny)]
    found = vectors[:, largest]
    if by_rows:
        found = centred.T @ found
        found /= np.linalg.norm(found, axis=0)
    return found.T

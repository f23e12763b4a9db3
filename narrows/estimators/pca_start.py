"""First weights of a default network: PCA, or outputs at the mean of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from narrows.model import AutoencoderNetwork, GaussianCode, can_start_linear, start_at_mean, start_linear

_MOST_CELLS = 4_000_000  # for PCA: a fraction of a second
_MOST_ROWS = 1000  # for PCA of a wide table, computed from the products of its rows


def begin(
    params: Mapping[str, Any],
    network: AutoencoderNetwork,
    floats: np.ndarray,
    weight: np.ndarray | None,
    mean: np.ndarray,
) -> bool:
    """Set the initial weights; return whether they are already as good as PCA.

    A network with the default loss, output and layers begins at PCA where `can_start_linear` allows it, else with
    outputs near the mean. All other networks keep their random weights, as in the papers.

    Parameters
    ----------
    params : mapping
        All constructor parameters of an autoencoder.
    network : AutoencoderNetwork
    floats : ndarray of shape (n, d)
        Encoded training rows.
    weight : ndarray of shape (n,) or None
        Sample weights; None gives all rows equal weight.
    mean : ndarray of shape (d,)
        Mean of the rows.
    """
    is_default = (
        isinstance(params["loss"], str)
        and params["loss"] == params["output_activation"] == "auto"
        and all(params[name] is None for name in ("encoder", "decoder", "pretrain", "penalty"))
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
    """Return the positions of the rows for PCA: all rows, or evenly spaced rows of a large table."""
    most = _MOST_ROWS if n_floats > _MOST_ROWS else max(_MOST_ROWS, _MOST_CELLS // n_floats)
    return places[np.linspace(0, len(places) - 1, min(len(places), most)).astype(np.intp)]


def _components(floats: np.ndarray, weight: np.ndarray | None, mean: np.ndarray, most: int) -> np.ndarray:
    """Return the first principal components with a variance above zero, as orthonormal rows (r, d)."""
    centred = floats.astype(np.float64) - mean
    if weight is not None:
        centred *= np.sqrt(weight)[:, None]
    # Both products of the rows with themselves have the same eigenvalues; the smaller one is faster.
    by_rows = len(centred) < centred.shape[1]
    values, vectors = np.linalg.eigh(centred @ centred.T if by_rows else centred.T @ centred)
    largest = np.argsort(-values, kind="stable")[:most]
    largest = largest[values[largest] > 1e-10 * max(values.max(), np.finfo(np.float64).tiny)]
    found = vectors[:, largest]
    if by_rows:
        found = centred.T @ found
        found /= np.linalg.norm(found, axis=0)
    return found.T

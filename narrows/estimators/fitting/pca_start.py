"""First weights of a network: PCA in its linear path or its code, or outputs at the mean of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from narrows.errors import SettingError
from narrows.estimators.parameters import parameter_checks
from narrows.model import (
    AutoencoderNetwork,
    Code,
    GaussianCode,
    PointCode,
    ProbabilisticPCA,
    can_start_linear,
    can_start_map,
    can_start_probabilistic,
    start_at_mean,
    start_linear,
    start_map,
    start_probabilistic,
)

_MOST_CELLS = 4_000_000  # for PCA: a fraction of a second
_MOST_ROWS = 1000  # for PCA of a wide table, computed from the products of its rows
_LEAST_NOISE = 1e-3  # of probabilistic PCA, in mean variances of a float: less is for training to find
_SPREAD_OF_MAP = 4.0  # standard deviation of the first component where a map begins, in units of UMAP's similarity


def uses_linear_path(params: Mapping[str, Any], code: Code, code_activation: str) -> bool:
    """Return whether the network has a linear path parallel to its layers; SettingError where it cannot have one."""
    wanted = parameter_checks.choice("linear_path", params["linear_path"])
    if wanted == "off":
        return False
    can = (
        type(code) is PointCode
        and code_activation == "linear"
        and _has_own_layers(params)
        and params["network"] != "residual"
    )
    if wanted == "on" and not can:
        raise SettingError(
            "linear_path='on' needs a point code with a linear activation and narrows' own encoder and decoder, "
            "without pre-training and not network='residual'; change these, or set linear_path='auto'."
        )
    return can and (wanted == "on" or is_default(params))


def is_default(params: Mapping[str, Any]) -> bool:
    """Return whether loss, output and layers are narrows' own choice."""
    return _is_automatic(params) and params["penalty"] is None


def begin(
    params: Mapping[str, Any],
    network: AutoencoderNetwork,
    floats: np.ndarray,
    weight: np.ndarray | None,
    mean: np.ndarray,
    *,
    is_map: bool = False,
) -> bool:
    """Set the initial weights; return whether the layers are PCA, or probabilistic PCA.

    A linear path is set to PCA, and the layers too where `can_start_linear` allows it. Layers with a gaussian code are
    probabilistic PCA where `can_start_probabilistic` allows it. Other layers begin with outputs near the mean where
    loss, output and layers are the defaults, else with random weights, as in the papers. The code of a map begins at
    PCA where `can_start_map` allows it.

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
    is_map : bool
        Whether neighbouring rows are to be near each other in the code.
    """
    directions = set_path(network, floats, weight, mean)
    if directions is not None and can_start_linear(network):
        start_linear(network, mean, directions)
        return True
    if params["linear_path"] != "off" and is_default(params) and can_start_probabilistic(network):
        start_probabilistic(network, _probabilistic_pca(floats, weight, mean, network.n_components))
        return True
    if is_map and can_start_map(network):
        start_map(network, mean, _axes_of_map(floats, weight, mean, network.n_components))
    has_defaults = is_default(params) or (is_map and _is_automatic(params))
    if has_defaults and not isinstance(network.code, GaussianCode) and network.compresses:
        start_at_mean(network, mean)
    return False


def set_path(
    network: AutoencoderNetwork, floats: np.ndarray, weight: np.ndarray | None, mean: np.ndarray
) -> np.ndarray | None:
    """Set a linear path to PCA of the rows and return its directions (r, d), None without a path; see `begin`."""
    if network.path is None:
        return None
    directions = _components(floats, weight, mean, network.n_components)
    network.path.set_to(mean, directions)
    return directions


def _is_automatic(params: Mapping[str, Any]) -> bool:
    is_automatic = isinstance(params["loss"], str) and params["loss"] == params["output_activation"] == "auto"
    return is_automatic and _has_own_layers(params)


def _has_own_layers(params: Mapping[str, Any]) -> bool:
    return all(params[name] is None for name in ("encoder", "decoder", "pretrain"))


def enough(places: np.ndarray, n_floats: int) -> np.ndarray:
    """Return the positions of the rows for PCA: all rows, or evenly spaced rows of a large table."""
    most = _MOST_ROWS if n_floats > _MOST_ROWS else max(_MOST_ROWS, _MOST_CELLS // n_floats)
    return places[np.linspace(0, len(places) - 1, min(len(places), most)).astype(np.intp)]


def _probabilistic_pca(
    floats: np.ndarray, weight: np.ndarray | None, mean: np.ndarray, n_components: int
) -> ProbabilisticPCA:
    """Return the closed form of Tipping & Bishop (1999) for rows (n, d), with a least noise."""
    d = floats.shape[1]
    directions = _components(floats, weight, mean, min(n_components, d - 1))
    centred = floats.astype(np.float64) - mean
    share = np.full(len(centred), 1 / len(centred)) if weight is None else weight / weight.sum()
    of_floats, variances = share @ np.square(centred), share @ np.square(centred @ directions.T)
    least = max(_LEAST_NOISE * of_floats.mean(), np.finfo(np.float32).tiny)
    noise = max((of_floats.sum() - variances.sum()) / (d - min(n_components, d - 1)), least)
    variances = np.maximum(variances, noise)
    explained = (variances - noise) @ np.square(directions)
    return ProbabilisticPCA(mean, directions, variances, noise, np.maximum(of_floats - explained, least))


def _axes_of_map(floats: np.ndarray, weight: np.ndarray | None, mean: np.ndarray, most: int) -> np.ndarray:
    """Return the principal directions as rows (r, d) that give the first component the spread of a map."""
    directions = _components(floats, weight, mean, most)
    first = (floats.astype(np.float64) - mean) @ directions[:1].T
    spread = np.sqrt(np.average(first[:, 0] ** 2, weights=weight)) if len(directions) else 1.0
    return directions * (_SPREAD_OF_MAP / spread)


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

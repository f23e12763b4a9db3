"""Fitting a sampler to a trained variational model, and drawing rows with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from narrows.data import Rows, Schema
from narrows.errors import SettingError
from narrows.estimators.generation.code_density import CodeDensity
from narrows.estimators.generation.conditions import conditional_codes, read_conditions
from narrows.estimators.generation.marginals import Marginals
from narrows.estimators.generation.sampler import Sampler
from narrows.estimators.inference import map_floats
from narrows.estimators.state import FittedState
from narrows.model import AutoencoderNetwork, Bernoulli, Gaussian, GaussianCode, MixedDensity

Codes = Literal["posterior", "prior"]

_MOST_ROWS = 5_000  # training rows that the sampler learns from
_FEWEST_DRAWS = 100  # from the posteriors of these rows; several of each where there are fewer
_MOST_CLASSES = 100
_CHUNK = 8_192


def fit_sampler(state: FittedState, rows: Rows, labels: np.ndarray | None, weight: np.ndarray | None) -> Sampler:
    """Return the sampler of a trained model.

    Parameters
    ----------
    state : FittedState
    rows : Rows
        Training rows, of which at most 5,000 are used, without the held-out ones.
    labels : ndarray of shape (n,) or None
        Classes of the rows.
    weight : ndarray of shape (n,) or None
        Sample weights.
    """
    rng = np.random.default_rng(state.seed)
    chosen = _chosen(state, len(rows), weight, rng)
    rows = rows.take(chosen)
    labels = None if labels is None or not _are_classes(labels) else labels[chosen]
    x = state.encode(rows, units=False)
    network = state.network
    n_draws = -(-_FEWEST_DRAWS // len(x))
    codes = np.concatenate([_posterior_draws(network, x, state.device, rng) for _ in range(n_draws)])
    density = CodeDensity.fit(codes, None if labels is None else np.tile(labels, n_draws), seed=state.seed % 2**32)
    is_binary = ((x == 0) | (x == 1)).all(axis=0)
    spread = _residual_spread(state, x, codes[: len(x)])
    none = rows.take(slice(0))
    sampler = Sampler(density, Marginals.learn(state.schema, none, none), spread, is_binary)
    if is_picture(state.schema):
        return sampler
    generator = torch.Generator().manual_seed(state.seed)
    made = decoded(state, sampler, density.draw(_MOST_ROWS, rng), generator, gaps=True)
    return replace(sampler, marginals=Marginals.learn(state.schema, rows, made))


def draw_rows(state: FittedState, n: int, *, given: Any, codes: Codes, gaps: bool, seed: int) -> Rows:
    """Draw n rows; see `VariationalAutoencoder.sample`."""
    if codes not in ("posterior", "prior"):
        raise SettingError(f"codes must be 'posterior' or 'prior', got {codes!r}.")
    conditions = read_conditions(state.schema, given)
    sampler = state.sampler if codes == "posterior" else None
    generator, rng = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    if conditions.label is not None and sampler is None:
        raise SettingError(
            "The prior knows no classes; draw from the posterior."
            if state.sampler is not None
            else "This model was saved before codes had a density, and knows no classes; fit it again with labels."
        )

    def draw(size: int) -> np.ndarray:
        if sampler is None:
            return torch.randn(size, state.n_components, generator=generator).numpy()
        return sampler.density.draw(size, rng, label=conditions.label)

    z = conditional_codes(state.network, conditions, n, draw, rng, state.device) if conditions.cells else draw(n)
    rows = decoded(state, state.sampler, z, generator, gaps=gaps)
    if sampler is not None:
        rows = sampler.marginals.apply(rows, rng)
    return conditions.put_into(rows)


def decoded(
    state: FittedState, sampler: Sampler | None, z: np.ndarray, generator: torch.Generator, *, gaps: bool
) -> Rows:
    """Draw a row from the likelihood of each code (n, k); pixels are the means.

    Without a sampler, in models that an earlier version saved, numbers of tables without other columns are means too.
    """
    likelihood = state.network.likelihood
    with_noise = isinstance(likelihood, MixedDensity) or (sampler is not None and not is_picture(state.schema))
    if not with_noise:
        return state.schema.decode_rows(map_floats(z, state.network.decode, state.device))
    outputs = torch.from_numpy(map_floats(z, state.network.output, state.device)).split(_CHUNK)
    with torch.inference_mode():
        drawn = [_with_noise(likelihood, part.to(state.device), sampler, generator).cpu().numpy() for part in outputs]
    return state.schema.decode_rows(np.concatenate(drawn), with_missing=gaps)


def is_picture(schema: Schema) -> bool:
    """Return whether the floats are pixels, whose noise would only disturb."""
    return schema.image_shape is not None or schema.floats_are_pixels


def _with_noise(likelihood: Any, output: Tensor, sampler: Sampler | None, generator: torch.Generator) -> Tensor:
    if isinstance(likelihood, MixedDensity | Gaussian):
        return likelihood.draw(output, generator)
    assert sampler is not None
    mean = likelihood.mean(output)
    noise = torch.randn(output.shape, generator=generator).to(output)
    drawn = mean + torch.from_numpy(sampler.spread).to(output) * noise
    if not likelihood.bounded:
        return drawn
    if not isinstance(likelihood, Bernoulli):
        return drawn.clamp(0, 1)
    chance = torch.rand(output.shape, generator=generator).to(output)
    is_binary = torch.from_numpy(sampler.is_binary).to(output.device)
    return torch.where(is_binary, (chance < mean).to(output.dtype), drawn.clamp(0, 1))


def _chosen(state: FittedState, n: int, weight: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """Return the positions of the rows to learn from, drawn by their weights."""
    held = state.rows.validation_rows
    kept = np.setdiff1d(np.arange(n), held) if len(held) and held.max() < n else np.arange(n)
    if weight is not None and weight[kept].any():
        return rng.choice(kept, min(len(kept), _MOST_ROWS), p=weight[kept] / weight[kept].sum())
    return kept if len(kept) <= _MOST_ROWS else np.sort(rng.choice(kept, _MOST_ROWS, replace=False))


def _are_classes(labels: np.ndarray) -> bool:
    """Return whether labels (n,) are those of classes, and not a number to be predicted."""
    if labels.ndim != 1 or labels.dtype.kind not in "biufUSO" or len(labels) == 0:
        return False
    if labels.dtype.kind == "f" and not (np.isfinite(labels).all() and (labels == np.rint(labels)).all()):
        return False
    if labels.dtype.kind == "O" and not all(isinstance(label, str | int | bool) for label in labels.tolist()):
        return False
    return 2 <= len(np.unique(labels)) <= _MOST_CLASSES


def _posterior_draws(network: AutoencoderNetwork, x: np.ndarray, device: str, rng: np.random.Generator) -> np.ndarray:
    """Draw a code from the posterior of each encoded row, (n, k); a point code is its own draw."""
    code = network.code
    if not isinstance(code, GaussianCode):
        return map_floats(x, network.codes, device)

    def moments(rows: Tensor) -> Tensor:
        return torch.cat(code.mean_and_log_variance(network.encode(rows)), dim=1)

    mean, log_variance = np.split(map_floats(x, moments, device), 2, axis=1)
    return mean + np.exp(0.5 * log_variance) * rng.standard_normal(mean.shape).astype(np.float32)


def _residual_spread(state: FittedState, x: np.ndarray, codes: np.ndarray) -> np.ndarray:
    if is_picture(state.schema):
        return np.zeros(x.shape[1], dtype=np.float32)
    error = map_floats(codes, state.network.decode, state.device) - x
    return np.sqrt(np.square(error.astype(np.float64)).mean(axis=0)).astype(np.float32)

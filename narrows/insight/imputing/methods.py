"""Methods that predict missing cells: constants, neighbours, regression, trees, and a variational model."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from narrows.estimators import VariationalAutoencoder
from narrows.estimators.inference import map_floats
from narrows.insight.imputing.plain_table import Answers, PlainTable

CONSTANT, NEIGHBOURS, REGRESSION = "mean or mode", "neighbours", "regression"
TREES, NETWORK, BLEND, BY_PATTERN = "trees", "network", "blend", "by pattern"

_MOST_DONORS, _N_NEIGHBOURS = 5_000, 10
_ROUNDS, _ROUNDS_OF_WIDE, _WIDE = 10, 3, 100
_TREES, _FEW_PREDICTORS = 40, 30
_HIDDEN = 0.2  # share of the cells that the network trains to fill
_DRAWS = 16


def by_constant(table: PlainTable) -> Answers:
    """Predict the mean for numbers and the shares of the levels for categories."""
    found: Answers = {i: np.full(len(x), np.nanmean(x)) for i, x in table.numbers.items()}
    for i, place in table.levels.items():
        share = np.bincount(place[place >= 0], minlength=len(table.names[i]))
        found[i] = np.tile(share / share.sum(), (len(place), 1))
    return found


def by_neighbours(table: PlainTable, *, seed: int) -> Answers:
    """Predict the mean of the ten nearest rows (Troyanskaya 2001), of at most 5,000."""
    from sklearn.impute import KNNImputer

    floats = table.floats()
    chosen = np.random.default_rng(seed).permutation(len(floats))[:_MOST_DONORS]
    search = KNNImputer(n_neighbors=_N_NEIGHBOURS, weights="distance", keep_empty_features=True).fit(floats[chosen])
    return table.answers(np.asarray(search.transform(floats)))


def by_regression(table: PlainTable) -> Answers:
    """Predict by chained linear regressions; see `regressed`."""
    return table.answers(regressed(table)[1])


def by_trees(table: PlainTable, *, seed: int) -> Answers:
    """Predict each column by extremely randomised trees (Geurts 2006), from the others as regression filled them."""
    from sklearn.ensemble import ExtraTreesRegressor

    floats, filled = table.floats(), regressed(table)[0]
    rng = np.random.default_rng(seed)
    every = np.empty_like(filled)
    for place in table.places().values():
        others = np.delete(filled, place, axis=1)
        known = rng.permutation(np.flatnonzero(~np.isnan(floats[:, place.start])))[:_MOST_DONORS]
        most: Any = 1.0 if others.shape[1] <= _FEW_PREDICTORS else "sqrt"
        trees = ExtraTreesRegressor(_TREES, min_samples_leaf=3, max_features=most, random_state=seed)
        wanted = floats[known, place]
        trees.fit(others[known], wanted[:, 0] if wanted.shape[1] == 1 else wanted)
        every[:, place] = trees.predict(others).reshape(len(filled), -1)
    return table.answers(every)


def regressed(table: PlainTable) -> tuple[np.ndarray, np.ndarray]:
    """Return floats (n, d) filled by chained ridge regressions without noise (van Buuren 2011), and all predictions.

    The floats of a category are predicted together: each one follows from the others of the same cell, which are
    missing too.
    """
    floats = table.floats()
    missing = np.isnan(floats)
    filled = np.where(missing, np.nanmean(floats, axis=0), floats)
    blocks = [(place, missing[:, place.start]) for place in table.places().values()]
    rounds = _ROUNDS if floats.shape[1] <= _WIDE else _ROUNDS_OF_WIDE
    for _ in range(rounds):
        for place, at in blocks:
            if at.any() and not at.all():
                others = np.delete(filled, place, axis=1)
                filled[at, place] = _ridge(others[~at], floats[~at, place], others[at])
    every = filled.copy()
    for place, at in blocks:
        others = np.delete(filled, place, axis=1)
        every[:, place] = _ridge(others[~at], floats[~at, place], others)
    return filled, every


def _ridge(x: np.ndarray, y: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return the predictions of a ridge regression for new rows, with a penalty of one row for each predictor."""
    from scipy.linalg import solve

    center, middle = x.mean(axis=0), y.mean(axis=0)
    x, y = x - center, y - middle
    slope = solve(x.T @ x + np.eye(x.shape[1]), x.T @ y, assume_a="pos")
    return (new - center) @ slope + middle


def fit_network(table: PlainTable, *, seed: int, **settings: Any) -> VariationalAutoencoder:
    """Fit a variational model whose code is as wide as the table, and which trains to fill hidden cells."""
    width = min(32, len(table.numbers) + len(table.levels))
    given = {"n_components": width, "corruption": "masking", "level": _HIDDEN, **settings}
    model = VariationalAutoencoder(random_state=seed, **given)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(table.rows)


def by_network(model: VariationalAutoencoder, table: PlainTable, *, seed: int) -> Answers:
    """Predict the mean of the numbers and of the level probabilities over draws from the posterior of each row."""
    found: Answers = {i: np.zeros(len(x)) for i, x in table.numbers.items()}
    found |= {i: np.zeros((len(x), len(table.names[i]))) for i, x in table.levels.items()}
    for answers in _network_draws(model, table, _DRAWS, seed):
        for i, answer in answers.items():
            found[i] += answer / _DRAWS
    return found


def blend(parts: list[Answers]) -> Answers:
    """Return the mean of several answers."""
    return {i: np.mean([part[i] for part in parts], axis=0) for i in parts[0]}


def _network_draws(model: VariationalAutoencoder, table: PlainTable, n_draws: int, seed: int) -> Any:
    """Yield answers from codes drawn from the posteriors of the rows, numbers with the noise of the likelihood."""
    network, schema, device = model.network_, model.schema_, model.device_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = model.state_.encode(model.impute_rows(table.rows), units=False)
    moments = map_floats(x, _moments(network), device)
    mean, log_variance = np.split(moments, 2, axis=1)
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    categories = {
        int(kind.columns[0]): (kind, place) for kind, place in schema.float_slices() if kind.name == "category"
    }
    draw = getattr(network.likelihood, "draw", None)
    for _ in range(n_draws):
        z = mean + np.exp(0.5 * log_variance) * rng.standard_normal(mean.shape).astype(np.float32)
        output = torch.from_numpy(map_floats(z, network.output, device))
        with torch.inference_mode():
            chances = network.likelihood.to("cpu").mean(output).numpy()
            drawn = chances if draw is None else draw(output, generator).numpy()
        network.likelihood.to(device)
        rows = PlainTable.of(schema.decode_rows(drawn), list(table.numbers))
        answers: Answers = dict(rows.numbers)
        for i in table.levels:
            answers[i] = _chances(table, i, categories.get(i), chances)
        yield answers


def _moments(network: Any) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda rows: torch.cat(network.code.mean_and_log_variance(network.encode(rows)), dim=1)


def _chances(table: PlainTable, i: int, category: Any, chances: np.ndarray) -> np.ndarray:
    """Return the chances (n, L) of a column's levels in the order of the table."""
    names = table.names[i]
    found = np.full((len(chances), len(names)), 1e-9)
    if category is not None:
        kind, place = category
        known = {level: j for j, level in enumerate(kind.levels)}
        for j, name in enumerate(names):
            if str(name) in known:
                found[:, j] += chances[:, place.start + known[str(name)]]
    return found / found.sum(axis=1, keepdims=True)

"""Conditions on synthetic rows: given cells, and codes drawn by how likely they make them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from narrows.data import Rows, Schema
from narrows.data.kinds import MissingMask
from narrows.errors import SettingError, warn
from narrows.estimators.inference import map_floats
from narrows.model import AutoencoderNetwork

_LABEL = "label"
_BATCH, _MOST_BATCHES = 8_192, 32
_ENOUGH = 2  # times as many codes as rows, by their effective number
_FEWEST = 10  # codes, by their effective number, below which the condition is refused


@dataclass(frozen=True, eq=False)
class Conditions:
    """Cells that every synthetic row has.

    Parameters
    ----------
    label : object or None
        The class of the rows; None where it is free.
    cells : dict of int to object
        Column -> its value in the user's units.
    floats : ndarray of shape (n_floats,)
        The encoded row; only those of `counted` mean something.
    counted : ndarray of bool of shape (n_floats,)
        The floats of the given columns.
    """

    label: Any
    cells: dict[int, Any]
    floats: np.ndarray
    counted: np.ndarray

    def put_into(self, rows: Rows) -> Rows:
        """Return the rows with the given values in their columns."""
        if not self.cells:
            return rows
        columns = [rows.column(i).copy() for i in range(rows.n_columns)]
        for i, value in self.cells.items():
            columns[i][:] = value
        return replace(rows, values=tuple(columns) if isinstance(rows.values, tuple) else np.column_stack(columns))


def read_conditions(schema: Schema, given: Any) -> Conditions:
    """Read `given`: a mapping from column names to values, the label of a class alone, or None.

    Raises
    ------
    SettingError
        A name that is not a learned column, or a value that the column cannot have.
    """
    label, wanted = None, given
    if given is None:
        wanted = {}
    elif not isinstance(given, Mapping):
        label, wanted = given, {}
    names = list(schema.feature_names)
    cells: dict[int, Any] = {}
    for name, value in wanted.items():
        if str(name) in names and names.index(str(name)) in schema.learned_columns:
            cells[names.index(str(name))] = value
        elif name == _LABEL:
            label = value
        else:
            learned = ", ".join(names[i] for i in schema.learned_columns[:10])
            raise SettingError(f"given has {name!r}, which is not a learned column; the learned columns are {learned}.")
    floats = np.zeros(schema.n_floats, dtype=np.float32)
    cells = {i: _checked(schema, i, value, floats) for i, value in cells.items()}
    return Conditions(label, cells, floats, np.isin(schema.float_columns, list(cells)))


def conditional_codes(
    network: AutoencoderNetwork,
    conditions: Conditions,
    n: int,
    draw: Callable[[int], np.ndarray],
    rng: np.random.Generator,
    device: str,
) -> np.ndarray:
    """Draw codes (n, k) from p(z | given cells), by sampling importance resampling (Rubin 1987).

    Many codes are drawn from the density of all rows, each weighs as much as it makes the given cells likely,
    ``p(given | z)``, and n of them are drawn by these weights. Given the code, the other cells do not depend on the
    given ones, so that rows decoded from these codes have the model's conditional distribution.

    Raises
    ------
    SettingError
        Rows with these cells are so rare that no more than a few of the codes give them.
    """
    target = torch.from_numpy(conditions.floats).to(device)
    counted = torch.from_numpy(conditions.counted).to(device)

    def log_weight(z: torch.Tensor) -> torch.Tensor:
        output = network.output(z)
        return -network.likelihood.loss(output, target.expand_as(output))[:, counted].double().sum(dim=1)

    codes: list[np.ndarray] = []
    logs: list[np.ndarray] = []
    weights, effective = np.zeros(0), 0.0
    while len(codes) < _MOST_BATCHES and effective < _ENOUGH * n:
        codes.append(draw(_BATCH))
        logs.append(map_floats(codes[-1], log_weight, device))
        log = np.concatenate(logs)
        weights = np.exp(log - log.max())
        effective = float(weights.sum() ** 2 / np.square(weights).sum())
    if effective < min(n, _FEWEST):
        raise SettingError(
            f"Rows with the given values are too rare in this model: of {len(weights):,} codes about "
            f"{effective:.0f} could give them; give fewer columns, or values nearer to those of the training rows."
        )
    if effective < n:
        warn(f"The given values are rare in this model: {n:,} rows come from about {effective:,.0f} different codes.")
    steps = (np.arange(n) + rng.random()) / n  # systematic resampling, which repeats a code as rarely as possible
    chosen = np.searchsorted(np.cumsum(weights) / weights.sum(), steps)
    return np.concatenate(codes)[rng.permutation(np.minimum(chosen, len(weights) - 1))]


def _checked(schema: Schema, column: int, value: Any, floats: np.ndarray) -> Any:
    """Return a value in its column's type, and write its floats."""
    name, dtype = schema.feature_names[column], np.dtype(schema.dtypes[column])
    for kind, place in schema.float_slices():
        if column not in kind.columns or isinstance(kind, MissingMask):  # 0 there: the cell is present
            continue
        try:
            value = _typed(value, dtype)
            block = np.zeros((1, len(kind.columns)), dtype=object if dtype.kind == "O" else dtype)
            block[0, np.flatnonzero(kind.columns == column)[0]] = value
            encoded = kind.encode(block)[0]
        except (TypeError, ValueError) as error:
            raise SettingError(f"{name} cannot be {value!r}; give a value such as those of the fit.") from error
        at = np.asarray(kind.float_columns) == column
        floats[place][at] = encoded[at]
        if kind.loss == "softmax" and not encoded.any():
            words = ", ".join(word.removeprefix(" = ") for word in kind.float_words[:10])
            raise SettingError(f"{name} has no level {value!r}; it has {words}.")
    return value


def _typed(value: Any, dtype: np.dtype) -> Any:
    if dtype.kind == "O":
        return str(value)
    if dtype.kind == "M":
        return np.datetime64(value).astype(dtype)
    if dtype.kind == "b":
        named = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if str(value).lower() not in named:
            raise ValueError(value)
        return named[str(value).lower()]
    number = float(value)
    if not np.isfinite(number):
        raise ValueError(value)
    return number

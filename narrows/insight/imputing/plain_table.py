"""A table as numbers and levels in the user's units, and answers for its missing cells."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from narrows.data import Rows, is_missing
from narrows.data.kinds.number_summary import FREE, decimals_of, levels_of, rounded

_MOST_LEVELS = 100

Answers = dict[int, np.ndarray]
"""Column -> numbers (n,), or chances of its levels (n, L), for every row."""


@dataclass(frozen=True, eq=False)
class PlainTable:
    """The learned columns of rows: numbers as float64 with NaN, and levels by their number, -1 where missing.

    Parameters
    ----------
    rows : Rows
    numbers : dict of int to ndarray of shape (n,)
        Column -> numbers; truth values are 0 and 1, dates seconds since 1970.
    levels : dict of int to ndarray of int of shape (n,)
        Column -> index in `names`.
    names : dict of int to list
        Column -> its levels, the most common first, at most 100; rarer ones count as missing.
    """

    rows: Rows
    numbers: dict[int, np.ndarray]
    levels: dict[int, np.ndarray]
    names: dict[int, list]

    @classmethod
    def of(cls, rows: Rows, columns: list[int]) -> PlainTable:
        """Return the table of these columns."""
        numbers, levels, names = {}, {}, {}
        for i in columns:
            column = rows.column(i)
            if column.dtype.kind == "O":
                names[i], levels[i] = _levels(column)
            else:
                numbers[i] = _number(column)
        return cls(rows, numbers, levels, names)

    def missing(self, i: int) -> np.ndarray:
        """Return which cells of a column are missing, bool (n,)."""
        return is_missing(self.rows.column(i))

    def places(self) -> dict[int, slice]:
        """Return column -> its place among `floats`."""
        found, start = {}, 0
        for i in sorted([*self.numbers, *self.levels]):
            width = 1 if i in self.numbers else len(self.names[i])
            found[i] = slice(start, start + width)
            start += width
        return found

    def floats(self) -> np.ndarray:
        """Return standardised numbers, and one float for each level, with NaN for missing cells: (n, d)."""
        return np.concatenate([self._floats_of(i) for i in self.places()], axis=1)

    def answers(self, floats: np.ndarray) -> Answers:
        """Return the inverse of `floats` (n, d) without missing values, as answers."""
        found: Answers = {}
        for i, place in self.places().items():
            if i in self.numbers:
                mean, scale = self._moments(i)
                known = self.numbers[i][~np.isnan(self.numbers[i])]
                found[i] = np.clip(floats[:, place.start] * scale + mean, known.min(), known.max())
            else:
                chances = np.clip(floats[:, place], 1e-6, 1)
                found[i] = chances / chances.sum(axis=1, keepdims=True)
        return found

    def level_numbers(self, other: PlainTable, i: int) -> np.ndarray:
        """Return the levels of a column of another table (n,) by their numbers here, -1 where there is none."""
        place = {name: j for j, name in enumerate(self.names[i])}
        return np.array([place.get(name, -1) for name in other.names[i]] + [-1])[other.levels[i]]

    def as_answers(self, other: PlainTable) -> Answers:
        """Return a table without missing cells as answers; an unknown level counts as missing."""
        found: Answers = dict(other.numbers)
        for i in other.names:
            number = self.level_numbers(other, i)
            found[i] = (number[:, None] == np.arange(len(self.names[i]))).astype(np.float64)
        return found

    def filled(self, answers: Answers) -> Rows:
        """Return the rows with missing cells answered: numbers on the column's grid, and the likeliest levels."""
        columns = [self.rows.column(i) for i in range(self.rows.n_columns)]
        for i, answer in answers.items():
            at = self.missing(i)
            if at.any():
                columns[i] = columns[i].copy()
                columns[i][at] = self._cells(i, answer[at])
        together = tuple(columns) if isinstance(self.rows.values, tuple) else np.column_stack(columns)
        return replace(self.rows, values=together)

    def _floats_of(self, i: int) -> np.ndarray:
        if i in self.numbers:
            mean, scale = self._moments(i)
            return ((self.numbers[i] - mean) / scale)[:, None]
        block = (self.levels[i][:, None] == np.arange(len(self.names[i]))).astype(np.float64)
        block[self.levels[i] < 0] = np.nan
        return block

    def _cells(self, i: int, answer: np.ndarray) -> np.ndarray:
        if i in self.levels:
            names = np.empty(len(self.names[i]), dtype=object)
            names[:] = self.names[i]
            return names[answer.argmax(axis=1)]
        column = self.rows.column(i)
        if column.dtype.kind == "M":
            return (np.rint(answer).astype(np.int64).astype("datetime64[s]")).astype(column.dtype)
        known = column[~is_missing(column)]
        steps, decimals = levels_of(known.astype(np.float64)), decimals_of(known)
        if steps is not None:
            return steps[np.searchsorted((steps[:-1] + steps[1:]) / 2, answer)]
        return answer if decimals == FREE else rounded(answer, decimals)

    def _moments(self, i: int) -> tuple[float, float]:
        known = self.numbers[i][~np.isnan(self.numbers[i])]
        return float(known.mean()), float(known.std()) or 1.0


def _number(column: np.ndarray) -> np.ndarray:
    if column.dtype.kind == "M":
        seconds = column.astype("datetime64[s]").astype(np.float64)
        return np.where(np.isnat(column), np.nan, seconds)
    return column.astype(np.float64)


def _levels(column: np.ndarray) -> tuple[list, np.ndarray]:
    known = ~is_missing(column)
    names, place, counts = np.unique(column[known].astype(str), return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(len(names), dtype=np.intp)
    rank[order] = np.arange(len(names))
    found = np.full(len(column), -1)
    found[known] = np.where(rank[place] < _MOST_LEVELS, rank[place], -1)
    return names[order][:_MOST_LEVELS].tolist(), found

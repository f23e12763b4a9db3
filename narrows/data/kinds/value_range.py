"""Limits of decoded numbers: range, number of decimals, and the levels of a rating."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from narrows.data.kinds.column_kind import restored_numbers
from narrows.data.kinds.number_summary import FREE, MOST_DECIMALS, decimals_of, levels_of, rounded


@dataclass(frozen=True, eq=False)
class ValueRange:
    """Limits of the decoded cells of a block of number columns, each (c,)."""

    low: np.ndarray
    high: np.ndarray
    decimals: np.ndarray
    """Number of decimals that cells are rounded to; -1 for no rounding."""
    levels: tuple[np.ndarray | None, ...]
    """All values (m,) of a rating, rising; cells become the nearest one. None for other numbers."""

    @classmethod
    def learn(cls, low: np.ndarray, high: np.ndarray, columns: Iterable[np.ndarray]) -> ValueRange:
        """Learn from the smallest and largest values (c,), and the present cells of each column."""
        found = [(decimals_of(values), levels_of(values)) for values in columns]
        decimals = np.array([decimals for decimals, _ in found], dtype=np.int64)
        return cls(low, high, decimals, tuple(levels for _, levels in found))

    def select(self, places: Sequence[int] | np.ndarray) -> ValueRange:
        """Return the limits of the columns at these indices."""
        levels = tuple(self.levels[place] for place in places)
        return ValueRange(self.low[places], self.high[places], self.decimals[places], levels)

    def widened(self, is_limited: np.ndarray) -> ValueRange:
        """Return the limits without ranges, but for the columns of a mask, bool (c,)."""
        most = np.finfo(np.float64).max
        low, high = np.where(is_limited, self.low, -most), np.where(is_limited, self.high, most)
        return ValueRange(low, high, self.decimals, self.levels)

    def keep(self, block: np.ndarray) -> np.ndarray:
        """Round a block (n, c), move it to the nearest levels, and clip it, in place; return it."""
        for decimals in np.unique(self.decimals[self.decimals >= 0]):
            places = self.decimals == decimals
            block[:, places] = rounded(block[:, places], int(decimals))
        for place, levels in enumerate(self.levels):
            if levels is not None:
                between = (levels[:-1] + levels[1:]) / 2
                block[:, place] = levels[np.searchsorted(between, block[:, place])]
        return np.clip(block, self.low, self.high, out=block)

    def arrays(self) -> dict[str, np.ndarray]:
        lengths = np.array([0 if levels is None else len(levels) for levels in self.levels])
        levels = [levels for levels in self.levels if levels is not None]
        more = {"n_levels": lengths, "levels": np.concatenate(levels)} if levels else {}
        return {"low": self.low, "high": self.high, "decimals": self.decimals, **more}

    @classmethod
    def restore(cls, arrays: dict[str, np.ndarray]) -> ValueRange:
        """Return the inverse of `arrays`; models saved before decimals have "whole" where they are 0."""
        low, high = restored_numbers(arrays, "low", "high")
        decimals = np.where(arrays["whole"], 0, FREE) if "whole" in arrays else np.asarray(arrays["decimals"])
        lengths = np.asarray(arrays.get("n_levels", np.zeros(len(low), dtype=np.int64)))
        (every,) = restored_numbers(arrays, "levels") if "levels" in arrays else (np.zeros(0),)
        if decimals.dtype.kind != "i" or decimals.max(initial=FREE) > MOST_DECIMALS:
            raise ValueError(f"the decimals of a numeric kind are not whole numbers up to {MOST_DECIMALS}")
        if len({len(low), len(decimals), len(lengths)}) > 1 or lengths.sum() != len(every):
            raise ValueError("the arrays of a numeric kind differ in length")
        parts = np.split(every, np.cumsum(lengths)[:-1])
        if not all((np.diff(part) > 0).all() for part in parts):
            raise ValueError("the levels of a numeric kind do not rise")
        return cls(low, high, decimals, tuple(part if len(part) else None for part in parts))

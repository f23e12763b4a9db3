"""What decoded numbers may be: how far they reach, how many decimals they have, and which few values a rating has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from narrows.data.kinds.column_kind import restored_numbers
from narrows.data.kinds.number_summary import FREE, MOST_DECIMALS, decimals_of, levels_of, rounded


@dataclass(frozen=True, eq=False)
class ValueRange:
    """What decoded cells of a block of number columns may be, each (c,)."""

    low: np.ndarray
    high: np.ndarray
    decimals: np.ndarray
    """To how many decimals they are rounded, whatever their dtype; -1 for not at all."""
    levels: tuple[np.ndarray | None, ...]
    """Of a rating all its values (m,), rising, of which the nearest is taken; None for other numbers."""

    @classmethod
    def learn(cls, low: np.ndarray, high: np.ndarray, columns: Iterable[np.ndarray]) -> ValueRange:
        """From the least and largest of the columns, and the cells of each that are there."""
        found = [(decimals_of(values), levels_of(values)) for values in columns]
        decimals = np.array([decimals for decimals, _ in found], dtype=np.int64)
        return cls(low, high, decimals, tuple(levels for _, levels in found))

    def select(self, places: Sequence[int] | np.ndarray) -> ValueRange:
        """Of the columns at these places."""
        levels = tuple(self.levels[place] for place in places)
        return ValueRange(self.low[places], self.high[places], self.decimals[places], levels)

    def widened(self, is_limited: np.ndarray) -> ValueRange:
        """With the limits of some columns alone, bool (c,)."""
        most = np.finfo(np.float64).max
        low, high = np.where(is_limited, self.low, -most), np.where(is_limited, self.high, most)
        return ValueRange(low, high, self.decimals, self.levels)

    def keep(self, block: np.ndarray) -> np.ndarray:
        """The block (n, c) rounded, put on the levels, and clipped; in place."""
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
        """The inverse of `arrays`; of a model saved before there were decimals, "whole" says where they are 0."""
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

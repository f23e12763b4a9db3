"""Categories: one float for each level, 1 for the level of the cell."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from narrows.data.frames.columns import is_missing
from narrows.data.kinds.column_kind import Loss, restored_columns, restored_numbers, restored_whole

MAX_LEVELS = 100
"""Largest number of levels with a float of their own; a level also needs two rows."""


@dataclass(frozen=True, eq=False)
class Category:
    """One column of levels: texts, or numbers that are names.

    Rare levels share the last float. A level that is not in the training rows has none: all floats are 0.
    """

    name: ClassVar[str] = "category"
    word: ClassVar[str] = "category"
    loss: ClassVar[Loss] = "softmax"

    columns: np.ndarray
    levels: tuple[str, ...]
    """Levels with a float of their own, the most common first."""
    rare: tuple[str, ...]
    """Levels that share the last float, the most common first."""
    shares: np.ndarray
    """(width,): shares among the present training cells."""
    n_rows: int
    """Number of present training cells."""
    dtype: str
    """dtype of the levels in the rows: "object" for text, else of numbers or dates."""

    @classmethod
    def learn(cls, column: int, values: np.ndarray, weight: np.ndarray) -> Category:
        """Learn from present values (n,) and their weights (n,)."""
        texts = as_text(values)
        counts = Counter(texts)
        of_level: dict[str, list[float]] = {}
        for text, each in zip(texts, weight.tolist(), strict=True):
            of_level.setdefault(text, []).append(each)
        weights = {level: math.fsum(each) for level, each in of_level.items()}  # in whatever order the rows come
        order = sorted(counts, key=lambda level: (-weights[level], level))
        # A row of weight 2 is two rows.
        levels = tuple(level for level in order[:MAX_LEVELS] if max(counts[level], weights[level]) >= 2)
        rare = tuple(level for level in order if level not in set(levels))
        found = cls(np.array([column]), levels, rare, np.ones(0), len(texts), values.dtype.name)
        places = found._places_of(texts)
        shares = np.bincount(places, weights=weight, minlength=len(levels) + bool(rare))
        return cls(found.columns, levels, rare, shares / shares.sum(), len(texts), values.dtype.name)

    @property
    def width(self) -> int:
        """Number of floats."""
        return len(self.levels) + bool(self.rare)

    @property
    def float_columns(self) -> np.ndarray:
        return np.repeat(self.columns, self.width)

    @property
    def float_words(self) -> list[str]:
        return [f" = {level}" for level in self.levels] + [" = another level"] * bool(self.rare)

    @property
    def costs(self) -> np.ndarray:
        from scipy.special import entr

        return np.array([entr(self.shares).sum()])

    @property
    def unknown_share(self) -> float:
        """Probability that the next cell has a level that no training cell has (Good 1953, equation 9).

        It is the share of training cells whose level occurred once, counting one more, so that it is never 0.
        """
        return min(1.0, (len(self.rare) + 1) / (self.n_rows + 1))

    def is_unknown(self, column: np.ndarray) -> np.ndarray:
        """Return which cells (n,) have a level that no training cell has, bool; missing cells do not."""
        unknown = np.zeros(len(column), dtype=bool)
        present = np.flatnonzero(~is_missing(column))
        unknown[present] = self._places_of(as_text(column[present])) < 0
        return unknown

    def encode(self, block: np.ndarray) -> np.ndarray:
        column = block[:, 0]
        floats = np.zeros((len(block), self.width))
        present = np.flatnonzero(~is_missing(column))
        places = self._places_of(as_text(column[present]))
        known = places >= 0
        floats[present[known], places[known]] = 1.0
        return floats

    def decode(self, floats: np.ndarray) -> np.ndarray:
        return self._values[floats.argmax(axis=1)][:, None]

    def describe(self) -> dict:
        return {
            "kind": self.name,
            "levels": list(self.levels),
            "rare": list(self.rare),
            "n_rows": self.n_rows,
            "dtype": self.dtype,
        }

    def arrays(self) -> dict[str, np.ndarray]:
        return {"columns": self.columns, "shares": self.shares}

    @classmethod
    def restore(cls, description: dict, arrays: dict[str, np.ndarray]) -> Category:
        (shares,), (n_rows,) = restored_numbers(arrays, "shares"), restored_whole(description, "n_rows")
        levels, rare = tuple(description["levels"]), tuple(description["rare"])
        every = (*levels, *rare)
        if not every or not all(isinstance(level, str) for level in every) or len(set(every)) < len(every):
            raise ValueError("the levels of a category are not different texts")
        found = cls(restored_columns(arrays, 1), levels, rare, shares, n_rows, str(description["dtype"]))
        if len(shares) != found.width or not (shares >= 0).all():
            raise ValueError("a category needs a share for each of its floats")
        _ = found._values  # reads the levels
        return found

    @cached_property
    def _lookup(self) -> dict[str, int]:
        own = {level: i for i, level in enumerate(self.levels)}
        return own | dict.fromkeys(self.rare, len(self.levels))

    @cached_property
    def _values(self) -> np.ndarray:
        """Level of each float in the rows, (width,); for the rare levels, the most common of them."""
        texts = [*self.levels, *self.rare[:1]]
        if self.dtype == "object":
            values = np.empty(len(texts), dtype=object)
            values[:] = texts
            return values
        if self.dtype == "bool":
            return np.array([text == "True" for text in texts])
        return np.array(texts).astype(self.dtype)

    def _places_of(self, texts: list[str]) -> np.ndarray:
        """Return the float of each text (n,), -1 for one that is not in the training rows."""
        lookup = self._lookup
        return np.fromiter((lookup.get(text, -1) for text in texts), np.intp, len(texts))


def as_text(values: np.ndarray) -> list[str]:
    """Return levels (n,) as texts; whole numbers without a decimal point, whatever their dtype."""
    if values.dtype == object:
        return values.tolist()
    if values.dtype.kind == "f":
        return [str(int(value)) if value.is_integer() else str(value) for value in values.astype(np.float64).tolist()]
    return [str(value) for value in (values.astype(str) if values.dtype.kind == "M" else values).tolist()]

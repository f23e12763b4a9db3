"""Categories: one float for each level, 1 for the one that is there."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from narrows.data.frames.columns import is_missing
from narrows.data.kinds.column_kind import Loss, restored_columns, restored_numbers

MAX_LEVELS = 100
"""Levels with a float of their own; those of less than two rows have none either."""


@dataclass(frozen=True, eq=False)
class Category:
    """One column of levels: texts, or numbers that only name something.

    Rare levels share the last float. A level that training never met has none, so all are 0.
    """

    name: ClassVar[str] = "category"
    word: ClassVar[str] = "category"
    loss: ClassVar[Loss] = "softmax"

    columns: np.ndarray
    levels: tuple[str, ...]
    """With a float of their own, the commonest first."""
    rare: tuple[str, ...]
    """Those that share the last float, the commonest first."""
    shares: np.ndarray
    """(width,): of the training cells that are there."""
    n_rows: int
    """How many training cells were there."""
    dtype: str
    """What a level is in the rows: "object" for text, else a number's or a date's."""

    @classmethod
    def learn(cls, column: int, values: np.ndarray, weight: np.ndarray) -> Category:
        """From the values (n,) that are there and their weights (n,)."""
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
        """How many floats."""
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
        (shares,) = restored_numbers(arrays, "shares")
        levels, rare = tuple(description["levels"]), tuple(description["rare"])
        every = (*levels, *rare)
        if not every or not all(isinstance(level, str) for level in every) or len(set(every)) < len(every):
            raise ValueError("the levels of a category are not different texts")
        found = cls(
            restored_columns(arrays, 1), levels, rare, shares, int(description["n_rows"]), str(description["dtype"])
        )
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
        """What each float stands for in the rows: (width,); the last, of several rare levels, the commonest of them."""
        texts = [*self.levels, *self.rare[:1]]
        if self.dtype == "object":
            values = np.empty(len(texts), dtype=object)
            values[:] = texts
            return values
        if self.dtype == "bool":
            return np.array([text == "True" for text in texts])
        return np.array(texts).astype(self.dtype)

    def _places_of(self, texts: list[str]) -> np.ndarray:
        """The float of each text, -1 for one that training never met: (n,)."""
        lookup = self._lookup
        return np.fromiter((lookup.get(text, -1) for text in texts), np.intp, len(texts))


def as_text(values: np.ndarray) -> list[str]:
    """Levels (n,) as texts; whole numbers without a decimal point, whatever their dtype."""
    if values.dtype == object:
        return values.tolist()
    if values.dtype.kind == "f":
        return [str(int(value)) if value.is_integer() else str(value) for value in values.astype(np.float64).tolist()]
    return [str(value) for value in (values.astype(str) if values.dtype.kind == "M" else values).tolist()]

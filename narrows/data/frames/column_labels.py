"""Column labels of a pandas frame that are more than texts: numbers, dates, levels of a MultiIndex."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from narrows.data.frames.column_type import Level
from narrows.data.frames.levels import index_of, index_type, plain_level


@dataclass(frozen=True)
class Labels:
    """The column labels of a pandas frame, as JSON holds them.

    Parameters
    ----------
    levels : tuple of tuple
        The labels, or of a MultiIndex those of each level: texts, numbers and booleans.
    types : tuple of str
        pandas' name of each level's dtype, "" for texts.
    names : tuple of str or None
        pandas' name of each level.
    index : pandas.Index, optional
        The labels themselves; None where they were restored.
    """

    levels: tuple[tuple[Level, ...], ...]
    types: tuple[str, ...]
    names: tuple[str | None, ...]
    index: Any = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, index: Any) -> Labels:
        """Return the labels of a pandas Index of any kind."""
        levels = [index.get_level_values(i) for i in range(index.nlevels)]
        return cls(
            tuple(tuple(plain_level(label) for label in level.tolist()) for level in levels),
            tuple(index_type(level) for level in levels),
            tuple(None if name is None else str(name) for name in index.names),
            index,
        )

    @property
    def is_plain(self) -> bool:
        """Whether the labels are plain texts without a name, so that column names say all of them."""
        return self.types == ("",) and self.names == (None,) and all(isinstance(x, str) for x in self.levels[0])

    @property
    def are_positions(self) -> bool:
        """Whether they only count the columns: 0, 1, 2, ..."""
        return self.levels == (tuple(range(len(self.levels[0]))),)

    @property
    def texts(self) -> tuple[str, ...]:
        """Names of the columns in messages: "plant, heat" for ("plant", "heat")."""
        return tuple(", ".join(str(part) for part in parts if part != "") for parts in zip(*self.levels, strict=True))

    def to_pandas(self) -> Any:
        """Return the labels as a pandas Index or MultiIndex."""
        if self.index is not None:
            return self.index
        import pandas as pd

        levels = [index_of(level, word) for level, word in zip(self.levels, self.types, strict=True)]
        if len(levels) == 1:
            return levels[0].rename(self.names[0])
        return pd.MultiIndex.from_arrays(levels, names=self.names)

    def describe(self) -> dict:
        """Return the labels for JSON, as `restore` takes them."""
        return {"levels": [list(level) for level in self.levels], "types": list(self.types), "names": list(self.names)}

    @classmethod
    def restore(cls, stored: dict) -> Labels:
        """Return the inverse of `describe`; raise ValueError, KeyError or TypeError on nonsense."""
        found = cls(tuple(tuple(level) for level in stored["levels"]), tuple(stored["types"]), tuple(stored["names"]))
        widths = {len(level) for level in found.levels}
        if len(widths) != 1 or not len(found.levels) == len(found.types) == len(found.names):
            raise ValueError("the labels of the columns are not as many at each level")
        if not all(isinstance(label, Level) for level in found.levels for label in level):
            raise ValueError("a label is neither a text nor a number")
        if not all(isinstance(word, str) for word in (*found.types, *(n for n in found.names if n is not None))):
            raise ValueError("the labels' types and names are not texts")
        return found


def first_repeated(labels: list[Hashable]) -> Hashable | None:
    """Return the first label that an earlier one equals; None where all differ."""
    seen = set()
    for label in labels:
        if label in seen:
            return label
        seen.add(label)
    return None

"""The different cells of a column of text, and how often each is there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

_MANY, _LOOKED_AT = 200_000, 20_000  # cells from which on duplicates are looked for in so many first
_SAMPLE = 20_000


@dataclass(frozen=True, eq=False)
class Cells:
    """texts : Arrow strings (m,), without spaces around them, none of them blank. counts : how often each is there."""

    texts: pa.Array
    counts: np.ndarray
    blank: tuple[str, ...] = ()
    """The texts of nothing but spaces that occur."""

    @property
    def total(self) -> int:
        """The number of cells that are not blank."""
        return int(self.counts.sum())

    def weight(self, mask: np.ndarray) -> int:
        """The number of cells whose text is chosen."""
        return int(self.counts[mask].sum())

    def pick(self, mask: np.ndarray) -> Cells:
        """Only the cells whose text is chosen."""
        return Cells(self.texts.filter(arrow_mask(mask)), self.counts[mask])

    def sample(self) -> Cells:
        """These cells, or some 20,000 of them from all over the column."""
        if len(self.counts) <= _SAMPLE:
            return self
        rows = np.unique(np.linspace(0, len(self.counts) - 1, _SAMPLE).astype(np.int64))
        return Cells(self.texts.take(rows), self.counts[rows])

    def counted(self) -> Counter[str]:
        """The cells as texts of Python, in the order in which they come."""
        counted: Counter[str] = Counter()
        for text, count in zip(self.texts.to_pylist(), self.counts.tolist(), strict=True):
            counted[text] += count
        return counted


def cells_of(column: pa.Array | pa.ChunkedArray) -> Cells:
    """The different cells of a column, where it pays to look for them; else all of them, each once."""
    whole = one_array(column)
    trimmed = trim(whole)
    texts, counts = _distinct(trimmed)
    present = as_mask(compute("not_equal", texts, ""))
    blank: tuple[str, ...] = ()
    if not present.all():
        spaces = whole.filter(compute("equal", trimmed, "")).unique().to_pylist()
        blank = tuple(sorted(text for text in spaces if text))[:5]
        texts, counts = texts.filter(arrow_mask(present)), counts[present]
    return Cells(texts, counts, blank)


def one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column as one array of strings."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        kind = pa.large_string() if column.nbytes > 2**31 - 1 else column.type
        column = column.cast(kind).combine_chunks()
    return column if pa.types.is_string(column.type) else column.cast(pa.large_string())


def trim(texts: pa.Array) -> pa.Array:
    """Texts without the spaces around them, line breaks and no-break spaces included."""
    return compute("utf8_trim_whitespace", texts)


def repeats(texts: pa.Array) -> bool:
    """Whether it pays to work on the different texts alone."""
    return len(texts) < _MANY or len(texts[:_LOOKED_AT].unique()) < _LOOKED_AT // 2


def compute(function: str, *arguments: Any, options: Any = None) -> Any:
    """A function of pyarrow.compute by its name."""
    import pyarrow.compute as pc

    return pc.call_function(function, list(arguments), options)


def matches(texts: pa.Array, pattern: str) -> np.ndarray:
    """Which texts a pattern is found in; bool (n,)."""
    import pyarrow.compute as pc

    return as_mask(compute("match_substring_regex", texts, options=pc.MatchSubstringOptions(pattern)))


def as_mask(found: pa.Array) -> np.ndarray:
    """Truth values as NumPy's; null is false."""
    return found.fill_null(False).to_numpy(zero_copy_only=False)


def arrow_mask(mask: np.ndarray) -> pa.Array:
    """Truth values as Arrow's."""
    import pyarrow as pa

    return pa.array(mask)


def is_in(texts: pa.Array, words: tuple[str, ...]) -> np.ndarray:
    """Which texts are one of these words; bool (n,)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return as_mask(compute("is_in", texts, options=pc.SetLookupOptions(pa.array(words, texts.type))))


def _distinct(trimmed: pa.Array) -> tuple[pa.Array, np.ndarray]:
    trimmed = trimmed.drop_null()
    if not repeats(trimmed):
        return trimmed, np.ones(len(trimmed), np.int64)
    found = trimmed.value_counts()
    return found.field("values"), found.field("counts").to_numpy()

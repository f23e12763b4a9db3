"""The distinct cells of a column of text, and their counts."""

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
    """Distinct cells: texts, Arrow strings (m,) without spaces around them and none blank; counts, integers (m,)."""

    texts: pa.Array
    counts: np.ndarray
    blank: tuple[str, ...] = ()
    """Texts of spaces only that occur in the column."""

    @property
    def total(self) -> int:
        """The number of cells that are not blank."""
        return int(self.counts.sum())

    def weight(self, mask: np.ndarray) -> int:
        """Return the number of cells whose text a mask selects."""
        return int(self.counts[mask].sum())

    def pick(self, mask: np.ndarray) -> Cells:
        """Return the cells whose text a mask selects."""
        return Cells(self.texts.filter(arrow_mask(mask)), self.counts[mask])

    def sample(self) -> Cells:
        """Return these cells, or 20,000 of them at even distances."""
        if len(self.counts) <= _SAMPLE:
            return self
        rows = np.unique(np.linspace(0, len(self.counts) - 1, _SAMPLE).astype(np.int64))
        return Cells(self.texts.take(rows), self.counts[rows])

    def counted(self) -> Counter[str]:
        """Return text -> count, in the order of the cells."""
        counted: Counter[str] = Counter()
        for text, count in zip(self.texts.to_pylist(), self.counts.tolist(), strict=True):
            counted[text] += count
        return counted


def cells_of(column: pa.Array | pa.ChunkedArray) -> Cells:
    """Return the distinct cells of a column where many repeat; else all of them with a count of 1."""
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
    """Return a column as one array of strings."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        kind = pa.large_string() if column.nbytes > 2**31 - 1 else column.type
        column = column if kind == column.type else column.cast(kind)
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return column if pa.types.is_string(column.type) else column.cast(pa.large_string())


def trim(texts: pa.Array) -> pa.Array:
    """Return texts without the white space around them, line breaks and no-break spaces included."""
    return compute("utf8_trim_whitespace", texts)


def repeats(texts: pa.Array) -> bool:
    """Return whether texts repeat so often that it is faster to work on distinct texts."""
    return len(texts) < _MANY or len(texts[:_LOOKED_AT].unique()) < _LOOKED_AT // 2


def compute(function: str, *arguments: Any, options: Any = None) -> Any:
    """Call a function of pyarrow.compute by its name."""
    import pyarrow.compute as pc

    return pc.call_function(function, list(arguments), options)


def matches(texts: pa.Array, pattern: str) -> np.ndarray:
    """Return which texts contain a pattern, bool (n,)."""
    import pyarrow.compute as pc

    return as_mask(compute("match_substring_regex", texts, options=pc.MatchSubstringOptions(pattern)))


def as_mask(found: pa.Array) -> np.ndarray:
    """Return Arrow booleans as a NumPy mask; null is false."""
    return (found.fill_null(False) if found.null_count else found).to_numpy(zero_copy_only=False)


def arrow_mask(mask: np.ndarray) -> pa.Array:
    """Return a NumPy mask as Arrow booleans."""
    import pyarrow as pa

    return pa.array(mask)


def is_in(texts: pa.Array, words: tuple[str, ...]) -> np.ndarray:
    """Return which texts are one of these words; bool (n,)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return as_mask(compute("is_in", texts, options=pc.SetLookupOptions(pa.array(words, texts.type))))


def _distinct(trimmed: pa.Array) -> tuple[pa.Array, np.ndarray]:
    trimmed = trimmed.drop_null()
    if not repeats(trimmed):
        return trimmed, np.ones(len(trimmed), np.int64)
    found = trimmed.value_counts()
    return found.field("values"), found.field("counts").to_numpy()

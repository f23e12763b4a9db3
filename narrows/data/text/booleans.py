"""Truth values: read from words, and written as words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.frames.column_format import ColumnFormat
from narrows.data.text.distinct_cells import Cells, compute

if TYPE_CHECKING:
    import pyarrow as pa

_PAIRS = (
    ("false", "true"),
    ("no", "yes"),
    ("n", "y"),
    ("f", "t"),
    ("0", "1"),
    ("off", "on"),
    ("nein", "ja"),
    ("non", "oui"),
    ("no", "sí"),
    ("no", "si"),
    ("falsch", "wahr"),
)


def propose_boolean(cells: Cells, *, forced: bool = False) -> ColumnFormat | None:
    """The words for false and true, as they are mostly written; None where no cell is one of them.

    forced : whether other words than "true" and "false" are looked for.
    """
    counts = cells.sample().counted()
    by_word: dict[str, str] = {}
    total: Counter[str] = Counter()
    for text, n in counts.most_common():
        by_word.setdefault(text.casefold(), text)
        total[text.casefold()] += n
    pairs = _PAIRS if forced else _PAIRS[:1]
    pair = max(pairs, key=lambda words: sum(total[word] for word in words))
    if not any(word in by_word for word in pair):
        return None
    like = next(by_word[word] for word in pair if word in by_word)
    return ColumnFormat("boolean", words=tuple(by_word.get(word, _in_case_of(like, word)) for word in pair))


def parse_booleans(column_format: ColumnFormat, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Trimmed texts (n,) as 0.0 and 1.0 (n,), and which of them are one of the words; NaN elsewhere."""
    lower = compute("utf8_lower", texts)
    no, yes = (_equal(lower, word) for word in column_format.words or _PAIRS[0])
    return np.where(yes, 1.0, np.where(no, 0.0, np.nan)), no | yes


def format_booleans(column_format: ColumnFormat, values: np.ndarray) -> list[str | None]:
    """Values (n,), true from 0.5 on, as words (n,); None for NaN."""
    no, yes = column_format.words or _PAIRS[0]
    return [None if value != value else yes if value >= 0.5 else no for value in values.tolist()]


def _equal(texts: pa.Array, word: str) -> np.ndarray:
    import pyarrow as pa

    found = compute("equal", texts, pa.scalar(word.casefold(), texts.type))
    return found.fill_null(False).to_numpy(zero_copy_only=False)


def _in_case_of(like: str, word: str) -> str:
    return word.upper() if like.isupper() and len(like) > 1 else word.title() if like.istitle() else word

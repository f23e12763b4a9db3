"""Objects held as texts, and back: levels of categories, labels of columns."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from narrows.data.frames.column_type import Level, is_missing_cell

_CLASSES: dict[str, Callable[[str], Any]] = {
    "Decimal": Decimal,
    "UUID": uuid.UUID,
    "bool": lambda text: text == "True",
    "bytes": lambda text: text.encode(),
    "date": datetime.date.fromisoformat,
    "datetime": datetime.datetime.fromisoformat,
    "float": float,
    "int": int,
    "time": datetime.time.fromisoformat,
}
_PLAIN = ("object", "str", "category")


def class_of(cells: Sequence[Any]) -> str:
    """Return the class of all cells, none of them missing, if their texts can be turned into it again; else ""."""
    kinds = {type(cell).__name__ for cell in cells}
    name = kinds.pop() if len(kinds) == 1 else ""
    if name in ("Interval", "Period"):
        return str(_pandas().Index(list(cells)).dtype).replace("object", "")
    return name if name in _CLASSES else ""


def as_text(cell: Any) -> str:
    """Return the text of an object."""
    if isinstance(cell, str):
        return str(cell)
    return cell.decode(errors="backslashreplace") if isinstance(cell, bytes) else str(cell)


def plain_level(level: Any) -> Level:
    """Return a level as JSON holds it."""
    level = level.item() if isinstance(level, np.generic) and not isinstance(level, np.datetime64) else level
    return level if isinstance(level, str | int | float | bool) else as_text(level)


def index_type(index: Any) -> str:
    """Return the type of a pandas Index in a word; "" for texts, and for objects that texts cannot be turned into."""
    word = str(index.dtype)
    if word == "object":
        return class_of([label for label in index.tolist() if not is_missing_cell(label)]).replace("str", "")
    return "" if word in _PLAIN else word


def objects_of(texts: Sequence[Level | None], word: str) -> list[Any]:
    """Return texts (None for missing cells) as objects of a type of `class_of`; unchanged where that fails."""
    make = _CLASSES.get(word)
    present = [text for text in texts if text is not None]
    try:
        found = iter(
            [make(str(text)) for text in present] if make else index_of(present, word).tolist() if word else present
        )
    except (ValueError, TypeError, ArithmeticError):
        return list(texts)
    return [None if text is None else next(found) for text in texts]


def index_of(levels: Sequence[Level], word: str) -> Any:
    """Return levels as a pandas Index of a type of `index_type`; of objects where that fails."""
    pd = _pandas()
    try:
        if not word:
            return pd.Index(levels)
        if word in _CLASSES and word not in ("bool",):
            return pd.Index([_CLASSES[word](str(level)) for level in levels], dtype=object)
        return _typed(levels, word)
    except (ValueError, TypeError, ArithmeticError):
        return pd.Index(levels, dtype=object)


def _typed(levels: Sequence[Level], word: str) -> Any:
    pd = _pandas()
    if word == "bool":
        return pd.Index([str(level) == "True" for level in levels], dtype=bool)
    if word.startswith("interval["):
        dtype = pd.IntervalDtype(word)
        ends = [str(level)[1:-1].split(", ") for level in levels]
        left, right = (_typed([end[side] for end in ends], str(dtype.subtype)) for side in (0, 1))
        return pd.IntervalIndex.from_arrays(left, right, closed=dtype.closed)
    if word.startswith("period["):
        return pd.PeriodIndex([str(level) for level in levels], freq=word[len("period[") : -1])
    if word.startswith("datetime64["):
        texts = [str(level) for level in levels]
        return pd.DatetimeIndex(pd.to_datetime(texts, format="ISO8601", utc="," in word)).astype(word)
    if word.startswith("timedelta64["):
        return pd.TimedeltaIndex([str(level) for level in levels]).astype(word)
    numbers = word.lower().startswith(("int", "uint"))
    return pd.Index([int(level) for level in levels] if numbers else list(levels)).astype(word)


def _pandas() -> Any:
    import pandas as pd

    return pd

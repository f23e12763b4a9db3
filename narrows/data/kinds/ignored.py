"""Ignored columns: constant, empty, or a name for each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from narrows.data.frames.columns import is_missing
from narrows.data.kinds.category import as_text
from narrows.data.kinds.column_kind import Loss, restored_columns

CONSTANT, EMPTY = "constant", "empty"
"""Reasons of columns without anything to learn from."""


@dataclass(frozen=True, eq=False)
class Ignored:
    """One column without floats; a constant comes back as it is, anything else as a missing cell."""

    name: ClassVar[str] = "set aside"  # its key in saved models
    word: ClassVar[str] = "ignored"
    loss: ClassVar[Loss] = "none"

    columns: np.ndarray
    reason: str
    """Reason, in a few words."""
    dtype: str
    value: str | int | float | None
    """The constant: a number, a text, or a date as its integer; None where there is none."""

    @classmethod
    def of(cls, column: int, reason: str, dtype: np.dtype, constant: Any = None) -> Ignored:
        """Return the kind of an ignored column; `constant` is its only value."""
        if isinstance(constant, np.datetime64):
            constant = int(constant.astype(np.int64))
        value = constant.item() if isinstance(constant, np.generic) else constant
        return cls(np.array([column]), reason, dtype.name, value)

    @property
    def is_informative(self) -> bool:
        """Whether the column holds more than one value, so that something could be learned from it."""
        return self.reason not in (CONSTANT, EMPTY)

    @property
    def float_columns(self) -> np.ndarray:
        return np.zeros(0, dtype=np.intp)

    @property
    def float_words(self) -> list[str]:
        return []

    @property
    def costs(self) -> np.ndarray:
        return np.zeros(1)

    def encode(self, block: np.ndarray) -> np.ndarray:
        return np.zeros((len(block), 0))

    def decode(self, floats: np.ndarray) -> np.ndarray:
        dtype = np.dtype(self.dtype)
        if self.value is None and dtype.kind in "biu":
            dtype = np.dtype(np.float64)  # which has a missing cell
        gap = np.datetime64("NaT") if dtype.kind == "M" else None if dtype.kind == "O" else np.nan
        column = np.empty((len(floats), 1), dtype=dtype)
        if self.value is None:
            column[:] = gap
        elif dtype.kind == "M":
            column.view(np.int64)[:] = self.value
        else:
            column[:] = self.value
        return column

    def differs(self, column: np.ndarray) -> np.ndarray:
        """Return which cells (n,) differ from the constant, bool; missing cells do not, nor any without a constant."""
        present = ~is_missing(column)
        if self.value is None or not present.any():
            return np.zeros(len(column), dtype=bool)
        value = self.decode(np.zeros((1, 0)))[0]
        kinds = {value.dtype.kind, column.dtype.kind}
        if "O" in kinds or ("M" in kinds and len(kinds) > 1):  # a level is known by its text, in any type of column
            (text,) = as_text(value)
            present[present] = [cell != text for cell in as_text(column[present])]
            return present
        if kinds == {"f"}:  # a float32 and what it is written as in a file are the same
            coarser = min(value.dtype, column.dtype, key=lambda dtype: dtype.itemsize)
            value, column = value.astype(coarser), column.astype(coarser)
        return present & (column != value)

    def describe(self) -> dict:
        return {"kind": self.name, "reason": self.reason, "dtype": self.dtype, "value": self.value}

    def arrays(self) -> dict[str, np.ndarray]:
        return {"columns": self.columns}

    @classmethod
    def restore(cls, description: dict, arrays: dict[str, np.ndarray]) -> Ignored:
        value = description["value"]
        if value is not None and not isinstance(value, str | int | float):
            raise ValueError("the value of a constant column is neither a number nor a text")
        found = cls(restored_columns(arrays, 1), str(description["reason"]), str(description["dtype"]), value)
        found.decode(np.zeros((1, 0)))  # ValueError where value and dtype do not fit
        return found

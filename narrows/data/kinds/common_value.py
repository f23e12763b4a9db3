"""The most common value of a number column, such as 0: a mask, one float, tells whether a cell has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from narrows.data.frames.columns import is_missing
from narrows.data.kinds.binary_float import entropy
from narrows.data.kinds.column_kind import Loss, restored_columns, restored_numbers


@dataclass(frozen=True, eq=False)
class CommonValue:
    """Mask of columns whose other values another kind encodes: 1 where a cell is the column's common value."""

    name: ClassVar[str] = "common"
    word: ClassVar[str] = "mask"
    loss: ClassVar[Loss] = "binary"

    columns: np.ndarray
    value: np.ndarray
    """(c,), in the user's units."""
    share: np.ndarray
    """(c,): share of the common value among the present training cells."""
    fill: np.ndarray
    """(c,): the float of a missing cell. 1 where the column has a mask of missing cells, so that the loss ignores its
    number too; else the share."""

    @property
    def float_columns(self) -> np.ndarray:
        return self.columns

    @property
    def float_words(self) -> list[str]:
        return [f" is {value:.6g}" for value in self.value]

    @property
    def costs(self) -> np.ndarray:
        return entropy(self.share)

    def encode(self, block: np.ndarray) -> np.ndarray:
        return np.where(is_missing(block), self.fill, block == self.value)

    def decode(self, floats: np.ndarray) -> np.ndarray:
        """Return where a cell is the common value, bool (n, c)."""
        return floats >= 0.5

    def describe(self) -> dict:
        return {"kind": self.name}

    def arrays(self) -> dict[str, np.ndarray]:
        return {"columns": self.columns, "value": self.value, "share": self.share, "fill": self.fill}

    @classmethod
    def restore(cls, description: dict, arrays: dict[str, np.ndarray]) -> CommonValue:
        value, share, fill = restored_numbers(arrays, "value", "share", "fill")
        return cls(restored_columns(arrays, len(share)), value, share, fill)

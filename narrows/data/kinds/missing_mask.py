"""Masks of missing cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from narrows.data.kinds.boolean import entropy
from narrows.data.kinds.column_kind import Loss, restored_columns, restored_numbers


@dataclass(frozen=True, eq=False)
class MissingMask:
    """Mask of columns whose values another kind encodes: 1 where a cell is missing."""

    name: ClassVar[str] = "gaps"  # its key in saved models
    word: ClassVar[str] = "mask"
    loss: ClassVar[Loss] = "binary"

    columns: np.ndarray
    share: np.ndarray
    """(c,): share of missing cells among the training rows."""

    @property
    def float_columns(self) -> np.ndarray:
        return self.columns

    @property
    def float_words(self) -> list[str]:
        return [" is missing"] * len(self.columns)

    @property
    def costs(self) -> np.ndarray:
        return entropy(self.share)

    def encode(self, block: np.ndarray) -> np.ndarray:
        """Return a mask of missing cells, bool (n, c), as floats (n, c)."""
        return block.astype(np.float64)

    def decode(self, floats: np.ndarray) -> np.ndarray:
        """Return where a cell is missing, bool (n, c)."""
        return floats >= 0.5

    def describe(self) -> dict:
        return {"kind": self.name}

    def arrays(self) -> dict[str, np.ndarray]:
        return {"columns": self.columns, "share": self.share}

    @classmethod
    def restore(cls, description: dict, arrays: dict[str, np.ndarray]) -> MissingMask:
        (share,) = restored_numbers(arrays, "share")
        return cls(restored_columns(arrays, len(share)), share)

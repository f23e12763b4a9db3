"""Masks of missing cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from narrows.data.kinds.binary_float import BinaryFloat


@dataclass(frozen=True, eq=False)
class MissingMask(BinaryFloat):
    """Mask of columns whose values another kind encodes: 1 where a cell is missing."""

    name: ClassVar[str] = "gaps"  # its key in saved models
    word: ClassVar[str] = "mask"

    @property
    def float_words(self) -> list[str]:
        return [" is missing"] * len(self.columns)

    def encode(self, block: np.ndarray) -> np.ndarray:
        """Return a mask of missing cells, bool (n, c), as floats (n, c)."""
        return block.astype(np.float64)

    def decode(self, floats: np.ndarray) -> np.ndarray:
        """Return where a cell is missing, bool (n, c)."""
        return floats >= 0.5

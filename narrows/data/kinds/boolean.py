"""True or false: one float, 1 or 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from narrows.data.frames.columns import is_missing
from narrows.data.kinds.binary_float import BinaryFloat


@dataclass(frozen=True, eq=False)
class Boolean(BinaryFloat):
    """Booleans, one float each; the share of true among the present training cells replaces a missing one."""

    name: ClassVar[str] = "boolean"
    word: ClassVar[str] = "true-or-false column"

    @property
    def float_words(self) -> list[str]:
        return [""] * len(self.columns)

    def encode(self, block: np.ndarray) -> np.ndarray:
        floats = block.astype(np.float64)
        return np.where(is_missing(floats), self.share, floats)

    def decode(self, floats: np.ndarray) -> np.ndarray:
        return (floats >= 0.5).astype(np.float64)

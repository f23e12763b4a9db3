"""True or false: one float, 1 or 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from narrows.data.frames.columns import is_missing
from narrows.data.kinds.column_kind import Loss, restored_columns, restored_numbers


def entropy(shares: np.ndarray) -> np.ndarray:
    """Of true-or-false answers with these shares of true, in nats, elementwise."""
    from scipy.special import entr

    return entr(shares) + entr(1 - shares)


@dataclass(frozen=True, eq=False)
class Boolean:
    """Truth values, one float each."""

    name: ClassVar[str] = "boolean"
    word: ClassVar[str] = "true-or-false column"
    loss: ClassVar[Loss] = "binary"

    columns: np.ndarray
    share: np.ndarray
    """(c,): of true among the training cells that are there; stands in for a missing one."""

    @property
    def float_columns(self) -> np.ndarray:
        return self.columns

    @property
    def float_words(self) -> list[str]:
        return [""] * len(self.columns)

    @property
    def costs(self) -> np.ndarray:
        return entropy(self.share)

    def encode(self, block: np.ndarray) -> np.ndarray:
        floats = block.astype(np.float64)
        return np.where(is_missing(floats), self.share, floats)

    def decode(self, floats: np.ndarray) -> np.ndarray:
        return (floats >= 0.5).astype(np.float64)

    def describe(self) -> dict:
        return {"kind": self.name}

    def arrays(self) -> dict[str, np.ndarray]:
        return {"columns": self.columns, "share": self.share}

    @classmethod
    def restore(cls, description: dict, arrays: dict[str, np.ndarray]) -> Boolean:
        (share,) = restored_numbers(arrays, "share")
        return cls(restored_columns(arrays, len(share)), share)

"""Base of the kinds whose columns are one float each, 1 or 0, with the share of ones as the only learned number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from narrows.data.kinds.column_kind import Loss, restored_columns, restored_numbers


def entropy(shares: np.ndarray) -> np.ndarray:
    """Return the entropy of booleans with these shares of true, in nats, elementwise."""
    from scipy.special import entr

    return entr(shares) + entr(1 - shares)


@dataclass(frozen=True, eq=False)
class BinaryFloat:
    """The common part of these kinds; they add their names, `encode` and `decode`."""

    name: ClassVar[str]
    loss: ClassVar[Loss] = "binary"

    columns: np.ndarray
    share: np.ndarray
    """(c,): share of ones among the training cells."""

    @property
    def float_columns(self) -> np.ndarray:
        return self.columns

    @property
    def costs(self) -> np.ndarray:
        return entropy(self.share)

    def describe(self) -> dict:
        return {"kind": self.name}

    def arrays(self) -> dict[str, np.ndarray]:
        return {"columns": self.columns, "share": self.share}

    @classmethod
    def restore(cls, description: dict, arrays: dict[str, np.ndarray]) -> Self:
        (share,) = restored_numbers(arrays, "share")
        return cls(restored_columns(arrays, len(share)), share)

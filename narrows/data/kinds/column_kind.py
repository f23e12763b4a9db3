"""What a column kind is: how a block of columns becomes floats, and floats become columns again."""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol

import numpy as np

Loss = Literal["square", "binary", "softmax", "none"]


class ColumnKind(Protocol):
    """One way for a block of columns to become floats; a new one is a class with these members, entered in `KINDS`."""

    name: ClassVar[str]
    word: ClassVar[str]
    """What people call one such column: "numeric", "category"."""
    loss: ClassVar[Loss]
    """How far floats are from what they should be: squared error of each, cross-entropy of each, of all as one choice,
    or not at all."""

    @property
    def columns(self) -> np.ndarray:
        """Which columns of the rows this kind stands for, integers (c,)."""
        ...

    @property
    def float_columns(self) -> np.ndarray:
        """For each float, the column it comes from, integers (width,)."""
        ...

    @property
    def float_words(self) -> list[str]:
        """For each float, what follows the column's name: "" or " = male"."""
        ...

    @property
    def costs(self) -> np.ndarray:
        """What the best constant answer costs a cell that is there, by the kind's loss: (c,)."""
        ...

    def encode(self, block: np.ndarray) -> np.ndarray:
        """(n, c) in the user's units -> (n, width) floats; a missing cell becomes what the best constant answer is."""
        ...

    def decode(self, floats: np.ndarray) -> np.ndarray:
        """(n, width) floats -> (n, c) in the user's units, before rounding to the columns' dtypes."""
        ...

    def describe(self) -> dict:
        """What JSON can hold of this kind."""
        ...

    def arrays(self) -> dict[str, np.ndarray]:
        """The learned numbers."""
        ...

    @classmethod
    def restore(cls, description: dict, arrays: dict[str, np.ndarray]) -> ColumnKind:
        """The inverse of `describe` and `arrays`; ValueError, KeyError or TypeError on nonsense."""
        ...


def restored_columns(arrays: dict[str, np.ndarray], n: int | None = None) -> np.ndarray:
    """The columns of a kind that is restored; ValueError unless they are (n) whole numbers."""
    columns = np.asarray(arrays["columns"])
    if columns.dtype.kind not in "iu" or columns.ndim != 1 or (n is not None and len(columns) != n):
        raise ValueError("the columns of a kind are not whole numbers, one for each of its columns")
    return columns.astype(np.intp)


def restored_numbers(arrays: dict[str, np.ndarray], *names: str) -> list[np.ndarray]:
    """Learned numbers, float64 (m,); ValueError unless they are finite and alike in length."""
    found = [np.asarray(arrays[name]) for name in names]
    if any(a.dtype != np.float64 or a.ndim != 1 or not np.isfinite(a).all() for a in found):
        raise ValueError(f"{', '.join(names)} of a kind are not finite float64 numbers")
    if len({len(a) for a in found}) > 1:
        raise ValueError(f"{', '.join(names)} of a kind differ in length")
    return found

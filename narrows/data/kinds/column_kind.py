"""Protocol of column kinds."""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol

import numpy as np

Loss = Literal["square", "binary", "softmax", "none"]


class ColumnKind(Protocol):
    """One way to encode a block of columns as floats; a new one is a class with these members, entered in `KINDS`."""

    name: ClassVar[str]
    word: ClassVar[str]
    """Name of one such column for users: "numeric", "category"."""
    loss: ClassVar[Loss]
    """Loss of the floats: squared error, binary cross-entropy, cross-entropy over all as one choice, or none."""

    @property
    def columns(self) -> np.ndarray:
        """Indices of the columns of the rows that this kind encodes, integers (c,)."""
        ...

    @property
    def float_columns(self) -> np.ndarray:
        """Index of the column of each float, integers (width,)."""
        ...

    @property
    def float_words(self) -> list[str]:
        """Text after the column's name for each float: "" or " = male"."""
        ...

    @property
    def costs(self) -> np.ndarray:
        """Loss of the best constant prediction for a present cell, (c,)."""
        ...

    def encode(self, block: np.ndarray) -> np.ndarray:
        """Encode (n, c) in the user's units as floats (n, width); missing cells become the best constant prediction."""
        ...

    def decode(self, floats: np.ndarray) -> np.ndarray:
        """Decode floats (n, width) to (n, c) in the user's units, before rounding to the columns' dtypes."""
        ...

    def describe(self) -> dict:
        """Return the part of this kind that JSON can hold."""
        ...

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the learned numbers."""
        ...

    @classmethod
    def restore(cls, description: dict, arrays: dict[str, np.ndarray]) -> ColumnKind:
        """Return the inverse of `describe` and `arrays`; raise ValueError, KeyError or TypeError on nonsense."""
        ...


def restored_columns(arrays: dict[str, np.ndarray], n: int | None = None) -> np.ndarray:
    """Return the columns of a restored kind; raise ValueError unless they are (n) whole numbers."""
    columns = np.asarray(arrays["columns"])
    if columns.dtype.kind not in "iu" or columns.ndim != 1 or (n is not None and len(columns) != n):
        raise ValueError("the columns of a kind are not whole numbers, one for each of its columns")
    return columns.astype(np.intp)


def restored_numbers(arrays: dict[str, np.ndarray], *names: str) -> list[np.ndarray]:
    """Return learned numbers, float64 (m,) each; raise ValueError unless they are finite and equal in length."""
    found = [np.asarray(arrays[name]) for name in names]
    if any(a.dtype != np.float64 or a.ndim != 1 or not np.isfinite(a).all() for a in found):
        raise ValueError(f"{', '.join(names)} of a kind are not finite float64 numbers")
    if len({len(a) for a in found}) > 1:
        raise ValueError(f"{', '.join(names)} of a kind differ in length")
    return found


def restored_whole(description: dict, *names: str) -> list[int]:
    """Return learned whole numbers; raise ValueError unless they are numbers of 64 bits."""
    found = [description[name] for name in names]
    if any(type(value) is not int or abs(value) >= 2**63 for value in found):
        raise ValueError(f"{', '.join(names)} of a kind are not whole numbers of 64 bits")
    return found

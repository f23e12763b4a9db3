"""Column kinds: how a block of columns becomes floats, and floats become columns again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np


class ColumnKind(Protocol):
    """One way for a block of columns to become floats.

    Numbers are the only kind so far. Categories, dates and gaps become new classes with these members,
    entered in `KINDS`, and nothing else changes.
    """

    name: ClassVar[str]

    @property
    def columns(self) -> np.ndarray:
        """Which columns of the rows this kind stands for, integers (c,)."""
        ...

    @property
    def float_columns(self) -> np.ndarray:
        """For each float, the column it comes from, integers (width,)."""
        ...

    @property
    def bounded(self) -> bool:
        """Whether every encoded float of the training rows lies in [0, 1]."""
        ...

    def encode(self, block: np.ndarray) -> np.ndarray:
        """(n, c) in the user's units -> (n, width) floats, float64."""
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
        """The inverse of `describe` and `arrays`; ValueError or KeyError on nonsense."""
        ...


@dataclass(frozen=True, eq=False)
class Numeric:
    """Numbers, one float each: float = (x - offset) / scale."""

    name: ClassVar[str] = "numeric"

    columns: np.ndarray
    offset: np.ndarray
    """(c,), in the user's units."""
    scale: np.ndarray
    """(c,), positive, in the user's units."""
    fill: np.ndarray
    """(c,): stands in for a missing value; the training mean."""
    constant: np.ndarray
    """(c,) bool: decodes to `fill`, whatever the float."""
    bounded: bool

    @property
    def float_columns(self) -> np.ndarray:
        return self.columns

    @cached_property
    def _is_identity(self) -> bool:
        return bool((self.offset == 0).all() and (self.scale == 1).all())

    def encode(self, block: np.ndarray) -> np.ndarray:
        gaps = np.isnan(block) if block.dtype.kind == "f" else None
        holds_gaps = gaps is not None and bool(gaps.any())
        if self._is_identity and not holds_gaps:
            return block
        floats = block.astype(np.float64)
        if holds_gaps:
            np.copyto(floats, np.broadcast_to(self.fill, floats.shape), where=gaps)
        with np.errstate(over="ignore"):  # the schema names the cell that overflowed
            floats -= self.offset
            floats /= self.scale
        return floats

    def decode(self, floats: np.ndarray) -> np.ndarray:
        block = floats.astype(np.float64)
        with np.errstate(over="ignore"):
            block *= self.scale
            block += self.offset
        block[:, self.constant] = self.fill[self.constant]
        return block

    def describe(self) -> dict:
        return {"kind": self.name, "bounded": self.bounded}

    def arrays(self) -> dict[str, np.ndarray]:
        return {
            "columns": self.columns,
            "offset": self.offset,
            "scale": self.scale,
            "fill": self.fill,
            "constant": self.constant,
        }

    @classmethod
    def restore(cls, description: dict, arrays: dict[str, np.ndarray]) -> Numeric:
        columns = np.asarray(arrays["columns"])
        constant = np.asarray(arrays["constant"])
        numbers = {key: np.asarray(arrays[key]) for key in ("offset", "scale", "fill")}
        if columns.dtype.kind not in "iu" or constant.dtype != bool or columns.ndim != 1:
            raise ValueError("the columns of a numeric kind are not whole numbers")
        if any(array.shape != columns.shape for array in (constant, *numbers.values())):
            raise ValueError("the arrays of a numeric kind differ in length")
        if any(a.dtype != np.float64 or not np.isfinite(a).all() for a in numbers.values()):
            raise ValueError("offset, scale or fill of a numeric kind are not finite float64 numbers")
        if not (numbers["scale"] > 0).all() or not isinstance(description["bounded"], bool):
            raise ValueError("a numeric kind needs positive scales and a flag that says whether it is bounded")
        return cls(columns.astype(np.intp), constant=constant, bounded=description["bounded"], **numbers)


KINDS: dict[str, type[ColumnKind]] = {Numeric.name: Numeric}

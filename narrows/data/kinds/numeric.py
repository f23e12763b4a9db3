"""Numbers: one float each, shifted and scaled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from narrows.data.kinds.column_kind import Loss, restored_columns
from narrows.data.kinds.value_range import ValueRange


@dataclass(frozen=True, eq=False)
class Numeric:
    """Numbers, one float each: float = (x - offset) / scale."""

    name: ClassVar[str] = "numeric"
    word: ClassVar[str] = "numeric"
    loss: ClassVar[Loss] = "square"

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
    """Whether every encoded float of the training rows lies in [0, 1]."""
    extent: ValueRange | None = None
    """What decoded cells may be; None for arrays of nothing but numbers, without names."""
    variance: np.ndarray | None = None
    """(c,): of the floats; None where nothing asks for it."""

    @property
    def float_columns(self) -> np.ndarray:
        return self.columns

    @property
    def float_words(self) -> list[str]:
        return [""] * len(self.columns)

    @property
    def costs(self) -> np.ndarray:
        return np.ones(len(self.columns)) if self.variance is None else self.variance

    @cached_property
    def _is_identity(self) -> bool:
        return bool((self.offset == 0).all() and (self.scale == 1).all())

    def encode(self, block: np.ndarray) -> np.ndarray:
        missing = np.isnan(block) if block.dtype.kind == "f" else None
        holds_gaps = missing is not None and bool(missing.any())
        if self._is_identity and not holds_gaps:
            return block
        floats = block.astype(np.float64)
        if holds_gaps:
            np.copyto(floats, np.broadcast_to(self.fill, floats.shape), where=missing)
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
        return block if self.extent is None else self.extent.keep(block)

    def describe(self) -> dict:
        return {"kind": self.name, "bounded": self.bounded}

    def arrays(self) -> dict[str, np.ndarray]:
        more = {} if self.extent is None else self.extent.arrays()
        return {
            "columns": self.columns,
            "offset": self.offset,
            "scale": self.scale,
            "fill": self.fill,
            "constant": self.constant,
            **({} if self.variance is None else {"variance": self.variance}),
            **more,
        }

    @classmethod
    def restore(cls, description: dict, arrays: dict[str, np.ndarray]) -> Numeric:
        columns = restored_columns(arrays)
        constant = np.asarray(arrays["constant"])
        names = ("offset", "scale", "fill", *(key for key in ("variance", "low", "high") if key in arrays))
        numbers = {key: np.asarray(arrays[key]) for key in names}
        if constant.dtype != bool:
            raise ValueError("the flags of a numeric kind are not true or false")
        if any(array.shape != columns.shape for array in (constant, *numbers.values())):
            raise ValueError("the arrays of a numeric kind differ in length")
        if any(a.dtype != np.float64 or not np.isfinite(a).all() for a in numbers.values()):
            raise ValueError("offset, scale or fill of a numeric kind are not finite float64 numbers")
        if not (numbers["scale"] > 0).all() or not isinstance(description["bounded"], bool):
            raise ValueError("a numeric kind needs positive scales and a flag that says whether it is bounded")
        return cls(
            columns,
            numbers["offset"],
            numbers["scale"],
            numbers["fill"],
            constant,
            description["bounded"],
            ValueRange.restore(arrays) if "low" in numbers else None,
            numbers.get("variance"),
        )

"""Column kinds: how a block of columns becomes floats, and floats become columns again.

Belongs here: one class per kind, with the members of `ColumnKind`, entered in `KINDS`.
May import: `frames`.
"""

from __future__ import annotations

from narrows.data.kinds.boolean import Boolean
from narrows.data.kinds.category import Category
from narrows.data.kinds.column_kind import ColumnKind, Loss
from narrows.data.kinds.common_value import CommonValue
from narrows.data.kinds.date_time import DateTime
from narrows.data.kinds.ignored import Ignored
from narrows.data.kinds.missing_mask import MissingMask
from narrows.data.kinds.numeric import Numeric
from narrows.data.kinds.quantile import Quantile

KINDS: dict[str, type[ColumnKind]] = {
    kind.name: kind for kind in (Numeric, Quantile, DateTime, Boolean, CommonValue, MissingMask, Category, Ignored)
}

__all__ = [
    "KINDS",
    "Boolean",
    "Category",
    "ColumnKind",
    "CommonValue",
    "DateTime",
    "Ignored",
    "Loss",
    "MissingMask",
    "Numeric",
    "Quantile",
]

"""Column kinds: how a block of columns becomes floats, and floats become columns again."""

from __future__ import annotations

from narrows.data.kinds.boolean import Boolean
from narrows.data.kinds.category import Category
from narrows.data.kinds.column_kind import ColumnKind, Loss
from narrows.data.kinds.common_value import Common
from narrows.data.kinds.date_time import DateTime
from narrows.data.kinds.ignored import SetAside
from narrows.data.kinds.missing import Gaps
from narrows.data.kinds.numeric import Numeric
from narrows.data.kinds.quantile import Quantile

KINDS: dict[str, type[ColumnKind]] = {
    kind.name: kind for kind in (Numeric, Quantile, DateTime, Boolean, Common, Gaps, Category, SetAside)
}

__all__ = [
    "KINDS",
    "Boolean",
    "Category",
    "ColumnKind",
    "Common",
    "DateTime",
    "Gaps",
    "Loss",
    "Numeric",
    "Quantile",
    "SetAside",
]

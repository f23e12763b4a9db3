"""Values as texts of the format of their column."""

from __future__ import annotations

import numpy as np

from narrows.data.frames.column_format import ColumnFormat
from narrows.data.text.booleans import format_booleans
from narrows.data.text.dates import format_dates
from narrows.data.text.number_text import format_numbers


def format_values(column_format: ColumnFormat, values: np.ndarray) -> list[str | None]:
    """Return values (n,) as the texts (n,) that `parse_column` reads; None for missing values."""
    if column_format.read_as == "number":
        return format_numbers(column_format, values)
    if column_format.read_as == "boolean":
        return format_booleans(column_format, values)
    if column_format.read_as in ("date", "time"):
        return format_dates(column_format, values)
    return [None if value is None else str(value) for value in values.tolist()]

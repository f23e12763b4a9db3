"""Values as the texts of a column, by a reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narrows.data.text.booleans import write_truths
from narrows.data.text.dates import write_moments
from narrows.data.text.number_text import write_numbers

if TYPE_CHECKING:
    from narrows.data.text.column_format import Reading


def write(reading: Reading, values: np.ndarray) -> list[str | None]:
    """What `Reading.write` returns."""
    if reading.read_as == "number":
        return write_numbers(reading, values)
    if reading.read_as == "boolean":
        return write_truths(reading, values)
    if reading.read_as in ("date", "time"):
        return write_moments(reading, values)
    return [None if value is None else str(value) for value in values.tolist()]

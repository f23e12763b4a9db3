"""Cells of the wrong type for their columns: their number, and the first of them with row and column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from narrows.formatting import counted

if TYPE_CHECKING:
    from narrows.data import Rows

_NAMED = 5


@dataclass
class InvalidCells:
    """Cells of the wrong type in all rows added so far.

    Parameters
    ----------
    n_rows, n_cells : int
        Rows with such cells, and the cells.
    first : list of (int, str, str)
        Row counted from 0, column and text of the first cells.
    """

    n_rows: int = 0
    n_cells: int = 0
    first: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, rows: Rows) -> None:
        """Add the cells of more rows."""
        n_invalid = rows.n_invalid
        self.n_rows += int((n_invalid > 0).sum())
        self.n_cells += int(n_invalid.sum())
        for i in n_invalid.nonzero()[0][: _NAMED - len(self.first)].tolist():
            for j, texts in sorted(rows.invalid.items()):
                if texts[i] is not None and len(self.first) < _NAMED:
                    self.first.append((rows.row_number(i), rows.feature_names[j], str(texts[i])))

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        first = [{"row": row, "column": column, "observed": text} for row, column, text in self.first]
        return {"rows": self.n_rows, "cells": self.n_cells, "first": first}

    def __str__(self) -> str:
        """Return a sentence in which rows count from 1; "" if there is no such cell."""
        if not self.n_cells:
            return ""
        named = "; ".join(f"row {row + 1}, {column} {text!r}" for row, column, text in self.first)
        more = f"; and {self.n_cells - len(self.first):,} more" if self.n_cells > len(self.first) else ""
        have = "has" if self.n_rows == 1 else "have"
        which = "a cell of the wrong type for its column"
        if self.n_cells > self.n_rows:
            which = f"{counted(self.n_cells, 'cell')} of the wrong type for their columns"
        return f"{counted(self.n_rows, 'row')} {have} {which}: {named}{more}."

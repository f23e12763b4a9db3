"""The cells of DATA that are not what their columns hold: how many, and the first of them by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from narrows.formatting import counted

if TYPE_CHECKING:
    from narrows.data import Rows

_NAMED = 5


@dataclass
class StrangeCells:
    """Those of all rows added so far; rows count from 0."""

    n_rows: int = 0
    n_cells: int = 0
    first: list[tuple[int, str, str]] = field(default_factory=list)
    """(row, column, text), by row."""

    def add(self, rows: Rows) -> None:
        """Count those of more rows."""
        n_strange = rows.n_strange
        self.n_rows += int((n_strange > 0).sum())
        self.n_cells += int(n_strange.sum())
        for i in n_strange.nonzero()[0][: _NAMED - len(self.first)].tolist():
            for j, texts in sorted(rows.strange.items()):
                if texts[i] is not None and len(self.first) < _NAMED:
                    self.first.append((rows.place(i), rows.feature_names[j], str(texts[i])))

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        first = [{"row": row, "column": column, "observed": text} for row, column, text in self.first]
        return {"rows": self.n_rows, "cells": self.n_cells, "first": first}

    def __str__(self) -> str:
        """A sentence, in which rows count from 1; empty where there is no such cell."""
        if not self.n_cells:
            return ""
        named = "; ".join(f"row {row + 1}, {column} {text!r}" for row, column, text in self.first)
        more = f"; and {self.n_cells - len(self.first):,} more" if self.n_cells > len(self.first) else ""
        have = "has" if self.n_rows == 1 else "have"
        what = "a cell that is not what its column holds"
        if self.n_cells > self.n_rows:
            what = f"{counted(self.n_cells, 'cell')} that are not what their columns hold"
        return f"{counted(self.n_rows, 'row')} {have} {what}: {named}{more}."

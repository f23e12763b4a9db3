"""Cells of categories with a level that no training row has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from narrows.data.kinds import Category
from narrows.data.kinds.category import as_text
from narrows.data.rows import Rows

_SURPRISING = 0.01  # probability of so many unknown levels below which a column is reported
_SHOWN = 3


@dataclass(frozen=True, eq=False)
class UnknownLevels:
    """The cells with a level that the training rows lack.

    Parameters
    ----------
    columns : ndarray of shape (k,)
        Every column of levels.
    found : ndarray of shape (n, k)
        Whether the cell has an unknown level.
    shares : ndarray of shape (k,)
        Share of unknown levels to be expected of each column (`Category.unknown_share`).
    """

    columns: np.ndarray
    found: np.ndarray
    shares: np.ndarray

    @classmethod
    def of(cls, kinds: Sequence[Category], rows: Rows) -> UnknownLevels:
        """Return the unknown levels of rows, for the categories of a schema."""
        columns = np.array([kind.columns[0] for kind in kinds], dtype=np.intp)
        found = np.zeros((len(rows), len(kinds)), dtype=bool)
        for k, kind in enumerate(kinds):
            found[:, k] = kind.is_unknown(rows.column(int(columns[k])))
        return cls(columns, found, np.array([kind.unknown_share for kind in kinds]))

    def p_values(self) -> np.ndarray:
        """Return the probability (k,) of at least as many unknown levels in each column, if nothing has changed."""
        from scipy.stats import binom

        return binom.sf(self.found.sum(axis=0) - 1, len(self.found), self.shares)

    def message(self, rows: Rows) -> str | None:
        """Return a sentence with the number of rows for each column with surprisingly many; None for none."""
        if not self.found.any():
            return None
        parts = [
            self._sentence(rows, int(k))
            for k in np.flatnonzero(self.p_values() < _SURPRISING)
            if self.found[:, k].any()
        ]
        return f"{rows.source}: {'; '.join(parts)}." if parts else None

    def _sentence(self, rows: Rows, k: int) -> str:
        column, found = int(self.columns[k]), self.found[:, k]
        levels = Counter(as_text(rows.column(column)[found]))
        named = ", ".join(repr(level) for level, _ in levels.most_common(_SHOWN))
        more = ", ..." if len(levels) > _SHOWN else ""
        n = int(found.sum())
        rows_have = "1 row has" if n == 1 else f"{n:,} rows have"
        return f"{rows_have} a level of {rows.feature_names[column]!r} that no row of the fit has ({named}{more})"

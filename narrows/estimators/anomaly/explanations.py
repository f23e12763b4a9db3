"""Why a row is strange: its columns, what was seen in them and what was expected."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from narrows.data import Rows, Schema


@dataclass(frozen=True)
class Reason:
    """One column of a strange row.

    Parameters
    ----------
    column : str
    observed, expected : number or text
        In the user's own units; the text of a cell that is not what its column holds.
    share : float
        Of the row's distance from what was expected, over all columns that are farther than typical.
    """

    column: str
    observed: Any
    expected: Any
    share: float

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.column} {_told(self.observed)} (expected {_told(self.expected)})"


def reasons(schema: Schema, rows: Rows, expected: np.ndarray, far: np.ndarray, n: int) -> list[tuple[Reason, ...]]:
    """The `n` columns of each row that are farthest from what was expected.

    expected : (n_rows, d), encoded. far : (n_rows, n_columns), from 0.
    """
    shares = far / np.maximum(far.sum(axis=1, keepdims=True), 1e-300)
    decoded = schema.decode_rows(np.ascontiguousarray(expected))
    names = schema.feature_names
    top = np.argsort(-shares, axis=1, kind="stable")[:, :n]
    return [
        tuple(
            Reason(names[j], plain_value(rows, i, j), plain_value(decoded, i, j), float(shares[i, j]))
            for j in map(int, top[i])
        )
        for i in range(len(far))
    ]


def outweigh_strange_cells(far: np.ndarray, rows: Rows) -> None:
    """Let cells that are not what their columns hold outweigh all else in `far` (n_rows, n_columns), in place."""
    whole = np.maximum(far.sum(axis=1), 1.0)
    for column, is_strange in rows.strange_cells.items():
        far[is_strange, column] = 2 * whole[is_strange]


def plain_value(rows: Rows, i: int, j: int) -> Any:
    """A cell as JSON can hold it: its text where it is not what its column holds, None for a gap."""
    if j in rows.strange and rows.strange[j][i] is not None:
        return str(rows.strange[j][i])
    value = rows.column(j)[i]
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value)
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and value != value else value


def _told(value: Any) -> str:
    if value is None:
        return "missing"
    return f"{value:.4g}" if isinstance(value, float) else str(value)

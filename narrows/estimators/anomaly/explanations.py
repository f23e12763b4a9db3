"""Explanations of anomaly scores: the columns of a row with observed and expected values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from narrows.data import Rows, Schema


@dataclass(frozen=True)
class Reason:
    """One column that contributes to the anomaly score of a row.

    Parameters
    ----------
    column : str
    observed, expected : number or text
        Values in the user's own units; the text of a cell whose type differs from that of its column.
    share : float
        Contribution of this column as a share of those of all columns.
    """

    column: str
    observed: Any
    expected: Any
    share: float

    def to_dict(self) -> dict[str, object]:
        """Return the fields as JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.column} {_format(self.observed)} (expected {_format(self.expected)})"


def reasons(schema: Schema, rows: Rows, expected: np.ndarray, far: np.ndarray, n: int) -> list[tuple[Reason, ...]]:
    """Return the `n` columns of each row that are farthest from their expected values.

    expected : (n_rows, d), encoded. far : (n_rows, n_columns), not negative.
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


def in_words(found: tuple[Reason, ...]) -> str:
    """Return the reasons that contribute as one text; all of them where none does."""
    return "; ".join(map(str, [reason for reason in found if reason.share > 0] or found))


def outweigh_invalid_cells(far: np.ndarray, rows: Rows) -> None:
    """Raise the contributions `far` (n_rows, n_columns) of cells of another type above all others, in place."""
    whole = np.maximum(far.sum(axis=1), 1.0)
    for column, is_invalid in rows.invalid_cells.items():
        far[is_invalid, column] = 2 * whole[is_invalid]


def plain_value(rows: Rows, i: int, j: int) -> Any:
    """Return a cell as a JSON value: text if its type differs from that of its column, None if it is missing."""
    if j in rows.invalid and rows.invalid[j][i] is not None:
        return str(rows.invalid[j][i])
    value = rows.column(j)[i]
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value)
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and value != value else value


def _format(value: Any) -> str:
    if value is None:
        return "missing"
    return f"{value:.4g}" if isinstance(value, float) else str(value)

"""Why a row is strange: its columns, what was seen in them and what was expected."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators.anomaly.detector import AnomalyDetector


@dataclass(frozen=True)
class Reason:
    """One column of a strange row.

    Parameters
    ----------
    column : str
    observed, expected : number or text
        In the user's own units.
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


def reasons(detector: AnomalyDetector, rows: Rows, floats: np.ndarray, n: int) -> list[tuple[Reason, ...]]:
    """The `n` columns of each row with the largest shares, by the part that made the row's score."""
    schema = detector.schema_
    expected, far = detector.scorer_.expected(floats)
    winners = np.minimum(detector._winners(floats), len(far) - 1)
    at = np.arange(len(floats))
    chosen = np.maximum(far[winners, at], 0)
    columns = np.zeros((schema.n_columns, len(floats)))
    np.add.at(columns, schema.float_columns, chosen.T)
    columns = columns.T
    shares = columns / np.maximum(columns.sum(axis=1, keepdims=True), 1e-300)
    decoded = schema.decode_rows(np.ascontiguousarray(expected[winners, at]))
    names = schema.feature_names
    top = np.argsort(-shares, axis=1, kind="stable")[:, :n]
    return [
        tuple(
            Reason(names[j], _value(rows, i, j), _value(decoded, i, j), float(shares[i, j])) for j in map(int, top[i])
        )
        for i in range(len(floats))
    ]


def _value(rows: Rows, i: int, j: int) -> Any:
    value = rows.values[j][i] if isinstance(rows.values, tuple) else rows.values[i, j]
    return value.item() if isinstance(value, np.generic) else value


def _told(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)

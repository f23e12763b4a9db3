"""The floats of a table's row in the user's units, for the controls of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from narrows.data import ColumnKind, DateTime, Quantile, Schema

_MOST_POINTS = 101
_EDGE = 1e-6
_CLOSE = 1e-3


def float_scales(schema: Schema) -> list[dict[str, Any] | None]:
    """Return one entry for each float; None for those of a category, and for what another float of the column sets.

    Each has "column", the index of the column. The float of a number or a date has "floats" and "values": points
    between which the number in the user's units (of a date: seconds since 1970) is linear in the float, and "linear",
    whether it goes on beyond them. A date has "cycles" too, the periods in seconds whose sine and cosine are the floats
    that follow, and "step", the seconds to which it is rounded, or None. A float that is 0 or 1 has "binary".
    """
    found: list[dict[str, Any] | None] = []
    for kind in schema.kinds:
        found += _scales(kind)
    return found


def _scales(kind: ColumnKind) -> list[dict[str, Any] | None]:
    from narrows.data import DateTime, Numeric, Quantile

    columns = kind.float_columns.tolist()
    if kind.loss == "binary":
        return [{"column": column, "binary": True} for column in columns]
    if isinstance(kind, Numeric):
        return [
            {"column": column, "linear": True, "floats": [0.0, 1.0], "values": [offset, offset + scale]}
            for column, offset, scale in zip(columns, kind.offset.tolist(), kind.scale.tolist(), strict=True)
        ]
    if isinstance(kind, Quantile):
        return [{"column": columns[0], "linear": False, **_quantile_points(kind)}]
    if isinstance(kind, DateTime):
        return [{"column": columns[0], "linear": False, **_date_points(kind)}, *[None] * (len(columns) - 1)]
    return [None] * len(columns)


def _quantile_points(kind: Quantile) -> dict[str, Any]:
    if kind.cuts is None:
        at = _few_points(kind.scores, kind.knots)
        return {"floats": kind.scores[at].tolist(), "values": kind.knots[at].tolist()}
    cuts = np.repeat(kind.cuts, 2) + np.tile([-_EDGE, _EDGE], len(kind.cuts))
    floats = np.concatenate([kind.scores[:1], cuts, kind.scores[-1:]])
    return {"floats": floats.tolist(), "values": np.repeat(kind.knots, 2).tolist()}


def _few_points(x: np.ndarray, y: np.ndarray) -> list[int]:
    """Return at most 101 indices of a curve (m,), its ends included, between which it is close to a line."""
    at = [0, len(x) - 1]
    size = np.abs(y) + np.ptp(y) / 1e4
    while len(at) < _MOST_POINTS:
        error = np.abs(np.interp(x, x[at], y[at]) - y) / size
        worst = int(error.argmax())
        if error[worst] < _CLOSE:
            break
        at = sorted([*at, worst])
    return at


def _date_points(kind: DateTime) -> dict[str, Any]:
    ends = np.array([kind.low, kind.high]).view(kind.dtype)[:, None]
    floats = kind.encode(ends)[:, 0]
    return {
        "floats": floats.tolist(),
        "values": (floats * kind.spread + kind.mean).tolist(),
        "cycles": kind.periods,
        "step": kind.step_seconds,
    }

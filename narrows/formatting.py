"""Numbers, durations and counts as people read them, and values as JSON can hold them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def number(value: float | None) -> str:
    """Format with four significant digits, without an exponent where possible: 1,234 · 13.87 · 0.004012.

    None becomes a dash.
    """
    if value is None:
        return "–"
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= 1000:
        return f"{value:,.0f}" if abs(value) < 1e9 else f"{value:.3e}"
    return f"{value:#.4g}".rstrip(".") if abs(value) >= 1e-4 or value == 0 else f"{value:.3e}"


def counted(n: int, noun: str) -> str:
    """Return a count with its noun: 1 component, 8 components."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def duration(seconds: float) -> str:
    """Format a duration: 8.3 s · 2 min 05 s · 1 h 12 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def json_safe(value: Any) -> Any:
    """Return `value` as plain Python for `json.dumps(..., allow_nan=False)`.

    NaN and infinity become None; NumPy arrays and scalars become lists and Python scalars; the keys of mappings become
    strings.
    """
    if isinstance(value, Mapping):
        return {str(key): json_safe(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(part) for part in value]
    if hasattr(value, "tolist"):
        return json_safe(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value

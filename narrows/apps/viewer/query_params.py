"""Parameters of a query, checked one by one; SettingError for a wrong one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


class QueryParams:
    """Parameters of one query of a page.

    Parameters
    ----------
    view : str
        For error messages.
    given : dict
        Parameters as received.
    """

    def __init__(self, view: str, given: dict[str, Any]) -> None:
        self._view = view
        self._given = given

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """Return an integer within limits."""
        value = self._given.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not _is_whole(value) or not low <= value <= high:
            raise self._wrong(name, f"a whole number from {low} to {high}")
        return int(value)

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """Return a number within limits."""
        value = self._given.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self._wrong(name, f"a number from {low:g} to {high:g}")
        return float(value)

    def numbers(self, name: str, length: int) -> np.ndarray | None:
        """Return `length` finite numbers, float32; None if absent."""
        value = self._given.get(name)
        if value is None:
            return None
        plain = isinstance(value, list) and all(type(v) in (int, float) and math.isfinite(v) for v in value)
        if not plain or len(value) != length or not all(abs(v) < 1e30 for v in value):
            raise self._wrong(name, f"a list of {length} numbers")
        return np.array(value, np.float32)

    def required_numbers(self, name: str, length: int) -> np.ndarray:
        """Return `length` finite numbers, float32; SettingError if absent."""
        found = self.numbers(name, length)
        if found is None:
            raise self._wrong(name, f"a list of {length} numbers")
        return found

    def wholes(self, name: str, length: int) -> list[int] | None:
        """Return `length` integers from 0; None if absent."""
        value = self._given.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) != length or not all(_is_whole(v) and v >= 0 for v in value):
            raise self._wrong(name, f"a list of {length} whole numbers")
        return [int(v) for v in value]

    def positions(self, name: str, most: int, n_rows: int) -> np.ndarray | None:
        """Return row indices; None if absent."""
        value = self._given.get(name)
        if value is None:
            return None
        ok = isinstance(value, list) and 1 <= len(value) <= most
        if not ok or not all(_is_whole(v) and 0 <= v < n_rows for v in value):
            raise self._wrong(name, f"a list of 1 to {most:,} row numbers from 0 to {n_rows - 1:,}")
        return np.array(value, np.int64)

    def required_positions(self, name: str, most: int, n_rows: int) -> np.ndarray:
        """Return row indices; SettingError if absent."""
        found = self.positions(name, most, n_rows)
        if found is None:
            raise self._wrong(name, "a list of row numbers")
        return found

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        """Return one of the choices."""
        value = self._given.get(name)
        if value is None:
            return default
        if value not in choices:
            raise self._wrong(name, f"one of {', '.join(choices)}")
        return value

    def text(self, name: str) -> str | None:
        """Return a text; None if absent."""
        value = self._given.get(name)
        if value is not None and not isinstance(value, str):
            raise self._wrong(name, "a text")
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of texts; [] if absent."""
        value = self._given.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self._wrong(name, "a list of texts")
        return value

    def switch(self, name: str) -> bool:
        """Return true or false; False if absent."""
        value = self._given.get(name, False)
        if not isinstance(value, bool) and value is not None:
            raise self._wrong(name, "true or false")
        return bool(value)

    def _wrong(self, name: str, wanted: str) -> Exception:
        from narrows.errors import SettingError

        return SettingError(f"{name!r} of {self._view} must be {wanted}.")


def _is_whole(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and value == int(value)

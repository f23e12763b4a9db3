from __future__ import annotations

from narrows.insight.sweep_values import checked_values


def test_values_may_come_from_an_iterator() -> None:
    assert checked_values("n_components", (i for i in (2, 1)), 100) == (1, 2)  # pyright: ignore[reportArgumentType]

"""Contenders take turns, so that a slow minute of the machine hits them all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import TypeVar

T = TypeVar("T")


def alternate(contenders: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """What each contender answered in each round; every round begins with another one."""
    names = list(contenders)
    answers: dict[str, list[T]] = {name: [] for name in names}
    for i in range(rounds):
        start = i % len(names)
        for name in names[start:] + names[:start]:
            answers[name].append(contenders[name]())
    return answers


def seconds(function: Callable[[], object], repeats: int) -> list[float]:
    """The seconds of several calls, after two."""
    taken = []
    for _ in range(repeats + 2):
        start = time.perf_counter()
        function()
        taken.append(time.perf_counter() - start)
    return taken[2:]


def middle(values: list[float]) -> float:
    """The median."""
    return float(median(values))


def ratio(ours: list[float], theirs: list[float]) -> float:
    """How many times longer they took: the median over rounds of each round's own ratio."""
    return float(median(b / a for a, b in zip(ours, theirs, strict=True)))

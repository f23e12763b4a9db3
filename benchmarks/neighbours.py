"""10. How fast is a training while other programs take the cores?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.report import Report, bars
from benchmarks.rounds import alternate, middle
from benchmarks.rows import pixels, table
from narrows import Autoencoder
from narrows.machine import available_cores


@dataclass(frozen=True)
class Net:
    """A network with its rows."""

    name: str
    hidden: tuple[int, ...]
    n_components: int
    batch_size: int
    n_rows: int
    rows: Callable[..., tuple[np.ndarray, np.ndarray, str]]


NETS = (
    Net("deep net 784-1000-500-250-30, batch 1000", (1000, 500, 250), 30, 1000, 10_000, pixels),
    Net("middle net 784-128-32, batch 128", (128,), 32, 128, 20_000, pixels),
    Net("table net 30-64-32-8, batch 128", (64, 32), 8, 128, 40_000, table),
)
FOLLOWS, FIXED, ONE = "threads follow the load (default)", "all threads (with a random_state)", "one thread"


def reports(rounds: int, quick: bool) -> list[Report]:
    """Rows a second of each net on a quiet machine, and beside one busy program for each core."""
    rows, raw = [], {}
    for net in NETS:
        x, _, _ = net.rows(net.n_rows // (5 if quick else 1))
        ways = {name: partial(rate, net, x, way=name) for name in (FOLLOWS, FIXED, ONE)}
        quiet = alternate(ways, rounds)
        with busy_programs(available_cores()):
            loaded = alternate(ways, rounds)
        raw[net.name] = {"quiet": quiet, "loaded": loaded}
        one = middle(loaded[ONE])
        for name in ways:
            before, now = middle(quiet[name]), middle(loaded[name])
            rows.append([net.name, name, f"{before:,.0f}", f"{now:,.0f}", f"{before / now:.2f}", f"{now / one:.2f}"])

    def draw(axes: Any) -> None:
        names = [f"{row[0].split(',')[0]}, {row[1].split(' (')[0]}" for row in rows]
        bars(axes, names, [float(row[5]) for row in rows], "rows/s beside busy programs, one thread = 1", "{:.2f}")

    return [
        Report(
            "neighbours",
            f"Training beside {available_cores()} programs that each take a core",
            ("net", "threads", "rows/s quiet", "rows/s loaded", "slower by", "loaded: times one thread"),
            rows,
            raw,
            draw,
            (
                f"Whole trainings of some seconds, Adam, medians of {rounds} rounds; the first epoch counts.",
                "Each busy program is an endless loop in Python. A fair share leaves one thread two thirds of a core "
                "where two programs run on two cores, and two threads one core.",
            ),
        )
    ]


@contextmanager
def busy_programs(n: int) -> Iterator[None]:
    """Run with n programs beside that never wait."""
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def rate(net: Net, x: np.ndarray, *, way: str) -> float:
    before = torch.get_num_threads()
    torch.set_num_threads(1 if way == ONE else before)
    try:
        model = Autoencoder(
            hidden_layer_sizes=net.hidden,
            n_components=net.n_components,
            batch_size=net.batch_size,
            activation="relu",
            optimizer="adam",
            epochs=6,
            validation_fraction=0.0,
            early_stopping=False,
            random_state=None if way == FOLLOWS else 0,
        ).fit(x)
    finally:
        torch.set_num_threads(before)
    seconds = sum(epoch.seconds for epoch in model.history_)
    return len(x) * len(model.history_) / seconds

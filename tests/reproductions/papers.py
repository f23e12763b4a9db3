"""A paper made up for tests: two experiments without any training."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.figure import Figure

from narrows.errors import DataFormatError
from narrows.reproductions import Experiment, Picture, Progress, Record, Reproduction, Result, Setup


def counting(setup: Setup) -> Iterator[Record]:
    for i in range(setup.epochs(4, quick=2)):
        yield Progress("Counting", i + 1, setup.epochs(4, quick=2), f"at {i}")
    yield Result("counting", "by hand", 1.25, "units", 1.5, "Table 1", 61.0, "one | run")
    figure = Figure()
    figure.subplots().plot([0, 1], [0, 1])
    yield Picture("line", "A line.", figure)


def missing(setup: Setup) -> Iterator[Record]:
    if "faces" in setup.paths:
        raise DataFormatError("These are no faces.")
    yield Result("faces", "by eye", None, "units", 126.0, "Fig. 2C", note="not run: faces are needed")


PAPER = Reproduction(
    "made2000",
    "Nobody 2000, Nothing",
    (Experiment("counting", "Counting", counting), Experiment("missing", "Faces", missing)),
    {"faces": "ask for them"},
)

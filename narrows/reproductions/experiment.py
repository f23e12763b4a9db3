"""Experiments, the records that they yield, and reproductions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from narrows.reproductions.kept_trainings import begin_experiment

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Result:
    """One row of the table of results.

    Parameters
    ----------
    task, method : str
        The data and the method: "MNIST, 30 numbers", "RBMs, then Adam".
    ours : float or None
        The value measured here; None if it was not run (see `note`).
    unit : str
        "squared error per image", "% wrong".
    paper : float or None
        The paper's value for this method; None if it reports none.
    source : str
        Its place in the paper: "Fig. 2B".
    seconds : float or None
        Training time, without reading and measuring.
    note : str
        Differences to the paper: fewer epochs, fewer rows, another optimizer.
    """

    task: str
    method: str
    ours: float | None
    unit: str
    paper: float | None = None
    source: str = ""
    seconds: float | None = None
    note: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Progress:
    """Progress of an experiment: `done` of `total` steps of `title`, and a detail of the last step."""

    title: str
    done: int = 0
    total: int = 0
    detail: str = ""


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure, written as NAME.svg, or as NAME.png if it consists of images."""

    name: str
    caption: str
    figure: Figure
    format: Literal["svg", "png"] = "svg"


Record = Result | Progress | Picture


@dataclass(frozen=True)
class Setup:
    """Settings of a run.

    Parameters
    ----------
    quick : bool
        Use fewer rows and epochs: minutes instead of hours.
    seed : int
        Random seed of everything.
    paths : mapping of str to Path
        Data that narrows cannot download, by the names in `Reproduction.paths`.
    max_rows, max_epochs : int or None
        Upper limits, to run everything in seconds.
    """

    quick: bool = False
    seed: int = 0
    paths: Mapping[str, Path] = field(default_factory=dict)
    max_rows: int | None = None
    max_epochs: int | None = None

    def rows(self, full: int, *, quick: int) -> int:
        """Return the number of rows to use: `full`, or `quick` for a quick run, at most `max_rows`."""
        n = quick if self.quick else full
        return n if self.max_rows is None else min(n, self.max_rows)

    def epochs(self, full: int, *, quick: int) -> int:
        """Return the number of epochs: `full`, or `quick` for a quick run, at most `max_epochs`."""
        n = quick if self.quick else full
        return n if self.max_epochs is None else min(n, self.max_epochs)


@dataclass(frozen=True)
class Experiment:
    """One experiment of a paper: `run(setup)` yields records, each result as soon as it is known."""

    name: str
    title: str
    run: Callable[[Setup], Iterator[Record]]


@dataclass(frozen=True)
class Reproduction:
    """A paper and its experiments.

    Parameters
    ----------
    name, citation : str
        "hinton2006"; authors, title and journal.
    experiments : sequence of Experiment
    paths : mapping of str to str
        Data that narrows cannot download: name -> description and source.
    """

    name: str
    citation: str
    experiments: Sequence[Experiment]
    paths: Mapping[str, str] = field(default_factory=dict)

    def selected(self, only: Sequence[str]) -> list[Experiment]:
        """Return the experiments of these names in the paper's order, or all; SettingError for an unknown name."""
        names = [experiment.name for experiment in self.experiments]
        unknown = [name for name in only if name not in names]
        if unknown:
            from narrows.errors import SettingError

            raise SettingError(f"{self.name} has no experiment {unknown[0]!r}; its experiments are {', '.join(names)}.")
        return [experiment for experiment in self.experiments if not only or experiment.name in only]

    def check(self, setup: Setup) -> None:
        """Raise SettingError for data that the paper does not use, DataNotFoundError for a path that does not exist."""
        for name, path in setup.paths.items():
            from narrows.errors import DataNotFoundError, SettingError

            if name not in self.paths:
                raise SettingError(f"{self.name} uses no {name}; leave --{name} out.")
            if not Path(path).exists():
                raise DataNotFoundError(f"There is no {path}; --{name} takes {self.paths[name]}.")

    def run(self, setup: Setup, only: Sequence[str] = ()) -> Iterator[Record]:
        """Yield the records of the selected experiments."""
        self.check(setup)
        for experiment in self.selected(only):
            begin_experiment(experiment.name)
            yield Progress(experiment.title)
            yield from experiment.run(setup)

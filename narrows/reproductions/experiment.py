"""What every reproduction is made of: experiments, and the records that they yield."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Result:
    """One line of the table.

    Parameters
    ----------
    task, method : str
        What was done, and by what: "MNIST, 30 numbers", "RBMs, then Adam".
    ours : float or None
        What was measured here; None where it was not run, and `note` says why.
    unit : str
        "squared error per image", "% wrong".
    paper : float or None
        What the paper reports for this very method; None where it reports nothing.
    source : str
        Where that stands: "Fig. 2B".
    seconds : float or None
        Training time, without reading data and measuring.
    note : str
        What a reader must know to compare: fewer epochs, fewer rows, another optimizer.
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
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Progress:
    """How far an experiment is: `done` of `total` steps of what `title` says, and a few words on the last one."""

    title: str
    done: int = 0
    total: int = 0
    words: str = ""


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure, to be written as NAME.svg, or NAME.png where images fill it."""

    name: str
    caption: str
    figure: Figure
    format: Literal["svg", "png"] = "svg"


Record = Result | Progress | Picture


@dataclass(frozen=True)
class Setup:
    """How a reproduction is to run.

    Parameters
    ----------
    quick : bool
        Fewer rows and epochs: minutes, not hours.
    seed : int
        Of everything that is drawn.
    paths : mapping of str to Path
        Data that narrows cannot fetch, by the names in `Reproduction.paths`.
    most_rows, most_epochs : int or None
        Bounds on both, to try everything out in seconds.
    """

    quick: bool = False
    seed: int = 0
    paths: Mapping[str, Path] = field(default_factory=dict)
    most_rows: int | None = None
    most_epochs: int | None = None

    def rows(self, full: int, *, quick: int) -> int:
        """How many rows to use of a set: `full`, or `quick`."""
        n = quick if self.quick else full
        return n if self.most_rows is None else min(n, self.most_rows)

    def epochs(self, full: int, *, quick: int) -> int:
        """How many epochs to train: `full`, or `quick`."""
        n = quick if self.quick else full
        return n if self.most_epochs is None else min(n, self.most_epochs)


@dataclass(frozen=True)
class Experiment:
    """One question of a paper: `run(setup)` yields records, results as soon as they are known."""

    name: str
    title: str
    run: Callable[[Setup], Iterator[Record]]


@dataclass(frozen=True)
class Reproduction:
    """A paper and its experiments.

    Parameters
    ----------
    name, citation : str
        "hinton2006"; authors, title, where it appeared.
    experiments : sequence of Experiment
    paths : mapping of str to str
        Data that narrows cannot fetch: name -> a sentence on what it is and how to get it.
    """

    name: str
    citation: str
    experiments: Sequence[Experiment]
    paths: Mapping[str, str] = field(default_factory=dict)

    def chosen(self, only: Sequence[str]) -> list[Experiment]:
        """The experiments of these names, in the paper's order; all where none is named."""
        names = [experiment.name for experiment in self.experiments]
        unknown = [name for name in only if name not in names]
        if unknown:
            from narrows.errors import SettingError

            raise SettingError(f"{self.name} has no experiment {unknown[0]!r}; its experiments are {', '.join(names)}.")
        return [experiment for experiment in self.experiments if not only or experiment.name in only]

    def check(self, setup: Setup) -> None:
        """SettingError where `setup` brings data that the paper does not use, DataNotFoundError where none is there."""
        for name, path in setup.paths.items():
            from narrows.errors import DataNotFoundError, SettingError

            if name not in self.paths:
                raise SettingError(f"{self.name} uses no {name}; leave --{name} out.")
            if not Path(path).exists():
                raise DataNotFoundError(f"There is no {path}; --{name} takes {self.paths[name]}.")

    def run(self, setup: Setup, only: Sequence[str] = ()) -> Iterator[Record]:
        """Every record of the chosen experiments, one experiment after another."""
        self.check(setup)
        for experiment in self.chosen(only):
            yield Progress(experiment.title)
            yield from experiment.run(setup)

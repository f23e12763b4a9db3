"""`narrows reproduce`: repeat the experiments of a paper."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from narrows.apps.cli import signals
from narrows.apps.cli.checkpoints import EVERY, CheckpointEvery, make_room_for_trainings
from narrows.apps.cli.common_options import Force, Json, Quiet, data_option, output_option
from narrows.apps.cli.exit_codes import Interrupted
from narrows.apps.cli.fit_options import column_names
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.output_paths import check_folder
from narrows.apps.cli.result_writing import write_or_rescue
from narrows.formatting import counted
from narrows.version import __version__

if TYPE_CHECKING:
    from rich.table import Table

    from narrows.reproductions import Picture, Progress, Record, Reproduction, Result, Setup

_OURS = ("results.json", "results.md", ".svg", ".png")
_LINES = 10  # lines in a log for the training of an experiment


def reproduce(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Name of a paper. Default: list the papers.", show_default=False),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", metavar="", help="Use fewer rows and epochs, to finish in minutes instead of hours."),
    ] = False,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Names of the experiments to run; a wrong name lists all names. Default: all.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of all random numbers.")] = 0,
    faces: Annotated[
        Path | None,
        data_option(metavar="PATH", help="File of the Olivetti faces, for hinton2006."),
    ] = None,
    reuters: Annotated[
        Path | None,
        data_option(metavar="PATH", help="File of the Reuters documents, for hinton2006."),
    ] = None,
    output: Annotated[
        Path | None,
        output_option(
            "FOLDER",
            help="Folder for results.json, results.md and figures. Default: a folder with the name of the paper and "
            "the experiments of --only, in the current folder.",
        ),
    ] = None,
    checkpoint_every: CheckpointEvery = EVERY,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            metavar="",
            help="Go on from FOLDER.checkpoint with the same options: finished trainings are read, and one that "
            "was killed goes on to the same numbers; without a checkpoint the run begins.",
        ),
    ] = False,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Repeat the experiments of a paper and compare the numbers.

    Each result is written as soon as it is known. Ctrl-C and SIGTERM end the
    run; results so far are kept. After any end the same command with --resume
    goes on with the training that was interrupted.

    [bold]narrows reproduce[/bold]
    [bold]narrows reproduce hinton2006 --quick[/bold]
    """
    from narrows.estimators.saving.checkpoint_folder import remove_checkpoint
    from narrows.reproductions import PAPERS, Setup, keeping, reproduction

    messages = Messages(as_json, quiet)
    if name is None:
        messages.result(PAPERS, _listed(PAPERS))
        return
    paper = reproduction(name)
    chosen = column_names(only) if only else ()
    given = {"faces": faces, "reuters": reuters}
    setup = Setup(quick, seed, {key: path for key, path in given.items() if path is not None})
    paper.check(setup)
    paper.selected(chosen)
    folder = output or Path("-".join([name, *chosen]))
    trainings = folder.with_name(f"{folder.name}.checkpoint")
    force = force or (resume and trainings.exists())
    _check(folder, force=force)
    make_room_for_trainings(trainings, resume=resume, force=force)

    command = " ".join(["narrows reproduce", name, *_options(quick, only, seed, setup.paths)])
    found = _Results(folder, paper, setup, command, messages, force)
    try:
        with keeping(trainings, checkpoint_every, f"{command}, narrows {__version__}"):
            for record in _printed(paper.run(setup, chosen), messages):
                found.add(record)
    except KeyboardInterrupt:
        if not found.results:
            raise
        done = f"{counted(len(found.results), 'result')} of {name} are in {found.folder}"
        raise Interrupted(f"{signals.interrupted()}; {done}.") from None
    found.keep()
    remove_checkpoint(trainings)
    messages.result(
        {"output": str(found.folder), **found.about},
        _table(paper.citation, found.results),
        "",
        *_notes(found.results),
        "",
        f"Wrote {found.folder}/.",
    )


@dataclass(eq=False)
class _Results:
    """The results and pictures of a run so far, and the folder that they are written to."""

    folder: Path
    paper: Reproduction
    setup: Setup
    command: str
    messages: Messages
    force: bool
    results: list[Result] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    about: dict[str, object] = field(default_factory=dict)
    """Content of results.json; empty until it is written."""
    _start: float = field(default_factory=time.perf_counter)

    def add(self, record: Record) -> None:
        """Take in a record; a result is written at once, since a later experiment may fail after hours."""
        from narrows.reproductions import Picture, Result

        if isinstance(record, Result):
            self.results.append(record)
            self.keep()
        elif isinstance(record, Picture):
            self.pictures.append(record)

    def keep(self) -> None:
        """Write all that is there; where the folder cannot be written, another one is chosen."""
        self.folder = write_or_rescue(
            self.folder,
            self._write,
            subject="the results are",
            messages=self.messages,
            force=self.force or bool(self.about),
            is_folder=True,
        )
        signals.check()

    def _write(self, place: Path, force: bool) -> None:
        from narrows.reproductions import write_results

        _check(place, force=force)
        seconds = time.perf_counter() - self._start
        self.about = write_results(
            place, self.paper, self.setup, self.results, self.pictures, command=self.command, seconds=seconds
        )


def _options(quick: bool, only: str | None, seed: int, paths: object) -> list[str]:
    words = ["--quick"] if quick else []
    words += ["--only", only] if only else []
    assert isinstance(paths, dict)
    for key in paths:
        words += [f"--{key}", "PATH"]
    return [*words, "--seed", str(seed)]


def _check(folder: Path, *, force: bool) -> None:
    """Raise OutputExistsError unless `folder` is free, or an earlier reproduction that may be replaced."""
    from narrows.errors import OutputExistsError

    check_folder(folder)
    if not folder.exists():
        return
    if not folder.is_dir() or any(not entry.name.endswith(_OURS) for entry in folder.iterdir()):
        raise OutputExistsError(f"{folder} holds something other than a reproduction; choose another --output.")
    if not force and any(folder.iterdir()):
        raise OutputExistsError(f"{folder} is already there; use --force to replace it, or another --output.")


def _printed(records: Iterable[Record], messages: Messages) -> Iterator[Record]:
    """Yield the records and print them: progress as a bar on a terminal or as lines in a log, a line per result."""
    if messages.quiet:
        yield from records
    elif messages.stderr.is_terminal:
        yield from _bar(records, messages)
    else:
        yield from _lines(records, messages)


def _bar(records: Iterable[Record], messages: Messages) -> Iterator[Record]:
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from narrows.reproductions import Progress, Result

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24))
    console = messages.stderr
    with Bar(*columns, TextColumn("{task.fields[words]}"), TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=None, words="")
        for record in records:
            if isinstance(record, Progress):
                words = _counted(record)
                bar.update(
                    task, description=record.title, completed=record.done, total=record.total or None, words=words
                )
            elif isinstance(record, Result):
                console.print(_sentence(record), soft_wrap=True)
            yield record


def _lines(records: Iterable[Record], messages: Messages) -> Iterator[Record]:
    from narrows.reproductions import Progress, Result

    for record in records:
        if isinstance(record, Progress):
            if (
                not record.total
                or record.done in (0, record.total)
                or record.done % max(1, record.total // _LINES) == 0
            ):
                messages.info(f"{record.title} {_counted(record)}".rstrip())
        elif isinstance(record, Result):
            messages.info(_sentence(record))
        yield record


def _counted(record: Progress) -> str:
    return f"{record.done}/{record.total} {record.detail}".rstrip() if record.total else record.detail


def _sentence(result: Result) -> str:
    from narrows.reproductions import cells

    task, method, ours, paper, unit, time_, note = cells(result)
    return f"{task}, {method}: {ours} {unit}, paper {paper}, {time_}" + (f"; {note}" if note else "")


def _table(citation: str, results: list[Result]) -> Table:
    from rich import box
    from rich.table import Table

    from narrows.reproductions import HEADINGS, cells

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, title=citation, title_style="")
    table.title_justify = "left"
    for heading in HEADINGS[:-1]:
        table.add_column(heading, justify="right" if heading in ("ours", "paper", "time") else "left", overflow="fold")
    for result in results:
        table.add_row(*cells(result)[:-1])
    return table


def _notes(results: list[Result]) -> list[str]:
    """Return a line for each note with the results that it belongs to; the table has no room for them."""
    about: dict[str, list[str]] = {}
    for result in results:
        if result.note:
            about.setdefault(result.note, []).append(f"{result.task}, {result.method}")
    return [f"{'; '.join(dict.fromkeys(names))}: {note}." for note, names in about.items()]


def _listed(papers: dict[str, str]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("name", "paper"):
        table.add_column(heading)
    for name, words in papers.items():
        table.add_row(name, words)
    return table

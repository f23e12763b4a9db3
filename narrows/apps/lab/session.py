"""The session: the data that are open, the runs, and what may be done with them. One server, one user.

All of it lives on the event loop's thread; reading data, inference and the disk have threads of their own.
"""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narrows.apps.lab.run_settings import check, check_variant, filled_in, page_settings
from narrows.apps.lab.run_store import MOST_RUNS, Shelf
from narrows.apps.lab.worker import Job
from narrows.apps.lab.worker_client import Backend
from narrows.apps.lab.worker_pool import MOST_TRAININGS, Crew
from narrows.apps.viewer.datasets import MOST_ROWS, Source, describe, load, offered
from narrows.apps.viewer.queries import Answers
from narrows.apps.viewer.runs import Run
from narrows.estimators.variants import VARIANTS

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder

UPLOAD_BYTES = 200 << 20


class Refused(ValueError):
    """What cannot be done, as a sentence, and what to do instead."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, eq=False)
class Start:
    """What the page opens with: rows to learn from, or a model, with rows to show it on or without."""

    source: Source | None = None
    model: Autoencoder | None = None
    rows: Rows | None = None


@dataclass(eq=False)
class Dataset:
    """Rows the page knows of."""

    source: Source
    description: dict[str, Any]


class Session:
    """What the pages look at.

    Parameters
    ----------
    home : Path
        Where runs and uploads are kept.
    backend : {"process", "thread"}
        Where trainings run.
    """

    def __init__(self, home: Path, *, backend: Backend = "process") -> None:
        self.home = home
        self.shelf = Shelf(home)
        self.datasets: dict[str, Dataset] = {}
        self.runs: dict[str, Run] = {}
        self.status = "starting"
        self.message: str | None = None
        self.failure: Exception | None = None
        self.answers = Answers(self._source_now)
        self.work = ThreadPoolExecutor(2, thread_name_prefix="narrows-work")
        self.hot = ThreadPoolExecutor(1, thread_name_prefix="narrows-decode")
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="narrows-disk")
        self._crew = Crew(self, backend)
        self._offered: list[dict[str, Any]] = []
        self._next_number = 1
        self.on_state: Callable[[], None] = lambda: None
        self.on_records: Callable[[Run], None] = lambda run: None
        self.on_snapshot: Callable[[Run, int, Any], None] = lambda run, epoch, rebuilt: None
        self.on_codes: Callable[[Run, int, dict[str, Any]], None] = lambda run, epoch, arrays: None

    # -- beginning and end

    async def begin(self, make: Callable[[], Start]) -> None:
        """Open what the page starts with; a failure is kept in `failure` and told in the state.

        make : reads what was asked for, in a thread.
        """
        self._crew.warm_up()
        loop = asyncio.get_running_loop()
        try:
            # First and alone: threads that import what imports one another find modules half made.
            await loop.run_in_executor(self.work, _import_for_answers)
            # What was learned before is there as soon as the page is.
            for run, description in await loop.run_in_executor(self._disk, self.shelf.load):
                self._adopt(run, description)
            self.on_state()
            start = await loop.run_in_executor(self.work, make)
            await self._open_start(start)
            self.status = "ready"
            self._offered = await loop.run_in_executor(self.work, offered)
        except Exception as error:
            self.status, self.message, self.failure = "failed", sentence_of(error), error
        self.on_state()

    async def _open_start(self, start: Start) -> None:
        identity = None
        if start.source is not None:
            # The first training waits for nothing that it does not need.
            if start.model is None and not self._has_run_on(start.source):
                self._start_blind(start.source)
            identity = await self.open(start.source)
        if start.model is not None:
            await self._take_model(start, identity)

    def _has_run_on(self, source: Source) -> bool:
        return any(run.source == source and run.weights.there for run in self.runs.values())

    def _start_blind(self, source: Source) -> None:
        """Begin to train on the digits before they are described here: on them all is known."""
        if source.is_set and source.where == "digits":
            from_known = {"rows": 1797, "shape": [8, 8, 1]}
            settings = filled_in(check({}, None), "plain", from_known)
            self._launch(Job(source, "plain", settings), "digits")

    async def close(self) -> None:
        """End all trainings, keep what they learned, and end the processes."""
        for run in self.runs.values():
            if run.active:
                run.state = "stopped"
                run.message = "The server ended during this training; what it had learned by then is kept."
                self.save(run)
        await asyncio.to_thread(self._crew.close)
        for pool in (self.hot, self.work, self._disk):
            await asyncio.to_thread(pool.shutdown, True, cancel_futures=pool is not self._disk)

    # -- what the page is told

    def state(self) -> dict[str, Any]:
        """The whole of it, see the protocol."""
        from narrows import __version__

        return {
            "version": __version__,
            "status": self.status,
            "message": self.message,
            "test": False,
            "datasets": [dataset.description for dataset in self.datasets.values()],
            "offered": self._offered,
            "runs": [run.to_dict() for run in self.runs.values()],
            "defaults": self._defaults(),
            **page_settings(),
            "limits": {"upload_bytes": UPLOAD_BYTES, "trainings": MOST_TRAININGS, "points": MOST_ROWS},
        }

    def _defaults(self) -> dict[str, Any]:
        """What the lab chooses where nothing is said, for the data in view last."""
        runs = [run for run in self.runs.values() if run.dataset in self.datasets]
        if not self.datasets:
            return {}
        identity = (runs[-1].dataset if runs else None) or next(iter(self.datasets))
        description = self.datasets[identity].description
        return {name: filled_in(check({}, None), check_variant(name), description) for name in VARIANTS}

    # -- data

    async def open(self, source: Source, identity: str | None = None) -> str:
        """Read and describe a source; its id. NarrowsError where it cannot be used."""
        identity = identity or next((k for k, d in self.datasets.items() if d.source == source), None)
        identity = identity or self._name_for(source)
        loop = asyncio.get_running_loop()
        description = await loop.run_in_executor(self.work, describe, source, identity)
        self.datasets[identity] = Dataset(source, description)
        self.on_state()
        return identity

    async def open_offered(self, identity: str) -> str:
        """Open one of the sets that narrows knows."""
        known = next((one for one in self._offered if one["id"] == identity), None)
        if identity == "digits":
            return await self.open(Source.of("digits"))
        if known is None:
            raise Refused(f"There is no set {identity!r}.")
        if not known["here"]:
            raise Refused(f"{known['name']} is not on this machine.", f"Run {known['how']} in a terminal, then reload.")
        return await self.open(Source.of(identity))

    async def label(self, identity: str, column: str | None) -> None:
        """Say which column of a table holds classes."""
        from dataclasses import replace

        dataset = self._dataset(identity)
        if dataset.description["kind"] != "table":
            raise Refused("Only a table has columns to choose the classes from.")
        if column is not None and column not in dataset.description["columns"]:
            raise Refused(f"{dataset.source.name} has no column {column!r}.")
        await self.open(replace(dataset.source, label=column), identity)

    def rows_of(self, identity: str) -> Callable[[], Rows]:
        """Reads the rows of a dataset; to be called in a thread."""
        source = self._dataset(identity).source
        return lambda: load(source)

    # -- runs

    async def train(self, identity: str, variant: Any, given: dict[str, Any]) -> Run:
        """Start a training; the run, which prepares itself."""
        dataset = self._dataset(identity)
        if sum(run.active for run in self.runs.values()) >= MOST_TRAININGS:
            raise Refused(f"{MOST_TRAININGS} trainings are under way already.", "Stop one of them, or wait for it.")
        variant = check_variant(variant)
        settings = filled_in(check(given, dataset.description["classes"]), variant, dataset.description)
        run = self._launch(Job(dataset.source, variant, settings), identity)
        self.on_state()
        return run

    def command(self, name: str, identity: str) -> None:
        """pause, resume, step or stop."""
        run = self.run(identity)
        if name == "resume" and run.state == "stopped":
            self._go_on(run)
        elif not run.active:
            raise Refused("This run is not training.")
        elif name == "stop":
            self._crew.stop(run)
        else:
            if name == "pause" and run.state == "running":
                run.state = "pausing"
            if name in ("resume", "step") and run.state in ("paused", "pausing"):
                run.state = "running" if name == "resume" else "pausing"
            self._crew.command(run, name)
        self.on_state()

    def remove(self, identity: str) -> None:
        """Forget a run, here and on the disk."""
        run = self.run(identity)
        if run.active:
            self._crew.stop(run)
        del self.runs[identity]
        self.answers.forget(identity)
        self._disk.submit(self.shelf.remove, identity)
        self.on_state()

    def run(self, identity: str | None) -> Run:
        """The run of an id."""
        if identity not in self.runs:
            raise Refused("There is no such run any more.", "Choose another one.")
        return self.runs[identity]

    def run_numbered(self, number: int) -> Run:
        """The run of a number."""
        found = next((run for run in self.runs.values() if run.number == number), None)
        if found is None:
            raise Refused("There is no such run any more.")
        return found

    # -- from the crew

    def heard(self, run: Run, event: str, values: dict[str, Any]) -> None:
        """What a worker said about a run."""
        if self.runs.get(run.id) is not run:
            return  # it was removed
        if event == "started":
            run.about = {**values["about"], "range": _range(values["about"], values["original"])}
            run.positions, run.original = values["positions"], values["original"]
            if values["untrained"] is not None:
                run.frames.add(0, values["untrained"])
            run.state = "running" if run.state == "preparing" else run.state
            self.on_state()
        elif event == "epoch":
            record = values["record"]
            run.history.append(record)
            run.frames.add(record["number"], values["rebuilt"])
            self.on_records(run)
            self.on_snapshot(run, record["number"], values["rebuilt"])
        elif event == "model":
            run.weights.offer(values["pickled"], values["epoch"])
            self._crew.save_soon(run)
        elif event == "rebuilt":
            run.frames.add(run.epoch, values["rebuilt"])
            self.on_snapshot(run, run.epoch, values["rebuilt"])
        elif event == "codes":
            run.plane = values.pop("plane")
            self.on_codes(run, values.pop("epoch"), values)
        elif event == "paused":
            run.state = "paused"
            self.save(run)
            self.on_state()
        else:
            self._ended(run, event, values)

    def _ended(self, run: Run, event: str, values: dict[str, Any]) -> None:
        run.state = event  # pyright: ignore[reportAttributeAccessIssue]
        run.message, run.hint = values.get("message"), values.get("hint")
        run.stopping = False
        if run.weights.there:
            self.save(run)
        self.on_records(run)
        self.on_state()

    def save(self, run: Run) -> None:
        """Write a run to the disk, in its own thread."""
        if run.weights.there and run.about and run.state != "loaded" and run.source is not None:
            dataset = self.datasets.get(run.dataset or "")
            self._disk.submit(self._save_quietly, run, None if dataset is None else dataset.description)

    def _save_quietly(self, run: Run, description: dict[str, Any] | None) -> None:
        """A full disk must not end a training."""
        try:
            if run.id in self.runs:
                self.shelf.save(run, description)
        except Exception as error:
            run.hint = f"The run could not be written to the disk: {sentence_of(error)}"

    # -- inside

    def _launch(self, job: Job, identity: str) -> Run:
        number = self._next_number
        self._next_number = number % 65_535 + 1
        run = Run(f"r{number}", number, identity, job.source, job.variant, job.settings, job.source.name)
        self.runs[run.id] = run
        over = [old.id for old in self.runs.values() if not old.active and old.state != "loaded"]
        for old in over[: max(0, len(self.runs) - MOST_RUNS)]:
            self.remove(old)
        self._crew.start(run, job)
        return run

    def _go_on(self, run: Run) -> None:
        if sum(other.active for other in self.runs.values()) >= MOST_TRAININGS:
            raise Refused(f"{MOST_TRAININGS} trainings are under way already.", "Stop one of them, or wait for it.")
        if not run.left or run.source is None or not run.weights.there:
            raise Refused("This run has no epoch left.", "Start another one.")
        model, epoch = run.weights.get()
        run.history = [record for record in run.history if record["number"] <= epoch]
        self.on_records(run)
        settings = {**run.settings, "epochs": epoch + run.left}
        run.state, run.message, run.hint = "preparing", None, None
        self._crew.start(run, Job(run.source, run.variant, settings, model=pickle.dumps(model)))

    async def _take_model(self, start: Start, identity: str | None) -> None:
        from narrows.apps.viewer.loaded_run import run_of_model

        assert start.model is not None
        number = self._next_number
        self._next_number += 1
        run = await asyncio.get_running_loop().run_in_executor(
            self.work, run_of_model, start.model, start.rows, start.source, identity, number
        )
        self.runs[run.id] = run

    def _adopt(self, run: Run, description: dict[str, Any] | None) -> None:
        self.runs[run.id] = run
        self._next_number = max(self._next_number, run.number + 1)
        if run.dataset is not None and run.source is not None and description is not None:
            self.datasets.setdefault(run.dataset, Dataset(run.source, description))

    def _dataset(self, identity: str) -> Dataset:
        if identity not in self.datasets:
            raise Refused("There are no such data here.", "Open them again.")
        return self.datasets[identity]

    def _source_now(self, identity: str) -> Source | None:
        dataset = self.datasets.get(identity)
        return None if dataset is None else dataset.source

    def _name_for(self, source: Source) -> str:
        base = "".join(c if c.isalnum() else "-" for c in Path(source.name).stem.lower()).strip("-") or "data"
        taken, n = {*self.datasets}, 2
        name = base
        while name in taken:
            name, n = f"{base}-{n}", n + 1
        return name


def _import_for_answers() -> None:
    """What an answer, a preview or a decode needs."""
    import narrows.estimators
    import narrows.insight.payloads  # noqa: F401


def sentence_of(error: BaseException) -> str:
    """What went wrong, as the command line says it."""
    from narrows.apps.cli.exit_codes import explain

    return explain(error)[0]


def _range(about: dict[str, Any], original: Any) -> list[float]:
    """Between which values the floats of a row are drawn."""
    if about["kind"] == "images" or (original.min() >= 0 and original.max() <= 1):
        return [0.0, 1.0]
    return [-3.0, 3.0]

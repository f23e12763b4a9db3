"""The session of the lab: datasets, runs, and the commands on them. One server serves one user.

Its methods run on the event loop; reading, inference and writing have threads of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narrows.apps.lab.example_runs import Example, examples
from narrows.apps.lab.open_datasets import Dataset, OpenDatasets, offered_source
from narrows.apps.lab.open_runs import OpenRuns, readable_source
from narrows.apps.lab.run_progress import RunProgress
from narrows.apps.lab.run_settings import complete, page_settings
from narrows.apps.lab.run_store import MOST_NUMBERS, MOST_RUNS, RunStore
from narrows.apps.lab.session_types import InitialContent, LabError, NoObserver, Observer
from narrows.apps.lab.worker import Job
from narrows.apps.lab.worker_pool import MOST_TRAININGS, Backend, WorkerPool
from narrows.apps.viewer.datasets import MOST_ROWS, Source, describe, load, offered, with_guessed_label
from narrows.apps.viewer.queries import Queries
from narrows.apps.viewer.runs import Run, run_of_model
from narrows.estimators.variants import VARIANTS

if TYPE_CHECKING:
    from narrows.data import Rows

UPLOAD_BYTES = 200 << 20
_FIRST_QUERY, _FIRST_PICTURE = 4.0, 0.5
"""Seconds that the imports wait for the first query of a page, and then for its picture."""


class Session:
    """Datasets and runs, which all pages share.

    Parameters
    ----------
    home : Path
        Folder of runs and uploads.
    backend : {"process", "thread"}, default="process"
        Where trainings run.
    """

    def __init__(self, home: Path, *, backend: Backend = "process") -> None:
        self.home = home
        self.run_store = RunStore(home)
        self.datasets = OpenDatasets()
        self.runs = OpenRuns()
        self.status = "starting"
        self.message: str | None = None
        self.failure: Exception | None = None
        self.queries = Queries(self.datasets.source_now)
        self.queried = asyncio.Event()
        """Set at the first query of a page."""
        self.imported = asyncio.Event()
        """Set when the modules that answer queries are imported."""
        self.work = ThreadPoolExecutor(2, thread_name_prefix="narrows-work")
        self.slow = ThreadPoolExecutor(1, thread_name_prefix="narrows-slow")
        self.hot = ThreadPoolExecutor(1, thread_name_prefix="narrows-decode")
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="narrows-disk")
        self._workers = WorkerPool(self._on_worker_event, self.save, backend)
        self._progress = RunProgress(self.save, self._workers.save_soon, self._forget_checkpoint)
        self._offered: list[dict[str, Any]] = []
        self._next_number = 1
        self._opened: str | None = None
        """Id of the dataset of the start."""
        self._last_shown: str | None = None
        """Id of the run that the visitor looked at last."""
        self.joinable = False
        """Whether other machines can reach the page."""
        self.pupil_address: str | None = None
        """In a class, the address that pupils open."""
        self._removed: str | None = None
        """A sentence on the last run that was removed to make room."""
        self._is_open = False

    async def begin(self, make: Callable[[], InitialContent], observer: Observer | None = None) -> None:
        """Open the initial content; an error is kept in `failure` and is part of the state.

        Parameters
        ----------
        make : callable
            Reads the initial content; called in a thread.
        observer : Observer or None, default=None
            Receives the changes of the session from now on.
        """
        self._progress.observer = observer or NoObserver()
        loop = asyncio.get_running_loop()
        try:
            start = await loop.run_in_executor(self.work, make)
            for run, description in await loop.run_in_executor(self._disk, self.run_store.load):
                self._adopt(run, description)
            self._last_shown = self.run_store.last_shown()
            if start.is_default:
                await self._show_prepared()
            self._workers.warm_up()
            # before other threads: concurrent imports of modules that import each other may fail
            await loop.run_in_executor(self.work, _import_for_answers)
            self.imported.set()
            for run in self.runs.values():
                if run.shipped:
                    self._disk.submit(self.run_store.keep_shipped_run, run)
            await self._open_start(start)
            self.status = "ready"
            self._offered = await loop.run_in_executor(self.work, offered)
        except Exception as error:
            from narrows.errors import sentence_of

            self.status, self.message, self.failure = "failed", sentence_of(error), error
        self.imported.set()
        self._state_changed()

    async def _show_prepared(self) -> None:
        """Show the run that the lab opens on before the imports, if its first answers need none.

        The imports wait for the first picture, which they would delay.
        """
        if not self.runs:
            self._adopt(*await asyncio.get_running_loop().run_in_executor(self._disk, self.run_store.shipped_run))
        first = self.runs.to_open_on(None, self._last_shown)
        if first is None or first.prepared is None or first.dataset is None:
            return
        self._opened, self._is_open = first.dataset, True
        self._state_changed()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.queried.wait(), _FIRST_QUERY)
            await asyncio.sleep(_FIRST_PICTURE)

    async def _open_start(self, start: InitialContent) -> None:
        """Open the data and the model; the page shows stored runs once it is known which data it shows."""
        identity = None
        last = self.runs.to_open_on(None, self._last_shown) if start.is_default else None
        source = await asyncio.get_running_loop().run_in_executor(self.work, readable_source, last) or start.source
        if source is not None:
            identity, source = self.datasets.known_as(source)
            if start.model is None:
                self._opened = identity
                self._is_open = True
                # the first training need not wait for the description of its data
                is_new = not self.runs.has_one_on(identity)
                if is_new and source.is_set and source.where == "digits":
                    self._start_on({"rows": 1797, "shape": [8, 8, 1], "columns": None}, source, identity)
                self._state_changed()
                await self.open(source, identity)
                if is_new and not self.runs.has_one_on(identity):
                    self._start_on(self.datasets[identity].description, self.datasets[identity].source, identity)
            else:
                await self.open(source, identity)
        if start.model is not None:
            await self._take_model(start, identity)
        self._is_open = True

    def _start_on(self, description: Mapping[str, Any], source: Source, identity: str) -> None:
        """Start the first training on the initial data."""
        self._launch(Job(source, *complete("plain", {}, description)), identity)

    async def close(self) -> None:
        """End all trainings, save their runs, and end the processes."""
        for run in self.runs.values():
            if run.active:
                run.state = "stopped"
                run.message = "The server ended during this training; the weights so far are kept."
                self.save(run)
        await asyncio.to_thread(self._workers.close)
        for pool in (self.hot, self.work, self.slow, self._disk):
            await asyncio.to_thread(pool.shutdown, True, cancel_futures=pool is not self._disk)
        self.run_store.close()

    # -- state

    def state(self) -> dict[str, Any]:
        """Return the state that pages show, as plain values."""
        from narrows.version import __version__

        first = self.runs.to_open_on(self._opened, self._last_shown)
        return {
            "version": __version__,
            "status": self.status,
            "message": self.message,
            "opened": self._opened,
            "joinable": self.joinable,
            "pupil_address": self.pupil_address,
            "opens_on": None if first is None else first.id,
            "removed": self._removed,
            "datasets": [dataset.description for dataset in self.datasets.values()],
            "offered": self._offered,
            "runs": [run.to_dict() for run in self.runs.values()] if self._is_open else [],
            "defaults": self._defaults(first),
            **page_settings(),
            "limits": {"upload_bytes": UPLOAD_BYTES, "trainings": MOST_TRAININGS, "points": MOST_ROWS},
        }

    def _defaults(self, first: Run | None) -> dict[str, Any]:
        """Return the default settings of every variant, for the dataset that the page opens on."""
        identity = self._opened if first is None else first.dataset
        dataset = self.datasets.get(identity or "") or next(iter(self.datasets.values()), None)
        if dataset is None:
            return {}
        return {name: complete(name, {}, dataset.description)[1] for name in VARIANTS}

    # -- datasets

    async def open(self, source: Source, identity: str | None = None) -> str:
        """Read and describe a source, and return the id of its dataset; NarrowsError if it cannot be used."""
        await self.imported.wait()
        if identity is None:
            identity, source = self.datasets.known_as(source)
        loop = asyncio.get_running_loop()
        if identity not in self.datasets:
            source = await loop.run_in_executor(self.work, with_guessed_label, source)
        description = await loop.run_in_executor(self.work, describe, source, identity)
        self.datasets[identity] = Dataset(source, description)
        self._state_changed()
        return identity

    async def open_offered(self, identity: str) -> str:
        """Open one of the datasets that narrows knows by name, and return its id."""
        return await self.open(offered_source(identity, self._offered))

    async def label(self, identity: str, column: str | None) -> None:
        """Choose the column of a table with the classes; None for no column."""
        await self.open(self.datasets.with_label(identity, column), identity)

    def rows_of(self, identity: str) -> Callable[[], Rows]:
        """Return a function that reads the rows of a dataset; call it in a thread."""
        source = self.datasets.opened(identity).source
        return lambda: load(source)

    # -- runs

    async def train(self, identity: str, variant: Any, given: dict[str, Any]) -> Run:
        """Start a training and return its run."""
        return self._start(identity, variant, given)

    def _start(self, identity: str, variant: Any, given: dict[str, Any], *, example: bool = False) -> Run:
        dataset = self.datasets.opened(identity)
        self.runs.require_a_free_place(example)
        run = self._launch(Job(dataset.source, *complete(variant, given, dataset.description)), identity)
        run.example = example
        self._state_changed()
        return run

    async def example(self, view: str, identity: str) -> tuple[Run, Run | None]:
        """Return the run that a view opens on to show its subject, and the one to compare with it.

        They are trained if they do not exist yet, see `narrows.apps.lab.example_runs`; the second is None while there
        is no place for its training. LabError if there is no example for this view of these data.
        """
        first, *others = await self._examples(view, identity)
        if view == "anomaly":
            self.datasets[identity].description["normal"] = first[1]["normal"]
        run, compared = self._example_run(identity, *first), None
        for other in others:
            with suppress(LabError):  # there may be no place for it yet
                compared = self._example_run(identity, *other)
        return run, compared

    async def find_example(self, view: str, identity: str) -> list[Run | None]:
        """Return the runs of `example` that exist, and None in place of those that do not; nothing is trained."""
        return [self.run_like(identity, *one) for one in await self._examples(view, identity)]

    async def _examples(self, view: str, identity: str) -> tuple[Example, ...]:
        dataset = self.datasets.opened(identity)
        if view not in dataset.examples:
            dataset.examples[view] = await asyncio.get_running_loop().run_in_executor(
                self.work, examples, view, lambda: load(dataset.source), dataset.description
            )
        return dataset.examples[view]

    def _example_run(self, identity: str, variant: Any, given: dict[str, Any]) -> Run:
        """Return the newest run with these settings; start one as an example if there is none."""
        return self.run_like(identity, variant, given) or self._start(identity, variant, given, example=True)

    def run_like(self, identity: str, variant: Any, given: dict[str, Any]) -> Run | None:
        """Return the newest run with these settings that has weights or is in training; None if there is none."""
        description = self.datasets.opened(identity).description
        return self.runs.newest_like(identity, *complete(variant, given, description))

    def find_or_train(self, identity: str, variant: Any, given: dict[str, Any]) -> Run:
        """Return the newest run with these settings; start one if there is none (LabError if there is no place)."""
        return self.run_like(identity, variant, given) or self._start(identity, variant, given)

    def command(self, name: str, identity: str) -> None:
        """Pause, resume, step or stop a run."""
        run = self.runs.known(identity)
        if name == "resume" and run.may_go_on:
            self._continue(run)
        elif not run.active:
            raise LabError("This run is not training.")
        elif name == "stop":
            self._workers.stop(run)
        else:
            if name == "pause" and run.state == "running":
                run.state = "pausing"
            if name in ("resume", "step") and run.state in ("paused", "pausing"):
                if run.state == "paused":
                    self.runs.require_a_free_place(run.example)
                run.state = "running" if name == "resume" else "pausing"
            self._workers.command(run, name)
        self._state_changed()

    def note_shown(self, identity: str) -> None:
        """Remember the run that the visitor looks at, also for the next start."""
        if self.runs.known(identity).state != "loaded":
            self._disk.submit(self.run_store.remember_shown, identity)
        self._last_shown = identity
        self._state_changed()  # pages of pupils follow

    def remove(self, identity: str) -> None:
        """Delete a run, here and on the disk."""
        run = self.runs.known(identity)
        if run.active:
            self._workers.stop(run)
        del self.runs[identity]
        self.queries.forget(identity)
        self._disk.submit(self.run_store.remove, identity)
        self._state_changed()

    # -- changes

    def _on_worker_event(self, run: Run, event: str, values: dict[str, Any]) -> None:
        if self.runs.get(run.id) is run:  # else it was deleted
            self._progress.apply(run, event, values)

    def _forget_checkpoint(self, identity: str) -> None:
        self._disk.submit(self.run_store.forget_checkpoint, identity)

    def save(self, run: Run) -> None:
        """Write a run to the disk, in a thread."""
        if run.weights.there and run.about and run.state != "loaded" and run.source is not None:
            dataset = self.datasets.get(run.dataset or "")
            self._disk.submit(self._save_quietly, run, None if dataset is None else dataset.description)

    def _save_quietly(self, run: Run, description: dict[str, Any] | None) -> None:
        """Write a run; an error such as a full disk must not end the training."""
        try:
            if run.id in self.runs:
                self.run_store.save(run, description)
        except Exception as error:
            from narrows.errors import sentence_of

            run.hint = f"The run could not be written to the disk: {sentence_of(error)}"

    def _state_changed(self) -> None:
        self._progress.observer.state_changed()

    def _launch(self, job: Job, identity: str) -> Run:
        number = self._new_number()
        run = Run(f"r{number}", number, identity, job.source, job.variant, job.settings, job.source.name)
        self.runs[run.id] = run
        for old in self.runs.in_excess():
            self._removed = f"Run {old.number}, the oldest, was removed: the lab keeps {MOST_RUNS} runs."
            self.remove(old.id)
        self._workers.start(run, replace(job, checkpoint=self.run_store.checkpoint(run.id)))
        return run

    def _new_number(self) -> int:
        number = self.run_store.claim_number(self._next_number)
        self._next_number = number % MOST_NUMBERS + 1
        return number

    def _continue(self, run: Run) -> None:
        self.runs.require_a_free_place(run.example)
        if not run.left or run.source is None or not run.weights.there:
            raise LabError("This run has no epochs left.", "Start another one.")
        if not self.run_store.claim(run.id):
            raise LabError("Another lab is training this run.", "Continue there, or start another run here.")
        job = Job.going_on(run, self.run_store.checkpoint(run.id))
        self._progress.cut_to_weights(run)
        run.state, run.message, run.hint, run.was_killed = "preparing", None, None, False
        self._workers.start(run, job)

    async def _take_model(self, start: InitialContent, identity: str | None) -> None:
        assert start.model is not None
        number = self._new_number()
        run = await asyncio.get_running_loop().run_in_executor(
            self.work, run_of_model, start.model, start.rows, start.source, identity, number
        )
        self.runs[run.id] = run
        self._last_shown = run.id

    def _adopt(self, run: Run, description: dict[str, Any] | None) -> None:
        self.runs[run.id] = run
        self._next_number = max(self._next_number, run.number + 1)
        if run.dataset is not None and run.source is not None and description is not None:
            self.datasets.setdefault(run.dataset, Dataset(run.source, description))


def _import_for_answers() -> None:
    """Import the modules that queries and previews need."""
    import narrows.estimators
    import narrows.insight.payloads  # noqa: F401

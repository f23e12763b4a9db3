"""Finished runs of a lab as a static page: which runs, and those that the views "denoise" and "anomaly" open on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from narrows.apps.lab.example_runs import examples
from narrows.apps.lab.session import InitialContent, Session
from narrows.apps.lab.session_types import LabError
from narrows.apps.lab.worker_pool import Backend
from narrows.apps.site import Runtime, Site, write_site, zipped_site
from narrows.apps.viewer.datasets import load
from narrows.apps.viewer.runs import Run
from narrows.errors import NarrowsError, SettingError

_TRAINED = ("done", "stopped")
_EXAMPLES = ("denoise", "anomaly")
"""Views that open on runs of their own, which are trained for the page; "latent" shows its own if there is one."""
_POLL = 0.2  # seconds


@dataclass(frozen=True, eq=False)
class Published:
    """A folder that was written: its runs, those left out, each with the reason, and its size in bytes."""

    runs: list[Run]
    left_out: list[tuple[Run, str]]
    size: int


def export_page(
    make: Callable[[], InitialContent],
    home: Path,
    target: Path,
    runtime: Runtime,
    *,
    force: bool,
    say: Callable[[str], None],
    backend: Backend = "process",
) -> Published:
    """Write finished runs as a static page, without a server.

    A model is exported alone. Of data all finished runs on them are; where there is none, the run that the lab opens
    with is trained, and those that its views open on. Without a model and data all finished runs of the lab are.

    Parameters
    ----------
    make : callable
        Reads the initial content.
    home : Path
        Folder of the runs.
    target : Path
        Folder to write, see `write_site`.
    force : bool
        Replace an earlier page.
    say : callable
        Called with a sentence when a training starts.
    backend : {"process", "thread"}, default="process"
        Where trainings run.

    Raises
    ------
    NarrowsError
        The content cannot be read, there is nothing to export, or the folder cannot be written.
    """
    session = Session(home, backend=backend)

    async def work() -> Published:
        try:
            await session.begin(make)
            if session.failure is not None:
                raise session.failure
            opened = session.state()["opened"]
            await _train_missing(session, opened, say)
            model = [run for run in session.runs.values() if run.state == "loaded"]
            runs, left_out = await asyncio.to_thread(_with_rows, session, model or finished_runs(session, opened))
            site = await asyncio.to_thread(site_of, session, runs)
            return Published(runs, left_out, await asyncio.to_thread(write_site, target, site, runtime, force=force))
        finally:
            await session.close()

    return asyncio.run(work())


def zip_page(session: Session, run: Run, runtime: Runtime) -> bytes:
    """Return a ZIP file of the static page with the finished runs on the data of a run."""
    runs, _ = _with_rows(session, [run] if run.state == "loaded" else finished_runs(session, run.dataset))
    return zipped_site(site_of(session, runs), runtime, "narrows-page")


def finished_runs(session: Session, dataset: str | None) -> list[Run]:
    """Return the finished trainings on a dataset, by their numbers; of all data for None."""
    finished = [run for run in session.runs.values() if run.state in _TRAINED and run.weights.there and run.about]
    return [run for run in finished if dataset is None or run.dataset == dataset]


def site_of(session: Session, runs: list[Run]) -> Site:
    """Return the page of some runs, which opens as the lab does."""
    datasets = [dataset.description for dataset in session.datasets.values()]
    opening = {view: found for view in ("latent", *_EXAMPLES) if (found := _example(session, runs, view))}
    return Site(runs, datasets, session.queries, opening)


def _with_rows(session: Session, runs: list[Run]) -> tuple[list[Run], list[tuple[Run, str]]]:
    """Return the runs whose data can be read, and the others with the reason; SettingError if none is left."""
    from narrows.errors import sentence_of

    kept, left_out = [], []
    for run in runs:
        try:
            session.queries.rows(run)
            kept.append(run)
        except (NarrowsError, OSError) as error:
            left_out.append((run, sentence_of(error)))
    if not kept:
        hint = "Train one first; a lab that is open exports its own runs, with its button."
        raise SettingError(f"There is no finished run to export. {left_out[0][1] if left_out else hint}")
    return kept, left_out


def _example(session: Session, runs: list[Run], view: str) -> list[str]:
    """Return the ids of the runs that a view opens on, as `Session.example` finds them; [] where one is missing."""
    last = runs[-1]
    if last.dataset is None or last.dataset not in session.datasets or last.state == "loaded":
        return []
    dataset = session.datasets[last.dataset]
    try:
        wanted = examples(view, lambda: load(dataset.source), dataset.description)
    except LabError:
        return []  # data without classes have no example of anomalies
    found = [session.run_like(last.dataset, *one) for one in wanted]
    return [run.id for run in found if run in runs] if all(run in runs for run in found) else []


async def _train_missing(session: Session, dataset: str | None, say: Callable[[str], None]) -> None:
    """If the session began a training, wait for it, and train the runs that the views open on, one after the other."""
    new = [run for run in session.runs.values() if run.active]
    if not new or dataset is None:
        return
    say(f"There is no run on {new[0].data_name} yet; training some (about a minute).")
    await _until_trained(session)
    if new[0].state not in _TRAINED:
        raise SettingError(f"The training failed. {new[0].message}")
    for view in _EXAMPLES:
        try:
            await session.example(view, dataset)
        except (LabError, NarrowsError):
            continue  # data without classes have no example of anomalies
        await _until_trained(session)


async def _until_trained(session: Session) -> None:
    while any(run.active for run in session.runs.values()):
        await asyncio.sleep(_POLL)

"""Two threads that answer requests: one for small requests, which it takes together, and one for large ones."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any

from narrows.apps.service.admission import Admission, Ticket
from narrows.apps.service.answers import Work, carry_out
from narrows.estimators.encoded_rows import MOST_TOGETHER

WINDOW = 0.002
"""Seconds that a small request waits for others."""
_MOST_JOBS = 64


@dataclass(eq=False)
class Job:
    """A request in a lane.

    Parameters
    ----------
    prepare : callable
        Returns the prepared `Work`, or a result that needs no network.
    finish : callable
        Makes the answer of the carried-out work.
    seconds : float
        Time that the lane worked on it, with its share of the work for several requests.
    """

    prepare: Callable[[], Work | Any]
    finish: Callable[[Any], Any]
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]
    arrived: float = field(default_factory=time.monotonic)
    seconds: float = 0.0


Settled = tuple[Job, Callable[[], None]]
"""A job, and how its answer is set in its event loop."""


class Lane:
    """A thread that answers requests in their order.

    Parameters
    ----------
    admission : Admission
        Of the requests that may wait for it.
    together : bool
        Whether requests wait `WINDOW` seconds for others, with which they pass through the network.
    """

    def __init__(self, admission: Admission, *, together: bool) -> None:
        self.admission = admission
        self._together = together
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True, name="narrows-lane")
        self._thread.start()

    async def answer(self, ticket: Ticket, prepare: Callable[[], Any], finish: Callable[[Any], Any]) -> Any:
        """Return the answer to an admitted request; raises the errors of its work."""
        loop = asyncio.get_running_loop()
        job = Job(prepare, finish, loop, loop.create_future())
        self._queue.put(job)
        try:
            return await job.answer
        finally:
            self.admission.leave(ticket, job.seconds or None)

    def close(self) -> None:
        """End the thread after the requests that wait."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            jobs, ended = self._with_company(job)
            answer_all(jobs)
            if ended:
                return

    def _with_company(self, first: Job) -> tuple[list[Job], bool]:
        """Return the jobs that came within the window, and whether the lane was closed meanwhile."""
        jobs = [first]
        if self._together:
            # Not get(timeout=...): in Python 3.11, SimpleQueue can wait for ever where less than 1 us is left.
            time.sleep(max(0.0, first.arrived + WINDOW - time.monotonic()))
        while self._together and len(jobs) < _MOST_JOBS:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return jobs, True
            jobs.append(job)
        return jobs, False


def answer_all(jobs: list[Job]) -> None:
    """Prepare, carry out and finish jobs; those for one operation of one model pass through the network together.

    The event loops get all answers at once: each time one is woken, it and this thread stop each other.
    """
    settled: list[Settled] = []
    _answer_into(jobs, settled)
    for loop in {id(job.loop): job.loop for job, _ in settled}.values():
        of_loop = [pair for pair in settled if pair[0].loop is loop]
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(_settle, of_loop)


def _answer_into(jobs: list[Job], settled: list[Settled]) -> None:
    prepared: list[tuple[Job, Any]] = []
    for job in jobs:
        try:
            with _timed([job]):
                work = job.prepare()
            prepared.append((job, work))
        except BaseException as error:
            settled.append((job, partial(job.answer.set_exception, error)))
    works = [(job, work) for job, work in prepared if isinstance(work, Work) and work.together]
    works.sort(key=_group)
    for _, group in groupby(works, key=_group):
        _together(list(group), settled)
    for job, work in prepared:
        if not isinstance(work, Work) or not work.together:
            settled.append(_finished(job, work))


def _group(pair: tuple[Job, Work]) -> tuple[int, str]:
    return id(pair[1].model), pair[1].operation


def _together(group: list[tuple[Job, Work]], settled: list[Settled]) -> None:
    """Carry out works for one operation of one model in parts of at most 256 rows."""
    part: list[tuple[Job, Work]] = []
    for pair in [*group, None]:
        if pair is None or sum(len(work.rows) for _, work in part) + len(pair[1].rows) > MOST_TOGETHER:
            try:
                with _timed([job for job, _ in part]):
                    carry_out([work for _, work in part])
            except BaseException:  # each by itself gets its own error
                settled += [_finished(job, work) for job, work in part]
            else:
                settled += [_finished(job, work, done=True) for job, work in part]
            part = []
        if pair is not None:
            part.append(pair)


def _finished(job: Job, work: Any, *, done: bool = False) -> Settled:
    """Return a job with how its answer is set; done : whether the work has been carried out."""
    try:
        with _timed([job]):
            if isinstance(work, Work) and not done:
                carry_out([work])
            result = job.finish(work)
    except BaseException as error:
        return job, partial(job.answer.set_exception, error)
    return job, partial(job.answer.set_result, result)


@contextlib.contextmanager
def _timed(jobs: list[Job]) -> Iterator[None]:
    """Add the time of the block to the jobs, in equal shares."""
    start = time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - start
        for job in jobs:
            job.seconds += seconds / len(jobs)


def _settle(settled: list[Settled]) -> None:
    for job, act in settled:
        if not job.answer.done():  # the client may have gone
            act()

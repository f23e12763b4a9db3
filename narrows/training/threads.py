"""The number of threads of a training: by the size of its steps, by the cores it may use, and by the load."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch

from narrows.machine import available_cores
from narrows.model import AutoencoderNetwork

OPERATIONS_PER_THREAD = 1e8
# A scheduler gives a core for some milliseconds at a time: a shorter trial sees only luck.
_TRIAL_SECONDS, _TRIAL_STEPS = 0.02, 2
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 16.0  # seconds between trials
_CLEARLY = 0.9  # of the time of the number before, or better
# Processor time that threads get while no other program wants the cores: at least this share of the clock's.
_UNDISTURBED, _WATCHED_SECONDS = 0.75, 0.05


def threads_for(network: AutoencoderNetwork, batch_size: int) -> int:
    """Return the threads for one training step on the CPU: at most as many as torch has, or as cores may be used.

    Below about a tenth of a billion operations each, threads wait for one another longer than they work.
    """
    return most_threads(6 * batch_size * sum(multiply_adds(network)))


def most_threads(operations: float) -> int:
    """Return the threads for a step of so many operations."""
    most = min(torch.get_num_threads(), available_cores())
    return max(1, min(most, round(operations / OPERATIONS_PER_THREAD)))


def multiply_adds(network: AutoencoderNetwork) -> list[int]:
    """Return the multiplications of one row for each parameter of a network in a forward pass."""
    positions = 1
    if network.image_shape is not None:
        height, width, _ = network.image_shape
        positions = -(-height * width // 4)  # a kernel is applied once for each output of its first stride
    return [p.numel() * (positions if p.ndim == 4 else 1) for p in network.parameters()]


@contextmanager
def limited_threads(n: int) -> Iterator[None]:
    """Run with `n` threads, and put the number back."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True)
class FixedThreads:
    """Runs every step with the same number of threads."""

    n: int

    @property
    def now(self) -> int:
        """Number of threads of the next step."""
        return self.n

    def step(self, n_rows: int) -> AbstractContextManager[None]:
        """Run one step of a training."""
        return nullcontext()


class LoadFollower:
    """Changes the number of threads between the steps of a training, so that it follows the load of the machine.

    Where other programs take the cores, a step on two threads can last ten times as long as on one: each thread waits
    at the end of every product for the other, which does not run. From time to time some steps run with half, and
    with twice, the number of threads; the fastest number per row is kept. The pauses between the trials grow while
    nothing changes; they end where the threads get clearly less processor time than there is. More threads round
    differently, so a training that must be repeated to the bit does not use this.

    Parameters
    ----------
    most : int
        Number of threads at the start, and the largest number.
    set_threads, clock, processor_clock : callable
        For tests.
    """

    def __init__(
        self,
        most: int,
        *,
        set_threads: Callable[[int], None] = torch.set_num_threads,
        clock: Callable[[], float] = time.perf_counter,
        processor_clock: Callable[[], float] = time.process_time,
    ) -> None:
        self.now = self._best = most
        self._most, self._set_threads = most, set_threads
        self._clock, self._processor_clock = clock, processor_clock
        self._pause = _FIRST_PAUSE
        self._next_trial: float | None = None
        self._to_try: list[int] = []
        self._times: dict[int, float] = {}
        """Seconds per row by the number of threads, of the trials so far."""
        self._seconds, self._n_steps, self._n_rows = 0.0, 0, 0
        self._watched = 0.0, 0.0
        """The clock and the processor's clock at which `_is_disturbed` began to compare them."""

    @contextmanager
    def step(self, n_rows: int) -> Iterator[None]:
        """Run one step of a training with the number of threads that is best now, or that is on trial."""
        start = self._clock()
        yield
        end = self._clock()
        if self._next_trial is None:
            self._next_trial = end  # the first step sets kernels and memory up
        elif self._to_try:
            self._measure(end - start, n_rows, end)
        elif end >= self._next_trial or self._is_disturbed(end):
            others = {max(1, self._best // 2), min(self._most, 2 * self._best)} - {self._best}
            self._to_try = [self._best, *sorted(others)]
            self._run(self._best)

    def _is_disturbed(self, now: float) -> bool:
        """Return whether several threads got clearly less processor time than they could have, over some steps."""
        start, used = self._watched
        if self.now == 1 or now - start < _WATCHED_SECONDS:
            return False
        self._watched = now, self._processor_clock()
        return self._watched[1] - used < _UNDISTURBED * self.now * (now - start)

    def _run(self, n: int) -> None:
        """Let the next steps run with n threads."""
        if n != self.now:
            self._set_threads(n)
        self.now = n
        self._seconds, self._n_steps, self._n_rows = 0.0, 0, 0

    def _measure(self, seconds: float, n_rows: int, now: float) -> None:
        """Add a step to the trial; at its end start the next one, or decide."""
        self._seconds, self._n_steps, self._n_rows = self._seconds + seconds, self._n_steps + 1, self._n_rows + n_rows
        time_per_row = self._seconds / self._n_rows
        is_hopeless = time_per_row > 2 * min(self._times.values(), default=math.inf)
        if not is_hopeless and (self._n_steps < _TRIAL_STEPS or self._seconds < _TRIAL_SECONDS):
            return
        self._times[self._to_try.pop(0)] = time_per_row
        if self._to_try:
            self._run(self._to_try[0])
            return
        best = min(self._times, key=lambda n: self._times[n])
        if self._times[best] < _CLEARLY * self._times[self._best]:
            # Perhaps the next number in this direction is better still.
            self._best, self._pause, self._next_trial = best, _FIRST_PAUSE, now
        else:
            self._next_trial, self._pause = now + self._pause, min(_LONGEST_PAUSE, 2 * self._pause)
        self._run(self._best)
        self._times = {}
        self._watched = now, self._processor_clock()

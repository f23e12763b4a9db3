"""Do two workers train a large network faster than one, and from which batch on?

Processes of this machine, one thread each. Seconds are of the processor, user and system, of one worker: on a machine
with a free core for each of them they are those of the clock but for the waiting.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import distributed

from benchmarks.report import OURS, THEIRS, Report
from narrows import Autoencoder
from narrows.training import Workers

_NETWORK = {"n_components": 30, "hidden_layer_sizes": (1000, 500, 250)}
_BATCHES = (128, 256, 500, 1000, 2000, 4000)
_STEPS = 8


def reports(rounds: int, quick: bool) -> list[Report]:
    """One worker and two, batch by batch, and the exchange alone."""
    batches = _BATCHES[:1] if quick else _BATCHES
    steps = 2 if quick else _STEPS
    one, two = (_measured(size, batches, steps, rounds) for size in (1, 2))
    found = {
        str(batch): {"one": one["steps"][batch], "two": two["steps"][batch], "exchange": two["exchange"]}
        for batch in batches
    }
    rows = [
        [batch, *(f"{1000 * found[batch][key]:.1f}" for key in ("one", "two", "exchange")), _gain(found[batch])]
        for batch in found
    ]
    pays = [batch for batch in found if found[batch]["two"] < found[batch]["one"]]

    def draw(axes: Any) -> None:
        for key, colour in (("one", THEIRS), ("two", OURS)):
            axes.plot(list(found), [1000 * found[batch][key] for batch in found], "o-", label=key, color=colour)
        axes.set(xlabel="rows of a batch", ylabel="milliseconds of one worker for a step")
        axes.legend(frameon=False)

    return [
        Report(
            "workers",
            "A step of 784-1000-500-250-30 by one worker and by each of two",
            ("batch", "one, ms", "each of two, ms", "of which the exchange", "one : two"),
            rows,
            {"batches": found},
            draw,
            (
                f"Adam, pieces added in their order; the best of {rounds} rounds of {steps} steps, one thread each.",
                f"Two workers pay from batches of {pays[0]} rows on." if pays else "Two workers pay at no batch here.",
            ),
        )
    ]


def _gain(found: dict[str, float]) -> str:
    return f"{found['one'] / found['two']:.2f}"


def _measured(size: int, batches: tuple[int, ...], steps: int, rounds: int) -> dict[str, Any]:
    """Return the processor seconds of a step by batch, and of an exchange, of the first of `size` workers."""
    context = multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        given = (size, str(Path(folder) / "store"), batches, steps, rounds, answers)
        workers = [context.Process(target=_work, args=(rank, *given)) for rank in range(size)]
        for worker in workers:
            worker.start()
        found = answers.get()
        for worker in workers:
            worker.join()
    return found


def _work(rank: int, size: int, store: str, batches: tuple[int, ...], steps: int, rounds: int, answers: Any) -> None:
    torch.set_num_threads(1)
    if size > 1:
        distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=size)
    found = {batch: min(_step(batch, steps) for _ in range(rounds)) for batch in batches}
    model = _model(batches[0]).fit(_rows(batches[0] * 2))
    gradient = torch.zeros(1, model.network_.n_parameters)
    exchange = min(_seconds(lambda: Workers.current().gather(gradient)) for _ in range(max(3, rounds)))
    if rank == 0:
        answers.put({"steps": found, "exchange": exchange})
    if size > 1:
        distributed.destroy_process_group()


def _step(batch: int, steps: int) -> float:
    """Return the processor seconds of one step: the difference of a long and a short training of the same rows."""
    rows = _rows(batch * steps)
    seconds = [_seconds(lambda epochs=epochs: _model(batch, epochs).fit(rows)) for epochs in (1, 3)]
    return max(0.0, seconds[1] - seconds[0]) / (2 * steps)


def _model(batch: int, epochs: int = 1) -> Autoencoder:
    return Autoencoder(
        **_NETWORK,
        optimizer="adam",
        batch_size=batch,
        epochs=epochs,
        validation_fraction=0.0,
        early_stopping=False,
        linear_path="off",
        random_state=0,
    )


def _rows(n: int) -> np.ndarray:
    return np.random.default_rng(0).random((n, 784), dtype=np.float32)


def _seconds(work: Any) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start

"""Do two workers train a large network faster than one, and from which batch on?

Processes of this machine, one thread each. Seconds are of the clock, which count only where each worker has a core of
its own; those of the processor, user and system, of one worker are shown with them.
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
_BATCHES = (128, 256, 500, 1000, 2000)
_PRECISIONS = ("float32", "bfloat16")
_STEPS = 8


def reports(rounds: int, quick: bool) -> list[Report]:
    """One worker and two, batch by batch in either precision, and the exchange alone."""
    batches = _BATCHES[:1] if quick else _BATCHES
    steps = 2 if quick else _STEPS
    one, two = (_measured(size, batches, steps, rounds) for size in (1, 2))
    found = {
        precision: {
            str(batch): {"one": one["steps"][precision, batch], "two": two["steps"][precision, batch]}
            for batch in batches
        }
        for precision in _PRECISIONS
    }
    return [
        Report(
            "workers",
            "A step of 784-1000-500-250-30 by one worker and by two",
            ("precision", "batch", "one, ms", "two, ms", "one : two", "of processor time"),
            [_row(precision, batch, of) for precision in found for batch, of in found[precision].items()],
            {"batches": found, "exchange": two["exchange"]},
            lambda axes: _draw(axes, found),
            (
                f"Adam, pieces added in their order; the best of {rounds} rounds of {steps} steps, one thread each.",
                f"Of a step of two, the exchange alone takes {1000 * two['exchange']['clock']:.1f} ms.",
                *(_sentence(precision, of) for precision, of in found.items()),
            ),
        )
    ]


def _row(precision: str, batch: str, of: dict[str, Any]) -> list[Any]:
    gains = (f"{of['one'][kind] / of['two'][kind]:.2f}" for kind in ("clock", "processor"))
    return [precision, batch, *(f"{1000 * of[key]['clock']:.1f}" for key in ("one", "two")), *gains]


def _draw(axes: Any, found: dict[str, Any]) -> None:
    for precision, dashes in zip(_PRECISIONS, ("-", "--"), strict=True):
        for key, colour in (("one", THEIRS), ("two", OURS)):
            milliseconds = [1000 * of[key]["clock"] for of in found[precision].values()]
            axes.plot(list(found[precision]), milliseconds, f"o{dashes}", label=f"{key}, {precision}", color=colour)
    axes.set(xlabel="rows of a batch", ylabel="milliseconds of a step")
    axes.legend(frameon=False)


def _sentence(precision: str, of: dict[str, Any]) -> str:
    pays = [batch for batch, each in of.items() if each["two"]["clock"] < each["one"]["clock"]]
    return f"In {precision}, two workers pay " + (
        f"from batches of {pays[0]} rows on." if pays else "at no batch here."
    )


def _measured(size: int, batches: tuple[int, ...], steps: int, rounds: int) -> dict[str, Any]:
    """Return the seconds of a step by batch, and of an exchange, of the first of `size` workers."""
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
    found = {
        (precision, batch): _step(precision, batch, steps, rounds) for precision in _PRECISIONS for batch in batches
    }
    model = _model("float32", batches[0]).fit(_rows(batches[0] * 2))
    gradient = torch.zeros(1, model.network_.n_parameters)
    exchange = _best([_seconds(lambda: Workers.current().gather(gradient)) for _ in range(max(3, rounds))])
    if rank == 0:
        answers.put({"steps": found, "exchange": exchange})
    if size > 1:
        distributed.destroy_process_group()


def _step(precision: str, batch: int, steps: int, rounds: int) -> dict[str, float]:
    """Return the seconds of one step: the difference of the best long and short trainings of the same rows."""
    rows = _rows(batch * steps)

    def best(epochs: int) -> dict[str, float]:
        return _best([_seconds(lambda: _model(precision, batch, epochs).fit(rows)) for _ in range(rounds)])

    short, long = best(1), best(3)
    return {kind: (long[kind] - short[kind]) / (2 * steps) for kind in short}


def _best(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {kind: min(one[kind] for one in rounds) for kind in rounds[0]}


def _model(precision: str, batch: int, epochs: int = 1) -> Autoencoder:
    return Autoencoder(
        **_NETWORK,
        optimizer="adam",
        precision=precision,
        batch_size=batch,
        epochs=epochs,
        validation_fraction=0.0,
        early_stopping=False,
        linear_path="off",
        random_state=0,
    )


def _rows(n: int) -> np.ndarray:
    return np.random.default_rng(0).random((n, 784), dtype=np.float32)


def _seconds(work: Any) -> dict[str, float]:
    before = time.perf_counter(), time.process_time()
    work()
    return {"clock": time.perf_counter() - before[0], "processor": time.process_time() - before[1]}

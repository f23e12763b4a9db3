"""1. How fast is a fit, and how good is it? The same network, rows and epochs for everyone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from benchmarks import contenders as c
from benchmarks.report import Report, bars
from benchmarks.rounds import alternate, middle, ratio
from benchmarks.rows import pixels, table


@dataclass(frozen=True)
class Case:
    """One network at one batch."""

    name: str
    question: str
    task: c.Task
    n_rows: int
    rows: Callable[..., tuple[np.ndarray, np.ndarray, str]]
    peers: tuple[str, ...] = ("sklearn", "pyod", "vae", "pythae")


_DEEP = c.Task((1000, 500, 250), 30, epochs=4, batch=128)
CASES = (
    Case("deep-128", "Deep net 784-1000-500-250-30, batch 128", _DEEP, 6000, pixels),
    Case("deep-1000", "Deep net 784-1000-500-250-30, batch 1000", replace(_DEEP, epochs=6, batch=1000), 10000, pixels),
    Case("deep-own", "Deep net 784-1000-500-250-30, own default batches",
         replace(_DEEP, epochs=1, batch=None), 60000, pixels, peers=("pyod",)),
    Case("middle-128", "Middle net 784-128-32, batch 128", c.Task((128,), 32, 10, 128), 20000, pixels),
    Case("table-128", "Table net 30-64-32-8, batch 128", c.Task((64, 32), 8, 10, 128), 20000, table),
    Case("conv-128", "Convolutional net, 16 and 32 channels, code 32, batch 128",
         c.Task((16, 32), 32, 10, 128, image=(28, 28)), 6000, pixels, peers=()),
)  # fmt: skip


def run(case: Case, *, rounds: int, shrink: int = 1) -> Report:
    """Time everyone on one case; `shrink` divides the rows, for a trial."""
    x, held_out, what = case.rows(case.n_rows // shrink)
    fits: dict[str, c.Fit] = {
        "narrows (adam)": c.narrows("adam"),
        "narrows (adam, float32)": c.narrows("adam", "float32"),
        "narrows (muon, the default)": c.narrows("muon"),
        "textbook PyTorch loop": c.textbook,
    }
    if "sklearn" in case.peers:
        fits["scikit-learn MLPRegressor"] = c.mlp_regressor
    if "pyod" in case.peers and c.installed("pyod"):
        fits["PyOD AutoEncoder, same net"] = c.pyod(bare=True)
        fits["PyOD AutoEncoder, its defaults"] = c.pyod(bare=False)
    if "vae" in case.peers and c.installed("pyod"):
        fits["narrows VAE (adam)"] = c.narrows_vae
        fits["PyOD VAE"] = c.pyod_vae
    if "pythae" in case.peers and c.installed("pythae"):
        fits["pythae AE"] = c.pythae

    warm = replace(case.task, epochs=1)
    for fit in fits.values():
        fit(x[:2000], warm)

    def timed(fit: c.Fit) -> tuple[float, float, float]:
        start = time.perf_counter()
        fitted = fit(x, case.task)
        seconds = time.perf_counter() - start
        error = float(np.square(fitted.reconstruct(held_out) - held_out).sum(axis=1).mean())
        return seconds, fitted.training_seconds or seconds, error

    answers = alternate({name: partial(timed, fit) for name, fit in fits.items()}, rounds)
    whole = {name: [answer[0] for answer in given] for name, given in answers.items()}
    loops = {name: [answer[1] for answer in given] for name, given in answers.items()}
    errors = {name: middle([answer[2] for answer in given]) for name, given in answers.items()}
    passed = len(x) * case.task.epochs
    rates = {name: passed / middle(given) for name, given in loops.items()}
    rows = [
        [
            name,
            f"{rates[name]:,.0f}",
            f"{ratio(loops[_ours(name)], loops[name]):.2f}",
            f"{passed / middle(whole[name]):,.0f}",
            f"{ratio(whole[_ours(name)], whole[name]):.2f}",
            f"{errors[name]:.4g}",
        ]
        for name in fits
    ]
    return Report(
        f"training-{case.name}",
        f"{case.question}: rows a second while training",
        (
            "contender",
            "rows/s training",
            "narrows is faster by",
            "rows/s whole fit",
            "by",
            "squared error per held-out row",
        ),
        rows,
        {
            "rows": len(x),
            "epochs": case.task.epochs,
            "batch": case.task.batch,
            "training_seconds": loops,
            "fit_seconds": whole,
            "errors": errors,
        },
        lambda axes: bars(axes, list(rates), list(rates.values()), "rows/s while training (more is better)"),
        (
            f"{len(x):,} rows of {what}, {case.task.epochs} epochs, ReLU, Adam at 0.001 unless said; medians of "
            f"{rounds} rounds of fits, each after a first fit on 2,000 rows; scaling and validation off.",
            "A whole fit adds checks, scaling and bookkeeping, paid once however long the training; PyOD's ends with "
            "scores of the training rows. Where a loop cannot be told from its call, both columns are the call.",
            "VAEs are compared with our VAE; its objective weighs the code's information more than PyOD's does, so its "
            "error is another trade, not another quality.",
            "PyOD's defaults add batch normalisation and dropout of 0.2 to the same "
            "widths, and its code passes a ReLU.",
        ),
    )


def _ours(name: str) -> str:
    return "narrows VAE (adam)" if "VAE" in name else "narrows (adam)"


def reports(rounds: int, quick: bool) -> Iterator[Report]:
    """One for each case, as they come."""
    for case in CASES:
        yield run(case, rounds=rounds, shrink=10 if quick else 1)

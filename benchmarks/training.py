"""1. How fast is a fit, and how good is it? The same network, rows and epochs for everyone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from benchmarks import contenders as c
from benchmarks.report import Report, bars, product_rates
from benchmarks.rounds import alternate, middle, ratio
from benchmarks.rows import pixels, table
from narrows.model import PointCode, SquaredError, build_network
from narrows.training.threads import multiply_adds


@dataclass(frozen=True)
class Case:
    """One network at one batch."""

    name: str
    question: str
    task: c.Task
    n_rows: int
    rows: Callable[..., tuple[np.ndarray, np.ndarray, str]]
    peers: tuple[str, ...] = ("sklearn", "pyod", "pythae")


_DEEP = c.Task((1000, 500, 250), 30, epochs=4, batch=128)
_MIDDLE, _TABLE = c.Task((128,), 32, 10, 128), c.Task((64, 32), 8, 10, 128)
CASES = (
    Case("deep-128", "Deep net 784-1000-500-250-30, batch 128", _DEEP, 6000, pixels),
    Case("deep-1000", "Deep net 784-1000-500-250-30, batch 1000", replace(_DEEP, epochs=6, batch=1000), 10000, pixels),
    Case("deep-own", "Deep net 784-1000-500-250-30, own default batches",
         replace(_DEEP, epochs=1, batch=None), 41_000, pixels, peers=("pyod",)),
    Case("middle-128", "Middle net 784-128-32, batch 128", _MIDDLE, 20000, pixels),
    Case("table-128", "Table net 30-64-32-8, batch 128", _TABLE, 20000, table),
    Case("conv-128", "Convolutional net, 16 and 32 channels, code 32, batch 128",
         c.Task((16, 32), 32, 10, 128, image=(28, 28)), 6000, pixels, peers=()),
    Case("vae-middle-128", "Variational, 784-128-32, batch 128", _MIDDLE, 10000, pixels, peers=("vae",)),
    Case("vae-table-128", "Variational, 30-64-32-8, batch 128", _TABLE, 20000, table, peers=("vae",)),
)  # fmt: skip


def contenders_of(case: Case) -> dict[str, c.Fit]:
    """Who runs; ours, with which all are compared, first."""
    if "vae" in case.peers:
        return {"narrows VAE (adam)": c.narrows_vae} | ({"PyOD VAE": c.pyod_vae} if c.installed("pyod") else {})
    fits: dict[str, c.Fit] = {
        "narrows (adam)": c.narrows("adam"),
        "narrows (adam, float32)": c.narrows("adam", "float32"),
        "narrows (muon, the default)": c.narrows("muon"),
    }
    if case.task.batch is not None:
        fits["textbook PyTorch loop"] = c.textbook
    if "sklearn" in case.peers:
        fits["scikit-learn MLPRegressor"] = c.mlp_regressor
    if "pyod" in case.peers and c.installed("pyod"):
        fits["PyOD AutoEncoder, same net"] = c.pyod(bare=True)
        fits["PyOD AutoEncoder, its defaults"] = c.pyod(bare=False)
    if "pythae" in case.peers and c.installed("pythae"):
        fits["pythae AE"] = c.pythae(own=False)
        if case.name == "middle-128":
            fits["pythae AE, its own net (784-512-32)"] = c.pythae(own=True)
    return fits


def measure(case: Case, *, rounds: int, shrink: int = 1, fits: Mapping[str, c.Fit] | None = None) -> dict[str, Any]:
    """Time everyone on one case, or these fits; `shrink` divides the rows, for a trial."""
    x, held_out, what = case.rows(case.n_rows // shrink)
    fits = contenders_of(case) if fits is None else fits
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
    return {
        "rows": len(x),
        "data": what,
        "epochs": case.task.epochs,
        "batch": case.task.batch,
        "operations": _operations(case, x.shape[1]) * len(x) * case.task.epochs,
        "fit_seconds": {name: [answer[0] for answer in given] for name, given in answers.items()},
        "training_seconds": {name: [answer[1] for answer in given] for name, given in answers.items()},
        "errors": {name: middle([answer[2] for answer in given]) for name, given in answers.items()},
    }


def _operations(case: Case, n_floats: int) -> float:
    """Operations of one row in a training step: two for each weight forwards and four backwards."""
    network = build_network(
        n_floats=n_floats,
        n_components=case.task.n_components,
        hidden_layer_sizes=case.task.hidden,
        network="mlp" if case.task.image is None else "conv",
        image_shape=None if case.task.image is None else (*case.task.image, 1),
        code=PointCode(),
        likelihood=SquaredError(),
        generator=None,
    )
    return 6.0 * sum(multiply_adds(network))


def report(case: Case, raw: dict[str, Any]) -> Report:
    """The table and picture of what was measured."""
    whole, loops = raw["fit_seconds"], raw["training_seconds"]
    passed = raw["rows"] * raw["epochs"]
    rates = {name: passed / middle(given) for name, given in loops.items()}
    least = raw["operations"] / max(product_rates().values())
    ours = next(iter(loops))
    rows = [
        [
            name,
            f"{rates[name]:,.0f}",
            f"{passed / max(loops[name]):,.0f} to {passed / min(loops[name]):,.0f}",
            f"{ratio(loops[ours], loops[name]):.2f}",
            f"{middle(loops[name]) / least:.1f}",
            f"{passed / middle(whole[name]):,.0f}",
            f"{ratio(whole[ours], whole[name]):.2f}",
            f"{raw['errors'][name]:.4g}",
        ]
        for name in loops
    ]
    remarks = [
        f"{raw['rows']:,} rows of {raw['data']}, {raw['epochs']} epochs, ReLU, Adam at 0.001 unless said; medians of "
        f"{len(whole[ours])} rounds of fits, each after a first fit on 2,000 rows; scaling and validation off.",
        "At most: how many times faster than this contender a training would be in which only the matrix products took "
        "time, at the best rate of a large product on this machine.",
        "A whole fit adds checks, scaling and bookkeeping, paid once however long the training; PyOD's ends with "
        "scores of the training rows. Where a loop cannot be told from its call, both columns are the call.",
    ]
    if "vae" in case.peers:
        remarks.append(
            "One objective for both, answers from the mean code; PyOD's default capacity of 0 has no KL term."
        )
    else:
        remarks += [
            "Errors differ by where training starts, too: narrows draws weights so that the scale of the signal "
            "survives the depth, the others take PyTorch's and scikit-learn's defaults.",
            "PyOD's defaults add batch normalisation and dropout of 0.2 to the same widths; its code passes a ReLU.",
        ]
    return Report(
        f"training-{case.name}",
        f"{case.question}: rows a second while training",
        (
            "contender",
            "rows/s training",
            "least to most",
            "narrows is faster by",
            "at most",
            "rows/s whole fit",
            "by",
            "squared error per held-out row",
        ),
        rows,
        raw,
        lambda axes: bars(axes, list(rates), list(rates.values()), "rows/s while training (more is better)"),
        remarks,
    )


def reports(rounds: int, quick: bool) -> Iterator[Report]:
    """One for each case, as they come."""
    for case in CASES:
        yield report(case, measure(case, rounds=rounds, shrink=10 if quick else 1))

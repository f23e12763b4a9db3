"""6. Which optimizer reaches a low held-out error sooner? The question behind the default.

Runs on every .npz file (with an array X) of the folder that `--tables` names, and on digits.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from benchmarks.report import LINES, Report
from narrows import Autoencoder

_MOST_ROWS = 20_000


def reports(rounds: int, quick: bool, tables: Path | None = None) -> list[Report]:
    """Adam at two rates and Muon, everything else at its default, on each table."""
    sets = {"digits": load_digits().data / 16}
    for path in sorted(tables.glob("*.npz")) if tables else []:
        x = np.load(path)["X"].astype(np.float32)
        sets[path.stem] = x[np.random.default_rng(0).permutation(len(x))[:_MOST_ROWS]]
    if quick:
        sets = dict(list(sets.items())[:2])
    contenders = {"adam 0.001": ("adam", 1e-3), "adam 0.003": ("adam", 3e-3), "muon": ("muon", 5e-3)}
    found = {name: {key: _curve(x, *how) for key, how in contenders.items()} for name, x in sets.items()}
    best = {name: {key: min(e for _, e in curve) for key, curve in curves.items()} for name, curves in found.items()}
    rows = [
        [
            name,
            f"{len(sets[name]):,} x {sets[name].shape[1]}",
            *(f"{best[name][key]:.4g} in {curves[key][-1][0]:.1f} s" for key in contenders),
            _reached(curves["muon"], min(best[name]["adam 0.001"], best[name]["adam 0.003"])),
        ]
        for name, curves in found.items()
    ]

    def draw(axes: Any) -> None:
        names = list(found)
        for key, colour in zip(contenders, LINES, strict=False):
            axes.plot([best[n][key] / best[n]["muon"] for n in names], names, "o", label=key, color=colour)
        axes.set(xscale="log", xlabel="lowest held-out error, muon's = 1 (less is better)")
        axes.tick_params(axis="y", labelsize=7)
        axes.legend(frameon=False, fontsize=8)

    return [
        Report(
            "optimizers",
            "Lowest held-out error by optimizer, defaults elsewhere",
            ("set", "rows x columns", *contenders, "muon reaches Adam's best in"),
            rows,
            {"curves": found},
            draw,
            ("A tenth of the rows is held out; one seed; all epochs, without early stopping.",),
        )
    ]


def _curve(x: np.ndarray, optimizer: str, rate: float) -> list[tuple[float, float]]:
    """(seconds of training, held-out error) after every epoch."""
    model = Autoencoder(optimizer=optimizer, learning_rate=rate, early_stopping=False, random_state=0)
    curve, spent = [], 0.0
    for epoch in model.fit_epochs(x):
        spent += epoch.seconds
        assert epoch.validation is not None
        curve.append((spent, epoch.validation))
    return curve


def _reached(curve: list[tuple[float, float]], error: float) -> str:
    reached = [seconds for seconds, e in curve if e <= error]
    return f"{reached[0]:.1f} s" if reached else "not reached"

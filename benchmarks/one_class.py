"""7. Shown one digit, which images are another? Each digit of MNIST in turn is what is usual.

Fitted to the training images of one digit, measured on all test images, everyone at his defaults.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.anomalies import Scorer, pyod
from benchmarks.contenders import installed
from benchmarks.report import LINES, Report
from narrows import AnomalyDetector
from narrows.data import read, read_held_out


def reports(rounds: int, quick: bool) -> list[Report]:
    """One fit for each digit and contender; the spread over digits is far larger than that over seeds."""
    train, test = read("mnist"), read_held_out("mnist")
    assert test is not None
    assert train.labels is not None
    assert test.labels is not None
    pixels, digit = test.block().reshape(-1, 28, 28) / np.float32(255), test.labels.astype(int)
    if quick:
        pixels, digit = pixels[:1000], digit[:1000]
    digits = range(2) if quick else range(10)
    found: dict[str, list[float]] = {name: [] for name in _contenders()}
    seconds = dict.fromkeys(found, 0.0)
    for one in digits:
        usual = train.block()[train.labels.astype(int) == one].reshape(-1, 28, 28) / np.float32(255)
        for name, scorer in _contenders().items():
            start = time.perf_counter()
            scores = scorer(usual[: 500 if quick else None], pixels, 0)
            seconds[name] += time.perf_counter() - start
            found[name].append(float(roc_auc_score(digit != one, scores)))
    rows = [
        [name, *(f"{a:.3f}" for a in of), f"{np.mean(of):.4f}", f"{seconds[name]:.0f}"] for name, of in found.items()
    ]

    def draw(axes: Any) -> None:
        for (name, of), colour in zip(found.items(), LINES, strict=False):
            axes.plot([str(d) for d in digits], of, "o-", label=name, color=colour)
        axes.set(xlabel="the digit that is usual", ylabel="AUROC")
        axes.legend(frameon=False, fontsize=8)

    return [
        Report(
            "one-class",
            "One digit of MNIST is usual: AUROC of the others among all test images",
            ("contender", *map(str, digits), "mean AUROC", "seconds"),
            rows,
            {"auroc": found, "seconds": seconds},
            draw,
            (f"All training images of the digit, {len(pixels):,} test images, one seed; PyOD gets flat pixels.",),
        )
    ]


def _contenders() -> dict[str, Scorer]:
    def ours(fit: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
        return -AnomalyDetector(random_state=seed).fit(fit).score_samples(test)

    def theirs(module: str, name: str, fit: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
        return pyod(module, name, fit.reshape(len(fit), -1), test.reshape(len(test), -1), seed)

    found: dict[str, Scorer] = {"narrows AnomalyDetector": ours}
    if installed("pyod"):
        for name, module in (("AutoEncoder", "auto_encoder"), ("KNN", "knn"), ("IForest", "iforest")):
            found[f"PyOD {name}"] = partial(theirs, module, name)
    return found

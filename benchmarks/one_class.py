"""7. Fitted to the images of one class, which images are of another? Each class of MNIST and Fashion-MNIST in turn.

Fitted to the training images of one class, measured on all test images, all at their defaults.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.anomalies import Scorer, pyod
from benchmarks.contenders import installed
from benchmarks.report import LINES, Report
from narrows import AnomalyDetector
from narrows.data import Rows, read, read_held_out
from narrows.errors import DataNotFoundError


def reports(rounds: int, quick: bool) -> Iterator[Report]:
    """Yield a report for each set that is there.

    One fit for each class and contender; the spread over classes is far larger than that over seeds.
    """
    for name, title in (("mnist", "MNIST"), ("fashion-mnist", "Fashion-MNIST")):
        with suppress(DataNotFoundError):
            yield _report(read(name), read_held_out(name), name, title, quick=quick)


def _report(train: Rows, test: Rows | None, name: str, title: str, *, quick: bool) -> Report:
    assert test is not None
    assert train.labels is not None
    assert test.labels is not None
    pixels, kind = test.block().reshape(-1, 28, 28) / np.float32(255), test.labels.astype(str)
    if quick:
        pixels, kind = pixels[:1000], kind[:1000]
    classes = np.unique(kind)[: 2 if quick else None]
    found: dict[str, list[float]] = {contender: [] for contender in _contenders()}
    seconds = dict.fromkeys(found, 0.0)
    for one in classes:
        normal = train.block()[train.labels.astype(str) == one].reshape(-1, 28, 28) / np.float32(255)
        for contender, scorer in _contenders().items():
            start = time.process_time()
            scores = scorer(normal[: 500 if quick else None], pixels, 0)
            seconds[contender] += time.process_time() - start
            found[contender].append(float(roc_auc_score(kind != one, scores)))
            print(title, one, contender, f"{found[contender][-1]:.3f}", flush=True)
    rows = [
        [contender, *(f"{a:.3f}" for a in of), f"{np.mean(of):.4f}", f"{seconds[contender]:.0f}"]
        for contender, of in found.items()
    ]

    def draw(axes: Any) -> None:
        for (contender, of), colour in zip(found.items(), LINES, strict=False):
            axes.plot(classes, of, "o-", label=contender, color=colour)
        axes.set(xlabel="the normal class", ylabel="AUROC")
        axes.legend(frameon=False, fontsize=8)

    return Report(
        "one-class" if name == "mnist" else f"one-class-{name}",
        f"One class of {title} is normal: AUROC of the others among all test images",
        ("contender", *map(str, classes), "mean AUROC", "processor seconds"),
        rows,
        {"auroc": found, "seconds": seconds},
        draw,
        (f"All training images of the class, {len(pixels):,} test images, one seed; PyOD gets flat pixels.",),
    )


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

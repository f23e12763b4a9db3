"""Settings of the example runs of the views denoise, latent and anomaly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from narrows.apps.lab.session_types import LabError
from narrows.estimators.variants import Variant

if TYPE_CHECKING:
    import numpy as np

    from narrows.data import Rows

Example = tuple[Variant, dict[str, Any]]
"""Variant and settings, see `narrows.apps.lab.run_settings.check`."""

MOST_EXAMPLE_ROWS = 10_000
"""Examples are trained on a part of larger data, so that they are ready soon."""
_BLOCKS = 100
_MAP_ROWS, _MAP_EPOCHS = 20_000, 50
"""A map of more rows places new ones better."""
_SAMPLE = 2000
_NORMAL_COMPONENTS = 8
_GOOD_AUROC = 0.95
_FEWEST = 5


def examples(view: str, read_rows: Callable[[], Rows], description: Mapping[str, Any]) -> tuple[Example, ...]:
    """Return the example that a view opens on or offers, and those to compare with it.

    Parameters
    ----------
    view : str
    read_rows : callable
        Returns the rows of the data.
    description : mapping
        Of the data, see `narrows.apps.viewer.datasets.describe`.

    Raises
    ------
    LabError
        There is no example for this view of these data.
    """
    if view == "denoise":
        return denoising_examples(description)
    if view == "latent":
        return (map_example(description),)
    if view != "anomaly":
        raise LabError(f"There is no example for the view {view!r}.")
    example = anomaly_example(read_rows(), description)
    if example is None:
        raise LabError("This view needs classes, of which some are normal.", "Choose the column of the classes.")
    return (example,)


def denoising_examples(description: Mapping[str, Any]) -> tuple[Example, Example]:
    """Return a denoising example, and a plain one with the same code to compare it with.

    description : of the data, see `narrows.apps.viewer.datasets.describe`.
    """
    n_components = denoising_components(description)
    shared = {"n_components": n_components, "rows": _some_blocks(description["rows"])}
    return ("denoising", shared), ("plain", shared)


def denoising_components(description: Mapping[str, Any]) -> int:
    """Return a code size at which denoising shows: a quarter of 64 pixels, a smaller share of larger images.

    A code of two units holds less than the noise spares. Of a table it is half of the columns that are learned: a code
    as wide as the row would copy the noise.
    """
    shape = description["shape"]
    if shape is None:
        n_learned = sum(kind not in ("ignored", "class") for kind in description["kinds"])
        return max(2, min(16, (n_learned + 1) // 2))
    n_floats = shape[0] * shape[1] * shape[2]
    return 16 if n_floats <= 256 else 32 if n_floats <= 1024 else 64


def map_example(description: Mapping[str, Any]) -> Example:
    """Return an example whose code of two units keeps near rows near each other, so that classes become clusters.

    description : of the data, see `narrows.apps.viewer.datasets.describe`.
    """
    rows = _some_blocks(description["rows"], _MAP_ROWS)
    epochs = {} if rows is None else {"epochs": _MAP_EPOCHS}
    return "plain", {"n_components": 2, "penalty": "neighbours", "rows": rows, **epochs}


def anomaly_example(rows: Rows, description: Mapping[str, Any]) -> Example | None:
    """Return a plain example on normal classes only; None without two classes."""
    normal = normal_classes(rows)
    if normal is None:
        return None
    is_image = description["shape"] is not None
    shared = {"normal": normal, "rows": _some_blocks(len(rows))}
    return "plain", {**shared, **({"n_components": _NORMAL_COMPONENTS} if is_image else {})}


def normal_classes(rows: Rows, *, seed: int = 0) -> list[str] | None:
    """Return the classes to call normal, so that a PCA of them separates the other rows best by its error.

    All classes but one, if the area under the ROC curve of one choice is at least 0.95, else a single class.
    None without two classes of at least five rows.
    """
    import numpy as np

    from narrows.data import Schema

    if rows.labels is None:
        return None
    labelled = np.flatnonzero(np.array([label is not None for label in rows.labels]))
    chosen = np.sort(np.random.default_rng(seed).permutation(labelled)[:_SAMPLE])
    part = rows.take(chosen)
    labels = np.asarray(part.labels).astype(str)
    names, counts = np.unique(labels, return_counts=True)
    usable = names[counts >= _FEWEST]
    if len(usable) < 2:
        return None
    floats = Schema.learn(part).encode(part)
    without = {str(name): _auroc(floats, labels != name) for name in usable}
    best = max(without, key=lambda name: without[name])
    if without[best] >= _GOOD_AUROC or len(names) == 2:
        return [str(name) for name in names if name != best]
    alone = {str(name): _auroc(floats, labels == name) for name in usable}
    single = max(alone, key=lambda name: alone[name])
    if alone[single] <= without[best]:
        return [str(name) for name in names if name != best]
    return [single]


def _auroc(floats: np.ndarray, normal: np.ndarray) -> float:
    """Return the area under the ROC curve of the error of a PCA of every second normal row."""
    import numpy as np
    from sklearn.decomposition import PCA
    from sklearn.metrics import roc_auc_score

    train, test = floats[normal][::2], floats[normal][1::2]
    n_components = min(_NORMAL_COMPONENTS, *train.shape)
    pca = PCA(n_components, svd_solver="randomized", random_state=0).fit(train)
    others = np.concatenate([test, floats[~normal]])
    errors = ((others - pca.inverse_transform(pca.transform(others))) ** 2).sum(axis=1)
    return float(roc_auc_score(np.arange(len(others)) >= len(test), errors))


def _some_blocks(n_rows: int, most: int = MOST_EXAMPLE_ROWS) -> list[list[int]] | None:
    """Return evenly spaced ranges of rows, both ends included, of `most` rows in all; None for all rows."""
    if n_rows <= most:
        return None
    length = most // _BLOCKS
    starts = [i * (n_rows - length) // (_BLOCKS - 1) for i in range(_BLOCKS)]
    return [[start, start + length - 1] for start in starts]

"""Settings of the example runs of the views denoise, latent and anomaly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from narrows.apps.lab.session_types import LabError
from narrows.apps.viewer.normal_classes import normal_classes
from narrows.estimators.variants import Variant

if TYPE_CHECKING:
    from narrows.data import Rows

Example = tuple[Variant, dict[str, Any]]
"""Variant and settings, see `narrows.apps.lab.run_settings.check`."""

MOST_EXAMPLE_ROWS = 10_000
"""Examples are trained on a part of larger data, so that they are ready soon."""
_BLOCKS = 100
_MAP_ROWS, _MAP_EPOCHS = 20_000, 30
"""A map of more rows places new ones better."""
_NORMAL_COMPONENTS = 8
_FEWEST = 5
"""Rows of a class, so that it is worth an example."""


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
    normal = normal_classes(rows, fewest=_FEWEST)
    if normal is None:
        return None
    is_image = description["shape"] is not None
    shared = {"normal": normal, "rows": _some_blocks(len(rows))}
    return "plain", {**shared, **({"n_components": _NORMAL_COMPONENTS} if is_image else {})}


def _some_blocks(n_rows: int, most: int = MOST_EXAMPLE_ROWS) -> list[list[int]] | None:
    """Return evenly spaced ranges of rows, both ends included, of `most` rows in all; None for all rows."""
    if n_rows <= most:
        return None
    length = most // _BLOCKS
    starts = [i * (n_rows - length) // (_BLOCKS - 1) for i in range(_BLOCKS)]
    return [[start, start + length - 1] for start in starts]

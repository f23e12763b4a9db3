"""What the page says of rows: which are shown, strange, or were learned from, and in which units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.apps.viewer.query_params import QueryParams
from narrows.apps.viewer.runs import Run

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder


def anomalous(labels: np.ndarray | None, normal: list[str]) -> np.ndarray:
    """Rows of another class than the normal ones; rows without a class are not called anomalous."""
    assert labels is not None
    return np.array([label is not None and label not in normal for label in labels], bool)


def normal_classes(run: Run, rows: Rows, params: QueryParams) -> list[str] | None:
    """The classes that count as normal; None where none is said."""
    normal = params.texts("normal") or run.settings.get("normal")
    return None if not normal or rows.labels is None else sorted(normal)


def some_rows(run: Run, rows: Rows, seen: np.ndarray, params: QueryParams, n: int) -> np.ndarray:
    """Places of n rows of all classes in turn, of those that training did not see where there are enough.

    seen : bool (len(rows),). Raises SettingError where the page asks for a class that has no row.
    """
    from narrows.insight.payloads import mixed

    candidates = np.arange(len(rows))
    subset = params.choice("subset", ("any", "normal", "anomalous"), "any")
    normal = normal_classes(run, rows, params)
    if subset != "any" and normal is not None:
        candidates = candidates[anomalous(rows.labels, normal) == (subset == "anomalous")]
    label = params.text("label")
    if label is not None and rows.labels is not None:
        candidates = candidates[rows.labels[candidates] == label]
    unseen = candidates[~seen[candidates]]
    if len(unseen) >= n:
        candidates = unseen
    if not len(candidates):
        from narrows.errors import SettingError

        raise SettingError("There is no such row.")
    labels = None if rows.labels is None else rows.labels[candidates]
    return candidates[mixed(labels, len(candidates), n)]


def floats_of(model: Autoencoder, values: np.ndarray, like: np.ndarray | None) -> np.ndarray:
    """What a page draws as one encoded row: of images brightness in [0, 1], of tables the floats themselves."""
    schema = model.schema_
    if schema.image_shape is None:
        return values
    values = np.clip(values, 0, 1)
    if schema.floats_are_pixels:
        return values
    from narrows.data import as_rows

    low, high = schema.pixel_range or (0.0, 1.0)
    if like is not None:
        block = schema.decode_rows(like).block()
        low, high = float(block.min()), float(block.max())
    image = (low + values * (high - low)).reshape(1, *schema.image_shape)
    return schema.encode(as_rows(image))[0]


def units(model: Autoencoder) -> dict[str, Any]:
    """How a table's floats become the user's numbers: centre + spread * float, None where they do not."""
    from narrows.data import Numeric

    schema = model.schema_
    if schema.image_shape is not None:
        return {}
    centre: list[float | None] = []
    spread: list[float | None] = []
    for kind in schema.kinds:
        n = len(kind.float_columns)
        is_number = isinstance(kind, Numeric)
        centre += kind.offset.tolist() if is_number else [None] * n
        spread += kind.scale.tolist() if is_number else [None] * n
    return {"centre": centre, "spread": spread}


def trained_on(run: Run, seen: np.ndarray, is_anomaly: np.ndarray | None) -> str:
    """Which rows the run learned from, in a sentence."""
    n = int(seen.sum())
    if not n:
        return "It is not known which of these rows the model learned from."
    chosen = run.settings.get("normal")
    which = f"rows of {'class' if len(chosen) == 1 else 'the classes'} {', '.join(chosen)}" if chosen else "rows"
    sentence = f"The run learned from {n:,} {which}"
    if is_anomaly is None:
        return f"{sentence}."
    n_strange = int((is_anomaly & seen).sum())
    return f"{sentence}, {f'{n_strange:,} anomalies among them' if n_strange else 'no anomaly among them'}."

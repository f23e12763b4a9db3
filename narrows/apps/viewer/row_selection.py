"""Rows for a training or a view: which are chosen, anomalous, or were used in training, and their units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.apps.viewer.query_params import QueryParams
from narrows.apps.viewer.runs import Run

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder


def anomalous(labels: np.ndarray | None, normal: list[str]) -> np.ndarray:
    """Return which rows have a class that is not normal, bool (n,); rows without a class are not anomalous."""
    assert labels is not None
    return np.array([label is not None and label not in normal for label in labels], bool)


def normal_classes(run: Run, rows: Rows, params: QueryParams) -> list[str] | None:
    """Return the normal classes of the query or the run; None if there are none."""
    normal = params.texts("normal") or run.settings.get("normal")
    return None if not normal or rows.labels is None else sorted(normal)


def some_rows(run: Run, rows: Rows, seen: np.ndarray, params: QueryParams, n: int) -> np.ndarray:
    """Return the indices of n rows of all classes: first those not used in training, filled up with others.

    seen : bool (len(rows),), the rows used in training. SettingError if no row fits the query.
    """
    from narrows.insight.payloads import balanced_sample

    candidates = np.arange(len(rows))
    subset = params.choice("subset", ("any", "normal", "anomalous"), "any")
    normal = normal_classes(run, rows, params)
    if subset != "any" and normal is not None:
        candidates = candidates[anomalous(rows.labels, normal) == (subset == "anomalous")]
    label = params.text("label")
    if label is not None and rows.labels is not None:
        candidates = candidates[rows.labels[candidates] == label]
    if not len(candidates):
        from narrows.errors import SettingError

        raise SettingError("No row fits this choice.")
    chosen = np.empty(0, np.int64)
    for group in (candidates[~seen[candidates]], candidates[seen[candidates]]):
        if len(group) and len(chosen) < n:
            labels = None if rows.labels is None else rows.labels[group]
            more = group[balanced_sample(labels, len(group), n - len(chosen))]
            chosen = np.concatenate([chosen, more])
    return chosen


def training_indices(rows: Rows, settings: Mapping[str, Any]) -> np.ndarray | None:
    """Return the indices of the rows to train on, by the settings "normal" and "rows"; None for all rows.

    Raises
    ------
    SettingError
        Fewer than two rows are left.
    """
    from narrows.errors import SettingError

    normal, ranges = settings.get("normal"), settings.get("rows")
    if not ranges and (not normal or rows.labels is None):
        return None
    chosen = np.ones(len(rows), bool)
    if normal and rows.labels is not None:
        chosen &= np.isin(rows.labels.astype(str), normal)
    if ranges:
        within = np.zeros(len(rows), bool)
        for first, last in ranges:
            within[first : last + 1] = True
        chosen &= within
    if chosen.sum() < 2:
        raise SettingError("Training needs at least 2 rows; choose more classes or more rows.")
    return np.flatnonzero(chosen)


def fitted_rows(rows: Rows, settings: Mapping[str, Any]) -> Rows:
    """Return the rows that the fit of a run was given, see `training_indices`."""
    indices = training_indices(rows, settings)
    return rows if indices is None else rows.take(indices)


def floats_of(model: Autoencoder, values: np.ndarray, like: np.ndarray | None) -> np.ndarray:
    """Return one encoded row from drawn values: brightness in [0, 1] of an image, or the floats of a table row."""
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


def trained_on(run: Run, seen: np.ndarray, is_anomaly: np.ndarray | None, noun: str) -> str:
    """Return a sentence on the rows that the run was trained on.

    noun : what a row is called, in the plural: "rows" or "images".
    """
    n = int(seen.sum())
    if not n:
        return f"It is not known which of these {noun} the model was trained on."
    chosen = run.settings.get("normal")
    which = f"{noun} of {'class' if len(chosen) == 1 else 'the classes'} {', '.join(chosen)}" if chosen else noun
    sentence = f"This network was trained on {n:,} {which}"
    if is_anomaly is None:
        return f"{sentence}."
    n_anomalies = int((is_anomaly & seen).sum())
    if not n_anomalies:
        return f"{sentence}, no anomaly among them."
    advice = f"so it can rebuild anomalies too. Train it on normal {noun} only."
    return f"{sentence}, {n_anomalies:,} anomalies among them, {advice}"

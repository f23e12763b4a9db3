"""Classes of rows from a column of labels."""

from __future__ import annotations

from typing import Any

import numpy as np


def classes_of(labels: Any) -> np.ndarray | None:
    """Return class names (n,), objects: text, or None for a row without a class; None if the labels are not classes.

    Labels of more than one dimension and fractional numbers are not classes.

    >>> classes_of([1.0, float("nan"), 2.0]).tolist()
    ['1', None, '2']
    >>> classes_of([0.5, 1.0]) is None
    True
    """
    if labels is None:
        return None
    given = np.asarray(labels)
    if given.ndim != 1:
        return None
    names = np.empty(len(given), object)
    named: dict[tuple[type, Any], str | None] = {}  # classes are few, and rows may be many
    for i, label in enumerate(given.tolist()):
        key = (type(label), label)
        if not isinstance(label, str | int | float):
            names[i] = _name(label)
        elif key in named:
            names[i] = named[key]
        elif isinstance(label, float) and not _is_gap(label) and not label.is_integer():
            return None
        else:
            names[i] = named[key] = _name(label)
    return names


def _name(label: Any) -> str | None:
    if _is_gap(label):
        return None
    # A lone surrogate, from a file name that is not UTF-8, cannot be written to a page.
    return str(int(label) if isinstance(label, float) else label).encode("utf-8", "backslashreplace").decode()


def known(names: np.ndarray) -> np.ndarray:
    """Return a mask (n,) of the rows that have a class."""
    return np.array([name is not None for name in names], bool)


def _is_gap(label: Any) -> bool:
    if label is None or type(label).__name__ in ("NAType", "NaTType"):
        return True
    return label != label if isinstance(label, float) else isinstance(label, str) and not label.strip()

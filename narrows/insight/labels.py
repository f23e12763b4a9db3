"""The classes of rows, from whatever column was given for them."""

from __future__ import annotations

from typing import Any

import numpy as np


def classes_of(labels: Any) -> np.ndarray | None:
    """Class names (n,), objects: text, and None for rows without one; None where the labels are no classes.

    Labels of more than one dimension and numbers that are not whole are no classes.

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
    for i, label in enumerate(given.tolist()):
        if _is_gap(label):
            continue
        if isinstance(label, float):
            if not label.is_integer():
                return None
            label = int(label)
        # A lone surrogate, of a file name that is no UTF-8, could not be written to a page.
        names[i] = str(label).encode("utf-8", "backslashreplace").decode()
    return names


def known(names: np.ndarray) -> np.ndarray:
    """(n,) of bool: which rows have a class."""
    return np.array([name is not None for name in names], bool)


def _is_gap(label: Any) -> bool:
    if label is None or type(label).__name__ in ("NAType", "NaTType"):
        return True
    return label != label if isinstance(label, float) else isinstance(label, str) and not label.strip()

"""Series as rows: windows of successive points, and scores of windows as scores of points."""

from __future__ import annotations

import os
from collections.abc import Hashable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from narrows.data.frames.column_labels import Labels
from narrows.data.frames.columns import is_missing
from narrows.data.rows import Rows
from narrows.errors import DataError, SettingError, warn

_LONG_STEP = 1.5  # times the median step of a time index


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of a series, each as one row.

    Parameters
    ----------
    rows : ndarray of shape (m, width * c), or DataFrame
        The values of `width` successive points of c columns, the first point first. In a frame the columns are named
        ``name[0]`` to ``name[width - 1]``.
    starts : int ndarray of shape (m,)
        Position of the first point of each window, ascending.
    width, step : int
    n_points : int
    index : pandas Index or None
        That of the series, if it had one.
    groups : ndarray of shape (m,) or None
        The series of each window, if several were given.
    """

    rows: Any
    starts: np.ndarray
    width: int
    step: int
    n_points: int
    index: Any = None
    groups: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.starts)

    def to_points(self, scores: Any) -> Any:
        """Return the mean score of the windows that cover each point: (n_points,), a pandas Series for a frame of it.

        Parameters
        ----------
        scores : array of shape (m,)
            One score for each window.

        Raises
        ------
        DataError
            Not one score for each window.
        """
        scores = np.asarray(scores, np.float64)
        if scores.shape != self.starts.shape:
            raise DataError(
                f"scores has the shape {scores.shape} for {len(self)} windows; give one score for each window."
            )
        covered = self.starts[:, None] + np.arange(self.width)
        sums = np.bincount(covered.ravel(), np.repeat(scores, self.width), minlength=self.n_points)
        counts = np.bincount(covered.ravel(), minlength=self.n_points)
        with np.errstate(invalid="ignore"):  # points of series that are shorter than a window have no score
            means = sums / counts
        if self.index is None:
            return means
        import pandas as pd

        return pd.Series(means, self.index, name="score")


def windows(X: Any, width: int, step: int = 1, *, groups: Any = None) -> Windows:
    """Return the windows of a series, rows that any estimator can be fitted to.

    The last window ends at the last point, also where `step` does not divide the length, so that every point is in a
    window. Windows that overlap share points: they are not independent rows.

    Parameters
    ----------
    X : array of shape (n,) or (n, c), or DataFrame of pandas, polars or pyarrow
        The values at n successive points in time. A time index of pandas must not fall; longer steps in it give a
        warning. A column of times would be data: leave it out, or make it the index.
    width : int
        Points of a window.
    step : int, default=1
        Points from one window to the next, at most `width`.
    groups : array of shape (n,), optional
        The series of each point, where X has several one after another: no window holds points of two.

    Returns
    -------
    Windows

    Raises
    ------
    SettingError
        `width` or `step` is not a whole number from 1, or `step` is larger than `width`.
    DataError
        The series is shorter than a window, X has more than two dimensions or is not in memory, a point has no group,
        or the time index falls.

    Examples
    --------
    >>> import numpy as np
    >>> from narrows import windows
    >>> found = windows(np.arange(5.0), width=3)
    >>> found.rows
    array([[0., 1., 2.],
           [1., 2., 3.],
           [2., 3., 4.]])
    >>> found.to_points([0.0, 0.0, 3.0])
    array([0. , 0. , 1. , 1.5, 3. ])
    """
    for name, value in (("width", width), ("step", step)):
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
            raise SettingError(f"{name} must be a whole number from 1, got {value!r}.")
    if step > width:
        raise SettingError(f"step={step} leaves points between windows of width={width} out; make it at most {width}.")
    width, step = int(width), int(step)
    if isinstance(X, str | os.PathLike | Rows):
        raise DataError("A series is an array or a DataFrame in memory, not a file or Rows; read it with pandas first.")
    series = X if hasattr(X, "columns") or hasattr(X, "column_names") else np.asarray(X)
    n_points = len(series)
    bounds = _bounds(groups, n_points)
    index = _index(X, bounds)
    starts = np.concatenate([_starts(first, end, width, step) for first, end in bounds])
    if not len(starts):
        raise DataError(f"The series has {n_points} points, fewer than width={width}; give more, or a smaller width.")
    rows = _array_rows(series, starts, width) if isinstance(series, np.ndarray) else _frame_rows(series, starts, width)
    of_windows = None if groups is None else np.asarray(groups)[starts]
    return Windows(rows, starts, width, step, n_points, index, of_windows)


def _bounds(groups: Any, n_points: int) -> list[tuple[int, int]]:
    """Return the first point and the end of each series."""
    if groups is None:
        return [(0, n_points)]
    names = np.asarray(groups)
    if names.shape != (n_points,):
        raise DataError(f"groups has the shape {names.shape} for {n_points} points; give the series of each point.")
    n_missing = int(is_missing(names).sum())
    if n_missing:
        raise DataError(f"groups has {n_missing} missing values; give every point its group.")
    changes = np.flatnonzero(names[1:] != names[:-1]) + 1
    firsts = [0, *changes.tolist()]
    if len(np.unique(names[firsts].astype(str))) < len(firsts):
        raise DataError("The points of a series do not follow one another; sort them by series, then by time.")
    return list(zip(firsts, [*changes.tolist(), n_points], strict=True))


def _starts(first: int, end: int, width: int, step: int) -> np.ndarray:
    if end - first < width:
        return np.zeros(0, np.intp)
    regular = np.arange(first, end - width + 1, step)
    return regular if regular[-1] == end - width else np.append(regular, end - width)


def _index(series: Any, bounds: list[tuple[int, int]]) -> Any:
    """Return the index of a pandas object, whose times must rise within each series; None for others."""
    index = getattr(series, "index", None)
    if index is None or callable(index):  # a list has a method of this name
        return None
    if index.dtype.kind != "M":
        return index
    steps = np.concatenate([np.diff(index[first:end].asi8) for first, end in bounds])
    if (steps < 0).any():
        raise DataError("The time index falls; sort the series by time: X.sort_index().")
    n_long = int((steps > _LONG_STEP * np.median(steps)).sum()) if len(steps) else 0
    if n_long:
        warn(
            f"{n_long:,} of {len(steps):,} steps of the time index are longer than the usual one, and windows go "
            "across them; insert the missing points, or give groups=, the part of each point."
        )
    return index


def _array_rows(series: np.ndarray, starts: np.ndarray, width: int) -> np.ndarray:
    if series.ndim not in (1, 2):
        raise DataError(f"A series is an array (n,) or (n, c), got the shape {series.shape}.")
    return series.reshape(len(series), -1)[starts[:, None] + np.arange(width)].reshape(len(starts), -1)


def _frame_rows(series: Any, starts: np.ndarray, width: int) -> Any:
    import narwhals as nw

    labels = Labels.of(series.columns) if nw.dependencies.is_pandas_dataframe(series) else None
    if labels is not None and len(labels.levels) > 1:
        series = series.set_axis(list(labels.texts), axis=1)
    frame = nw.from_native(series, eager_only=True)
    names: dict[Hashable, str] = {name: str(name) for name in frame.columns}
    parts = [
        nw.maybe_reset_index(frame[(starts + k).tolist()]).rename({name: f"{names[name]}[{k}]" for name in names})
        for k in range(width)
    ]
    return nw.concat(parts, how="horizontal").to_native()

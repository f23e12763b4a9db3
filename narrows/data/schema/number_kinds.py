"""Kinds of number columns: standardised, normalised by quantiles, or with a mask of a common value."""

from __future__ import annotations

import numpy as np

from narrows.data.frames.columns import is_missing
from narrows.data.kinds import ColumnKind, CommonValue, Numeric, Quantile
from narrows.data.kinds.number_summary import FREE, heap, is_apart
from narrows.data.kinds.value_range import ValueRange
from narrows.data.rows import Rows
from narrows.data.schema.column_statistics import Statistics, measure
from narrows.data.schema.scaling import Scale, learn_numeric

_SKEWED, _MANY = 3.0, 20  # skewness, and different values, from which on numbers go by their quantiles
_MANY_HEAPS = 20  # columns of mostly one value, more than a third of all, are a picture or counts of words


def goes_by_quantiles(scale: Scale) -> bool:
    """Return whether a scale normalises numbers by their quantiles."""
    return scale in ("auto", "quantile")


def learn_numbers(
    rows: Rows, columns: np.ndarray, scale: Scale, weight: np.ndarray, common: dict[int, float]
) -> tuple[list[ColumnKind], str]:
    """Return the kinds of the numbers of a mixed table, and the unit of a float in words.

    Each column is standardised, or normalised by its quantiles where it is skewed, a rating, has a `common` value, or
    where `scale` is "quantile".
    """
    part = rows.select(columns)
    found = measure(part, weight)
    # One ratio between 0 and 1 among standardised columns would hardly count.
    numeric, unit = learn_numeric(part, found, "standard" if goes_by_quantiles(scale) else scale, columns=columns)
    extent = learn_extent(part, found)
    quantiles = [
        kind
        for place, i in enumerate(columns.tolist())
        if goes_by_quantiles(scale)
        and found.spread[place] > 0
        and (kind := _quantile(rows, i, scale, weight, extent.select([place]), common.get(i))) is not None
    ]
    kept = ~np.isin(columns, [kind.columns[0] for kind in quantiles])
    if not kept.any():
        return [*quantiles], unit
    rest = Numeric(
        columns[kept],
        numeric.offset[kept],
        numeric.scale[kept],
        numeric.fill[kept],
        numeric.constant[kept],
        bounded=False,
        extent=extent.select(np.flatnonzero(kept)),
        variance=np.square(found.spread / numeric.scale)[kept],
    )
    return [rest, *quantiles], unit


def learn_extent(rows: Rows, found: Statistics) -> ValueRange:
    """Return the limits of decoded numbers, from all columns of the rows.

    In arrays without names only whole numbers are rounded, and only where missing cells made them floats.
    """
    if rows.names is not None:
        return ValueRange.learn(found.low, found.high, (_present(rows, i) for i in range(rows.n_columns)))
    whole = []
    for i in range(rows.n_columns):
        present = _present(rows, i)
        whole.append(len(present) < len(rows) and bool((present == np.rint(present)).all()))
    return ValueRange(found.low, found.high, np.where(whole, 0, FREE), (None,) * rows.n_columns)


def common_values(rows: Rows, columns: np.ndarray, weight: np.ndarray) -> dict[int, float]:
    """Return column -> common value, for columns of a table with names whose common value gets a mask."""
    if rows.names is None or rows.image_shape is not None:
        return {}
    dtypes = rows.dtypes  # built on every access
    numbers = [i for i in columns.tolist() if np.dtype(dtypes[i]).kind in "iuf"]
    heaps: dict[int, float] = {}
    for i in numbers:
        missing = is_missing(rows.column(i))
        found = heap(_present(rows, i), weight[~missing] if missing.any() else weight)
        if found is not None:
            heaps[i] = found
    if len(heaps) > _MANY_HEAPS and 3 * len(heaps) > len(numbers):
        return {}
    return {i: found for i, found in heaps.items() if is_apart(_present(rows, i), found)}


def common_mask(rows: Rows, common: dict[int, float], weight: np.ndarray, masked: list[int]) -> CommonValue:
    """Return the masks of the common values; `masked` are the columns that have a mask of missing cells too."""
    columns = np.array(list(common))
    share = np.array(
        [weight @ (rows.column(i) == value) / (weight @ ~is_missing(rows.column(i))) for i, value in common.items()]
    )
    return CommonValue(columns, np.array(list(common.values())), share, np.where(np.isin(columns, masked), 1.0, share))


def _quantile(
    rows: Rows, i: int, scale: Scale, weight: np.ndarray, extent: ValueRange, common: float | None
) -> Quantile | None:
    """Return the kind of a column that is normalised by its quantiles, None for others; `extent` is the column's."""
    values = rows.column(i).astype(np.float64)
    is_other = ~np.isnan(values) & (values != (np.nan if common is None else common))
    values, weight = values[is_other], weight[is_other]
    is_rating = extent.levels[0] is not None
    if scale == "auto" and common is None and not is_rating and not _is_skewed(values, weight):
        return None
    _, spread = _moments(values, weight)
    return Quantile.learn(
        i,
        values,
        weight,
        spread=spread,
        decimals=int(extent.decimals[0]),
        is_rating=is_rating,
        common=common,
    )


def _present(rows: Rows, i: int) -> np.ndarray:
    """Return the cells of a column that are not missing."""
    values = rows.column(i)
    missing = is_missing(values)
    return values[~missing] if missing.any() else values


def _moments(values: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Return mean and standard deviation.

    Values are divided by a power of two, which is exact, so that squares of 1e-200 or 1e200 stay in range.
    """
    unit = np.ldexp(1.0, int(np.frexp(np.abs(values).max(initial=0.0))[1]) - 1)
    values = values / unit
    mean = weight @ values / weight.sum()
    spread = np.sqrt(weight @ np.square(values - mean) / weight.sum())
    return float(mean * unit), float(spread * unit)


def _is_skewed(values: np.ndarray, weight: np.ndarray) -> bool:
    mean, spread = _moments(values, weight)
    skewness = weight @ ((values - mean) / spread) ** 3 / weight.sum()
    return bool(abs(skewness) > _SKEWED) and len(np.unique(values)) > _MANY

"""What kind each column is: decided once, from the training rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from narrows.data.columns import is_gap
from narrows.data.kinds import Boolean, Category, ColumnKind, DateTime, Gaps, Quantile, SetAside
from narrows.data.kinds.numeric import Extent, Numeric
from narrows.data.rows import Rows
from narrows.data.scaling import Scale, learn_numeric
from narrows.data.statistics import measure
from narrows.errors import DataError, SettingError

_IDENTIFIER = re.compile(r"(^|[\W_])(id|key|uuid|index|nr|no|number)$|[a-z](Id|ID)$|^unnamed: 0$", re.IGNORECASE)
_FEW_ROWS = 20  # of less, a different whole number in each row says nothing
_NAMES_ROWS = 0.9  # share of different values from which on a text names its row
_SKEWED, _MANY = 3.0, 20  # skewness, and different values, from which on numbers go by their quantiles
_SHOWN = 5


def learn_kinds(
    rows: Rows, *, scale: Scale, with_gaps: bool, categorical: Sequence[str], sample_weight: np.ndarray | None
) -> tuple[tuple[ColumnKind, ...], str]:
    """The kinds of the columns, and what one unit of a float is.

    A table of nothing but numbers, without gaps, is one block of `Numeric`, unless they go by their quantiles. In every
    other table each column is scaled by itself, so that numbers, categories and dates have floats of like size.

    with_gaps : whether missing cells get a mask. categorical : names of columns that are categories in any case.
    """
    forced = _places_of(categorical, rows)
    weight = np.ones(len(rows)) if sample_weight is None else sample_weight
    everything = rows
    if not (weight > 0).all() and (weight > 0).any():  # rows that do not count are not looked at
        rows, weight = rows.take(weight > 0), weight[weight > 0]
    aside = (
        [] if rows.image_shape else [s for i in range(rows.n_columns) if (s := _named_rows(rows, i, forced, with_gaps))]
    )
    left = np.setdiff1d(np.arange(rows.n_columns), [s.columns[0] for s in aside])
    if not len(left):
        raise DataError(_nothing_left(rows, aside))
    if rows.image_shape is not None and scale == "quantile":
        raise SettingError('scale="quantile" is for the columns of tables; all pixels of images have one scale.')
    if scale != "quantile" and _is_plain(rows, left, forced, with_gaps):
        part = everything.select(left)
        numeric, unit = learn_numeric(
            part, measure(part, sample_weight), scale, columns=left, sample_weight=sample_weight
        )
        if aside and numeric.constant.all():
            raise DataError(_nothing_left(rows, aside + [s for i in left if (s := _constant(rows, int(i), False))]))
        return (numeric, *aside), unit
    aside += [s for i in left if (s := _constant(rows, int(i), with_gaps))]
    left = np.setdiff1d(left, [s.columns[0] for s in aside])
    if not len(left):
        raise DataError(_nothing_left(rows, aside))
    kinds, unit = _mixed(rows, left, forced, scale, with_gaps, weight)
    return (*kinds, *sorted(aside, key=lambda s: s.columns[0])), unit


def _places_of(names: Sequence[str], rows: Rows) -> set[int]:
    if isinstance(names, str):
        raise SettingError("categorical must be a sequence of column names, not one text.")
    places = {name: i for i, name in enumerate(rows.feature_names)}
    for name in names:
        if name not in places:
            raise SettingError(f"categorical names a column {name!r} that {rows.source} does not have.")
    return {places[name] for name in names}


def _is_plain(rows: Rows, columns: np.ndarray, forced: set[int], with_gaps: bool) -> bool:
    if rows.image_shape is not None:
        return True
    dtypes = rows.dtypes
    if forced or any(np.dtype(dtypes[i]).kind not in "biuf" for i in columns):
        return False
    if not with_gaps:
        return True
    if isinstance(rows.values, tuple):
        return not any(is_gap(rows.column(i)).any() for i in columns)
    return not any(is_gap(rows.block(rows=chunk)).any() for chunk in rows.chunks())


# -- what is not learned from


def _named_rows(rows: Rows, i: int, forced: set[int], with_gaps: bool) -> SetAside | None:
    """A column that is empty, or says no more than which row it is."""
    values = rows.column(i)
    is_text, is_whole = values.dtype == object, values.dtype.kind in "iu"
    if not is_text and not is_whole:
        # A block of numbers has all its columns looked at when it is measured.
        looked_at = isinstance(rows.values, tuple) or with_gaps
        empty = looked_at and bool(is_gap(values[:1]).all()) and bool(is_gap(values).all())
        return SetAside.of(i, "empty", values.dtype) if empty else None
    if is_whole:
        names_rows = rows.names is not None and i not in forced and _counts_or_names(values, rows.feature_names[i])
        return SetAside.of(i, "a different value in every row", values.dtype) if names_rows else None
    there = values[~is_gap(values)]
    if not len(there):
        return SetAside.of(i, "empty", values.dtype)
    if i in forced:
        return None
    n_levels = len(set(there.tolist()))
    if n_levels > 1 and n_levels > _NAMES_ROWS * len(there):
        return SetAside.of(i, "a different value in almost every row", values.dtype)
    found = Category.learn(i, there, np.ones(len(there)))
    if found.rare and n_levels > found.width and found.shares[-1] > 0.5:
        return SetAside.of(i, f"too many levels ({n_levels:,})", values.dtype)
    return None


def _counts_or_names(values: np.ndarray, name: str) -> bool:
    """Whether whole numbers count the rows, or are all different under a name such as "id"."""
    if len(values) < _FEW_ROWS:
        return False
    if values[0] in (0, 1) and bool((np.diff(values.astype(np.float64)) == 1).all()):
        return True
    return bool(_IDENTIFIER.search(name)) and len(np.unique(values)) == len(values)


def _constant(rows: Rows, i: int, with_gaps: bool) -> SetAside | None:
    """A column with one value; where it also has gaps, they tell its rows apart."""
    values = rows.column(i)
    gaps = is_gap(values)
    if with_gaps and gaps.any():
        return None
    there = values[~gaps]
    same = there == there[0]
    return SetAside.of(i, "constant", values.dtype, there[0]) if bool(same.all()) else None


def _nothing_left(rows: Rows, aside: list[SetAside]) -> str:
    names = rows.feature_names
    aside = sorted(aside, key=lambda s: s.columns[0])
    told = ", ".join(f"{names[s.columns[0]]!r} ({s.reason})" for s in aside[:_SHOWN])
    told += ", ..." if len(aside) > _SHOWN else ""
    return f"{rows.source} has no column to learn from; set aside: {told}."


# -- what is learned from


def _mixed(
    rows: Rows, columns: np.ndarray, forced: set[int], scale: Scale, with_gaps: bool, weight: np.ndarray
) -> tuple[list[ColumnKind], str]:
    """Kinds in the order of their losses: squares first, then what is true or false, then choices."""
    numbers, truths, categories, dates = [], [], [], []
    with_gap: list[int] = []
    for i in (int(column) for column in columns):
        values = rows.column(i)
        gaps = is_gap(values)
        if with_gaps and gaps.any():
            with_gap.append(i)
        there, counted = values[~gaps], weight[~gaps]
        is_single = bool((there == there[0]).all())
        kind = rows.column_type(i)
        if i in forced or values.dtype == object or is_single:
            categories.append(Category.learn(i, there, counted))
        elif values.dtype.kind == "M":
            dates.append(DateTime.learn(i, there, counted))
        elif values.dtype == bool or (kind is not None and kind.name == "Boolean"):
            truths.append(i)
        else:
            numbers.append(i)
    kinds: list[ColumnKind] = []
    unit = "standard deviations"
    if numbers:
        found, unit = _numbers(rows, np.array(numbers), scale, weight, set(with_gap))
        kinds += found
    kinds += dates
    if truths:
        kinds.append(Boolean(np.array(truths), _shares(rows, truths, weight)))
    if with_gap:
        total = weight.sum()
        shares = np.array([weight[is_gap(rows.column(i))].sum() / total for i in with_gap])
        kinds.append(Gaps(np.array(with_gap), shares))
    return [*kinds, *categories], unit


def _shares(rows: Rows, columns: list[int], weight: np.ndarray) -> np.ndarray:
    """How much of what is there is true."""
    values = [rows.column(i).astype(np.float64) for i in columns]
    return np.array([np.nansum(v * weight) / weight[~np.isnan(v)].sum() for v in values])


def _numbers(
    rows: Rows, columns: np.ndarray, scale: Scale, weight: np.ndarray, with_gap: set[int]
) -> tuple[list[ColumnKind], str]:
    """Numbers of a mixed table: each column standardised, or by its quantiles where it is skewed or all shall be."""
    part = rows.select(columns)
    found = measure(part, weight)
    # One ratio between 0 and 1 beside standardised columns would hardly count.
    each = "standard" if scale in ("auto", "quantile") else scale
    numeric, unit = learn_numeric(part, found, each, columns=columns)
    is_whole = np.array([int(i) in with_gap and _is_whole(rows.column(i)) for i in columns])
    skewed = np.zeros(len(columns), dtype=bool)
    kinds: list[ColumnKind] = []
    for place, i in enumerate(int(column) for column in columns) if scale in ("auto", "quantile") else ():
        values = rows.column(i).astype(np.float64)
        there = ~np.isnan(values)
        if found.spread[place] > 0 and (
            scale == "quantile" or _is_skewed(values[there], weight[there], found.mean[place], found.spread[place])
        ):
            skewed[place] = True
            kinds.append(
                Quantile.learn(
                    i, values[there], weight[there], spread=float(found.spread[place]), whole=bool(is_whole[place])
                )
            )
    kept = ~skewed
    if kept.any():
        kinds.insert(
            0,
            Numeric(
                columns[kept],
                numeric.offset[kept],
                numeric.scale[kept],
                numeric.fill[kept],
                numeric.constant[kept],
                bounded=False,
                extent=Extent(found.low[kept], found.high[kept], is_whole[kept]),
                variance=np.square(found.spread / numeric.scale)[kept],
            ),
        )
    return kinds, unit


def _is_skewed(values: np.ndarray, weight: np.ndarray, mean: float, spread: float) -> bool:
    skewness = weight @ ((values - mean) / spread) ** 3 / weight.sum()
    return bool(abs(skewness) > _SKEWED) and len(np.unique(values)) > _MANY


def _is_whole(values: np.ndarray) -> bool:
    there = values[~is_gap(values)]
    return bool((there == np.rint(there)).all())

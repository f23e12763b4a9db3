"""Inference of the kind of each column from the training rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from narrows.data.frames.columns import is_missing
from narrows.data.kinds import Boolean, Category, ColumnKind, DateTime, Ignored, MissingMask
from narrows.data.kinds.ignored import CONSTANT, EMPTY
from narrows.data.rows import Rows
from narrows.data.schema.column_statistics import measure
from narrows.data.schema.identifier_columns import IDENTIFIER, are_identifiers_by_name
from narrows.data.schema.number_kinds import common_mask, common_values, goes_by_quantiles, learn_extent, learn_numbers
from narrows.data.schema.scaling import Scale, learn_numeric
from narrows.errors import DataError, SettingError

_FEW_ROWS = 20  # of less, a different whole number in each row says nothing
_NAMES_ROWS = 0.9  # share of different values from which on a text names its row
_SHOWN = 5


def learn_kinds(
    rows: Rows, *, scale: Scale, with_masks: bool, categorical: Sequence[str], sample_weight: np.ndarray | None
) -> tuple[tuple[ColumnKind, ...], str]:
    """Return the kinds of the columns, and the unit of a float in words.

    A table of numbers without missing cells is one block of `Numeric`, unless a column is normalised by its quantiles
    or has a common value. In every other table each column is scaled separately, so that the floats of numbers,
    categories and dates have similar size. Only columns with names can be identifiers, ratings, amounts with a fixed
    number of decimals, or amounts that are mostly 0.

    with_masks : whether missing cells get a mask. categorical : names of columns to encode as categories.
    """
    forced = _places_of(categorical, rows)
    weight = np.ones(len(rows)) if sample_weight is None else sample_weight
    everything = rows
    if not (weight > 0).all() and (weight > 0).any():  # rows that do not count are not looked at
        rows, weight = rows.take(weight > 0), weight[weight > 0]
    if rows.names is not None and rows.image_shape is None:
        forced |= {i for i, name in enumerate(rows.names) if _is_named_so(rows, i, name)}
    aside = (
        []
        if rows.image_shape
        else [s for i in range(rows.n_columns) if (s := _named_rows(rows, i, forced, with_masks))]
    )
    left = np.setdiff1d(np.arange(rows.n_columns), [s.columns[0] for s in aside])
    if not len(left):
        raise DataError(_nothing_left(rows, aside))
    if rows.image_shape is not None and scale == "quantile":
        raise SettingError('scale="quantile" is for the columns of tables; all pixels of images have one scale.')
    common = common_values(rows, np.setdiff1d(left, list(forced)), weight) if goes_by_quantiles(scale) else {}
    if scale != "quantile" and not common and _is_plain(rows, left, forced, with_masks):
        part = everything.select(left)
        found = measure(part, sample_weight)
        numeric, unit = learn_numeric(part, found, scale, columns=left, sample_weight=sample_weight)
        if rows.names is not None and rows.image_shape is None:
            extent = learn_extent(rows.select(left), found)
            is_integer = np.array([np.dtype(name).kind in "iu" for name in part.dtypes])
            # Measurements may be decoded beyond the training range, counts may not.
            numeric = replace(numeric, extent=extent.widened(is_integer | (extent.decimals == 0)))
        if aside and numeric.constant.all():
            raise DataError(_nothing_left(rows, aside + [s for i in left if (s := _constant(rows, int(i), False))]))
        return (numeric, *aside), unit
    aside += [s for i in left if (s := _constant(rows, int(i), with_masks))]
    left = np.setdiff1d(left, [s.columns[0] for s in aside])
    if not len(left):
        raise DataError(_nothing_left(rows, aside))
    kinds, unit = _mixed(rows, left, forced, common, scale, with_masks, weight)
    return (*kinds, *sorted(aside, key=lambda s: s.columns[0])), unit


def _places_of(names: Sequence[str], rows: Rows) -> set[int]:
    if isinstance(names, str):
        raise SettingError("categorical must be a sequence of column names, not one text.")
    places = {name: i for i, name in enumerate(rows.feature_names)}
    for name in names:
        if name not in places:
            raise SettingError(f"categorical names a column {name!r} that {rows.source} does not have.")
    return {places[name] for name in names}


def _is_named_so(rows: Rows, i: int, name: str) -> bool:
    """Return whether the numbers of a column are identifiers; not where its text or the user decides on a number."""
    kind = rows.column_type(i)
    return (kind is None or kind.text_format is None) and are_identifiers_by_name(name, rows.column(i))


def _is_plain(rows: Rows, columns: np.ndarray, forced: set[int], with_masks: bool) -> bool:
    if rows.image_shape is not None:
        return True
    dtypes = rows.dtypes
    if forced or any(np.dtype(dtypes[i]).kind not in "biuf" for i in columns):
        return False
    if not with_masks:
        return True
    if isinstance(rows.values, tuple):
        return not any(is_missing(rows.column(i)).any() for i in columns)
    return not any(is_missing(rows.block(rows=chunk)).any() for chunk in rows.chunks())


# -- ignored columns


def _named_rows(rows: Rows, i: int, forced: set[int], with_masks: bool) -> Ignored | None:
    """Return the kind of a column that is empty, holds lists, or identifies rows; None for others."""
    values, of_frame = rows.column(i), rows.column_type(i)
    if of_frame is not None and of_frame.ignored:
        return Ignored.of(i, of_frame.ignored, values.dtype)
    is_text, is_whole = values.dtype == object, values.dtype.kind in "iu"
    if not is_text and not is_whole:
        # A block of numbers has all its columns looked at when it is measured.
        looked_at = isinstance(rows.values, tuple) or with_masks
        empty = looked_at and bool(is_missing(values[:1]).all()) and bool(is_missing(values).all())
        return Ignored.of(i, EMPTY, values.dtype) if empty else None
    if is_whole:
        reason = _counts_or_names(values, rows.names[i]) if rows.names is not None and i not in forced else None
        return Ignored.of(i, reason, values.dtype) if reason else None
    present = values[~is_missing(values)]
    if not len(present):
        return Ignored.of(i, EMPTY, values.dtype)
    if i in forced:
        return None
    n_levels = len(set(present.tolist()))
    if n_levels > 1 and n_levels > _NAMES_ROWS * len(present):
        return Ignored.of(i, "a different value in almost every row", values.dtype)
    found = Category.learn(i, present, np.ones(len(present)))
    if found.rare and n_levels > found.width and found.shares[-1] > 0.5:
        return Ignored.of(i, f"too many levels ({n_levels:,})", values.dtype)
    return None


def _counts_or_names(values: np.ndarray, name: str) -> str | None:
    """Return the reason to ignore whole numbers: they count the rows, or all differ under a name such as "id"."""
    if len(values) < _FEW_ROWS:
        return None
    if IDENTIFIER.search(name) and len(np.unique(values)) == len(values):
        return "a different value in every row"
    if values[0] in (0, 1) and bool((np.diff(values.astype(np.float64)) == 1).all()):
        return "counts the rows"
    return None


def _constant(rows: Rows, i: int, with_masks: bool) -> Ignored | None:
    """Return the kind of a constant column; None for others, and where missing cells tell its rows apart."""
    values = rows.column(i)
    missing = is_missing(values)
    if with_masks and missing.any():
        return None
    present = values[~missing]
    same = present == present[0]
    return Ignored.of(i, CONSTANT, values.dtype, present[0]) if bool(same.all()) else None


def _nothing_left(rows: Rows, aside: list[Ignored]) -> str:
    names = rows.feature_names
    aside = sorted(aside, key=lambda s: s.columns[0])
    ignored = ", ".join(f"{names[s.columns[0]]!r} ({s.reason})" for s in aside[:_SHOWN])
    ignored += ", ..." if len(aside) > _SHOWN else ""
    return f"{rows.source} has no column to learn from; ignored: {ignored}."


# -- learned columns


def _mixed(
    rows: Rows,
    columns: np.ndarray,
    forced: set[int],
    common: dict[int, float],
    scale: Scale,
    with_masks: bool,
    weight: np.ndarray,
) -> tuple[list[ColumnKind], str]:
    """Return the kinds in the order of their losses: squared errors, binary cross-entropies, then categories."""
    numbers, truths, categories, dates = [], [], [], []
    masked: list[int] = []
    for i in (int(column) for column in columns):
        values = rows.column(i)
        missing = is_missing(values)
        if with_masks and missing.any():
            masked.append(i)
        present, counted = values[~missing], weight[~missing]
        is_single = bool((present == present[0]).all())
        kind = rows.column_type(i)
        if i in forced or values.dtype == object or is_single:
            categories.append(Category.learn(i, present, counted))
        elif values.dtype.kind == "M":
            dates.append(DateTime.learn(i, present, counted))
        elif values.dtype == bool or (kind is not None and kind.name == "Boolean"):
            truths.append(i)
        else:
            numbers.append(i)
    kinds: list[ColumnKind] = []
    unit = "standard deviations"
    if numbers:
        found, unit = learn_numbers(rows, np.array(numbers), scale, weight, common)
        kinds += found
    kinds += dates
    if truths:
        kinds.append(Boolean(np.array(truths), _shares(rows, truths, weight)))
    if common:
        kinds.append(common_mask(rows, common, weight, masked))
    if masked:
        total = weight.sum()
        shares = np.array([weight[is_missing(rows.column(i))].sum() / total for i in masked])
        kinds.append(MissingMask(np.array(masked), shares))
    return [*kinds, *categories], unit


def _shares(rows: Rows, columns: list[int], weight: np.ndarray) -> np.ndarray:
    """Return the shares of true among the present cells."""
    values = [rows.column(i).astype(np.float64) for i in columns]
    return np.array([np.nansum(v * weight) / weight[~np.isnan(v)].sum() for v in values])

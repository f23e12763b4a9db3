"""Columns as floats, inside a graph: one emitter for each column kind, equal to its `encode`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from narrows.data import holds
from narrows.data.kinds import (
    Boolean,
    Category,
    CommonValue,
    DateTime,
    Ignored,
    MissingMask,
    Numeric,
    Quantile,
)
from narrows.data.kinds.date_time import PERIODS
from narrows.errors import SettingError
from narrows.export.graph import ML
from narrows.export.ports import ColumnInputs, checked_whole, date_unit
from narrows.export.sorted_lookup import interpolated


def encoded(inputs: ColumnInputs) -> str:
    """Return the floats of the rows, float32 (n, n_floats), as `Schema.encode` has them."""
    parts = []
    for kind, place in inputs.schema.float_slices():
        if type(kind) not in ENCODERS:
            raise SettingError(f"{type(kind).__name__} is a column kind without an emitter, so it cannot be exported.")
        if place.stop > place.start:
            parts.append(ENCODERS[type(kind)](inputs, kind))
    return inputs.graph.cast(inputs.graph.concat(parts), np.float32)


def changed_constants(inputs: ColumnInputs) -> list[str]:
    """Return where each constant column of the fit has another value, bool (n, 1) each, as `Ignored.differs` has it."""
    return [_differs(inputs, kind) for kind in inputs.schema.constant_columns.values()]


def unknown_levels(inputs: ColumnInputs, floats: str) -> list[str]:
    """Return where each category has a level that no training row has, bool (n, 1) each, from the encoded rows."""
    g, found = inputs.graph, []
    for kind, place in inputs.schema.float_slices():
        if isinstance(kind, Category):
            whole = g.sum(g.columns(floats, range(place.start, place.stop)), 1, keep=True)
            is_none = g.op("Less", whole, g.constant(0.5, np.float32))
            found.append(g.op("And", is_none, g.op("Not", inputs.missing(int(kind.columns[0])))))
    return found


def with_rare_levels(inputs: ColumnInputs, floats: str) -> str:
    """Return encoded rows, float32 (n, d), with unknown levels as rare ones where a column has some."""
    g, found = inputs.graph, unknown_levels(inputs, floats)
    categories = [(kind, place) for kind, place in inputs.schema.float_slices() if isinstance(kind, Category)]
    for (kind, place), is_unknown in zip(categories, found, strict=True):
        if kind.rare:  # all floats of an unknown level are 0
            is_last = np.arange(inputs.schema.n_floats)[None] == place.stop - 1
            added = g.op("Mul", g.cast(is_unknown, np.float32), g.constant(is_last, np.float32))
            floats = g.op("Add", floats, added)
    return floats


def _numeric(inputs: ColumnInputs, kind: Numeric) -> str:
    g, block = inputs.graph, inputs.block(kind.columns)
    if not _is_whole(inputs):
        block = g.where(g.op("IsNaN", block), g.constant(kind.fill[None]), block)
    if kind.offset.any():
        block = g.op_double("Sub", block, _same_as_one(kind.offset))
    return block if (kind.scale == 1).all() else g.op_double("Div", block, _same_as_one(kind.scale))


def _quantile(inputs: ColumnInputs, kind: Quantile) -> str:
    g, i = inputs.graph, int(kind.columns[0])
    values, missing = inputs.number(i), inputs.missing(i)
    if kind.common is not None:
        missing = g.op("Or", missing, g.op_double("Equal", values, kind.common))
    inside = g.clip(values, kind.knots[0], kind.knots[-1])
    beyond = g.op_double("Div", g.op("Sub", values, inside), kind.spread)
    floats = g.op("Add", interpolated(g, values, [kind.knots], [kind.scores]), beyond)
    return g.where(missing, g.constant([[0.0]]), floats)


def _date(inputs: ColumnInputs, kind: DateTime) -> str:
    g, moments = inputs.graph, inputs.moments(int(kind.columns[0]))
    seconds = moments.in_seconds(g)
    floats = [g.op_double("Div", g.op_double("Sub", seconds, kind.mean), kind.spread)]
    for name in kind.cycles:
        period = PERIODS[name]
        rest = g.op("Mod", seconds, g.constant(period), fmod=1)
        rest = g.where(g.op_double("Less", rest, 0.0), g.op_double("Add", rest, period), rest)
        angle = g.op_double("Div", g.op_double("Mul", rest, 2 * np.pi), period)
        floats += [g.op("Sin", angle), g.op("Cos", angle)]
    return g.where(moments.missing, g.constant([[0.0]]), g.concat(floats))


def _boolean(inputs: ColumnInputs, kind: Boolean) -> str:
    g, block = inputs.graph, inputs.block(kind.columns)
    return g.where(g.op("IsNaN", block), g.constant(kind.share[None]), block)


def _common(inputs: ColumnInputs, kind: CommonValue) -> str:
    g, block = inputs.graph, inputs.block(kind.columns)
    is_common = g.cast(g.op_double("Equal", block, kind.value[None]), np.float64)
    return g.where(g.op("IsNaN", block), g.constant(kind.fill[None]), is_common)


def _missing_mask(inputs: ColumnInputs, kind: MissingMask) -> str:
    g = inputs.graph
    return g.cast(g.concat([inputs.missing(int(i)) for i in kind.columns]), np.float64)


def _category(inputs: ColumnInputs, kind: Category) -> str:
    g, i = inputs.graph, int(kind.columns[0])
    keys = level_keys(inputs, kind)
    places = [*range(len(kind.levels)), *[len(kind.levels)] * len(kind.rare)]
    what = holds(inputs.schema, i)
    if what == "text":
        place = g.op(
            "LabelEncoder", inputs.text(i), domain=ML, keys_strings=keys, values_int64s=places, default_int64=-1
        )
        return g.cast(g.op_int("Equal", place, np.arange(kind.width)[None]), np.float64)
    cells = inputs.moments(i).ticks(g, date_unit(inputs.schema, i)) if what == "date" else inputs.number(i)
    is_level = g.cast(g.op("Equal", cells, g.constant(np.array(keys)[None])), np.float64)
    floats = is_level
    if len(keys) > kind.width:  # rare levels share a float
        share = np.zeros((len(keys), kind.width))
        share[np.arange(len(keys)), places] = 1
        floats = g.op_double("MatMul", is_level, share)
    return g.where(inputs.missing(i), g.constant([[0.0]]), floats)


def level_keys(inputs: ColumnInputs, kind: Category) -> list[Any]:
    """Return the levels of a category and its rare ones as texts, float64 numbers or ticks."""
    i, texts = int(kind.columns[0]), [*kind.levels, *kind.rare]
    what = holds(inputs.schema, i)
    if what == "text":
        return texts
    if kind.dtype == "bool":
        return [float(text == "True") for text in texts]
    if what == "date":
        return np.array(texts).astype(kind.dtype).view(np.int64).tolist()
    return [checked_whole(inputs.schema, i, float(text)) for text in texts]


def _differs(inputs: ColumnInputs, kind: Ignored) -> str:
    g, i, value = inputs.graph, int(kind.columns[0]), kind.value
    present = g.op("Not", inputs.missing(i))
    what, dtype = holds(inputs.schema, i), np.dtype(kind.dtype)
    if what == "text":
        cells, constant = inputs.text(i), g.constant([[str(value)]], object)
    elif what == "date":
        cells, constant = inputs.moments(i).ticks(g, date_unit(inputs.schema, i)), g.constant([[value]], np.int64)
    else:
        # A float32 and what it is written as in a file are the same.
        shared = dtype if dtype.kind == "f" else np.dtype(np.float64)
        number = checked_whole(inputs.schema, i, float(value or 0)) if dtype.kind in "iu" else float(value or 0)
        cells = inputs.number(i) if shared == np.float64 else g.cast(inputs.number(i), shared)
        constant = g.constant([[number]], shared)
    return g.op("And", present, g.op("Not", g.op("Equal", cells, constant)))


def _is_whole(inputs: ColumnInputs) -> bool:
    """Return whether the cells come in as whole numbers, none of which is missing."""
    return inputs.is_block and inputs.ports[0].dtype.kind in "biu"


def _same_as_one(values: np.ndarray) -> np.ndarray:
    """Return (c,) as (1, c), or as (1, 1) where all are equal."""
    return values[:1, None] if (values == values[0]).all() else values[None]


ENCODERS: dict[type, Callable[[ColumnInputs, Any], str]] = {
    Numeric: _numeric,
    Quantile: _quantile,
    DateTime: _date,
    Boolean: _boolean,
    CommonValue: _common,
    MissingMask: _missing_mask,
    Category: _category,
    Ignored: lambda inputs, kind: "",
}
"""Emitter of each column kind: floats (n, width), float64."""

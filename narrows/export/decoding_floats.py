"""Floats as columns, inside a graph: one emitter for each column kind, equal to its `decode`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from narrows.data import Schema, holds, is_block, value_kind
from narrows.data.kinds import Boolean, Category, CommonValue, DateTime, Ignored, MissingMask, Numeric, Quantile
from narrows.data.kinds.date_time import PERIODS, STEPS, SURE
from narrows.data.kinds.number_summary import FREE, SPLIT
from narrows.data.kinds.value_range import ValueRange
from narrows.errors import SettingError
from narrows.export import calendar_text
from narrows.export.graph import ROWS, Graph
from narrows.export.ports import (
    TEXT,
    Dates,
    Port,
    block_port,
    date_unit,
    free_name,
    port_names,
)
from narrows.export.sorted_lookup import count_below, interpolated, taken

RECONSTRUCTION = "reconstruction"

_YEARS = np.array(["0000-01-01", "9999-12-31"], dtype="datetime64[D]")  # that four digits express


def emit_reconstruction(g: Graph, schema: Schema, floats: str, dates: Dates, taken_names: Sequence[str]) -> list[Port]:
    """Declare the outputs of decoded floats, float32 (n, n_floats); return their ports.

    One array "reconstruction" in the form of the input where that is one, else "reconstruction.COLUMN" for each
    column that the model learned from.
    """
    floats = g.cast(floats, np.float64)
    if is_block(schema):
        port = block_port(schema, RECONSTRUCTION, is_input=False)
        block = _decoded_block(g, schema, floats)
        block = g.reshape(block, _channels_last(schema)) if len(port.shape) > 2 else block
        if schema.image_shape is not None and schema.layout == "chw":
            block = g.op("Transpose", block, perm=[0, 3, 1, 2])
        elif schema.image_shape is not None and schema.layout == "hw":
            block = g.op("Squeeze", block, g.constant([3], np.int64))
        g.output(port.name, _in_dtype(g, block, port.dtype), port.dtype, port.shape, port.doc)
        return [port]
    names, ports = port_names(schema), []
    for i, column in sorted(_decoded(g, schema, floats, dates).items()):
        name = free_name(f"{RECONSTRUCTION}.{names[i]}", [*taken_names, *(port.name for port in ports)])
        what, dtype = holds(schema, i), np.dtype(schema.dtypes[i])
        if what == "number":
            column = _in_dtype(g, column, dtype)
            port = Port(name, dtype, (ROWS,), "number")
        elif what == "date" and dates == "int64":
            port = Port(name, np.dtype(np.int64), (ROWS,), "date, in the unit of the input")
        else:
            port = Port(name, TEXT, (ROWS,), "date, as ISO 8601 text" if what == "date" else "text")
        g.output(port.name, g.flat(column), port.dtype, port.shape, port.doc)
        ports.append(port)
    return ports


def _channels_last(schema: Schema) -> tuple[int, ...]:
    assert schema.image_shape is not None
    return schema.image_shape


def _decoded_block(g: Graph, schema: Schema, floats: str) -> str:
    """Return all columns as float64 (n, n_columns)."""
    kind = schema.kinds[0]
    if len(schema.kinds) == 1 and isinstance(kind, Numeric):
        return _numeric_block(g, kind, floats)
    columns = _decoded(g, schema, floats, "text")
    missing = g.constant([[np.nan]])  # of a column that the model did not learn from
    return g.concat([columns.get(i) or _constant_of(g, schema, i, floats, missing) for i in range(schema.n_columns)])


def _constant_of(g: Graph, schema: Schema, i: int, floats: str, missing: str) -> str:
    kind = value_kind(schema, i)
    assert isinstance(kind, Ignored)
    value = missing if kind.value is None else g.constant([[float(kind.value)]])
    one = g.columns(floats, [0])
    return g.where(g.op("Equal", one, one), value, missing)


def _decoded(g: Graph, schema: Schema, floats: str, dates: Dates) -> dict[int, str]:
    """Return column -> its values (n, 1): float64, texts, or ticks of dates; ignored columns are not among them."""
    slices = [(kind, place) for kind, place in schema.float_slices() if place.stop > place.start]
    parts = g.split(floats, [place.stop - place.start for _, place in slices])
    columns: dict[int, str] = {}
    masks: list[tuple[CommonValue, str]] = []
    for (kind, _), part in zip(slices, parts, strict=True):
        if isinstance(kind, CommonValue):
            masks.append((kind, part))
        elif not isinstance(kind, MissingMask):
            columns |= DECODERS[type(kind)](g, schema, kind, part, dates)
    for kind, part in masks:
        is_it = g.split(g.op_double("GreaterOrEqual", part, 0.5), [1] * len(kind.columns))
        for i, value, where in zip(kind.columns.tolist(), kind.value.tolist(), is_it, strict=True):
            columns[i] = g.where(where, g.constant([[value]]), columns[i])
    return columns


def _numeric(g: Graph, schema: Schema, kind: Numeric, floats: str, dates: Dates) -> dict[int, str]:
    columns = g.split(_numeric_block(g, kind, floats), [1] * len(kind.columns))
    return dict(zip(kind.columns.tolist(), columns, strict=True))


def _numeric_block(g: Graph, kind: Numeric, floats: str) -> str:
    block = floats if (kind.scale == 1).all() else g.op_double("Mul", floats, kind.scale[None])
    block = g.op_double("Add", block, kind.offset[None]) if kind.offset.any() else block
    if kind.constant.any():
        block = g.where(g.constant(kind.constant[None]), g.constant(kind.fill[None]), block)
    return block if kind.extent is None else _kept(g, kind.extent, block)


def _kept(g: Graph, extent: ValueRange, block: str) -> str:
    """Round, move to levels and clip (n, c), as `ValueRange.keep` does."""
    if (extent.decimals != FREE).any():
        block = _rounded(g, block, extent.decimals)
    if any(levels is not None for levels in extent.levels):
        columns = g.split(block, [1] * len(extent.levels))
        for place, levels in enumerate(extent.levels):
            if levels is not None:
                between = (levels[:-1] + levels[1:]) / 2
                columns[place] = taken(g, [levels], count_below(g, columns[place], [between], or_equal=False))
        block = g.concat(columns)
    return g.clip(block, extent.low[None], extent.high[None])


def _rounded(g: Graph, values: str, decimals: np.ndarray) -> str:
    """Return (n, c) rounded to decimals (c,), as `number_summary.rounded` does; `FREE` columns as they are."""
    unit = np.where(decimals == FREE, 1.0, 10.0 ** np.maximum(decimals, 0))[None]
    split = g.op_double("Mul", values, SPLIT)
    high = g.op("Sub", split, g.op("Sub", split, values))
    scaled = g.op_double("Mul", values, unit)
    whole = g.op("Round", scaled)
    rest = g.op("Sub", g.op_double("Mul", high, unit), whole)
    rest = g.op("Add", rest, g.op_double("Mul", g.op("Sub", values, high), unit))
    up = g.cast(g.op_double("Greater", rest, 0.5), np.float64)
    down = g.cast(g.op_double("Less", rest, -0.5), np.float64)
    whole = g.op("Sub", g.op("Add", whole, up), down)
    is_small = g.op_double("Less", g.op("Abs", scaled), 2.0**52)
    is_small = g.op("And", is_small, g.constant((decimals != FREE)[None]))
    return g.where(is_small, g.op_double("Add", g.op_double("Div", whole, unit), 0.0), values)


def _quantile(g: Graph, schema: Schema, kind: Quantile, floats: str, dates: Dates) -> dict[int, str]:
    if kind.cuts is not None:
        values = taken(g, [kind.knots], count_below(g, floats, [kind.cuts], or_equal=False))
    else:
        values = interpolated(g, floats, [kind.scores], [kind.knots])
        values = values if kind.decimals == FREE else _rounded(g, values, np.array([kind.decimals]))
    return {int(kind.columns[0]): values}


def _boolean(g: Graph, schema: Schema, kind: Boolean, floats: str, dates: Dates) -> dict[int, str]:
    truths = g.cast(g.op_double("GreaterOrEqual", floats, 0.5), np.float64)
    return dict(zip(kind.columns.tolist(), g.split(truths, [1] * len(kind.columns)), strict=True))


def _category(g: Graph, schema: Schema, kind: Category, floats: str, dates: Dates) -> dict[int, str]:
    i = int(kind.columns[0])
    what, texts = holds(schema, i), [*kind.levels, *kind.rare[:1]]
    place = g.op("ArgMax", floats, axis=1, keepdims=1)
    if what == "text":
        values = g.constant(np.array(texts, dtype=object))
    elif what == "number":
        is_truth = kind.dtype == "bool"
        values = g.constant([float(text == "True") if is_truth else float(text) for text in texts], np.float64)
    elif dates == "text":
        values = g.constant(np.array(texts, dtype=object))
    else:
        values = g.constant(np.array(texts).astype(kind.dtype).view(np.int64))
    return {i: g.op("Gather", values, place)}


def _date(g: Graph, schema: Schema, kind: DateTime, floats: str, dates: Dates) -> dict[int, str]:
    i = int(kind.columns[0])
    unit = date_unit(schema, i)
    _check_years(schema, i, kind, dates)
    parts = g.split(floats, [1] * (1 + 2 * len(kind.cycles)))
    seconds = g.op_double("Add", g.op_double("Mul", parts[0], kind.spread), kind.mean)
    for name, sine, cosine in zip(kind.cycles, parts[1::2], parts[2::2], strict=True):
        period = PERIODS[name]
        length = g.op("Sqrt", g.op("Add", g.op("Mul", sine, sine), g.op("Mul", cosine, cosine)))
        phase = g.op_double("Mul", g.op_double("Div", _angle(g, sine, cosine, length), 2 * np.pi), period)
        turns = g.op("Round", g.op_double("Div", g.op("Sub", seconds, phase), period))
        nearest = g.op("Add", phase, g.op_double("Mul", turns, period))
        seconds = g.where(g.op_double("Greater", length, SURE), nearest, seconds)
    if kind.step is not None:
        seconds = g.op_double("Mul", g.op("Round", g.op_double("Div", seconds, STEPS[kind.step])), STEPS[kind.step])
    ticks = _ticks(g, seconds, kind, unit)
    return {i: calendar_text.to_text(g, ticks, unit) if dates == "text" else ticks}


def _ticks(g: Graph, seconds: str, kind: DateTime, unit: str) -> str:
    """Return the nearest ticks within the range of the fit, int64; seconds and their fraction are converted apart."""
    per_second = 1 / 86_400 if unit == "D" else float(calendar_text.PER_SECOND[unit])
    seconds = g.clip(seconds, kind.low / per_second, kind.high / per_second)
    if unit == "D":
        ticks = g.cast(g.op("Round", g.op_double("Mul", g.op("Floor", seconds), per_second)), np.int64)
    else:
        whole = g.op("Floor", seconds)
        rest = g.cast(g.op("Round", g.op_double("Mul", g.op("Sub", seconds, whole), per_second)), np.int64)
        ticks = g.op("Add", g.op_int("Mul", g.cast(whole, np.int64), int(per_second)), rest)
    return g.clip(ticks, kind.low, kind.high, np.int64)


def _angle(g: Graph, sine: str, cosine: str, length: str) -> str:
    """Return atan2(sine, cosine), float64.

    ONNX has the arc tangent of a float32 quotient alone: 2 atan(sine / (length + cosine)), from which one step of
    Newton's method leads to float64.
    """
    turned = g.op("Div", sine, g.op_double("Add", g.op("Add", length, cosine), 1e-30))
    near = g.op_double("Mul", g.cast(g.op("Atan", g.cast(turned, np.float32)), np.float64), 2.0)
    across = g.op("Sub", g.op("Mul", sine, g.op("Cos", near)), g.op("Mul", cosine, g.op("Sin", near)))
    return g.op("Add", near, g.op("Div", across, g.op_double("Max", length, 1e-30)))


def _check_years(schema: Schema, i: int, kind: DateTime, dates: Dates) -> None:
    ends = np.array([kind.low, kind.high]).view(kind.dtype).astype("datetime64[D]")
    if dates == "text" and not (_YEARS[0] <= ends[0] and ends[1] <= _YEARS[1]):
        raise SettingError(
            f"Column {schema.feature_names[i]!r} has dates outside the years 0 to 9999, which ISO texts do not hold; "
            "export with dates='int64'."
        )


def _in_dtype(g: Graph, values: str, dtype: np.dtype) -> str:
    """Return float64 values in the dtype of the fit, as decoding rounds and clips them."""
    if dtype == np.float64:
        return values
    if dtype.kind == "b":
        return g.op_double("GreaterOrEqual", values, 0.5)
    if dtype.kind == "f":
        limits = np.finfo(dtype)
        return g.cast(g.clip(values, float(limits.min), float(limits.max)), dtype)
    limits = np.iinfo(dtype)
    top = float(limits.max)
    top = float(np.nextafter(top, 0)) if int(top) > limits.max else top
    return g.cast(g.clip(g.op("Round", values), float(limits.min), top), dtype)


DECODERS: dict[type, Callable[[Graph, Schema, Any, str, Dates], dict[int, str]]] = {
    Numeric: _numeric,
    Quantile: _quantile,
    DateTime: _date,
    Boolean: _boolean,
    Category: _category,
}
"""Emitter of each column kind that has values: column -> (n, 1) from floats (n, width), float64."""

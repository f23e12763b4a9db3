"""Inputs and outputs of an exported model: their names, their types, and columns as arrays of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from narrows.data import Schema, holds, input_columns, is_block, value_kind
from narrows.data.kinds import Category, DateTime, Ignored
from narrows.errors import SettingError
from narrows.export import calendar_text
from narrows.export.calendar_text import PER_SECOND, Moments
from narrows.export.graph import ROWS, Graph

Dates = Literal["text", "int64"]
"""Form of dates in inputs and outputs: ISO 8601 text, or ticks since 1970 in the unit of the column's dtype."""

TEXT = np.dtype(object)
_EXACT = 2**53  # float64 does not tell larger whole numbers apart


@dataclass(frozen=True)
class Port:
    """One input or output: its name, the type of its elements, its shape, and a sentence on it."""

    name: str
    dtype: np.dtype
    shape: tuple[int | str, ...]
    doc: str

    def to_dict(self) -> dict[str, object]:
        """Return the port as JSON values."""
        dtype = "string" if self.dtype == TEXT else self.dtype.name
        return {"name": self.name, "dtype": dtype, "shape": list(self.shape), "doc": self.doc}


@dataclass(eq=False)
class ColumnInputs:
    """The inputs of a model, one for each column, or one array for a table without names and for images.

    Parameters
    ----------
    graph : Graph
    schema : Schema
    dates : {"text", "int64"}
    with_constants : bool
        Whether the columns that were constant in the fit are inputs too.
    """

    graph: Graph
    schema: Schema
    dates: Dates
    with_constants: bool = False
    _columns: dict[int, str] = field(default_factory=dict)
    _missing: dict[int, str] = field(default_factory=dict)
    _moments: dict[int, Moments] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.dates not in get_args(Dates):
            raise SettingError(f"dates={self.dates!r} is not known; choose 'text' or 'int64'.")
        for port in self.ports.values():
            self.graph.input(port.name, port.dtype, port.shape, port.doc)

    @property
    def is_block(self) -> bool:
        """Whether all columns are one array: those of images, and of arrays of numbers."""
        return is_block(self.schema)

    @cached_property
    def ports(self) -> dict[int, Port]:
        """The inputs by column; by 0 where they are one array."""
        if self.is_block:
            return {0: block_port(self.schema, "images" if self.schema.image_shape else "X", is_input=True)}
        names = port_names(self.schema)
        return {i: self._port(i, names[i]) for i in input_columns(self.schema, with_constants=self.with_constants)}

    def block(self, columns: Sequence[int] | np.ndarray) -> str:
        """Return number columns as float64 (n, c)."""
        if not self.is_block:
            return self.graph.concat([self.number(int(i)) for i in columns])
        whole = list(map(int, columns)) == list(range(self.schema.n_columns))
        return self._flat_block if whole else self.graph.columns(self._flat_block, map(int, columns))

    def number(self, i: int) -> str:
        """Return a number column as float64 (n, 1)."""
        return self.graph.columns(self._flat_block, [i]) if self.is_block else self._column(i)

    def text(self, i: int) -> str:
        """Return a text column (n, 1)."""
        return self._column(i)

    def moments(self, i: int) -> Moments:
        """Return a date column."""
        if i not in self._moments:
            if self.dates == "text":
                found = calendar_text.from_text(self.graph, self.ports[i].name)
            else:
                found = calendar_text.from_ticks(self.graph, self._column(i), date_unit(self.schema, i))
            self._moments[i] = found
        return self._moments[i]

    def missing(self, i: int) -> str:
        """Return where a column has no value, bool (n, 1)."""
        if i not in self._missing:
            self._missing[i] = self._missing_of(i)
        return self._missing[i]

    def invalid(self) -> list[str]:
        """Return where texts of date columns are not dates, bool (n, 1) each."""
        dates = [i for i in self.ports if not self.is_block and holds(self.schema, i) == "date"]
        found = [self.moments(i).invalid for i in dates]
        return [mask for mask in found if mask is not None]

    def _missing_of(self, i: int) -> str:
        what = "number" if self.is_block else holds(self.schema, i)
        if what == "date":
            return self.moments(i).missing
        if what == "number":
            return self.graph.op("IsNaN", self.number(i))
        empty = self.graph.op("Equal", self.text(i), self.graph.constant([[""]], object))
        kind = value_kind(self.schema, i)
        if isinstance(kind, Category) and "" in (*kind.levels, *kind.rare):  # it is a level then
            return self.graph.op("And", empty, self.graph.op("Not", empty))
        return empty

    def _column(self, i: int) -> str:
        if i not in self._columns:
            self._columns[i] = self.graph.column(self.ports[i].name)
        return self._columns[i]

    @cached_property
    def _flat_block(self) -> str:
        g, port = self.graph, self.ports[0]
        value = port.name
        if self.schema.image_shape is not None:
            value = g.op("Transpose", value, perm=[0, 2, 3, 1]) if self.schema.layout == "chw" else value
            value = value if self.schema.layout == "flat" else g.reshape(value, [self.schema.n_columns])
        return value if port.dtype == np.float64 else g.cast(value, np.float64)

    def _port(self, i: int, name: str) -> Port:
        what = holds(self.schema, i)
        if what == "text":
            return Port(name, TEXT, (ROWS,), 'text; "" where it is missing')
        if what == "number":
            return Port(name, np.dtype(np.float64), (ROWS,), "number; NaN where it is missing")
        if self.dates == "text":
            return Port(name, TEXT, (ROWS,), 'date, as ISO 8601 text; "" where it is missing')
        doc = f"date, in {_UNITS[date_unit(self.schema, i)]} since 1970-01-01; -2**63 where it is missing"
        return Port(name, np.dtype(np.int64), (ROWS,), doc)


_UNITS = {"D": "days", "s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}


def port_names(schema: Schema) -> list[str]:
    """Return the name of each column in the graph, where no two are equal and none is empty."""
    names: list[str] = []
    for i, name in enumerate(schema.feature_names):
        names.append(free_name(name or f"column {i}", names))
    return names


def free_name(name: str, taken: Sequence[str]) -> str:
    """Return the name, with as many underscores behind it as make it differ from those that are taken."""
    while name in taken:
        name += "_"
    return name


def date_unit(schema: Schema, i: int) -> str:
    """Return the unit of a date column: "D", "s", "ms", "us" or "ns"."""
    kind = value_kind(schema, i)
    assert isinstance(kind, DateTime | Category | Ignored)
    unit = np.datetime_data(np.dtype(kind.dtype))[0]
    if unit != "D" and unit not in PER_SECOND:
        name = schema.feature_names[i]
        raise SettingError(f"Column {name!r} has dates in units of {unit!r}, which cannot be exported; use 's' or 'D'.")
    return unit


def checked_whole(schema: Schema, i: int, value: float) -> float:
    """Return a number of a column; SettingError where float64, in which it comes in, does not hold it."""
    if abs(value) > _EXACT:
        raise SettingError(
            f"Column {schema.feature_names[i]!r} holds whole numbers above 2**53, which float64 does not tell apart; "
            "fit with that column as text to export the model."
        )
    return value


def block_port(schema: Schema, name: str, *, is_input: bool) -> Port:
    """Return the port of all columns as one array: images in the layout of the fit, or (rows, columns)."""
    dtype = np.dtype(schema.dtypes[0])
    if schema.image_shape is None:
        doc = "number; NaN where it is missing" if is_input else "numbers"
        return Port(name, np.dtype(np.float64) if is_input else dtype, (ROWS, schema.n_columns), doc)
    height, width, channels = schema.image_shape
    shapes = {
        "flat": (schema.n_columns,),
        "hw": (height, width),
        "hwc": (height, width, channels),
        "chw": (channels, height, width),
    }
    doc = f"pixels of {height} x {width} x {channels} (height, width, channels), flattened row by row"
    return Port(name, dtype, (ROWS, *shapes[schema.layout]), doc if schema.layout == "flat" else "pixels")

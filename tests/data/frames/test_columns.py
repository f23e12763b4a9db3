"""What comes out of a frame goes back into it: dtypes, levels, gaps."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrows.data import as_rows, to_container
from narrows.data.frames.columns import ColumnType, as_arrow_column, as_column

MOMENTS = [datetime(2020, 1, 1, 5), None, datetime(2021, 7, 3)]
PANDAS = {
    "text": pd.Series(["a", None, "b"]),
    "object": pd.Series(["a", None, "b"], dtype=object),
    "string": pd.Series(["a", None, "b"], dtype="string"),
    "category": pd.Categorical(["hi", None, "lo"], categories=["lo", "mid", "hi"], ordered=True),
    "number levels": pd.Categorical([3, None, 1], categories=[1, 2, 3]),
    "Int64": pd.array([1, None, 3], dtype="Int64"),
    "whole Int64": pd.array([1, 2, 3], dtype="Int64"),
    "UInt8": pd.array([1, None, 3], dtype="UInt8"),
    "Float64": pd.array([1.5, None, 3], dtype="Float64"),
    "boolean": pd.array([True, None, False], dtype="boolean"),
    "arrow whole": pd.Series([1, None, 3], dtype="int64[pyarrow]"),
    "arrow text": pd.Series(["a", None, "b"], dtype="string[pyarrow]"),
    "time": pd.Series(pd.to_datetime(MOMENTS)),
    "zoned": pd.Series(pd.to_datetime(MOMENTS)).dt.tz_localize("Europe/Paris"),
    "seconds": pd.Series(np.array(["2020-01-01", "NaT", "2021-01-01"], dtype="M8[s]")),
    "day objects": pd.Series([date(2020, 1, 1), None, date(2021, 5, 5)], dtype=object),
    "span": pd.Series(pd.to_timedelta(["1 days", None, "2 h"])),
    "long": pd.array([2**60 + 1, None, 3], dtype="Int64"),
    "float32": np.array([1, np.nan, 2], np.float32),
    "bool": np.array([True, False, True]),
}
POLARS = {
    "text": pl.Series(["a", None, "b"]),
    "categorical": pl.Series(["a", None, "b"], dtype=pl.Categorical),
    "enum": pl.Series(["hi", None, "lo"], dtype=pl.Enum(["lo", "mid", "hi"])),
    "whole": pl.Series([1, None, 3], dtype=pl.Int32),
    "float": pl.Series([1.5, None, 3], dtype=pl.Float32),
    "bool": pl.Series([True, None, False]),
    "day": pl.Series([date(2020, 1, 1), None, date(2021, 5, 5)]),
    "time": pl.Series(MOMENTS, dtype=pl.Datetime("ms")),
    "zoned": pl.Series(MOMENTS, dtype=pl.Datetime("us")).dt.replace_time_zone("Asia/Tokyo"),
    "span": pl.Series([timedelta(hours=5), None, timedelta(1)]),
    "long": pl.Series([2**60 + 1, None, 3]),
}
ARROW = {
    "text": pa.array(["a", None, "b"]),
    "large text": pa.array(["a", None, "b"], "large_string"),
    "small levels": pa.DictionaryArray.from_arrays(
        pa.array([1, None, 0], "int8"), pa.array(["a", "b"], "large_string")
    ),
    "levels": pa.DictionaryArray.from_arrays(pa.array([1, None, 0], pa.int32()), pa.array(["lo", "hi"])),
    "whole": pa.array([1, None, 3], pa.int16()),
    "float": pa.array([1.5, None, 3]),
    "bool": pa.array([True, None, False]),
    "day": pa.array([date(2020, 1, 1), None, date(2021, 5, 5)]),
    "time": pa.array(MOMENTS, pa.timestamp("s")),
    "zoned": pa.array(MOMENTS, pa.timestamp("us", "UTC")),
    "span": pa.array([timedelta(hours=5), None, timedelta(1)], pa.duration("ms")),
}


@pytest.mark.parametrize("name", PANDAS)
def test_a_pandas_column_comes_back(name):
    frame = pd.DataFrame(
        {"c": PANDAS[name]}, index=["p", "q", "r"] if not isinstance(PANDAS[name], pd.Series) else None
    )
    pd.testing.assert_frame_equal(to_container(as_rows(frame)), frame)


@pytest.mark.parametrize("name", POLARS)
def test_a_polars_column_comes_back(name):
    frame = pl.DataFrame({"c": POLARS[name]})
    back = to_container(as_rows(frame))
    assert back.schema == frame.schema
    assert back.equals(frame)


@pytest.mark.parametrize("name", ARROW)
def test_an_arrow_column_comes_back(name):
    table = pa.table({"c": ARROW[name]})
    assert to_container(as_rows(table)).equals(table)


@pytest.mark.parametrize("frames", [PANDAS, POLARS, ARROW], ids=["pandas", "polars", "pyarrow"])
def test_types_are_saved_as_json(frames):
    make = {id(PANDAS): pd.DataFrame, id(POLARS): pl.DataFrame, id(ARROW): pa.table}[id(frames)]
    for column in frames.values():
        kind = as_rows(make({"c": column})).column_type(0)
        if kind is not None:
            assert ColumnType.restore(json.loads(json.dumps(kind.describe()))) == kind


def test_cells_of_several_kinds_are_text_and_said_to_be():
    rows = as_rows(pd.DataFrame({"c": [1, "oops", None, 2.5]}))
    assert rows.column(0).tolist() == ["1", "oops", None, "2.5"]
    assert rows.notes == ("Column 'c' of X holds float and int and str cells, so it is read as text.",)


def test_a_level_that_only_the_values_know_is_appended():
    rows = as_rows(pd.DataFrame({"c": pd.Categorical(["a", "b", "a"])}))
    rows.column(0)[1] = "new"
    assert to_container(rows)["c"].cat.categories.tolist() == ["a", "b", "new"]


@pytest.mark.parametrize(
    "stored", [{"name": "Complex"}, {"name": "Enum", "levels": [[1]]}, {"name": "Date", "unit": 3}]
)
def test_nonsense_is_not_restored(stored):
    with pytest.raises((ValueError, TypeError)):
        ColumnType.restore(stored)


ARROW_NUMBERS = [
    *(getattr(pa, f"{sign}int{bits}")() for sign in ("", "u") for bits in (8, 16, 32, 64)),
    *(pa.float16(), pa.float32(), pa.float64(), pa.bool_()),
]


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_column_of_numbers_of_an_arrow_table_is_that_of_the_frame(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(ARROW_NUMBERS))
    cell: st.SearchStrategy = st.booleans()
    if pa.types.is_integer(kind):
        low, high = np.iinfo(kind.to_pandas_dtype()).min, np.iinfo(kind.to_pandas_dtype()).max
        cell = st.integers(int(low), int(high)) | st.integers(0, 9)
    elif pa.types.is_floating(kind):
        cell = st.floats(width=kind.bit_width)
    chunks = data.draw(st.lists(st.lists(st.none() | cell, max_size=4), min_size=1, max_size=3))
    as_numpy = kind.to_pandas_dtype()
    arrays = [pa.array([as_numpy(x) if pa.types.is_float16(kind) and x is not None else x for x in chunk], kind)
              for chunk in chunks]  # fmt: skip
    column = pa.chunked_array(arrays, kind)
    found, wanted = as_arrow_column(column, "a", "X"), as_column(nw.from_native(column, series_only=True), "a", "X")
    assert (found.type, found.note, found.values.dtype) == (wanted.type, wanted.note, wanted.values.dtype)
    np.testing.assert_array_equal(found.values, wanted.values)

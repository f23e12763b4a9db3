"""What comes out of a frame goes back into it: dtypes, levels, gaps."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from narrows.data import as_rows, to_container
from narrows.data.frames.columns import ColumnType

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
    assert rows.notes == ("Column 'c' of X holds float and int and str cells, so it is taken for text.",)


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

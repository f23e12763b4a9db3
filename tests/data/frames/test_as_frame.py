"""What holds rows in another form than a frame becomes one, and one row is one."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import dataset

from narrows.data import Schema, as_rows, to_container
from narrows.errors import DataError

TABLE = pa.table({"x": [1.5, 2.5, None], "name": ["a", "b", "a"]})
BATCH = TABLE.to_batches()[0]
DICTS = TABLE.to_pylist()


class Stream:
    """What offers its rows as a stream of Arrow's C interface alone."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return TABLE.__arrow_c_stream__(requested_schema)


class Interchange:
    """What offers its rows by the interchange protocol alone."""

    def __dataframe__(self, nan_as_null: bool = False, allow_copy: bool = True) -> object:
        return TABLE.__dataframe__(nan_as_null, allow_copy)


@pytest.mark.parametrize(
    "X",
    [
        BATCH,
        [BATCH, BATCH.slice(0, 0)],
        pa.RecordBatchReader.from_batches(TABLE.schema, [BATCH]),
        TABLE.to_struct_array(),
        dataset.dataset(TABLE),
        Stream(),
        Interchange(),
        DICTS,
        {name: TABLE[name].to_pylist() for name in TABLE.column_names},
        {"x": np.array([1.5, 2.5, np.nan]), "name": TABLE["name"]},
        np.array([(1.5, "a"), (2.5, "b"), (np.nan, "a")], dtype=[("x", ">f8"), ("name", "U1")]),
        np.rec.fromarrays([[1.5, 2.5, np.nan], ["a", "b", "a"]], names="x,name"),
    ],
    ids=lambda X: type(X).__name__,
)
def test_every_form_of_a_table_becomes_the_same_rows(X):
    rows = as_rows(X)
    assert rows.names == ("x", "name")
    assert rows.container == "pyarrow"
    np.testing.assert_array_equal(rows.column(0), [1.5, 2.5, np.nan])
    assert rows.column(1).tolist() == ["a", "b", "a"]
    assert isinstance(to_container(rows), pa.Table)


def test_dicts_may_lack_keys_and_hold_several_kinds():
    rows = as_rows([{"a": 1, "b": "x"}, {"b": 2, "c": 1.5}])
    assert rows.names == ("a", "b", "c")
    assert rows.column(1).tolist() == ["x", "2"]
    np.testing.assert_array_equal(rows.column(2), [np.nan, 1.5])


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(DataError, match="'a' 1, 'b' 2 rows"):
        as_rows({"a": [1], "b": [1, 2]})


def test_fields_of_several_numbers_are_lists():
    records = np.zeros(3, dtype=[("v", "f4", (2,)), ("n", "i4")])
    assert as_rows(records).names == ("v[0]", "v[1]", "n")


# -- one row

FRAME = pd.DataFrame({"weight": [1.5, 2.5, 3.5], "size": ["L", "S", "L"], "price": [1, 2, 3]})
Row = namedtuple("Row", ["weight", "size", "price"])


@pytest.mark.parametrize("index", ["text", "tuples", "numbers"])
def test_a_series_is_one_row_at_use(index):
    frame = FRAME.copy()
    if index == "tuples":
        frame.columns = pd.MultiIndex.from_tuples([("a", "weight"), ("a", "size"), ("b", "price")])
    if index == "numbers":
        frame.columns = [7, 8, 9]
    schema = Schema.learn(as_rows(frame))
    expected = schema.encode(as_rows(frame))[1:2]
    for row in (frame.iloc[1], frame.iloc[1].tolist(), tuple(frame.iloc[1]), pd.Series(frame.iloc[1].tolist())):
        np.testing.assert_array_equal(schema.encode(as_rows(row, schema=schema)), expected)


@pytest.mark.parametrize(
    "row",
    [Row(2.5, "S", 2), {"weight": 2.5, "size": "S", "price": 2}, pl.from_pandas(FRAME).row(1)],
    ids=["namedtuple", "dict", "row of polars"],
)
def test_other_rows_are_one_row_at_use(row):
    for fitted in (FRAME, pl.from_pandas(FRAME)):
        schema = Schema.learn(as_rows(fitted))
        np.testing.assert_array_equal(schema.encode(as_rows(row, schema=schema)), schema.encode(as_rows(fitted))[1:2])


def test_a_list_of_numbers_is_one_row_of_a_model_of_arrays():
    schema = Schema.learn(as_rows(np.arange(6.0).reshape(3, 2)))
    assert as_rows([1.0, 2.0], schema=schema).block().tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    "X", [FRAME.iloc[0], FRAME["weight"], FRAME.iloc[0].tolist(), [1.0, 2.0], np.ones(3), pl.Series([1.0, 2.0])]
)
def test_one_dimension_is_refused_at_a_fit(X):
    with pytest.raises(DataError, match=r"2D|2-dimensional|table"):
        as_rows(X)


@pytest.mark.parametrize("row", [np.ones(3), ["a", "b"], pd.Series([1.0, 2.0], index=["p", "q"])])
def test_what_is_no_row_of_the_model_is_refused_at_use(row):
    schema = Schema.learn(as_rows(FRAME))
    with pytest.raises(DataError):
        schema.encode(as_rows(row, schema=schema))

"""Gaps are filled in the user's own table, and what is there stays the object that it was."""

from __future__ import annotations

import datetime
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrows.data import Rows, Schema, as_rows, fill_missing

SPANS = st.integers(-(2**62), 2**62)
MOMENTS = st.datetimes(datetime.datetime(1970, 1, 2), datetime.datetime(2200, 1, 1))
OBJECTS = {
    "whole numbers": st.integers(-(2**52), 2**52),
    "truth values": st.booleans(),
    "decimals": st.decimals(-1000, 1000, allow_nan=False, places=2),
    "floats": st.floats(-1e9, 1e9),
    "numbers of several kinds": st.one_of(st.integers(-9, 9), st.booleans(), st.floats(-1e3, 1e3)),
    "texts": st.sampled_from(["a", "b", "01", " c "]),
    "texts and numbers": st.sampled_from(["a", 1, 2.5, "1"]),
    "days": st.dates(),
    "moments": MOMENTS,
}
DTYPES = {
    "float64": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "float32": st.floats(-(2.0**99), 2.0**99, width=32),
    "float16": st.floats(allow_nan=False, allow_infinity=False, width=16),
    "Float32": st.floats(-(2.0**99), 2.0**99, width=32),
    "Int8": st.integers(-128, 127),
    "Int64": st.integers(-(2**63), 2**63 - 1),
    "UInt64": st.integers(0, 2**64 - 1),
    "boolean": st.booleans(),
    "str": st.text('aé," \n', max_size=3),
    "string": st.sampled_from(["x", "y"]),
    "category": st.sampled_from(["x", "y"]),
    "timedelta64[ns]": SPANS.map(pd.Timedelta),
    "datetime64[us]": MOMENTS,
    "datetime64[ns, Europe/Berlin]": MOMENTS.map(lambda m: pd.Timestamp(m).floor("s").tz_localize("UTC")),
}
ARROW = {
    "int64": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "uint8": (pa.uint8(), st.integers(0, 255)),
    "decimal": (pa.decimal128(12, 2), st.decimals(-1000, 1000, allow_nan=False, places=2)),
    "bool": (pa.bool_(), st.booleans()),
    "text": (pa.large_string(), st.text('aé," \n', max_size=3)),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), st.sampled_from(["x", "y"])),
    "time": (pa.time64("us"), st.times()),
    "list": (pa.list_(pa.int64()), st.lists(st.integers(0, 3), min_size=2, max_size=2)),
    "date": (pa.date32(), st.dates()),
    "duration": (pa.duration("ns"), SPANS.map(pd.Timedelta)),
    "moment": (pa.timestamp("ms", "Europe/Berlin"), MOMENTS.map(lambda m: pd.Timestamp(m).floor("s"))),
}


def gappy(cells: st.SearchStrategy) -> st.SearchStrategy[list]:
    """Lists of cells, some missing and some there; each thrice, since what differs in every row is set aside."""
    lists = st.lists(st.one_of(st.none(), cells), min_size=3, max_size=12)
    return lists.filter(lambda found: any(cell is not None for cell in found) and None in found).map(lambda f: f * 3)


def filled(X: object, result: float = 0.3) -> tuple[Rows, object]:
    """The rows of X, and X filled with what a network would answer that says the same number for all floats."""
    rows = as_rows(X)
    schema = Schema.learn(replace(rows, notes=()))
    floats = np.full((len(rows), schema.n_floats), result, dtype=np.float32)
    return rows, fill_missing(X, rows, schema.fill(rows, floats))


@pytest.mark.parametrize("name", OBJECTS)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_objects_of_pandas_stay_the_objects_they_were_and_gaps_become_such_objects(name: str, data) -> None:
    cells = data.draw(gappy(OBJECTS[name]))
    frame = pd.DataFrame({"c": pd.Series(cells, dtype=object), "x": np.arange(len(cells)) % 3 * 1.5})
    _, answer = filled(frame)
    assert answer["c"].dtype == object
    kinds = {type(cell) for cell in cells if cell is not None}
    for before, after in zip(cells, answer["c"].tolist(), strict=True):
        assert after is before if before is not None else True
        assert after is not None
        assert type(after) in kinds or len(kinds) > 1 or name == "days"
    assert frame["c"].tolist() == cells


@pytest.mark.parametrize("name", DTYPES)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_cells_of_pandas_stay_as_they_are_under_their_dtype(name: str, data) -> None:
    cells = data.draw(gappy(DTYPES[name]))
    frame = pd.DataFrame({"c": pd.Series(pd.array(cells, dtype=name)), "x": np.arange(len(cells)) % 3 * 1.5})
    _, answer = filled(frame)
    there = frame["c"].notna()
    assert answer["c"].dtype == frame["c"].dtype
    assert answer["c"].notna().all()
    pd.testing.assert_series_equal(answer["c"][there], frame["c"][there], check_exact=True)


@pytest.mark.parametrize("name", ARROW)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_cells_of_arrow_and_polars_stay_as_they_are_under_their_type(name: str, data) -> None:
    kind, cells = ARROW[name]
    cells = data.draw(gappy(cells))
    table = pa.table({"c": pa.array(cells, kind), "x": np.arange(len(cells)) % 3 * 1.5})
    rows, answer = filled(table)
    kept = ~np.equal(np.array([None if c is None else 1 for c in cells], dtype=object), None).astype(bool)
    assert answer.schema.equals(table.schema)
    assert answer["c"].null_count == 0
    assert answer["c"].filter(pa.array(kept)).equals(table["c"].filter(pa.array(kept)))
    frame = pl.from_arrow(table)
    rows, answer = filled(frame)
    assert answer.schema == frame.schema
    assert answer["c"].null_count() == 0
    assert answer["c"].filter(kept).equals(frame["c"].filter(kept))
    assert len(rows) == len(cells)

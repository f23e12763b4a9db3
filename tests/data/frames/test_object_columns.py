"""Columns of Python objects and of typed levels are what they look like, and come back as the objects they were."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from narrows import VariationalAutoencoder, load
from narrows.data import as_rows, to_container

N = 60
RNG = np.random.default_rng(0)
STEPS = RNG.normal(size=N)
MOMENTS = [dt.datetime(2024, 3, 1) + dt.timedelta(minutes=int(x * 5000)) for x in STEPS]
WHOLE = [int(x * 2) for x in STEPS]
OBJECTS = {
    "datetime": (MOMENTS, "date"),
    "datetime of one zone": ([m.replace(tzinfo=ZoneInfo("Europe/Berlin")) for m in MOMENTS], "date"),
    "datetime of an offset": ([m.replace(tzinfo=dt.timezone(dt.timedelta(hours=2))) for m in MOMENTS], "date"),
    "Timestamp": ([pd.Timestamp(m) for m in MOMENTS], "date"),
    "datetime64": ([np.datetime64(m) for m in MOMENTS], "date"),
    "date": ([m.date() for m in MOMENTS], "date"),
    "time": ([m.time() for m in MOMENTS], "numeric"),
    "timedelta": ([dt.timedelta(minutes=i) for i in WHOLE], "numeric"),
    "Timedelta": ([pd.Timedelta(minutes=i) for i in WHOLE], "numeric"),
    "Period": ([pd.Period(m, "M") for m in MOMENTS], "date"),
    "Decimal": ([Decimal(i).scaleb(-2) for i in WHOLE], "numeric"),
    "UUID": ([uuid.UUID(int=abs(i)) for i in WHOLE], "category"),
    "bytes": ([b"ab"[i % 2 : i % 2 + 1] for i in WHOLE], "category"),
    "bool": ([i > 0 for i in WHOLE], "true-or-false column"),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_objects_with_gaps_come_back_as_such_objects(name, tmp_path):
    cells, word = OBJECTS[name]
    cells = [None if i % 9 == 0 else cell for i, cell in enumerate(cells)]
    frame = pd.DataFrame({"c": pd.Series(cells, dtype=object), "x": STEPS})
    same = to_container(as_rows(frame))["c"]
    assert same.dtype == object
    assert [None if a is None else a == b for a, b in zip(same, cells, strict=True)] == [
        None if cell is None else True for cell in cells
    ]
    model = VariationalAutoencoder(epochs=1, random_state=0).fit(frame)
    assert model.schema_.column_types["c"] == word
    model.save(tmp_path / "m")
    wanted = {type(cell) for cell in same if cell is not None}
    for fitted in (model, load(tmp_path / "m")):
        for answer in (fitted.sample(3), fitted.reconstruct(frame), fitted.impute(frame)):
            assert answer["c"].dtype == object
            assert {type(cell) for cell in answer["c"] if cell is not None} <= wanted | {type(cells[1])}
        assert fitted.impute(frame)["c"].notna().all()


def test_moments_of_two_zones_are_in_utc():
    cells = [pd.Timestamp(m, tz=("UTC", "Europe/Berlin")[i % 2]) for i, m in enumerate(MOMENTS)]
    rows = as_rows(pd.DataFrame({"c": pd.Series(cells, dtype=object)}))
    assert rows.column(0).tolist() == [c.tz_convert("UTC").tz_localize(None).to_pydatetime() for c in cells]
    assert {str(cell.tz) for cell in to_container(rows)["c"]} == {"UTC"}


def test_bytes_that_are_no_text_are_set_aside():
    cells = [b"\xff", b"\xfe"] * 9
    model = VariationalAutoencoder(epochs=1, random_state=0)
    frame = pd.DataFrame({"c": pd.Series(cells, dtype=object), "x": STEPS[:18]})
    with pytest.warns(UserWarning, match=r"'c' \(binary\)"):
        model.fit(frame)
    assert model.reconstruct(frame)["c"].tolist() == cells


SERIES = {
    "cut": pd.cut(STEPS, 4),
    "cut with gaps": pd.cut(STEPS, [-1, 0, 1]),
    "cut of moments": pd.cut(pd.Series(MOMENTS), 3),
    "days": pd.Categorical(pd.Timestamp("2024-01-01") + pd.to_timedelta(WHOLE, unit="D")),
    "moments of a zone": pd.Categorical(pd.Timestamp("2024-03-30", tz="Europe/Berlin") + pd.to_timedelta(WHOLE, "D")),
    "dates": pd.Categorical([dt.date(2024, 1, 10 + i) for i in WHOLE]),
    "decimals": pd.Categorical([Decimal(i) for i in WHOLE]),
    "truth values": pd.Categorical([i > 0 for i in WHOLE]),
    "int8": pd.Categorical(np.array(WHOLE, np.int8)),
    "floats": pd.Categorical([i / 2 for i in WHOLE]),
    "spans": pd.Categorical(pd.to_timedelta(WHOLE, unit="h")),
    "periods": pd.Categorical([pd.Period("2024-05", "M") + i for i in WHOLE]),
    "ordered": pd.Categorical([("lo", "hi")[i > 0] for i in WHOLE], ["lo", "mid", "hi"], ordered=True),
    "interval": pd.arrays.IntervalArray.from_arrays(WHOLE, [i + 1 for i in WHOLE]),
    "interval with a gap": pd.arrays.IntervalArray.from_tuples([None, *((i, i + 0.5) for i in WHOLE[1:])], "left"),
    "period": pd.PeriodIndex([pd.Period("2024-05", "M") + i for i in WHOLE]),
    "sparse": pd.arrays.SparseArray([i > 0 for i in WHOLE]),
    "arrow decimal": pd.array([Decimal(i).scaleb(-2) for i in WHOLE], pd.ArrowDtype(pa.decimal128(8, 2))),
    "arrow time": pd.array([m.time() for m in MOMENTS], pd.ArrowDtype(pa.time64("us"))),
    "arrow levels": pd.array(
        pa.array(["a", "b"] * 30).dictionary_encode(), pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
    ),
}


@pytest.mark.parametrize("name", SERIES)
def test_dtypes_and_levels_of_pandas_come_back_also_from_a_saved_model(name, tmp_path):
    frame = pd.DataFrame({"c": pd.Series(SERIES[name]), "x": STEPS})
    pd.testing.assert_frame_equal(to_container(as_rows(frame)), frame)
    model = VariationalAutoencoder(epochs=1, random_state=0).fit(frame)
    model.save(tmp_path / "m")
    for fitted in (model, load(tmp_path / "m")):
        for answer in (fitted.sample(3), fitted.reconstruct(frame), fitted.impute(frame)):
            assert answer["c"].dtype == frame["c"].dtype


def _levels(cells: list, value: pa.DataType, *, ordered: bool = False) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([0, 1, None] * 20, "int8"), pa.array(cells, value), ordered=ordered)


ARROW = {
    "ordered levels": _levels(["lo", "hi"], pa.large_string(), ordered=True),
    "levels of days": _levels([dt.date(2024, 1, 1), dt.date(2024, 1, 2)], pa.date32()),
    "levels of numbers": _levels([1, 2], pa.int16()),
    "levels of decimals": _levels([Decimal("1.5"), Decimal("2.5")], pa.decimal128(5, 2)),
    "levels of moments": _levels(MOMENTS[:2], pa.timestamp("us", "UTC")),
    "decimal": pa.array([Decimal(i).scaleb(-2) for i in WHOLE], pa.decimal128(12, 2)),
    "huge": pa.array([Decimal(i) for i in WHOLE], pa.decimal128(38, 0)),
    "wide": pa.array([Decimal(i) for i in WHOLE], pa.decimal256(50, 3)),
    "time": pa.array([m.time().replace(microsecond=0) for m in MOMENTS], pa.time32("s")),
    "half": pa.array(STEPS.astype(np.float16)),
    "view": pa.array(["a", None, "b"] * 20, pa.string_view()),
    "binary": pa.array([b"a", None, b"b"] * 20),
    "fixed binary": pa.array([b"ab", None, b"cd"] * 20, pa.binary(2)),
    "uuid": pa.array([uuid.UUID(int=1).bytes, None, uuid.UUID(int=2).bytes] * 20, pa.uuid()),
    "date64": pa.array([m.date() for m in MOMENTS], pa.date64()),
    "null": pa.nulls(N),
}


@pytest.mark.parametrize("name", ARROW)
def test_types_of_arrow_come_back_also_from_a_saved_model(name, tmp_path):
    table = pa.table({"c": ARROW[name], "x": STEPS})
    model = VariationalAutoencoder(epochs=1, random_state=0).fit(table)
    model.save(tmp_path / "m")
    assert name == "null" or to_container(as_rows(table)).equals(table)
    for fitted in (model, load(tmp_path / "m")):
        for answer in (fitted.sample(3, random_state=0), fitted.reconstruct(table), fitted.impute(table)):
            assert name == "null" or answer.schema.field("c").type == table.schema.field("c").type


@pytest.mark.parametrize(
    "column",
    [
        pa.RunEndEncodedArray.from_arrays(pa.array([20, 60], pa.int32()), pa.array([1.0, 2.0])),
        pa.array([1, 0] * 30, pa.bool8()),
        pa.array([(1, 2, 3), None] * 30, pa.month_day_nano_interval()),
        pa.UnionArray.from_sparse(pa.array([0, 1] * 30, pa.int8()), [pa.array([1, 2] * 30), pa.array(["a", "b"] * 30)]),
    ],
    ids=lambda column: str(column.type)[:12],
)
@pytest.mark.filterwarnings("ignore::narrows.errors.IgnoredColumnWarning")
def test_rarer_types_of_arrow_are_read_or_set_aside(column):
    table = pa.table({"c": column, "x": STEPS})
    model = VariationalAutoencoder(epochs=1, random_state=0).fit(table)
    assert len(model.reconstruct(table)) == N
    assert ("c" in model.schema_.column_types) != ("c" in model.schema_.ignored_columns)

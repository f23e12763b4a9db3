"""Columns of lists and structs: one column for each element, together again in what is given back."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from narrows import Autoencoder, load
from narrows.data import Schema, as_rows, fill_missing, read, scan, to_container, write
from narrows.data.frames.columns import ColumnType
from narrows.data.frames.nested import column_of
from narrows.errors import DataError

CELLS = [[1.5, 2.0], None, [0.5, -1.0]]
STRUCTS = [{"city": "Bonn", "size": 3}, None, {"city": "Ulm", "size": 1}]
ARROW = {
    "list": pa.array(CELLS, pa.list_(pa.field("element", pa.float32()))),
    "large list": pa.array(CELLS, pa.large_list(pa.float64())),
    "fixed size list": pa.array(CELLS, pa.list_(pa.float32(), 2)),
    "whole numbers": pa.array([[1, 2], [3, None], [5, 6]], pa.list_(pa.int16())),
    "truth values": pa.array([[True, False], None, [True, True]]),
    "struct": pa.array(STRUCTS),
    "struct of dates": pa.array([{"d": date(2024, 1, 1)}, None, {"d": date(2024, 1, 3)}]),
}


def _frames(name: str) -> list:
    table = pa.table({"before": [1.0, 2.0, 3.0], "v": ARROW[name]})
    arrow = pd.DataFrame({"before": [1.0, 2.0, 3.0], "v": pd.Series(table["v"], dtype=pd.ArrowDtype(table["v"].type))})
    return [table, pl.from_arrow(table), arrow]


@pytest.mark.parametrize("name", ARROW)
def test_lists_and_structs_of_arrow_come_back(name):
    for frame in _frames(name):
        rows = as_rows(frame)
        assert rows.names is not None
        assert rows.names[0] == "before"
        assert all(part.startswith(("v[", "v.")) for part in rows.names[1:])
        back = to_container(rows)
        if isinstance(frame, pd.DataFrame):
            pd.testing.assert_frame_equal(back, frame)
        else:
            assert back.equals(frame)
            assert back.schema == frame.schema
        kind = rows.column_type(1)
        assert kind is not None
        assert ColumnType.restore(json.loads(json.dumps(kind.describe()))) == kind


@pytest.mark.parametrize("make", [list, tuple, lambda cell: np.array(cell, np.float32)], ids=["list", "tuple", "array"])
def test_objects_of_pandas_come_back_as_such_objects(make):
    frame = pd.DataFrame({"v": pd.Series([None if cell is None else make(cell) for cell in CELLS], dtype=object)})
    rows = as_rows(frame)
    assert rows.names == ("v[0]", "v[1]")
    np.testing.assert_array_equal(rows.column(1), [2.0, np.nan, -1.0])
    back = to_container(rows)["v"]
    assert back[1] is None
    assert type(back[0]) is type(frame["v"][0])
    np.testing.assert_array_equal(back[0], frame["v"][0])


def test_dicts_of_pandas_come_back_as_dicts():
    rows = as_rows(pd.DataFrame({"v": pd.Series(STRUCTS, dtype=object)}))
    assert rows.names == ("v.city", "v.size")
    assert to_container(rows)["v"].tolist() == STRUCTS


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([[1.0], [1.0, 2.0], [3.0]], "lists of different lengths"),
        ([["a", "b"], ["c", "d"], ["e", "f"]], "lists of something else than numbers"),
        ([[], [], []], "empty lists|lists of something else than numbers"),
    ],
)
def test_other_lists_are_set_aside_with_the_reason_and_come_back(cells, reason):
    x = [1.0, 2.0, 4.0]
    for frame in (
        pa.table({"v": cells, "x": x}),
        pl.DataFrame({"v": cells, "x": x}),
        pd.DataFrame({"v": cells, "x": x}),
    ):
        rows = as_rows(frame)
        schema = Schema.learn(rows)
        assert schema.ignored_columns["v"] in reason.split("|")
        back = schema.decode(schema.encode(rows), like=rows)["v"]
        assert (back.to_pylist() if hasattr(back, "to_pylist") else back.to_list()) == cells


def test_maps_are_set_aside_with_the_reason():
    table = pa.table({"m": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())), "x": [1.0, 2.0]})
    assert Schema.learn(as_rows(table)).ignored_columns == {"m": "maps"}


def test_nothing_but_lists_that_cannot_be_learned_from_is_a_sentence_about_lists():
    with pytest.raises(DataError, match="lists of different lengths"):
        Schema.learn(as_rows(pa.table({"v": [[1.0], [1.0, 2.0]]})))


def test_missing_lists_are_filled_and_those_there_stay():
    for frame in (*_frames("list"), pd.DataFrame({"before": [1.0, 2.0, 3.0], "v": pd.Series(CELLS, dtype=object)})):
        rows = as_rows(frame)
        schema = Schema.learn(rows)
        filled = fill_missing(frame, rows, schema.fill(rows, np.zeros((3, schema.n_floats), np.float32)))["v"]
        cells = filled.to_pylist() if hasattr(filled, "to_pylist") else filled.to_list()
        assert [list(cell) for cell in (cells[0], cells[2])] == [CELLS[0], CELLS[2]]
        assert len(cells[1]) == 2


@pytest.mark.parametrize("make", [pa.table, pd.DataFrame, pl.DataFrame])
def test_rows_without_any_list_have_gaps_in_all_elements(make):
    fitted = as_rows(pa.table({"x": [1.0, 2.0, 4.0], "v": ARROW["list"]}))
    schema = Schema.learn(fitted)
    rows = as_rows(make({"x": [2.0], "v": [None]}), schema=schema)
    np.testing.assert_array_equal(schema.encode(rows), schema.encode(fitted)[1:2])


def test_a_part_names_its_column():
    assert column_of("v[3]", ["v"]) == "v"
    assert column_of("v[3]", ["v", "v[3]"]) == "v[3]"
    assert column_of("a.b.c", ["a.b", "a"]) == "a.b"
    assert column_of("w[3]", ["v"]) == "w[3]"


@pytest.fixture
def embeddings(tmp_path):
    rng = np.random.default_rng(0)
    block = (rng.normal(size=(200, 2)) @ rng.normal(size=(2, 6))).astype(np.float32)
    path = tmp_path / "e.parquet"
    parquet.write_table(pa.table({"kind": ["a", "b"] * 100, "embedding": block.tolist()}), path)
    return path, block


def test_a_model_learns_from_lists_of_a_file_and_gives_lists_back(embeddings, tmp_path):
    path, block = embeddings
    model = Autoencoder(n_components=2, epochs=30, random_state=0).fit(path)
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert again.feature_names_in_.tolist() == ["kind", *(f"embedding[{i}]" for i in range(6))]
    assert again.score(path) > 0.8
    back = again.reconstruct(path)
    assert back.column_names == ["kind", "embedding"]
    assert np.corrcoef(np.array(back["embedding"].to_pylist()).ravel(), block.ravel())[0, 1] > 0.8
    assert again.transform(parquet.read_table(path)).shape == (200, 2)
    write(tmp_path / "back.parquet", as_rows(back))
    assert parquet.read_table(tmp_path / "back.parquet").column_names == ["kind", "embedding"]
    write(tmp_path / "back.csv", as_rows(back))
    assert read(tmp_path / "back.csv").names == tuple(again.feature_names_in_)


def test_parts_of_a_file_can_be_chosen_and_streams_have_them_too(embeddings):
    path, block = embeddings
    np.testing.assert_array_equal(read(path, columns=["embedding[4]"]).column(0), block[:, 4])
    assert read(path, ignore=["embedding"]).names == ("kind",)
    stream = scan(path)
    assert stream.names == ("kind", *(f"embedding[{i}]" for i in range(6)))
    (chunk,) = stream.select(["embedding[1]", "embedding[2]"]).chunks()
    np.testing.assert_array_equal(chunk.column(1), block[:, 2])

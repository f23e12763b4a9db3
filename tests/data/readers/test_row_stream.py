from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

import narrows
from narrows.data import RowStream, read, scan
from narrows.data.readers import row_stream
from narrows.data.readers.csv import csv_file
from narrows.errors import DataError, DataFormatError, DataNotFoundError, IgnoredColumnWarning, MissingValuesError
from tests.mixed_table import FRAME

N = 4000
TABLE = pa.table(
    {
        "a": np.random.default_rng(0).normal(size=N),
        "b": np.arange(N),
        "kind": np.random.default_rng(1).choice(["x", "y", "z"], N),
    }
)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_stream, "_CELLS_PER_CHUNK", 1500)
    monkeypatch.setattr(row_stream, "CSV_BLOCK", 1 << 13)


def _together(found: RowStream) -> pa.Table:
    parts = list(found.chunks())
    assert len(parts) > 1
    columns = [np.concatenate([part.column(i) for part in parts]) for i in range(found.n_columns)]
    return pa.table(dict(zip(found.sample.feature_names, columns, strict=True)))


def test_the_chunks_of_a_parquet_file_are_its_rows_in_their_order(tmp_path: Path) -> None:
    parquet.write_table(TABLE, tmp_path / "t.parquet", row_group_size=700)
    found = scan(tmp_path / "t.parquet")
    assert (len(found), found.names) == (N, ("a", "b", "kind"))
    assert _together(found).equals(TABLE)


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_the_chunks_of_a_csv_file_are_its_rows_in_their_order(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"t.{ending}"
    with pa.CompressedOutputStream(str(path), "gzip") if ending == "csv.gz" else path.open("wb") as file:
        csv.write_csv(TABLE, file)
    found = scan(path)
    assert len(found) == N
    assert _together(found).equals(TABLE)


def test_row_groups_without_wanted_rows_are_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(row_stream, "_CELLS_PER_CHUNK", 100)
    path = tmp_path / "t.parquet"
    table = pa.table({"x": np.random.default_rng(0).normal(size=1000)})
    parquet.write_table(table, path, row_group_size=100, compression="none", use_dictionary=False)
    stream = scan(path)
    first = parquet.read_metadata(path).row_group(0).column(0)
    whole = bytearray(path.read_bytes())
    whole[first.data_page_offset : first.data_page_offset + first.total_compressed_size] = bytes(
        first.total_compressed_size
    )
    path.write_bytes(whole)
    chunks = list(stream.chunks(range(250, 400)))
    assert [chunk.row_numbers.tolist() for chunk in chunks if chunk.row_numbers is not None] == [
        list(range(200, 300)),
        list(range(300, 400)),
    ]
    assert np.array_equal(np.concatenate([chunk.column(0) for chunk in chunks]), table["x"][200:400].to_numpy())
    with pytest.raises(DataFormatError, match="cannot be read as Parquet"):
        list(stream.chunks())


def test_a_folder_is_one_table_with_the_columns_that_its_folders_name(tmp_path: Path) -> None:
    for year in (2023, 2024):
        (tmp_path / f"year={year}").mkdir()
        parquet.write_table(TABLE, tmp_path / f"year={year}" / "part-0.parquet")
    (tmp_path / "_SUCCESS").touch()
    found = scan(tmp_path)
    assert len(found) == 2 * N
    assert found.names == ("a", "b", "kind", "year")
    assert _together(found)["year"].to_pylist() == [2023] * N + [2024] * N
    assert len(read(tmp_path)) == 2 * N
    assert read(tmp_path).names == found.names


def test_a_folder_of_csv_files_is_one_table(tmp_path: Path) -> None:
    csv.write_csv(TABLE[:1000], tmp_path / "1.csv")
    csv.write_csv(TABLE[1000:], tmp_path / "2.csv")
    assert _together(scan(tmp_path)).equals(TABLE)
    assert np.array_equal(read(tmp_path).column(1), np.arange(N))


def test_files_with_other_columns_are_named(tmp_path: Path) -> None:
    csv.write_csv(TABLE, tmp_path / "1.csv")
    csv.write_csv(TABLE.select(["a", "b"]), tmp_path / "2.csv")
    with pytest.raises(DataError, match=r"2\.csv has other columns than 1\.csv"):
        scan(tmp_path)


@pytest.mark.parametrize(("late", "dtype"), [("0.5", "float64"), ("none at all", "object")], ids=["decimals", "text"])
def test_a_column_is_what_all_its_rows_say_not_the_first(tmp_path: Path, late: str, dtype: str) -> None:
    path = tmp_path / "late.csv"
    path.write_text("a,b\n" + "".join(f"{i},{i}\n{late}{i if dtype == 'object' else ''},7\n" for i in range(N)))
    found = scan(path)
    assert found.sample.dtypes == (dtype, "int64")
    assert {part.dtypes for part in found.chunks()} == {(dtype, "int64")}
    assert len(found) == 2 * N


def test_one_invalid_cell_far_down_is_missing_and_its_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "late.csv"
    path.write_text("a,b\n" + "".join(f"{i},{i}\n" for i in range(N)) + "none at all,7\n")
    found = scan(path)
    assert found.sample.dtypes == ("float64", "int64")
    assert any("'none at all'" in note and f"row {N + 1} " in note for note in found.sample.notes)
    *_, last = found.chunks()
    assert last.invalid[0][-1] == "none at all"


def test_a_column_that_begins_with_gaps_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text("a,b\n" + ",1\n" * N + "3,1\n4,1\n")
    assert np.nansum(scan(path).sample.column(0)) == 7


def test_the_sample_is_drawn_from_all_rows_alike(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(row_stream, "_CELLS_OF_SAMPLE", 3 * 1000)
    monkeypatch.setattr(row_stream, "_FEWEST_SAMPLED", 10)
    parquet.write_table(TABLE, tmp_path / "t.parquet")
    drawn = scan(tmp_path / "t.parquet").sample.column(1)
    assert len(drawn) == len(set(drawn)) == 1000
    # The mean of 1,000 of the numbers 0 to 3,999, drawn without replacement, has a standard deviation of 32.
    assert abs(drawn.mean() - (N - 1) / 2) < 4 * 32
    assert np.histogram(drawn, 4, (0, N))[0].min() > 180


def test_columns_are_chosen_ignored_and_labelled_as_in_read(tmp_path: Path) -> None:
    parquet.write_table(TABLE, tmp_path / "t.parquet")
    found = scan(tmp_path / "t.parquet", ignore=["b"], label="kind")
    assert found.names == ("a",)
    labels = np.concatenate([part.labels for part in found.chunks()])
    assert labels.tolist() == TABLE["kind"].to_pylist()
    assert {part.label_column for part in found.chunks()} == {found.sample.label_column} == {"kind"}


def test_an_image_folder_with_a_table_beside_it_stays_one_of_images(tmp_path: Path) -> None:
    from PIL import Image

    for i in range(3):
        Image.new("L", (4, 4), i).save(tmp_path / f"{i}.png")
    csv.write_csv(TABLE, tmp_path / "labels.csv")
    assert read(tmp_path).image_shape == (4, 4, 1)


def test_what_cannot_be_streamed_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="no file or folder"):
        scan(tmp_path / "nothing.csv")
    with pytest.raises(DataFormatError, match="neither a CSV or Parquet file nor a folder"):
        scan(tmp_path)
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataFormatError, match="cannot be read as Parquet"):
        scan(tmp_path / "broken.parquet")
    (tmp_path / "ragged.csv").write_text("a,b\n1,2\n3\n")
    with pytest.raises(DataFormatError, match=r"Line 3 of ragged\.csv has 1 cells"):
        scan(tmp_path / "ragged.csv")
    (tmp_path / "head.csv").write_text("a,b\n")
    with pytest.raises(DataFormatError, match="has no rows"):
        scan(tmp_path / "head.csv")


def test_a_file_that_grew_since_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    parquet.write_table(TABLE, path)
    found = scan(path)
    parquet.write_table(TABLE[:100], path)
    with pytest.raises(DataFormatError, match="had 4,000 rows and now has 100"):
        list(found.chunks())


@pytest.mark.slow
def test_a_fit_to_a_stream_is_nearly_that_to_the_same_rows(tmp_path: Path) -> None:
    frame = FRAME.loc[np.arange(3000) % len(FRAME)].reset_index(drop=True)
    frame["length"] += np.random.default_rng(0).normal(size=len(frame))
    frame.to_parquet(tmp_path / "t.parquet")
    settings = {"n_components": 2, "hidden_layer_sizes": (16,), "epochs": 15, "random_state": 0}
    found = scan(tmp_path / "t.parquet")
    streamed = narrows.Autoencoder(**settings).fit(found)
    whole = narrows.Autoencoder(**settings).fit(read(tmp_path / "t.parquet"))
    assert streamed.schema_.float_names == whole.schema_.float_names
    assert streamed.fingerprint_ == whole.fingerprint_
    assert np.array_equal(streamed.validation_rows_, whole.validation_rows_)
    ours, theirs = (m.history_[-1].validation for m in (streamed, whole))
    assert ours == pytest.approx(theirs, rel=0.15)
    assert streamed.was_fitted_on(frame)
    again = narrows.Autoencoder(**settings).fit(found)
    assert np.array_equal(again.transform(frame), streamed.transform(frame))


def test_a_copy_of_a_held_out_row_is_never_trained_on(tmp_path: Path) -> None:
    parquet.write_table(pa.concat_tables([TABLE[:500]] * 4), tmp_path / "t.parquet")
    model = narrows.Autoencoder(epochs=1, random_state=0).fit(scan(tmp_path / "t.parquet"))
    held = np.zeros(2000, bool)
    held[model.validation_rows_] = True
    assert held.sum() == 200
    assert (held.reshape(4, 500) == held[:500]).all()


def test_methods_other_than_fit_say_how_to_go_through_a_stream(tmp_path: Path) -> None:
    parquet.write_table(TABLE, tmp_path / "t.parquet")
    found = scan(tmp_path / "t.parquet")
    model = narrows.Autoencoder(epochs=1, random_state=0).fit(found)
    with pytest.raises(DataError, match=r"for rows in X\.chunks\(\)"):
        model.transform(found)
    parts = [model.transform(rows) for rows in found.chunks()]
    assert np.allclose(np.concatenate(parts), model.transform(TABLE), atol=1e-6)


def test_the_need_for_memory_grows_with_the_cells(tmp_path: Path) -> None:
    parquet.write_table(TABLE, tmp_path / "t.parquet")
    assert row_stream.memory_needed(tmp_path / "t.parquet") == N * 3 * 20
    assert row_stream.memory_needed(tmp_path) == N * 3 * 20
    csv.write_csv(TABLE, tmp_path / "t.csv")
    assert row_stream.memory_needed(tmp_path / "t.csv") == (tmp_path / "t.csv").stat().st_size * 5
    assert csv_file.is_csv(tmp_path / "t.csv")


def test_the_need_for_memory_of_a_compressed_table_is_that_of_its_content(tmp_path: Path) -> None:
    content = b"0,0\n" * 1_000_000
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(content))
    assert (tmp_path / "t.csv.gz").stat().st_size < len(content) / 100
    assert row_stream.memory_needed(tmp_path / "t.csv.gz") == len(content) * 5
    assert 3e6 < row_stream.memory_needed(tmp_path / "t.csv.gz", most=3e6) < len(content) * 5
    (tmp_path / "t.csv.gz").write_bytes(b"no gzip file")
    assert row_stream.memory_needed(tmp_path / "t.csv.gz") == 0


def test_the_rows_of_the_sample_and_of_the_chunks_are_named_by_their_places_in_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_stream, "_FEWEST_SAMPLED", 300)
    monkeypatch.setattr(row_stream, "_CELLS_OF_SAMPLE", 900)
    parquet.write_table(TABLE, tmp_path / "t.parquet", row_group_size=700)
    found = scan(tmp_path / "t.parquet")
    assert len(found.sample) == 300
    for rows in (found.sample, found.sample.take(np.arange(7, 90, 3)), *found.chunks()):  # b counts the rows from 0
        assert [rows.row_number(i) for i in range(len(rows))] == rows.column(1).tolist()
        assert rows.row_name(2).startswith(f"row {rows.column(1)[2] + 1} (counting from 1")


def test_a_gap_in_a_chunk_is_named_by_its_row_in_the_file(tmp_path: Path) -> None:
    a = TABLE["a"].to_numpy().copy()
    with pytest.warns(IgnoredColumnWarning, match="counts the rows"):
        model = narrows.Autoencoder(epochs=1, missing="error", device="cpu").fit(TABLE.select(["a", "b"]))
    a[2718] = np.nan
    parquet.write_table(TABLE.select(["a", "b"]).set_column(0, "a", pa.array(a)), tmp_path / "t.parquet")
    chunks = scan(tmp_path / "t.parquet").chunks()
    with pytest.raises(MissingValuesError, match=r"'a', row 2719 \(counting from 1.* and 1 row is affected"):
        [model.transform(rows) for rows in chunks]

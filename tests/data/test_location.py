from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet
from pyarrow.fs import FileSystemHandler, LocalFileSystem, PyFileSystem, SubTreeFileSystem

import narrows
from narrows.data import read, scan
from narrows.data.location import location
from narrows.errors import DataFormatError, DataNotFoundError, SettingError

TABLE = pa.table({"a": np.random.default_rng(0).normal(size=300), "b": np.arange(300), "kind": ["x", "y", "z"] * 100})


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Three Parquet files in folders of two years, and a compressed CSV file."""
    for i, year in enumerate((2023, 2023, 2024)):
        folder = tmp_path / f"year={year}"
        folder.mkdir(exist_ok=True)
        parquet.write_table(TABLE[100 * i : 100 * i + 100], folder / f"part-{i}.parquet")
    csv.write_csv(TABLE, tmp_path / "t.csv")
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress((tmp_path / "t.csv").read_bytes()))
    return tmp_path


def _column(rows: narrows.data.Rows, name: str) -> list:
    return rows.column(rows.feature_names.index(name)).tolist()


@pytest.mark.parametrize("start", ["file://", ""])
@pytest.mark.parametrize(
    ("pattern", "numbers"), [("*/*.parquet", 300), ("year=2023/*.parquet", 200), ("t.csv.gz", 300)]
)
def test_addresses_and_patterns_are_read_whole_and_in_streams(
    lake: Path, start: str, pattern: str, numbers: int
) -> None:
    source = f"{start}{lake}/{pattern}"
    stream = scan(source)
    assert len(stream) == numbers
    for rows in (read(source), next(stream.chunks())):
        assert _column(rows, "b") == list(range(numbers))
        assert ("year" in rows.feature_names) == pattern.startswith("*/")  # elsewhere it is above the pattern


def test_a_folder_at_an_address_has_the_columns_that_its_folders_name(lake: Path) -> None:
    for name in ("t.csv", "t.csv.gz"):
        (lake / name).unlink()
    assert _column(read(f"file://{lake}"), "year") == [2023] * 200 + [2024] * 100


def test_any_file_system_of_pyarrow_is_read_as_the_disk(lake: Path) -> None:
    inside = SubTreeFileSystem(str(lake), LocalFileSystem())
    for source in ("year=2024/part-2.parquet", "year=2024", "*/part-2.parquet"):
        assert _column(read(source, filesystem=inside), "b") == list(range(200, 300))
        assert len(scan(source, filesystem=inside)) == 100
    assert _column(read("t.csv", filesystem=inside), "b") == list(range(300))
    assert narrows.inspect(scan("t.csv", filesystem=inside)).n_rows == 300


def test_an_address_can_be_sent_to_another_process(lake: Path) -> None:
    here = location(f"file://{lake}/*/*.parquet")
    assert here.exists()
    again = pickle.loads(pickle.dumps(here))
    assert [str(file) for file in again.rglob()] == [str(file) for file in here.rglob()]


def test_what_is_not_there_or_cannot_be_reached_is_one_sentence(lake: Path) -> None:
    for address in (f"file://{lake}/no.parquet", f"file://{lake}/*.orc", f"{lake}/no-*.csv"):
        with pytest.raises(DataNotFoundError, match="There is no file or folder"):
            read(address)
    with pytest.raises(DataNotFoundError, match=r"http://x/y\.csv is not an address that narrows can read"):
        scan("http://x/y.csv")
    (lake / "notes.md").write_text("no table")
    with pytest.raises(DataFormatError, match="neither a CSV or Parquet file"):
        read(f"file://{lake}/notes.md")


def test_a_bucket_that_may_not_be_read_is_one_sentence() -> None:
    def refuse(*_: object) -> None:
        raise OSError("AWS Error ACCESS_DENIED during HeadObject operation\nsecond line")

    denied = type("Denied", (FileSystemHandler,), dict.fromkeys(FileSystemHandler.__abstractmethods__, refuse))
    for method in (read, scan):
        with pytest.raises(DataNotFoundError, match=r"b/t\.csv cannot be reached: AWS Error ACCESS_DENIED") as found:
            method("b/t.csv", filesystem=PyFileSystem(denied()))
        assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("source", "path", "pattern"),
    [
        ("file:///a/b.csv", "/a/b.csv", ""),
        ("file:///a/y=*/[ab].csv", "/a", "y=*/[ab].csv"),
        ("s3://bucket/dir/*.parquet?region=eu-north-1", "bucket/dir", "*.parquet"),
        ("gs://bucket/*.csv", "bucket", "*.csv"),
    ],
)
def test_an_address_is_split_before_the_folder_of_its_first_sign(source: str, path: str, pattern: str) -> None:
    found = location(source)
    assert (found.path, found.pattern) == (path, pattern)


@pytest.mark.parametrize("reading", [narrows.read, narrows.inspect])
def test_data_in_memory_needs_no_reading(reading) -> None:
    with pytest.raises(SettingError, match="not a DataFrame; what is in memory needs no reading: give it to fit"):
        reading(TABLE.to_pandas())

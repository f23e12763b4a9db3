from __future__ import annotations

import gzip
import os
import pickle
import struct
import sys
import zipfile
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from narrows.data import Schema, read, read_held_out
from narrows.errors import (
    DataError,
    DataFormatError,
    DataNotFoundError,
    MissingValuesError,
    SettingError,
)

CSV = b"name,a,b,when,gone\nx,1,0.5,2020-01-01,\ny,2,,2020-01-02,\n"


@pytest.fixture
def put(tmp_path):
    def put(name: str, content: bytes):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return put


def idx(array: np.ndarray, code: int = 8) -> bytes:
    big = array.astype(array.dtype.newbyteorder(">"))
    return bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + big.tobytes()


@pytest.mark.parametrize("ending", [".csv", ".CSV", ".csv.gz"])
def test_csv_keeps_numbers_text_dates_and_empty_columns(put, ending):
    path = put("t" + ending, gzip.compress(CSV) if ending.endswith("gz") else CSV)
    rows = read(path)
    assert rows.names == ("name", "a", "b", "when", "gone")
    assert rows.dtypes == ("object", "int64", "float64", "datetime64[D]", "object")
    np.testing.assert_array_equal(rows.select([1, 2]).block(), [[1, 0.5], [2, np.nan]])
    assert [rows.column(i).tolist() for i in (0, 4)] == [["x", "y"], [None, None]]
    np.testing.assert_array_equal(rows.column(3), np.array(["2020-01-01", "2020-01-02"], "M8[D]"))
    assert (rows.ignored_columns, rows.source) == ({}, path.name)


def test_parquet_is_read_as_csv_is(tmp_path):
    path = tmp_path / "t.parquet"
    table = pa.table({"name": ["x", "y"], "a": [1, None], "c": pa.array(["p", "q"]).dictionary_encode()})
    pyarrow.parquet.write_table(table, path)
    rows = read(path, label="c")
    np.testing.assert_array_equal(rows.column(1), [1, np.nan])
    assert rows.labels is not None
    assert rows.labels.tolist() == ["p", "q"]
    kind = read(path).column_type(2)
    assert kind is not None
    assert (kind.name, kind.levels) == ("Categorical", ("p", "q"))


def test_columns_are_chosen_ignored_and_made_labels(put):
    path = put("t.csv", CSV)
    assert read(path, columns=["b", "a"]).names == ("b", "a")
    assert read(path, columns=["name", "b"]).names == ("name", "b")
    rows = read(path, ignore=["a", "when"], label="name")
    assert rows.names == ("b", "gone")
    assert rows.ignored_columns == {"a": "ignored", "when": "ignored", "name": "the label"}
    assert rows.labels is not None
    assert rows.labels.tolist() == ["x", "y"]
    with pytest.raises(DataError, match=r"no column 'nam'; did you mean 'name'"):
        read(path, ignore=["nam"])
    with pytest.raises(DataError, match="its columns are 'name', 'a'"):
        read(path, label="zzz")
    with pytest.raises(DataError, match="no column left"):
        read(path, ignore=["name", "a", "b", "when", "gone"])
    with pytest.raises(SettingError, match="list of names"):
        read(path, columns="a")
    with pytest.raises(SettingError, match="image_size"):
        read(path, image_size=(8, 8))


def test_text_cells_among_numbers_make_them_text_and_the_first_is_named(put):
    rows = read(put("t.csv", b"a,b\n1,2\nsoft,3\n4,5\nhard,6\n"))
    assert rows.column(0).tolist() == ["1", "soft", "4", "hard"]
    (note,) = rows.notes
    assert "'a' of t.csv" in note
    assert "'soft'" in note
    assert "row 2 (counting from 1" in note


def test_rows_with_gaps_are_named_or_dropped(put):
    path = put("t.csv", CSV)
    with pytest.raises(MissingValuesError, match=r"Column 'b', row 2 .* of t.csv"):
        Schema.learn(read(path), missing="error")
    dropped = read(path, missing="drop")
    assert len(dropped) == 1
    assert dropped.notes == ("1 of 2 rows of t.csv have a missing value and were dropped.",)
    assert dropped.n_dropped == 1
    with pytest.raises(DataError, match="Every row"):
        read(put("g.csv", b"a,b\n1,\n,2\n"), missing="drop")
    assert read(path, columns=["a"], missing="drop").notes == ()


def test_other_separators_and_a_missing_header_are_understood(put):
    assert read(put("t.csv", b"\xef\xbb\xbfa;b\n1;2\n")).names == ("a", "b")
    rows = read(put("h.csv", b"1,2\n3,4\n"))
    np.testing.assert_array_equal(rows.block(), [[1, 2], [3, 4]])
    assert "holds only numbers" in rows.notes[0]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("t.csv", b"", "is empty"),
        ("t.csv", b"a,b\n", "header but no rows"),
        ("t.csv", b"a,b\n1,2\n3\n4,5\n", "Line 3 of t.csv has 1 cells, but the first line has 2"),
        ("t.csv", "a,b\nä,1\nö,2\n".encode() + b"\xe9,2\n", "Line 4 of t.csv is not UTF-8, but other lines are"),
        ("t.csv", bytes(range(256)), "binary data"),
        ("t.csv", b"a,a\n1,2\n", "two columns named 'a'"),
        ("t.csv.gz", gzip.compress(CSV * 99, mtime=0)[:80], "cut short"),
        ("t.csv.gz", CSV, "not a gzip file"),
        ("t.parquet", b"", "not a readable Parquet"),
        ("t.parquet", b"PAR1 and then nothing PAR1", "not a readable Parquet"),
        ("t.npy", b"", "not a NumPy file"),
        ("t.npy", pickle.dumps({}), "pickled"),
        ("t.npz", b"junk", "NumPy file"),
        ("t.idx", b"junk", "magic number"),
        ("t.idx", b"\0\0\x08\3\0\0", "within its header"),
        ("t.idx", idx(np.zeros((2, 3, 3), np.uint8))[:-1], "should hold 18 bytes of data but has only 17"),
        ("t.idx", idx(np.zeros((2, 3, 3), np.uint8)) + b"\0", "has more"),
        ("t-labels-idx1-ubyte", idx(np.zeros(2, np.uint8)), "holds labels"),
        ("t.idx.gz", gzip.compress(idx(np.zeros((2, 3, 3), np.uint8)), mtime=0)[:-6], "cut short"),
        ("t.xyz", b"?", "ending"),
        ("t", b"?", "ending"),
    ],
)
def test_damaged_files_get_one_sentence(put, name, content, sentence):
    with pytest.raises(DataError, match=sentence) as caught:
        read(put(name, content))
    assert "\n" not in str(caught.value)


def test_what_is_not_there_is_said_with_the_names_of_the_sets(tmp_path):
    with pytest.raises(DataNotFoundError, match="digits, mnist, fashion-mnist"):
        read(tmp_path / "no.csv")


def test_a_file_that_may_not_be_read_is_said(put):
    path = put("t.csv", CSV)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(DataFormatError, match="cannot be read without permission"):
        read(path)


@pytest.mark.parametrize(("dtype", "code"), [("u1", 0x08), ("i2", 0x0B), ("i4", 0x0C), ("f4", 0x0D), ("f8", 0x0E)])
def test_idx_holds_every_dtype_of_its_format(put, dtype, code):
    images = np.arange(24).reshape(2, 3, 4).astype(dtype)
    for name, pack in (("t-idx3-ubyte", bytes), ("t.idx.gz", gzip.compress)):
        rows = read(put(name, pack(idx(images, code))))
        assert rows.image_shape == (3, 4, 1)
        assert rows.dtypes[0] == np.dtype(dtype).name
        np.testing.assert_array_equal(rows.block().reshape(images.shape), images)


def test_npy_and_npz_give_their_arrays(tmp_path):
    X, y = np.random.default_rng(0).random((5, 3)), np.arange(5)
    np.save(tmp_path / "t.npy", X)
    np.testing.assert_array_equal(read(tmp_path / "t.npy").block(), X)
    np.savez(tmp_path / "one.npz", anything=X)
    assert read(tmp_path / "one.npz").labels is None
    np.savez(tmp_path / "two.npz", y=y[:, None], X=X)
    rows = read(tmp_path / "two.npz")
    np.testing.assert_array_equal(rows.labels, y)
    np.testing.assert_array_equal(rows.block(), X)


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"a": np.zeros((2, 2)), "b": np.zeros((2, 2))}, "several arrays \\('a', 'b'\\)"),
        ({"X": np.array([{}], dtype=object)}, "pickled"),
        ({"X": np.zeros((2, 2)), "y": np.zeros(3)}, "2 rows under 'X' but 3 labels under 'y'"),
        ({"X": np.array([["text"]])}, "numbers are needed"),
        ({}, "no array"),
    ],
)
def test_an_npz_that_cannot_be_used_says_why(tmp_path, arrays, sentence):
    np.savez(tmp_path / "t.npz", **arrays)
    with pytest.raises(DataError, match=sentence):
        read(tmp_path / "t.npz")


def test_real_tables_are_read(data_folder):
    penguins = read(data_folder / "penguins" / "penguins.csv", label="species")
    assert penguins.n_columns == 7
    assert penguins.n_missing["sex"] == 11
    assert [penguins.dtypes[i] for i in (0, 1, 5, 6)] == [
        "object",
        "float64",
        "object",
        "object",
    ]  # the years name seasons
    flights = read(data_folder / "flights" / "flights.csv.gz", missing="drop")
    assert (len(flights), flights.n_columns) == (327_346, 19)
    assert flights.dtypes[18] == "datetime64[s]"
    wine = read(data_folder / "adbench" / "45_wine.npz")
    assert wine.labels is not None
    assert len(wine.labels) == len(wine) == 129


def test_files_have_no_held_out_part(put):
    assert read_held_out(put("t.csv", CSV)) is None


@pytest.mark.slow
def test_a_damaged_npz_gets_one_sentence_whatever_the_damage(tmp_path):
    path = tmp_path / "t.npz"
    np.savez_compressed(path, X=np.random.default_rng(0).random((20, 3)), y=np.arange(20))
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with suppress(DataError):
            read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("X.txt", "1 2 3")
    with pytest.raises(DataFormatError, match=r"'X\.txt', which is not an array"):
        read(path)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (",
        "{'descr': 3, 'shape': (1,)}",
        "(((",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999999999999999, 2)}",
    ],
)
def test_a_damaged_npy_header_gets_one_sentence(put, header):
    text = header.encode() + b"\n"
    with pytest.raises(DataFormatError, match="is damaged"):
        read(put("t.npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + bytes(80)))


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.ones((2, 2), complex), "complex128 values"),
        (np.zeros((2, 2), [("a", "f8")]), "records"),
        (np.ones(3), r"array of shape \(3,\)"),
        (np.ones(()), r"array of shape \(\)"),
        (np.ones((0, 3)), r"array of shape \(0, 3\)"),
    ],
)
def test_an_array_of_no_rows_is_refused_with_the_name_of_its_file(tmp_path, array, sentence):
    np.save(tmp_path / "t.npy", array)
    np.savez(tmp_path / "t.npz", array)
    for name in ("t.npy", "t.npz"):
        with pytest.raises(DataFormatError, match=f"^{name} holds (an )?{sentence}"):
            read(tmp_path / name)


def test_an_idx_file_that_promises_too_much_is_refused_without_taking_the_memory(put):
    with pytest.raises(DataFormatError, match="has only 3"):
        read(put("t.idx", b"\0\0\x08\3" + b"\xff" * 12 + b"abc"))
    with pytest.raises(DataFormatError, match="9 axes"):
        read(put("t.idx", b"\0\0\x08\x09" + bytes(36)))


def test_columns_numbered_by_pandas_have_a_header(put):
    rows = read(put("t.csv", b"0,1,2\n5,6,7\n"))
    assert (rows.names, len(rows)) == (("0", "1", "2"), 1)
    assert "read as a header" in rows.notes[0]


def test_nan_and_inf_are_names_in_a_header(put):
    assert read(put("t.csv", b"nan,inf,1\n5,6,7\n")).names == ("nan", "inf", "1")


def test_separators_within_quotes_do_not_count(put):
    rows = read(put("t.csv", b'"a;b;c;d",e\n5,6\n'))
    assert rows.names == ("a;b;c;d", "e")
    assert read(put("n.csv", b'"a\nb";c;"d,e,f,g"\n5;6;7\n')).names == ("a\nb", "c", "d,e,f,g")


def test_file_names_may_be_shouted_or_not_be_unicode(put, tmp_path):
    assert len(read(put("T.CSV.GZ", gzip.compress(CSV)))) == 2
    if os.name != "posix" or sys.platform == "darwin":
        pytest.skip("file names are Unicode here")
    for ending in (".csv", ".parquet"):
        path = os.fsdecode(os.fsencode(tmp_path) + b"/\xe9" + ending.encode())
        with open(path, "wb") as file:
            if ending == ".csv":
                file.write(CSV)
            else:
                pyarrow.parquet.write_table(pa.table({"a": [1, 2]}), file)
        assert len(read(path)) == 2


def test_a_parquet_whose_names_are_damaged_is_refused(tmp_path):
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pa.table({"abcdefgh": [1, 2]}), path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"\xe9\xff\xfedefgh"))
    with pytest.raises(DataFormatError, match="not a readable Parquet"):
        read(path)


def test_numbers_with_a_decimal_comma_are_numbers(put):
    rows = read(put("t.csv", b"a;b;c\n1,5;2;x\n-2,25;3;y\n"))
    assert rows.column(0).tolist() == [1.5, -2.25]


@pytest.mark.parametrize(("encoding", "name"), [("latin1", "é"), ("utf-16", "é"), ("utf-16", "a")])
def test_other_encodings_are_understood(put, encoding, name):
    rows = read(put("t.csv", f"{name},b\n1,2\n3,é\n".encode(encoding)))
    assert rows.names == (name, "b")
    assert rows.column(1).tolist() == ["2", "é"]

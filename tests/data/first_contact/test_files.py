"""Files as people send them: each is read as a careful person would read it."""

import gzip
import io
import zipfile

import numpy as np
import pytest

from narrows.data import read
from narrows.errors import DataError, DataFormatError
from tests.data.first_contact.tables import PRICE, SIZE, WEIGHT, N, column, table

R = np.random.default_rng(1)

PLAIN = table(weight=WEIGHT, price=PRICE, size=SIZE)


def assert_plain(rows):
    assert rows.names == ("weight", "price", "size")
    assert column(rows, "weight").tolist() == WEIGHT.tolist()
    assert column(rows, "price").tolist() == PRICE.tolist()
    assert column(rows, "size").tolist() == SIZE.tolist()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~"])
def test_every_usual_separator_is_understood(put, delimiter):
    assert_plain(read(put(table(delimiter, weight=WEIGHT, price=PRICE, size=SIZE))))


def test_columns_that_spaces_separate_are_understood(put):
    assert_plain(read(put(table("  ", weight=WEIGHT, price=PRICE, size=SIZE))))


@pytest.mark.parametrize("name", ["t.tsv", "t.tab", "t.txt"])
def test_other_endings_of_tables_are_read(put, name):
    assert_plain(read(put(table("\t", weight=WEIGHT, price=PRICE, size=SIZE), name)))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_every_usual_encoding_is_understood(put, encoding):
    towns = np.array(["Köln", "Zürich", "Genève", "Málaga"])[R.integers(0, 4, N)]
    text = table(weight=WEIGHT, town=towns, größe=SIZE)
    content = ("\ufeff" + text).encode(encoding) if encoding == "utf-16-le" else text.encode(encoding)
    rows = read(put(content))
    assert rows.names == ("weight", "town", "größe")
    assert column(rows, "town").tolist() == towns.tolist()


def test_one_accent_at_the_end_of_a_long_file_is_understood(put):
    content = (PLAIN * 1).encode() + b"300.5,120.1,caf\xe9\n"
    rows = read(
        put(
            PLAIN.split("\n", 1)[0].encode()
            + b"\n"
            + PLAIN.split("\n", 1)[1].encode() * 30
            + content.split(b"\n", 1)[1]
        )
    )
    assert column(rows, "size")[-1] == "café"


def test_compressed_files_are_read(put, tmp_path):
    import bz2
    import lzma

    import pyarrow as pa

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.csv", PLAIN)
    zst = pa.BufferOutputStream()
    with pa.CompressedOutputStream(zst, "zstd") as file:
        file.write(PLAIN.encode())
    files = {
        "t.csv.gz": gzip.compress(PLAIN.encode()),
        "t.csv.bz2": bz2.compress(PLAIN.encode()),
        "t.csv.zip": packed.getvalue(),
        "t.zip": packed.getvalue(),
        "t.csv.zst": zst.getvalue().to_pybytes(),
        "t.csv.xz": lzma.compress(PLAIN.encode()),
    }
    for name, content in files.items():
        assert_plain(read(put(content, name)))


@pytest.mark.parametrize(
    "above",
    [
        "sep=,\n",
        "# exported 2024-01-01\n",
        "# one\n# two\n",
        "Sales report,,\nJanuary to March,,\n",
        "Sales report\n\n",
        "Report of 2024\nby the shop\n\n",
        "\n\n",
        "% of something\n",
    ],
)
def test_lines_above_the_header_are_skipped_and_said(put, above):
    rows = read(put(above + PLAIN))
    assert_plain(rows)
    if above.strip() and not above.startswith("sep="):
        assert any("header" in note for note in rows.notes), rows.notes


def test_comment_lines_between_rows_are_skipped(put):
    lines = PLAIN.splitlines()
    assert_plain(read(put("\n".join([*lines[:100], "# pause", *lines[100:]]) + "\n")))


def test_separators_at_the_end_of_every_line_make_no_column(put):
    assert_plain(read(put("\n".join(line + "," for line in PLAIN.splitlines()) + "\n")))


@pytest.mark.parametrize("below", ["\n\n", "\nTotal: 300 rows\n", "\nsource: the shop\n"])
def test_lines_below_the_table_are_left_out(put, below):
    assert_plain(read(put(PLAIN + below)))


def test_a_table_without_a_header_keeps_its_first_row(put):
    rows = read(put(table(header=False, a=WEIGHT, b=PRICE, c=SIZE)))
    assert rows.names == ("x0", "x1", "x2")
    assert len(rows) == N
    assert any("header" in note or "row" in note for note in rows.notes)


def test_names_that_are_years_are_a_header(put):
    years = {str(y): R.permutation(WEIGHT) for y in range(2015, 2019)}
    rows = read(put(table(country=SIZE, **years)))
    assert rows.names == ("country", "2015", "2016", "2017", "2018")


def test_row_names_of_r_are_a_column(put):
    lines = PLAIN.splitlines()
    text = "\n".join([lines[0], *(f'"r{i}",{line}' for i, line in enumerate(lines[1:]))]) + "\n"
    rows = read(put(text))
    assert rows.names is not None
    assert rows.names[1:] == ("weight", "price", "size")
    assert column(rows, "weight").tolist() == WEIGHT.tolist()


def test_a_quote_that_is_never_closed_is_an_error_that_names_its_line(put):
    lines = PLAIN.splitlines()
    lines[50] = lines[50].rsplit(",", 1)[0] + ',"M'
    with pytest.raises(DataFormatError, match="ine 51"):
        read(put("\n".join(lines) + "\n"))


def test_cells_of_several_lines_and_quotes_within_cells_are_read(put):
    notes = ['"two\nlines"' if i % 3 else '"says ""yes"""' for i in range(N)]
    rows = read(put(table(weight=WEIGHT, note=notes, size=SIZE)))
    assert column(rows, "note")[:2].tolist() == ['says "yes"', "two\nlines"]
    inches = [f'pipe {i % 5 + 1}"' for i in range(N)]
    rows = read(put(table(weight=WEIGHT, pipe=inches, size=SIZE)))
    assert column(rows, "pipe")[:2].tolist() == ['pipe 1"', 'pipe 2"']


@pytest.mark.parametrize("n", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_header_of_many_columns_is_read(put, n):
    names = [f"a rather long name of column number {i}" for i in range(n)]
    text = "\n".join([",".join(names), *(",".join(["1.5"] * (n // 2) + [str(k)] * (n // 2)) for k in range(3))]) + "\n"
    rows = read(put(text))
    assert rows.n_columns == n
    assert rows.names == tuple(names)


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_every_usual_line_end_is_understood(put, newline):
    assert_plain(read(put(PLAIN.replace("\n", newline))))


def test_duplicate_and_empty_names(put):
    with pytest.raises(DataError, match="two columns named 'a'"):
        read(put("a,a,b\n" + "1,2,3\n" * 30))
    rows = read(put("a,,b\n" + "1,2,3\n4,5,6\n" * 30))
    assert len(set(rows.names or ())) == 3

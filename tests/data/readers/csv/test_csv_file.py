from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from narrows.data import read, scan
from narrows.data.readers.csv.csv_file import csv_chunks, csv_texts, is_csv, read_csv
from narrows.errors import DataError, DataFormatError

ROWS = "".join(f"{i},{i * 1.5},x{i}\n" for i in range(3000))
"""Three thousand rows of three cells, above 64 kB with the header twice."""


@pytest.fixture
def put(tmp_path):
    def put(content: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return put


def refused(path: Path) -> str:
    """The sentence with which every way of reading refuses a file."""
    result = set()
    for way in (read_csv, scan, lambda path: list(csv_texts(path, block=1 << 13))):
        with pytest.raises(DataError) as caught:
            way(path)
        result.add(str(caught.value))
    (sentence,) = result
    assert "\n" not in sentence
    return sentence


def test_files_are_known_by_their_names():
    for ending in ("csv", "tsv", "tab", "txt", "psv", "dat", "data", "CSV.GZ", "tsv.bz2", "txt.zip", "csv.zst", "zip"):
        assert is_csv(Path(f"t.{ending}"))
    for name in ("readme.txt", "t.dat", "t.zip", "t.data", "t.psv.gz"):
        assert not is_csv(Path(name), in_folder=True)
    assert is_csv(Path("t.tsv.gz"), in_folder=True)
    assert not is_csv(Path("t.parquet"))


# -- faults and their lines


@pytest.mark.slow
def test_a_ragged_line_is_named_by_its_place_in_the_file(put):
    for above, n in (("", 0), ("Title,,\n# note\n", 2), ("sep=,\n", 1)):
        sentence = refused(put(f"{above}a,b,c\n{ROWS}1,2\n{ROWS}"))
        assert sentence.startswith(f"Line {3002 + n} of t.csv has 2 cells, but the ")
    cells = '1,2,"p\nq"\n' * 10
    assert refused(put(f"a,b,c\n{cells}1,2\n{ROWS}")).startswith("Line 22 of t.csv has 2 cells")
    for end in ("\r\n", "\r"):
        assert refused(put(f"a,b,c\n{ROWS}1,2\n{ROWS}".replace("\n", end))).startswith("Line 3002 of t.csv")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f'a,b,c\n1,2,"open\n{ROWS}', 2),
        (f'a,b,c\n{ROWS}1,2,"open\n{ROWS}', 3002),
        (f'a,b,c\n{ROWS}1,2,"open\n', 3002),
        (f'a,b,c\n{ROWS}"1,2,open\n{ROWS}"3,4,open\n{ROWS}', 3002),
        (f'Title,,\na,b,c\n"p\nq",2,3\n{ROWS}1,"2,3\n{ROWS}', 3005),
    ],
)
def test_a_quote_that_is_never_closed_is_named_by_its_line(put, text, line):
    assert refused(put(text)).startswith(f"The quote that opens in line {line} of t.csv is not closed")


def test_cells_may_hold_line_ends_quotes_and_separators(put):
    cells = ["Main Street 5,\nBonn", 'say "hi"', "p\r\nq", "", '5" pipe', "a,b\nc,d\n"]
    lines = "".join('"{}",{}\n'.format(cell.replace('"', '""'), i) for i, cell in enumerate(cells * 50))
    path = put("text,n\n" + lines)
    table, notes = read_csv(path)
    assert table["text"].to_pylist() == cells * 50
    assert pa.concat_tables(csv_chunks(path, {}, block=1 << 10))["text"].to_pylist() == cells * 50
    assert notes == ()


def test_backslashes_and_single_quotes_are_understood(put):
    table, _ = read_csv(put('a,b\n"say \\"hi, you\\"",1\n"x",2\n'))
    assert table["a"].to_pylist() == ['say "hi, you"', "x"]
    table, _ = read_csv(put("a,b\n'x, y',1\n'z''s',2\n"))
    assert table["a"].to_pylist() == ["x, y", "z's"]


# -- what is not part of the table


@pytest.mark.parametrize(
    ("below", "n"),
    [
        ("TOTAL,,\n", 1),
        ("Total,4498500,\n", 1),
        ("Total: 3000 rows\n", 1),
        ("\nSource: here, there, everywhere, 5\nPage 1\n", 2),
        ("\n\n", 0),
    ],
)
def test_lines_below_the_rows_are_left_out_and_told(put, below, n):
    for packed in (False, True):
        raw = f"a,b,c\n{ROWS}{below}".encode()
        path = put(gzip.compress(raw), "t.csv.gz") if packed else put(raw)
        table, notes = read_csv(path)
        assert table.num_rows == scan(path).n_rows == 3000
        assert table.schema.field("a").type == pa.int64()
        line = 3002 + (below[0] == "\n")
        assert [f"from line {line} on" in note for note in notes] == [True] * (n > 0)
        if n:
            assert notes[0].startswith(f"{n} line{'s' * (n > 1)} below the rows of {path.name}")


def test_a_last_row_with_gaps_or_of_a_level_stays(put):
    for last in ("3000,,\n", ",,\n", "NA,1.5,x\n"):
        assert read_csv(put(f"a,b,c\n{ROWS}{last}"))[0].num_rows == 3001
    levels = "name,n\n" + "total,1\nother,2\n" * 30
    assert read_csv(put(levels + "total,3\n"))[0].num_rows == 61
    assert read_csv(put("name,n,m\nAnn,1,2\nBob,,\n"))[0].num_rows == 2
    assert refused(put(f"a,b,c\n{ROWS}311.05,13")).startswith("Line 3002 of t.csv has 2 cells")


def test_comments_between_rows_are_skipped(put):
    table, _ = read_csv(put(f"# above\na,b,c\n{ROWS}# within, these, rows\n{ROWS}"))
    assert table.num_rows == 6000
    table, notes = read_csv(put(f"a,b,c\n{ROWS * 4}# within\n{ROWS}"))
    assert table.num_rows == 15000
    assert notes == ("1 comment line between the rows of t.csv was skipped.",)
    table, _ = read_csv(put(f'# above\na,b,c\n1,2,"p\n# no comment\nq"\n{ROWS}'))
    assert table["c"][0].as_py() == "p\n# no comment\nq"


@pytest.mark.slow
def test_a_column_that_separators_at_the_ends_of_lines_make_is_dropped(put):
    path = put("a,b,\n" + "1,2,\n" * 30_000)
    assert read_csv(path)[0].column_names == ["a", "b"]
    sentence = refused(put("a,b,\n" + "1,2,\n" * 30_000 + "1,2,3\n" + "1,2,\n" * 9))
    assert sentence == "Line 30002 of t.csv has 3 cells, but the first line has 2; correct that line."


# -- encodings


def test_a_file_may_turn_out_late_not_to_be_ascii(put):
    for cell in ("café", "Müller"):
        path = put(f"a,b,c\n{ROWS * 9}".encode() + f"1,2,{cell}\n".encode("cp1252"))
        table, notes = read_csv(path)
        assert table["c"][-1].as_py() == cell
        assert notes == ("t.csv was read as Windows-1252 (Western European).",)
        assert pa.concat_tables(csv_texts(path, block=1 << 13))["c"][-1].as_py() == cell


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1250"])
def test_other_encodings_are_read(put, encoding):
    lines = "".join(f"{i},Třebíč,{i / 4}\n" for i in range(9000))
    table, notes = read_csv(put(("číslo,město,x\n" + lines).encode(encoding)))
    assert table.column_names == ["číslo", "město", "x"]
    assert set(table["město"].to_pylist()) == {"Třebíč"}
    assert len(notes) == (encoding != "utf-8-sig")


def test_an_encoding_that_changes_within_the_file_is_an_error(put):
    sentence = refused(put(f"a,b,c\n1,2,é\n{ROWS * 9}".encode() + b"1,2,caf\xe9\n"))
    assert sentence == "Line 27003 of t.csv is not UTF-8, but other lines are; save the file as UTF-8."


def test_zero_characters_are_left_out_and_told(put):
    table, notes = read_csv(put("a,b\nx\0\0,1\ny\0,2\n"))
    assert table["a"].to_pylist() == ["x", "y"]
    assert notes == ("t.csv holds NUL characters, which were left out.",)


# -- sizes and separators


@pytest.mark.slow
def test_long_lines_and_many_columns_are_read(put):
    n = 20_000
    names = [f"a column with the number {i} and a name so long that the header has over 1 MB" for i in range(n)]
    rows = [np.arange(1, n + 1).tolist(), [2.5] * n]
    path = put("\n".join(",".join(map(str, row)) for row in [names, *rows]) + "\n")
    table, _ = read_csv(path)
    assert table.column_names == names
    assert table.shape == (2, n)
    long = put(f"a,b,c\n{ROWS}1,2,{'x' * 3_000_000}\n{ROWS}", "long.csv")
    assert read_csv(long)[0].num_rows == 6001
    chunks = pa.concat_tables(csv_chunks(long, {}, block=1 << 13))
    assert chunks["a"].to_pylist() == [*range(3000), 1, *range(3000)]


@pytest.mark.slow
def test_cells_between_blanks_or_two_characters_are_rewritten_for_arrow(put):
    aligned = "".join(f"{i:6d}   {i / 4:8.2f}  {['New York', 'Bonn'][i % 2]}\n" for i in range(12_000))
    table, _ = read_csv(put("   n         x  city\n" + aligned))
    assert table.column_names == ["n", "x", "city"]
    assert table["n"].to_pylist() == list(range(12_000))
    assert table["city"][0].as_py() == "New York"
    rated = "".join(f"{i}::{i % 5}::Tale {i} (1995)\n" for i in range(3000))
    assert read_csv(put(rated, "r.dat"))[0]["x2"][7].as_py() == "Tale 7 (1995)"
    quoted = "".join(f'{i}, "x, ""y""\nz", 5\n' for i in range(60_000))
    table, _ = read_csv(put(quoted))
    assert set(table["x1"].to_pylist()) == {'x, "y"\nz'}
    assert table.num_rows == 60_000


def test_columns_that_arrow_would_misread_are_text(put):
    path = put("zip;price;n\n" + "01067;1,5;3\n" * 20)
    kinds = [pa.string(), pa.string(), pa.int64()]
    assert read_csv(path)[0].schema.types == kinds
    assert next(csv_chunks(path, {}, block=1 << 13)).schema.types == kinds
    assert read_csv(path, ["n"])[0]["n"].to_pylist() == ["3"] * 20


def test_gaps_are_missing_among_numbers_and_texts_as_they_are(put):
    table, _ = read_csv(put("n,country\n1,NA\nNA,DE\n,\n4,nan\n"))
    assert table["n"].to_pylist() == [1, None, None, 4]
    assert table["country"].to_pylist() == ["NA", "DE", "", "nan"]


def test_a_folder_of_images_with_a_text_beside_them_stays_one_of_images(tmp_path):
    from PIL import Image

    for i in range(3):
        Image.new("L", (4, 4), i).save(tmp_path / f"{i}.png")
    (tmp_path / "readme.txt").write_text("a,b\n1,2\n")
    assert read(tmp_path).image_shape == (4, 4, 1)
    assert read(tmp_path / "readme.txt").names == ("a", "b")


def test_duplicate_names_are_found_among_many(put):
    names = [f"c{i}" for i in range(3000)] + ["c7"]
    path = put(",".join(names) + "\n" + ",".join(["1.5"] * 3001) + "\n")
    with pytest.raises(DataError, match="two columns named 'c7'"):
        read(path)


def test_damage_that_shows_only_below_the_first_rows_is_told(put):
    raw = gzip.compress(f"a,b,c\n{ROWS * 40}".encode())
    with pytest.raises(DataFormatError, match=r"^t\.csv\.gz is not a gzip file, or is damaged or cut short"):
        read_csv(put(raw[:-6], "t.csv.gz"))

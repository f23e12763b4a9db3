"""Tables of spreadsheets, Feather, ORC and JSON files."""

from __future__ import annotations

import datetime
import gzip
import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import feather, orc, parquet

from narrows import Autoencoder
from narrows.data import is_table, read
from narrows.data.readers.table_formats import read_other
from narrows.errors import DataFormatError, DataNotFoundError, MissingExtraError

TABLE = pa.table(
    {"n": [1, 2, None], "x": [0.5, 1.5, 2.5], "text": ["a", None, "b"], "day": [datetime.date(2024, 1, 1)] * 3}
)


# -- Feather, Arrow, ORC


def _write_arrow(path: Path, data: pa.Table, *, stream: bool) -> None:
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(str(path), data.schema) as writer:
        writer.write_table(data)


@pytest.mark.parametrize("kind", ["feather", "file", "stream", "orc"])
def test_binary_tables_are_read_as_they_were_written(tmp_path, kind):
    path = tmp_path / {"orc": "t.orc", "file": "t.ipc", "stream": "t.arrow"}.get(kind, "t.feather")
    if kind == "orc":
        orc.write_table(TABLE, str(path))
    elif kind == "feather":
        feather.write_feather(TABLE, str(path))
    else:
        _write_arrow(path, TABLE, stream=kind == "stream")
    table, notes = read_other(path)
    assert table.equals(TABLE)
    assert notes == ()
    assert is_table(path)
    assert read(path, columns=["x"]).column(0).tolist() == [0.5, 1.5, 2.5]


@pytest.mark.parametrize("ending", [".feather", ".arrow", ".orc", ".xlsx", ".json", ".jsonl", ".jsonl.gz", ".json.zst"])
def test_a_damaged_or_empty_file_is_a_sentence_that_names_it(tmp_path, ending):
    for data in (b"", b"\x00\xff not a table"):
        path = tmp_path / f"broken{ending}"
        path.write_bytes(data)
        with pytest.raises(DataFormatError, match=f"broken{ending}"):
            read(path)


# -- JSON

ROWS = [{"a": 1, "b": {"c": "x", "d": {"e": 1.5}}, "v": [1, 2]}, {"a": 2, "b": None, "v": None}]
LINES = "\n".join(map(json.dumps, ROWS)) + "\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.jsonl", LINES),
        ("t.ndjson", LINES),
        ("t.json", LINES),
        ("t.json", json.dumps(ROWS)),
        ("t.json", json.dumps({"count": 2, "results": ROWS}, indent=1)),
        ("t.json", "\ufeff" + json.dumps(ROWS, indent=2)),
    ],
)
def test_objects_are_rows_and_nested_ones_have_dots_in_their_names(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    table, _ = read_other(tmp_path / name)
    assert table.column_names == ["a", "b.c", "b.d.e", "v"]
    assert table.to_pylist() == [
        {"a": 1, "b.c": "x", "b.d.e": 1.5, "v": [1, 2]},
        {"a": 2, "b.c": None, "b.d.e": None, "v": None},
    ]
    assert read(tmp_path / name).names == ("a", "b.c", "b.d.e", "v[0]", "v[1]")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, 2], "b": ["x", "y"]}',
        '{"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": "y"}}',
        '{"columns": ["a", "b"], "index": [0, 1], "data": [[1, "x"], [2, "y"]]}',
    ],
)
def test_what_pandas_writes_as_json_is_a_table(tmp_path, text):
    (tmp_path / "t.json").write_text(text)
    assert read_other(tmp_path / "t.json")[0].to_pydict() == {"a": [1, 2], "b": ["x", "y"]}


def test_packed_json_is_unpacked(tmp_path):
    (tmp_path / "t.jsonl.gz").write_bytes(gzip.compress(LINES.encode()))
    with pa.CompressedOutputStream(str(tmp_path / "t.jsonl.zst"), "zstd") as file:
        file.write(LINES.encode())
    assert read_other(tmp_path / "t.jsonl.gz")[0].equals(read_other(tmp_path / "t.jsonl.zst")[0])


def test_cells_of_several_kinds_are_texts(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"a": 1}\n{"a": "x"}\n')
    assert read_other(tmp_path / "t.jsonl")[0]["a"].to_pylist() == ["1", "x"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"a": 1}\n{"a": 2\n', "line 2"),
        ('{"a": 1}\n3\n', "line 2"),
        ('"text"', "no table"),
        ("[]", "no table"),
        ('{"a": [1], "b": [1, 2]}', "different lengths"),
    ],
)
def test_other_json_is_refused_with_its_place(tmp_path, text, sentence):
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(DataFormatError, match=sentence):
        read(tmp_path / "t.json")


# -- spreadsheets


def _cell(value: object, place: str, style: str = "") -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    if isinstance(value, datetime.date):
        days = (datetime.datetime.combine(value, datetime.time()) - datetime.datetime(1899, 12, 30)).days
        return f'<c r="{place}" s="1"><v>{days}</v></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def write_xlsx(path: Path, sheets: dict[str, list[list[object]]]) -> None:
    """The smallest files that are spreadsheets."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    with zipfile.ZipFile(path, "w") as file:
        entries, links = "", ""
        for i, (name, rows) in enumerate(sheets.items(), 1):
            entries += f'<sheet name="{name}" sheetId="{i}" r:id="r{i}"/>'
            links += f'<Relationship Id="r{i}" Type="{office}/worksheet" Target="worksheets/sheet{i}.xml"/>'
            cells = "".join(
                f'<row r="{r}">' + "".join(_cell(cell, f"{chr(65 + c)}{r}") for c, cell in enumerate(row)) + "</row>"
                for r, row in enumerate(rows, 1)
            )
            file.writestr(
                f"xl/worksheets/sheet{i}.xml", f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>'
            )
        links += f'<Relationship Id="s" Type="{office}/styles" Target="styles.xml"/>'
        formats = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
        book = f'<Relationship Id="w" Type="{office}/officeDocument" Target="xl/workbook.xml"/>'
        types = "http://schemas.openxmlformats.org/package/2006/content-types"
        file.writestr("xl/styles.xml", f'<styleSheet xmlns="{main}">{formats}</styleSheet>')
        file.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{entries}</sheets></workbook>'
        )
        file.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}">{links}</Relationships>')
        file.writestr("_rels/.rels", f'<Relationships xmlns="{package}">{book}</Relationships>')
        file.writestr("[Content_Types].xml", f'<Types xmlns="{types}"/>')


HEADER = ["n", "price", "on", "day", "code"]
DAY = datetime.date(2024, 3, 1)
BODY = [[1, 2.5, True, DAY, "01"], [2, None, False, DAY, 7], [3, 4.25, True, None, "x"]]


def test_cells_of_a_sheet_are_numbers_dates_and_texts(tmp_path):
    write_xlsx(tmp_path / "t.xlsx", {"Sheet": [HEADER, *BODY]})
    table, notes = read_other(tmp_path / "t.xlsx")
    assert table.to_pydict() == {
        "n": [1, 2, 3],
        "price": [2.5, None, 4.25],
        "on": [True, False, True],
        "day": [DAY, DAY, None],
        "code": ["01", "7", "x"],
    }
    assert table.schema.types == [pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.string()]
    assert notes == ()
    assert read(tmp_path / "t.xlsx").names == tuple(HEADER)


def test_rows_above_the_header_and_empty_rows_and_columns_are_left_out(tmp_path):
    above = [["Sales of 2024"], [None, "by", "region"], []]
    rows = [[None, *HEADER], [], *([None, *row] for row in BODY)]
    write_xlsx(tmp_path / "t.xlsx", {"Sheet": [*above, *rows]})
    table, notes = read_other(tmp_path / "t.xlsx")
    assert table.column_names == HEADER
    assert table.num_rows == 3
    assert notes == ("t.xlsx: 2 rows above the header were left out.",)


def test_the_index_of_a_frame_needs_no_name(tmp_path):
    write_xlsx(tmp_path / "t.xlsx", {"Sheet": [[None, "a", "b"], [0, 1.5, 2], [1, 2.5, 3]]})
    assert read_other(tmp_path / "t.xlsx")[0].column_names == ["unnamed: 0", "a", "b"]


def test_a_sheet_of_numbers_has_no_header(tmp_path):
    write_xlsx(tmp_path / "t.xlsx", {"Sheet": [[1, 2], [3, 4]]})
    assert read_other(tmp_path / "t.xlsx")[0].to_pydict() == {"x0": [1, 3], "x1": [2, 4]}


def test_the_first_sheet_that_is_filled_is_read_or_the_one_that_is_named(tmp_path):
    write_xlsx(tmp_path / "t.xlsx", {"Empty": [], "First": [["a"], [1], [2]], "Costs": [["b"], [3], [4]]})
    table, notes = read_other(tmp_path / "t.xlsx")
    assert table.column_names == ["a"]
    assert notes == ("t.xlsx has 3 sheets, of which 'First' was read; name another as t.xlsx#SHEET.",)
    assert read(f"{tmp_path}/t.xlsx#Costs").names == ("b",)
    with pytest.raises(DataFormatError, match="no sheet 'Other'; its sheets are 'Empty', 'First', 'Costs'"):
        read(f"{tmp_path}/t.xlsx#Other")
    with pytest.raises(DataFormatError, match="only empty cells"):
        read(f"{tmp_path}/t.xlsx#Empty")
    with pytest.raises(DataNotFoundError):
        read(f"{tmp_path}/gone.xlsx#Costs")


def test_without_the_extra_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)
    write_xlsx(tmp_path / "t.xlsx", {"Sheet": [HEADER, *BODY]})
    with pytest.raises(MissingExtraError, match=r"narrows\[excel\]"):
        read(tmp_path / "t.xlsx")


@pytest.mark.parametrize(
    ("ending", "first"),
    [
        *((ending, first) for ending in ("parquet", "feather", "jsonl") for first in (2**53 + 1, -(2**60))),
        *((ending, 2**63 + 5) for ending in ("parquet", "feather")),
    ],
)
def test_large_whole_numbers_with_a_missing_cell_are_numbers(tmp_path: Path, ending: str, first: int) -> None:
    cells = [None if i == 3 else first + 1000 * (i % 5) for i in range(40)]
    frame = pa.table({"a": [i % 7 for i in range(40)], "big": pa.array(cells, pa.uint64() if first > 2**62 else None)})
    path = tmp_path / f"big.{ending}"
    if ending == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in frame.to_pylist()))
    else:
        (parquet.write_table if ending == "parquet" else feather.write_feather)(frame, str(path))
    model = Autoencoder(n_components=1, epochs=2, random_state=0).fit(read(path))
    assert model.schema_.ignored_columns == {}
    assert model.schema_.column_types["big"] == "numeric"

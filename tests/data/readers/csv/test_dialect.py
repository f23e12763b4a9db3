from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import narrows
from narrows.data.readers.csv.dialect import CsvFormat, sample_cells
from narrows.errors import DataFormatError

N = 30
RNG = np.random.default_rng(0)
NUMBERS = [f"{x:.2f}" for x in RNG.uniform(1, 99, 4 * N)]
LETTERS = RNG.choice(list("abcdef"), (8, N))


def x(i: int) -> str:
    return NUMBERS[i % (4 * N)]


def lines(row: Callable[[int], str], n: int = N) -> str:
    return "".join(row(i) + "\n" for i in range(n))


SEPARATORS = {
    "decimal comma": ("w;p;size\n" + lines(lambda i: f"{x(i)};{x(i + 9)};S".replace(".", ",")), ";", 3),
    "decimal comma, no header": (lines(lambda i: f"{x(i)};{x(i + 9)}".replace(".", ",")), ";", 2),
    "decimal comma, tab": ("w\tp\n" + lines(lambda i: f"{x(i)}\t{x(i + 9)}".replace(".", ",")), "\t", 2),
    "quoted commas": ("id,text\n" + lines(lambda i: f'{i},"Hello, my {i}, ok"'), ",", 2),
    "quoted semicolons": ("id,text\n" + lines(lambda i: f'{i},"a;b;c;d;e"'), ",", 2),
    "numbers alone": ("price\n" + lines(x), "", 1),
    "times alone": ("at\n" + lines(lambda i: f"{i % 24:02}:{i:02}:00"), "", 1),
    "moments alone": ("at\n" + lines(lambda i: f"2020-01-{i % 28 + 1:02} 10:{i:02}:00"), "", 1),
    "names alone": ("name\n" + lines(lambda i: f"Ann Smith{' Junior' * (i % 2)}"), "", 1),
    "sentences alone": ("comment\n" + lines(lambda i: f"Good, really{', and cheap' * (i % 3 > 0)}"), "", 1),
    "moments": (lines(lambda i: f"2020-01-{i % 28 + 1:02} 10:{i:02}:00,{x(i)}"), ",", 2),
    "pipes within cells": ("id,tags,x\n" + lines(lambda i: f"{i},a|b,{x(i)}"), ",", 3),
    "pipe": ("id|name|x\n" + lines(lambda i: f"{i}|Miller, Tom|{x(i)}"), "|", 3),
    "commas in texts": ("id;t;x\n" + lines(lambda i: f"{i};{'a, b, c, d, e'[: 3 * (i % 4) + 1]};{x(i)}"), ";", 3),
    "aligned": (lines(lambda i: f"{i:4d} {x(i):>8} {'xyz'[i % 3]:>3}"), "  ", 3),
    "blanks": (lines(lambda i: f"{x(i)} {x(i + 5)}"), " ", 2),
    "aligned names": ("city          n\n" + lines(lambda i: f"{['New York', 'Bonn'][i % 2]:<12}  {i * 100}"), "  ", 2),
    "passwd": (lines(lambda i: f"u{i}:x:{1000 + i}:{1000 + i}:User {i}:/home/u{i}:/bin/sh"), ":", 7),
    "caret": ("a^b\n" + lines(lambda i: f"x^{x(i)}"), "^", 2),
    "two colons": (lines(lambda i: f"{i}::{i * 7}::{i % 5 + 1}"), "::", 3),
    "control character": (lines(lambda i: f"{i}\x01abc\x01{x(i)}"), "\x01", 3),
    "JSON within cells": ("id;j\n" + lines(lambda i: f'{i};{{"a": {i}, "b": [1,2]}}'), ";", 2),
    "inches": ("a,b\n" + lines(lambda i: f'{i},{i}" pipe'), ",", 2),
    "single quotes": ("a,b\n" + lines(lambda i: f"'x, y',{i}"), ",", 2),
    "apostrophes": ("a,b\n" + lines(lambda i: f"O'Brien's,{i}"), ",", 2),
    "backslashes": ("a,b\n" + lines(lambda i: f'"say \\"hi, you\\" now",{i}'), ",", 2),
    "doubled quotes": ("a,b\n" + lines(lambda i: f'"say ""hi, you"" now",{i}'), ",", 2),
    "cells of several lines": ("a,b\n" + lines(lambda i: f'"Street {i},\nCity",{i}'), ",", 2),
    "blanks after commas": (lines(lambda i: f"{i}, State-gov, {x(i)}"), ",", 3),
    "old Mac": (("a;b\n" + lines(lambda i: f"{i};{x(i)}")).replace("\n", "\r"), ";", 2),
}

HEADERS = {
    "words above numbers": ("a,b\n" + lines(lambda i: f"{i},{x(i)}"), ("a", "b")),
    "numbers and a class": (lines(lambda i: f"{x(i)},{x(i + 9)},{'uv'[i % 2]}"), None),
    "a first row with a gap": ("?,1.5,a\n" + lines(lambda i: f"{x(i)},{x(i + 9)},{'ab'[i % 2]}"), None),
    "letters that occur again": (lines(lambda i: ",".join(LETTERS[:, i])), None),
    "codes": (lines(lambda i: f"A{i:03},B{i:02},X{i}"), None),
    "dates and words": (lines(lambda i: f"2020-01-{i % 28 + 1:02},word{i}"), None),
    "names like codes": ("x1,x2\n" + lines(lambda i: f"{x(i)},{x(i + 9)}"), ("x1", "x2")),
    "texts": ("name,city\n" + lines(lambda i: f"n{i},{['Bonn', 'Kiel'][i % 2]}"), ("name", "city")),
    "years and a word": (
        "country,2019,2020\n" + lines(lambda i: f"C{i},{x(i)},{x(i + 9)}"),
        ("country", "2019", "2020"),
    ),
    "years": ("2019,2020,2021\n" + lines(lambda i: f"{x(i)},{x(i + 1)},{x(i + 2)}"), ("2019", "2020", "2021")),
    "months": ("shop,2020-01,2020-02\n" + lines(lambda i: f"s,{i},{i * 2}"), ("shop", "2020-01", "2020-02")),
    "wavelengths": ("s,400,402,404\n" + lines(lambda i: f"s{i},{x(i)},{x(i + 1)},{x(i)}"), ("s", "400", "402", "404")),
    "counted": ("0,1,2\n" + lines(lambda i: f"{x(i)},{x(i + 1)},{x(i + 2)}"), ("0", "1", "2")),
    "index of pandas": (",a,b\n" + lines(lambda i: f"{i},{x(i)},{x(i)}"), ("column 1", "a", "b")),
    "row names of R": ('"a","b"\n' + lines(lambda i: f'"{i + 1}",{x(i)},{x(i)}'), ("row", "a", "b")),
    "separators at every end": ("a,b,\n" + lines(lambda i: f"{x(i)},{i},"), ("a", "b")),
    "separators at the ends of rows": ("a,b\n" + lines(lambda i: f"{x(i)},{i},"), ("a", "b")),
    "a separator at the end of the header": ("a,b,\n" + lines(lambda i: f"{x(i)},{i}"), ("a", "b")),
    "separators at the ends, no header": (lines(lambda i: f"{x(i)},{i},"), None),
    "a name that is a sign": ("#,a\n" + lines(lambda i: f"{i},{x(i)}"), ("#", "a")),
    "a header as comment": ("# a,b\n" + lines(lambda i: f"{x(i)},{i}"), ("a", "b")),
    "VCF": ("##v=1\n##w=2\n#CHROM\tPOS\n" + lines(lambda i: f"chr1\t{i}"), ("CHROM", "POS")),
    "one column": (lines(x), None),
    "one column of words": ("name\n" + lines(lambda i: f"n{i}"), ("name",)),
}

ABOVE = {
    "sep=;\n": (0, ";"),
    '"sep=\t"\n': (0, "\t"),
    "# one\n# two, and three\n": (2, ","),
    "// one\n": (1, ","),
    "% one\n": (1, ","),
    "Report of sales\n\n": (1, ","),
    "Report,,\nRegion:,North,\n": (2, ","),
    "Sales, January to March, 2024, all shops\nSource: us\n": (2, ","),
    "\n\n": (0, ","),
}


def form_of(tmp_path, text: str) -> CsvFormat:
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode())
    return CsvFormat.of(path)


@pytest.mark.parametrize("name", SEPARATORS)
def test_the_separator_is_the_one_that_makes_a_table(tmp_path, name):
    text, separator, n = SEPARATORS[name]
    form = form_of(tmp_path, text)
    assert (form.dialect.separator, len(form.names)) == (separator, n)
    assert {len(column) for column in form.sample} == {N}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_is_told_from_a_row(tmp_path, name):
    text, names = HEADERS[name]
    form = form_of(tmp_path, text)
    assert (form.header.line is None) == (names is None)
    if names is not None:
        assert form.names == names
    assert {len(column) for column in form.sample} == {text.count("\n") - form.n_lines_above}


@pytest.mark.parametrize("above", ABOVE)
def test_lines_above_the_header_are_skipped_and_counted(tmp_path, above):
    n, separator = ABOVE[above]
    form = form_of(tmp_path, above + ("a,b,c\n" + lines(lambda i: f"{x(i)},{i},w")).replace(",", separator))
    assert form.names == ("a", "b", "c")
    assert form.header.line == above.count("\n") + 1
    assert (form.n_skipped_above, form.n_lines_above) == (n, above.count("\n") + 1)
    assert [note for note in form.notes() if "above the header of t.csv" in note] == (
        [f"{n} line{'s' * (n > 1)} above the header of t.csv {'were' if n > 1 else 'was'} skipped."] if n else []
    )


def test_signs_of_comments_may_begin_cells(tmp_path):
    form = form_of(tmp_path, "colour,n\n" + lines(lambda i: f"#FF{i:02}00,{i}"))
    assert form.sample[0][:2] == ["#FF0000", "#FF0100"]


def test_a_form_is_told_in_words_and_for_machines(tmp_path):
    form = form_of(tmp_path, "Sales\na;b\n" + lines(lambda i: f"{i};{x(i)}"))
    assert form.sentence() == "t.csv: UTF-8, separator semicolon, header in line 2."
    assert form.describe() == {
        "encoding": "utf-8",
        "separator": ";",
        "quote": '"',
        "header": True,
        "header_line": 2,
        "skipped_lines": 1,
        "comment": None,
        "compression": None,
    }


def test_the_cells_of_the_first_rows_are_given_as_written(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n" + lines(lambda i: f'0{i},"{x(i)}"', 800))
    names, columns = sample_cells(tmp_path / "t.csv")
    assert names == ("a", "b")
    assert columns == [[f"0{i}" for i in range(500)], [x(i) for i in range(500)]]


def test_names_that_are_missing_are_made_up_and_told(tmp_path):
    form = form_of(tmp_path, "a,,c\n" + lines(lambda i: f"{x(i)},{i},{i}"))
    assert form.names == ("a", "column 2", "c")
    assert "without a name in the header of t.csv are called 'column 2'" in form.notes()[0]


def test_two_tables_in_one_file_are_refused(tmp_path):
    text = "a,b\n" + lines(lambda i: f"{i},{x(i)}") + "\nc,d,e\n" + lines(lambda i: f"{i},{x(i)},4")
    with pytest.raises(DataFormatError, match=r"several tables, one from line 1 on of 2 columns"):
        form_of(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        "<!doctype html>\n<html><body><h1>Not found</h1></body></html>\n",
        "\ufeff  <HTML lang=en>\n<p>a,b\n<p>1,2\n",
        "<!-- a, b -->\n<!DOCTYPE html PUBLIC>\n<html>",
    ],
)
def test_a_page_of_a_failed_download_is_named(tmp_path, text):
    (tmp_path / "page.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataFormatError, match=r"page\.csv is an HTML page, not a table"):
        narrows.read(tmp_path / "page.csv")


def test_a_header_in_angle_brackets_is_a_header(tmp_path):
    (tmp_path / "t.csv").write_text("<DATE>,<CLOSE>\n" + lines(lambda i: f"{x(i)},{x(i + 9)}"))
    assert narrows.read(tmp_path / "t.csv").feature_names == ("<DATE>", "<CLOSE>")

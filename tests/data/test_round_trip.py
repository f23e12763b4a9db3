"""A table written as people write tables is read back as it was."""

import bz2
import csv
import datetime as dt
import gzip
import io
import os
from dataclasses import dataclass

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narrows.data import is_missing, read

EXAMPLES = int(os.environ.get("NARROWS_EXAMPLES", "60"))
WORDS = ["Köln", "São Paulo", "Łódź", "O'Hare", "north east", "50%", "A/B", "plain", "Größe", "x y z", "N", "ok"]
LATIN = [word for word in WORDS if word != "Łódź"]
DATES = {
    "%d.%m.%Y": "day first",
    "%d/%m/%Y": "day first",
    "%m/%d/%Y": "month first",
    "%Y-%m-%d": "ISO",
    "%Y/%m/%d": "ISO",
}
MARKERS = ["", "NA", "?", "-", "n/a", "missing", "NULL", " "]


@dataclass(frozen=True)
class Style:
    """How a file is written."""

    delimiter: str
    decimal: str
    thousands: str
    marker: str
    date: str
    encoding: str
    quoting: int
    newline: str
    ending: str


@st.composite
def styles(draw):
    decimal = draw(st.sampled_from(".,"))
    others = [mark for mark in ("", ".", ",", " ", "'", "\u00a0") if mark != decimal]
    thousands = draw(st.sampled_from(others))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
    return Style(
        delimiter=draw(st.sampled_from(",;\t|")),
        decimal=decimal,
        thousands=thousands,
        marker=draw(st.sampled_from(MARKERS)),
        date=draw(st.sampled_from(list(DATES))),
        encoding=encoding,
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        newline=draw(st.sampled_from(["\n", "\r\n"])),
        ending=draw(st.sampled_from([".csv", ".csv.gz", ".csv.bz2"])),
    )


def grouped(value, places, style):
    """A number in the digits and marks of a style."""
    text = f"{abs(value):,.{places}f}"
    text = text.replace(",", "\0").replace(".", style.decimal).replace("\0", style.thousands)
    return ("-" if value < 0 else "") + text


def column(kind, n, rng, style):
    """Values, None for gaps, and their cells."""
    if kind == "whole":
        values = [int(v) for v in rng.integers(-50_000, 2_000_000, n)]
        cells = [grouped(v, 0, style) for v in values]
    elif kind == "number":
        values = [round(float(v), 2) for v in rng.normal(0, 5000, n)]
        cells = [grouped(v, 2, style) for v in values]
    elif kind == "small":
        values = [round(float(v), 4) for v in rng.normal(0, 1, n)]
        cells = [f"{v:.4f}".replace(".", style.decimal) for v in values]
    elif kind == "date":
        days = [dt.date(2019, 1, 1) + dt.timedelta(int(d)) for d in rng.integers(0, 1500, n)]
        days[0], days[1] = dt.date(2020, 1, 31), dt.date(2021, 5, 17)
        values, cells = days, [day.strftime(style.date) for day in days]
    elif kind == "code":
        values = cells = [f"{v:05d}" for v in rng.choice([1067, 10115, 20095, 4109, 80331], n)]
    elif kind == "truth":
        values = [bool(v) for v in rng.integers(0, 2, n)]
        cells = ["true" if v else "false" for v in values]
    else:
        words = LATIN if style.encoding == "cp1252" else WORDS
        values = cells = [str(word) for word in rng.choice(words, n)]
    gaps = rng.random(n) < (0.1 if rng.random() < 0.5 else 0)
    gaps[:2] = False
    marker = "" if kind in ("word", "code", "truth") else style.marker
    return [None if g else v for v, g in zip(values, gaps, strict=True)], [
        marker if g else c for c, g in zip(cells, gaps, strict=True)
    ]


def write_file(path, names, cells, style):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=style.delimiter, quoting=style.quoting, lineterminator=style.newline)
    writer.writerow(names)
    writer.writerows(zip(*cells, strict=True))
    content = text.getvalue().encode(style.encoding)
    pack = {".csv.gz": gzip.compress, ".csv.bz2": bz2.compress}.get(style.ending)
    path.write_bytes(content if pack is None else pack(content))


KINDS = ["whole", "number", "small", "date", "code", "truth", "word"]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=EXAMPLES <= 100)
@given(
    style=styles(),
    kinds=st.lists(st.sampled_from(KINDS), min_size=2, max_size=6),
    n=st.integers(24, 80),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_table_in_any_style_is_read_as_it_was_written(tmp_path_factory, style, kinds, n, seed):
    rng = np.random.default_rng(seed)
    columns = [column(kind, n, rng, style) for kind in kinds]
    names = [f"{kind} {i}" for i, kind in enumerate(kinds)]
    path = tmp_path_factory.mktemp("styles") / f"table{style.ending}"
    write_file(path, names, [cells for _, cells in columns], style)

    rows = read(path)

    assert rows.names == tuple(names)
    assert len(rows) == n
    assert not rows.invalid
    for i, (kind, (values, _)) in enumerate(zip(kinds, columns, strict=True)):
        found = rows.column(i)
        gaps = np.array([v is None for v in values])
        assert np.array_equal(is_missing(found), gaps), (kind, rows.notes)
        there = [v for v in values if v is not None]
        if kind == "date":
            assert found[~gaps].astype("datetime64[D]").tolist() == there
        elif kind in ("code", "word"):
            assert found[~gaps].tolist() == there
        else:
            assert found.dtype.kind in "biuf"
            assert np.array_equal(found[~gaps].astype(float), np.array(there, dtype=float))

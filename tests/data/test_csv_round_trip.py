"""A random table, written by Python's csv module in a random form, is read back cell for cell."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import tempfile
import zipfile
from pathlib import Path

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narrows.data.readers.csv.csv_file import CsvFormat, csv_texts, read_csv


def _zipped(raw: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inner.csv", raw)
    return packed.getvalue()


PACKED = {
    ".csv": bytes,
    ".txt": bytes,
    ".csv.gz": gzip.compress,
    ".csv.bz2": bz2.compress,
    ".tsv.xz": lzma.compress,
    ".csv.zst": lambda raw: pa.compress(raw, "zstd", asbytes=True),
    ".zip": _zipped,
}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"]
ABOVE = {"none": "", "sep": "sep={s}{e}", "comment": "# exported{e}# on Monday{e}", "title": "Report of sales{e}{e}"}

numbers = st.one_of(
    st.integers(-10_000, 10_000).map(str),
    st.floats(-1e4, 1e4, allow_nan=False).map(lambda x: f"{x:.3f}"),
)
words = st.text(st.sampled_from("abcdefghXYZäüß ,;|.'\"\n-_:#%/"), min_size=1, max_size=12).map(
    lambda text: "w" + text + "w"
)
dates = st.dates().map(str)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """At least one column of numbers or dates among others, below a header of words."""
    kinds = [numbers, *draw(st.lists(st.sampled_from([numbers, words, dates]), min_size=1, max_size=4))]
    kinds = draw(st.permutations(kinds))
    n = draw(st.integers(3, 20))
    rows = [[draw(kind) for kind in kinds] for _ in range(n)]
    return [f"name {i}" for i in range(len(kinds))], rows


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    tables(),
    st.sampled_from(",;\t|"),
    st.sampled_from(ENCODINGS),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(sorted(PACKED)),
    st.sampled_from(sorted(ABOVE)),
)
def test_a_table_in_any_form_is_read_cell_for_cell(table, separator, encoding, quoting, end, ending, above) -> None:
    names, rows = table
    rows = [[cell.replace("\n", end) for cell in row] for row in rows]  # else Python's module leaves out the quotes
    written = io.StringIO(newline="")
    written.write(ABOVE[above].format(s=separator, e=end))
    writer = csv.writer(written, delimiter=separator, quoting=quoting, lineterminator=end)
    writer.writerows([names, *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"t{ending}"
        path.write_bytes(PACKED[ending](written.getvalue().encode(encoding)))
        found = pa.concat_tables(csv_texts(path, block=1 << 12))
        whole, _ = read_csv(path)
        form = CsvFormat.of(path)
    assert found.column_names == names, form
    assert [list(row.values()) for row in found.to_pylist()] == rows, form
    assert whole.shape == found.shape
    assert form.dialect.separator == separator

"""Files as people send them: each is read as a careful person would read it."""

import datetime as dt
import gzip
import io
import zipfile

import numpy as np
import pytest

from narrows.data import Schema, is_missing, read
from narrows.errors import DataError, DataFormatError

N = 300
R = np.random.default_rng(0)
Z = R.normal(size=N)
WEIGHT = (300 + 40 * Z).round(2)
PRICE = np.exp(5 + 0.5 * Z + 0.2 * R.normal(size=N)).round(2)
SIZE = np.where(Z > 0.4, "L", np.where(Z > -0.4, "M", "S"))
DAYS = [dt.date(2024, 5, 1) + dt.timedelta(days=int(z * 12)) for z in Z]


def table(delimiter=",", header=True, **columns):
    """CSV text of cells (texts or numbers)."""
    lines = [delimiter.join(columns)] if header else []
    lines += [delimiter.join(str(cell) for cell in cells) for cells in zip(*columns.values(), strict=True)]
    return "\n".join(lines) + "\n"


def cells(values, style, gaps=None, marker=""):
    """Values as texts; `marker` in every ninth cell where gaps are wanted."""
    return [marker if gaps and i % 9 == 0 else style(value) for i, value in enumerate(values)]


@pytest.fixture
def put(tmp_path):
    def write(content, name="table.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def column(rows, name):
    return rows.column(rows.feature_names.index(name))


def kinds(rows):
    schema = Schema.learn(rows)
    return schema.column_types | {name: "set aside: " + why for name, why in schema.ignored_columns.items()}


# -- numbers


def comma(value):
    return f"{value:.2f}".replace(".", ",")


def german(value):
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def quoted(style):
    return lambda value: f'"{style(value)}"'


@pytest.mark.parametrize(
    ("style", "scale"),
    [
        (lambda v: f"{v:.2f}", 1),
        (quoted(lambda v: f"{v:,.2f}"), 10),
        (lambda v: f"${v:.2f}", 1),
        (quoted(lambda v: f"${v:,.2f}"), 10),
        (lambda v: f"{v:.2f} €", 1),
        (lambda v: f"{v:.2f}€", 1),
        (lambda v: f"EUR {v:.2f}", 1),
        (lambda v: f"{v:.2f} USD", 1),
        (lambda v: f"£{v:.2f}", 1),
        (lambda v: f"{v:.2f}%", 1),
        (lambda v: f"{v:.2f} %", 1),
        (lambda v: f"{v:.2f} kg", 1),
        (lambda v: f"{v:.2f}cm", 1),
        (lambda v: f"+{v:.2f}", 1),
        (lambda v: f"  {v:.2f} ", 1),
        (lambda v: f"{v:.3e}", 1),
        (lambda v: f"{v:,.2f}".replace(",", " "), 10),
        (lambda v: f"{v:,.2f}".replace(",", "\u00a0"), 10),
        (lambda v: f"{v:,.2f}".replace(",", "\u202f"), 10),
        (lambda v: f"{v:,.2f}".replace(",", "'"), 10),
        (lambda v: f"({v:.2f})" if v < 200 else f"{v:.2f}", 1),
        (lambda v: f"{v:.2f}-" if v < 200 else f"{v:.2f}", 1),
        (lambda v: f"\u2212{v:.2f}" if v < 200 else f"{v:.2f}", 1),
    ],
)
@pytest.mark.parametrize("gaps", [False, True])
def test_numbers_are_read_in_every_usual_style(put, style, scale, gaps):
    values = PRICE * scale
    texts = cells(values, style, gaps)
    rows = read(put(table(weight=WEIGHT, price=texts, size=SIZE)))
    found = column(rows, "price")
    assert kinds(rows)["price"] == "numeric", rows.notes
    there = ~is_missing(found)
    sign = np.where(values < 200, -1, 1) if any("(" in t or "\u2212" in t or t.endswith("-") for t in texts) else 1
    assert np.allclose(found[there], (values * sign)[there], rtol=1e-3)
    assert (~there).sum() == (34 if gaps else 0)


@pytest.mark.parametrize("style", [comma, german, lambda v: german(v).replace(".", " "), lambda v: comma(v) + " €"])
def test_decimal_commas_are_read(put, style):
    values = PRICE * 20
    text = table(";", weight=[comma(w) for w in WEIGHT], price=[style(v) for v in values], size=SIZE)
    rows = read(put(text))
    assert np.allclose(column(rows, "price"), values, atol=0.006)
    assert np.allclose(column(rows, "weight"), WEIGHT)


def test_groups_of_thousands_with_points_are_no_decimals_in_a_file_of_decimal_commas(put):
    values = (PRICE * 100).round().astype(int)
    grouped = [f"{v:,}".replace(",", ".") for v in values]
    rows = read(put(table(";", weight=[comma(w) for w in WEIGHT], price=grouped, size=SIZE)))
    assert column(rows, "price").tolist() == values.tolist()


@pytest.mark.parametrize(
    "marker",
    ["?", " ", "-", "--", "missing", "n/a", "NA", "N/A", "nan", "NULL", "None", ".", "unknown", "k.A.", "#N/A", "*"],
)
def test_a_gap_marker_among_numbers_is_a_gap(put, marker):
    texts = cells(PRICE, str, gaps=True, marker=marker)
    rows = read(put(table(weight=WEIGHT, price=texts, size=SIZE)))
    found = column(rows, "price")
    assert kinds(rows)["price"] == "numeric", rows.notes
    assert is_missing(found).tolist() == [i % 9 == 0 for i in range(N)]


def test_one_invalid_cell_among_numbers_is_named_and_counts_as_missing(put):
    texts = [*map(str, PRICE[:-1]), "TOTAL"]
    rows = read(put(table(weight=WEIGHT, price=texts, size=SIZE)))
    assert kinds(rows)["price"] == "numeric"
    assert any("'TOTAL'" in note and "row 300" in note for note in rows.notes)
    assert rows.invalid[1][299] == "TOTAL"


# -- names


def test_namibia_and_other_names_are_no_gaps(put):
    countries = np.array(["DE", "FR", "NA", "NL", "US"])[R.integers(0, 5, N)]
    languages = np.array(["hun", "nan", "deu", "eng"])[R.integers(0, 4, N)]
    rows = read(put(table(weight=WEIGHT, country=countries, language=languages)))
    assert column(rows, "country").tolist() == countries.tolist()
    assert column(rows, "language").tolist() == languages.tolist()


@pytest.mark.parametrize(
    "codes",
    [
        ["01067", "10115", "20095", "04109", "80331"],
        ["0010", "0020", "1500", "0700"],
        ["007", "012", "100"],
    ],
)
def test_codes_with_leading_zeros_keep_them(put, codes):
    chosen = np.array(codes)[R.integers(0, len(codes), N)]
    rows = read(put(table(weight=WEIGHT, zip=chosen)))
    assert column(rows, "zip").tolist() == chosen.tolist()
    assert kinds(rows)["zip"] == "category"


def test_postcodes_without_leading_zeros_are_names_too(put):
    chosen = np.array(["10115", "20095", "80331", "50667"])[R.integers(0, 4, N)]
    rows = read(put(table(weight=WEIGHT, postcode=chosen)))
    assert kinds(rows)["postcode"] == "category"


def test_few_years_are_names_and_a_span_of_years_is_a_number(put):
    few = np.array([2007, 2008, 2009])[R.integers(0, 3, N)]
    many = R.integers(1850, 2024, N)
    rows = read(put(table(weight=WEIGHT, year=few, built=many)))
    assert kinds(rows)["year"] == "category"
    assert kinds(rows)["built"] == "numeric"


def test_ratings_and_plain_counts_stay_numbers(put):
    rows = read(put(table(weight=WEIGHT, stars=R.integers(1, 6, N), doors=R.choice([2, 4, 5], N), n=R.poisson(3, N))))
    assert {kinds(rows)[name] for name in ("stars", "doors", "n")} == {"numeric"}


# -- dates


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d",
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d-%m-%Y",
        "%Y/%m/%d",
        "%d.%m.%y",
        "%d %b %Y",
        "%d %B %Y",
        '"%b %d, %Y"',
        '"%B %d, %Y"',
        "%d-%b-%Y",
        "%d-%b-%y",
        "%Y%m%d",
        "%Y.%m.%d",
    ],
)
@pytest.mark.parametrize("gaps", [False, True])
def test_dates_are_read_in_every_usual_style(put, form, gaps):
    texts = cells(DAYS, lambda day: day.strftime(form), gaps)
    rows = read(put(table(weight=WEIGHT, when=texts, size=SIZE)))
    assert kinds(rows)["when"] == "date", rows.notes
    found = column(rows, "when").astype("datetime64[D]").tolist()
    assert found == [None if gaps and i % 9 == 0 else day for i, day in enumerate(DAYS)]


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p"]
)
def test_moments_are_read_in_every_usual_style(put, form):
    moments = [dt.datetime(2024, 5, 1) + dt.timedelta(minutes=int(z * 20_000)) for z in Z]
    rows = read(put(table(weight=WEIGHT, when=[m.strftime(form) for m in moments])))
    assert kinds(rows)["when"] == "date"
    assert column(rows, "when").astype("datetime64[s]").tolist() == moments


def test_offsets_from_utc_are_read(put):
    moments = [dt.datetime(2024, 5, 1) + dt.timedelta(minutes=int(z * 20_000)) for z in Z]
    texts = [
        (m + dt.timedelta(hours=2)).isoformat() + "+02:00" if i % 2 else m.isoformat() + "Z"
        for i, m in enumerate(moments)
    ]
    rows = read(put(table(weight=WEIGHT, when=texts)))
    assert kinds(rows)["when"] == "date"
    assert column(rows, "when").astype("datetime64[s]").tolist() == moments


def test_weeks_and_times_of_day_are_read(put):
    weeks = [f"{d.isocalendar().year}-W{d.isocalendar().week:02d}" for d in DAYS]
    times = [f"{8 + i % 12:02d}:{(i * 7) % 60:02d}" for i in range(N)]
    rows = read(put(table(weight=WEIGHT, week=weeks, time=times)))
    words = kinds(rows)
    assert words["week"] == "date"
    assert words["time"] == "numeric"
    assert column(rows, "time")[1] == 9 * 3600 + 7 * 60


def test_dates_that_could_be_read_two_ways_are_said_to_be_so(put):
    texts = [f"{a:02d}/{b:02d}/2024" for a, b in R.integers(1, 13, (N, 2))]
    rows = read(put(table(weight=WEIGHT, when=texts)))
    assert kinds(rows)["when"] == "date"
    assert any("'when'" in note and "month" in note for note in rows.notes)


def test_one_invalid_date_is_named(put):
    texts = [day.isoformat() for day in DAYS]
    texts[17] = "soon"
    rows = read(put(table(weight=WEIGHT, when=texts)))
    assert kinds(rows)["when"] == "date"
    assert any("'soon'" in note and "row 18" in note for note in rows.notes)


# -- files


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


# -- said by the user


def test_the_user_has_the_last_word(put):
    codes = R.integers(1, 6, N)
    path = put(table(weight=WEIGHT, station=codes, price=cells(PRICE, str, gaps=True, marker="x1")))
    assert kinds(read(path, types={"station": "category"}))["station"] == "category"
    assert kinds(read(path, na_values=["x1"]))["price"] == "numeric"
    rows = read(put(table(weight=WEIGHT, size=cells(SIZE, str, gaps=True, marker="?"))), keep_na=True)
    assert (column(rows, "size") == "?").sum() == 34
    with pytest.raises(DataError, match="no column 'nope'"):
        read(path, types={"nope": "number"})

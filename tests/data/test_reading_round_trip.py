"""Any column, written in any style with any mark for a gap, is read as what it was and written as it stood."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from narrows.data.text import ColumnFormat, format_sentence, format_values, infer_format, parse_column

GAPS = ["", " ", "?", "-", "--", "NA", "n/a", "NULL", "nan", "None", "missing", "unknown", ".", "#N/A", "k.A.", "\\N"]
DATES = [
    *("%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%d %b %Y", "%b %d, %Y"),
    *("%B %d %Y", "%d-%b-%y", "%a, %d %b %Y", "%G-W%V-%u", "%GW%V%u", "%y-%m-%d"),
]
CLOCKS = ["", " %H:%M", "T%H:%M:%S", " %H:%M:%S", " %I:%M %p", " %H:%M:%S.%f", ", %H:%M:%S+0530", "T%H:%M:%SZ"]
TIMES = ["%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S%p", "%H:%M:%S.%f"]


@st.composite
def columns(draw, cells):
    """Values of at least 20 cells, one in four of them None, and a mark for these."""
    values = draw(st.lists(cells, min_size=20, max_size=40))
    missing = draw(st.lists(st.integers(0, len(values) - 1), max_size=len(values) // 4))
    return [None if i in missing else value for i, value in enumerate(values)], draw(st.sampled_from(GAPS))


def written(values, write, gap):
    return [gap if value is None else write(value) for value in values]


def read(texts, name="x", **known):
    """A reading that went through JSON, and what it reads."""
    column = pa.chunked_array([texts[:7], texts[7:]], pa.string())
    column_format = ColumnFormat.restore(infer_format(column, name, **known).describe())
    return column_format, parse_column(column_format, column)


def assert_written_again(column_format, parsed, texts, values):
    again = format_values(column_format, parsed.values)
    assert again == [None if value is None else text for text, value in zip(texts, values, strict=True)]


@st.composite
def number_styles(draw):
    """Decimal mark, groups, what is around a number, and how negative ones are marked."""
    decimal = draw(st.sampled_from(".,"))
    groups = draw(st.sampled_from(["", {".": ",", ",": "."}[decimal], " ", "\u00a0", "\u202f", "'", "’"]))
    around = [("", ""), ("$", ""), ("€ ", ""), ("CHF ", ""), ("", "%"), ("", " %"), ("", " €"), ("", " kg"), ("", "m²")]
    return decimal, groups, draw(st.sampled_from(around)), draw(st.sampled_from(["-", "−", "()", "after"]))


def number_text(value, places, style):
    decimal, groups, (prefix, suffix), minus = style
    digits = f"{abs(value):,.{places}f}".replace(",", "_").replace(".", decimal).replace("_", groups)
    text = f"{prefix}{digits}{suffix}"
    if value >= 0 or not any(digit in "123456789" for digit in digits):
        return text
    return f"({text})" if minus == "()" else f"{text}-" if minus == "after" else f"{minus}{text}"


@given(columns(st.integers(-(10**9), 10**9)), st.sampled_from([0, 1, 2, 4]), number_styles())
@settings(max_examples=100, deadline=None)
def test_numbers(column, places, style):
    values, gap = column
    values = [None if value is None else value / 10**places if places else value for value in values]
    assume(any(value is not None for value in values))
    texts = written(values, lambda value: number_text(value, places, style), gap)
    hint = style[0] if style[1] in (".", ",") else None  # 1.234 in every cell may be a thousand
    column_format, parsed = read(texts, decimal=hint)
    assert column_format.read_as == "number"
    assert parsed.invalid == {}
    expected = [np.nan if value is None else float(value) for value in values]
    np.testing.assert_array_equal(parsed.values, expected)
    has_gaps = any(value is None for value in values)
    assert parsed.values.dtype.kind == ("f" if places or has_gaps else "i")
    assert parsed.type.name == ("Float64" if places else "Int64")
    assert_written_again(column_format, parsed, texts, values)


@given(columns(st.integers(0, 30 * 365 * 86_400)), st.sampled_from(DATES), st.sampled_from(CLOCKS), st.data())
@settings(max_examples=100, deadline=None)
def test_dates(column, date, clock, data):
    seconds, gap = column
    start = datetime(1995, 1, 1)
    values = [None if second is None else start + timedelta(seconds=second) for second in seconds]
    if "%f" in clock:
        values = [
            None if value is None else value.replace(microsecond=data.draw(st.integers(0, 999_999))) for value in values
        ]
    there = [value for value in values if value is not None]
    assume(len({value.date() for value in there}) > 5 and max(value.day for value in there) > 12)
    form = date + clock
    texts = written(values, lambda value: value.strftime(form), gap)
    column_format, parsed = read(texts)
    assert column_format.read_as == "date"
    assert parsed.invalid == {}
    offset = timedelta(hours=5.5) if "+0530" in clock else timedelta(0)
    form = form.replace("+0530", "")
    expected = [None if v is None else datetime.strptime(v.strftime(form), form) - offset for v in values]
    np.testing.assert_array_equal(parsed.values, np.array(expected, dtype=parsed.values.dtype))
    assert parsed.type.name == ("Datetime" if clock else "Date")
    assert parsed.type.zone == ("UTC" if clock.endswith(("Z", "+0530")) else "")
    assert_written_again(column_format, parsed, texts, values)


@given(columns(st.integers(0, 86_399)), st.sampled_from(TIMES))
@settings(max_examples=100, deadline=None)
def test_times_of_day(column, form):
    seconds, gap = column
    start = datetime(2000, 1, 1)
    values = [None if second is None else start + timedelta(seconds=second) for second in seconds]
    assume(any(value is not None for value in values))
    texts = written(values, lambda value: value.strftime(form), gap)
    column_format, parsed = read(texts)
    assert (column_format.read_as, parsed.type.name, parsed.type.unit) == ("time", "Time", "s")
    expected = [
        np.nan if value is None else (datetime.strptime(value.strftime(form), form) - datetime(1900, 1, 1)).seconds
        for value in values
    ]
    np.testing.assert_array_equal(parsed.values, expected)
    assert_written_again(column_format, parsed, texts, values)


@given(
    columns(st.booleans()), st.sampled_from([str, lambda value: str(value).lower(), lambda value: str(value).upper()])
)
def test_truth_values(column, write):
    values, gap = column
    assume(any(value is not None for value in values))
    texts = written(values, write, gap)
    column_format, parsed = read(texts)
    assert column_format.read_as == "boolean"
    assert parsed.values.dtype == (float if None in values else bool)
    np.testing.assert_array_equal(parsed.values, np.array(values, dtype=float))
    words = [None if value is None else text for text, value in zip(texts, values, strict=True)]
    assert format_values(column_format, parsed.values) == words


@given(
    columns(st.sampled_from(["red", "blue", "New York", "Zoë", "A-12", "x/y", "1st", "v2.0", "none", "nan"])),
)
def test_text_is_kept(column):
    values, gap = column
    gap = gap if gap in ("", " ", "?", "-", "n/a", "#N/A", "\\N") else "?"
    assume(len({*values, None}) > 3)
    texts = written(values, str, gap)
    column_format, parsed = read(texts)
    assert column_format.read_as == "category"
    assert parsed.values.tolist() == values
    assert format_values(column_format, parsed.values) == values


@given(st.lists(st.text(max_size=8), max_size=30), st.text(max_size=5))
@settings(max_examples=100, deadline=None)
def test_any_text_is_read_as_something(texts, name):
    column_format, parsed = read(texts, name)
    assert len(parsed.values) == len(texts)
    assert format_sentence(column_format, name, invalid=parsed.invalid)
    format_values(column_format, parsed.values)


@given(st.lists(st.text("0123456789.,-+ ()%$:/eETZ", max_size=10), min_size=20, max_size=40))
@settings(max_examples=100, deadline=None)
def test_what_is_read_and_written_is_read_alike(texts):
    column_format, parsed = read(texts)
    again = parse_column(column_format, pa.array(format_values(column_format, parsed.values), pa.string()))
    if parsed.values.dtype == object:
        assert again.values.tolist() == parsed.values.tolist()
    else:
        np.testing.assert_array_equal(again.values, parsed.values)

"""Truth values, stray cells and text."""

from datetime import date

import numpy as np
import pytest

from narrows.data.text import (
    format_notes,
    format_values,
)
from tests.data.text.columns import DAYS, PRICES, read, read_as


def test_truth_values_are_the_words_true_and_false_alone():
    assert read(["TRUE", "False", "true"] * 3)[1].values.dtype == bool
    assert read_as(["yes", "no"] * 9) == "category"
    column_format, parsed = read(["ja", "nein", ""] * 9, read_as="boolean")
    np.testing.assert_array_equal(parsed.values[:3], [1, 0, np.nan])
    assert format_values(column_format, parsed.values)[:3] == ["ja", "nein", None]


@pytest.mark.parametrize(
    ("texts", "stray"),
    [
        (PRICES, "TOTAL"),
        ([str(day) for day in DAYS], "soon"),
        (["true", "false"] * 20, "maybe"),
        (["13:45", "9:05"] * 20, "noon"),
    ],
)
def test_one_stray_cell_is_invalid_and_a_gap(texts, stray):
    column_format, parsed = read([*texts[:5], stray, *texts[5:]])
    assert column_format.read_as != "category"
    assert parsed.invalid == {5: stray}
    assert column_format.stray == stray


def test_too_many_strays_make_a_text_that_names_the_first():
    column_format, _ = read([*PRICES[:40], *(f"see note {'abcdefghijklmnop'[i]}" for i in range(16))])
    assert column_format.read_as == "category"
    note = format_notes(column_format, "price", source="sales.csv", row="row 41 (counting from 1, without any header)")[
        0
    ]
    assert note.startswith("Column 'price' of sales.csv holds 'see note a' in row 41 (counting from 1")
    assert "--types price=number" in note


def test_equal_texts_are_one_object():
    values = read(["red", "blue"] * 9)[1].values
    assert len({id(value) for value in values}) == 2


def test_spaces_around_text_are_kept():
    assert read([" red", "blue "] * 9)[1].values.tolist()[:2] == [" red", "blue "]


def test_a_rare_style_far_down_a_long_column_is_seen():
    n = 300_000
    texts = [f"{1 + i % 9}/{1 + i % 12}/{1900 + i % 100}" for i in range(n)]
    texts[123_457] = "25/12/1999"
    column_format, parsed = read(texts)
    assert not parsed.invalid
    assert parsed.values[123_457].item() == date(1999, 12, 25)
    distinct = [f"{i // 1000},{i % 1000:03}" for i in range(1000, n)]
    distinct[77_777] = "12,5"
    column_format, parsed = read(distinct)
    assert column_format.decimal == ","
    assert parsed.values[77_777] == 12.5

"""Columns of numbers as people write them: each is read as a careful person would read it."""

import numpy as np
import pytest

from narrows.data import is_missing, read
from tests.data.first_contact.tables import PRICE, SIZE, WEIGHT, N, cells, column, kinds, table


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

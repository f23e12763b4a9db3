"""Columns that name their rows."""

import pytest

from tests.data.text.columns import read, read_as


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (["01067", "10115", "20095"], "x"),
        (["10115", "20095"], "zip"),
        (["75001", "13002"], "code_postal"),
        (["101", "205"], "StationId"),
        (["4006381333931", "9780306406157", "4012345678901"], "x"),
        (["2007", "2008", "2009"], "model_year"),
        (["2007", "2008", "2009"], "x"),
        (["1E5", "2E7"], "wing"),
        (["123456789012345678901", "23"], "x"),
        (["+49301234567", "+49309876543"], "phone"),
    ],
)
def test_numbers_that_are_names_are_text(texts, name):
    column_format, parsed = read(texts * 20, name)
    assert column_format.read_as == "category"
    assert parsed.values.tolist() == texts * 20


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        ([str(1860 + i) for i in range(120)], "year"),
        (["1", "2", "3", "4", "5"] * 9, "rating"),
        (["250", "300", "999"] * 9, "weight"),
        (["0", "0.5", "10"] * 9, "zip"),
        (["00.50", "12.25"] * 9, "x"),
    ],
)
def test_quantities_stay_numbers(texts, name):
    assert read_as(texts, name) == "number"


def test_a_gap_and_a_stray_in_a_column_of_names():
    _, parsed = read([*["01067", "10115"] * 9, "?", "abroad"], "zip")
    assert parsed.values.tolist()[-2:] == [None, "abroad"]

"""Tables in the user's columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from narrows.apps.viewer.column_values import cells
from narrows.apps.viewer.datasets import Source, load, with_guessed_label
from narrows.data import Schema, read

TABLE = "species,mass,island\n" + "\n".join(
    f"{'AB'[i % 2]},{3000 + 10 * i if i else ''},{['Dream', 'Biscoe', 'Torgersen'][i % 3]}" for i in range(30)
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "penguins.csv"
    path.write_text(TABLE)
    return path


def test_cells_are_in_the_users_units_with_words_and_missing_values(table: Path) -> None:
    rows = read(table, label="species")
    schema = Schema.learn(rows)
    floats = schema.encode(rows)
    assert cells(schema, floats[7], floats[8]) == [
        {"name": "mass", "observed": pytest.approx(3070), "expected": pytest.approx(3080)},
        {"name": "island", "observed": "Biscoe", "expected": "Torgersen"},
    ]
    assert cells(schema, floats[0])[0] == {"name": "mass", "observed": None}
    errors = [one["error"] for one in cells(schema, floats[7], floats[8], np.array([0.5, 2.0]))]
    assert errors == [0.5, 2.0]


def test_a_column_of_few_levels_with_a_usual_name_holds_the_classes(table: Path, tmp_path: Path) -> None:
    assert with_guessed_label(Source.of(str(table))).label == "species"
    assert set(load(Source.of(str(table), label="species")).labels) == {"A", "B"}  # pyright: ignore[reportArgumentType]
    other = tmp_path / "other.csv"
    other.write_text(TABLE.replace("species", "sort"))
    assert with_guessed_label(Source.of(str(other))).label is None


def test_a_class_column_that_was_given_stays(table: Path) -> None:
    assert with_guessed_label(Source.of(str(table), label="island")).label == "island"

"""Tables in the user's columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from narrows import Autoencoder
from narrows.apps.viewer.column_values import cells
from narrows.apps.viewer.datasets import Source, load, with_guessed_label
from narrows.data import Schema, read
from narrows.estimators.inference import map_floats

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
    assert cells(schema, {"observed": floats[7]}, {"expected": floats[8]}) == [
        {"name": "mass", "observed": pytest.approx(3070), "expected": pytest.approx(3080)},
        {"name": "island", "observed": "Biscoe", "expected": {"level": "Torgersen", "share": 1.0}},
    ]
    assert cells(schema, {"observed": floats[0]})[0] == {"name": "mass", "observed": None}
    found = cells(schema, {"observed": floats[7]}, {"expected": floats[8]}, np.array([0.5, 2.0]))
    assert [one["error"] for one in found] == [0.5, 2.0]


def test_a_decoded_level_comes_with_the_decoders_probability(table: Path) -> None:
    rows = read(table, label="species")
    model = Autoencoder(n_components=2, epochs=30, random_state=0, device="cpu").fit(rows)
    decoded = map_floats(model.transform(rows)[:4], model.network_.decode, model.device_)
    names = list(model.schema_.float_names)
    for row in decoded:
        given = {level: row[names.index(f"island = {level}")] for level in ("Dream", "Biscoe", "Torgersen")}
        assert sum(given.values()) == pytest.approx(1, abs=1e-5)
        island = cells(model.schema_, {}, {"expected": row})[1]["expected"]
        assert island == {"level": max(given, key=given.__getitem__), "share": pytest.approx(max(given.values()))}


def test_a_decoded_truth_value_comes_with_its_probability(tmp_path: Path) -> None:
    path = tmp_path / "truths.csv"
    path.write_text("tame,sort\n" + "\n".join(f"{'true' if i % 3 else 'false'},{'ab'[i % 2]}" for i in range(30)))
    rows = read(path)
    schema = Schema.learn(rows)
    floats = schema.encode(rows)[0].copy()
    at = list(schema.float_names).index("tame")
    for p, tame, share in [(0.9, True, 0.9), (0.2, False, 0.8)]:
        floats[at] = p
        expected = cells(schema, {}, {"expected": floats})[0]["expected"]
        assert expected == {"level": tame, "share": pytest.approx(share)}


def test_a_column_of_few_levels_with_a_usual_name_holds_the_classes(table: Path, tmp_path: Path) -> None:
    assert with_guessed_label(Source.of(str(table))).label == "species"
    assert set(load(Source.of(str(table), label="species")).labels) == {"A", "B"}  # pyright: ignore[reportArgumentType]
    other = tmp_path / "other.csv"
    other.write_text(TABLE.replace("species", "sort"))
    assert with_guessed_label(Source.of(str(other))).label is None


def test_a_class_column_that_was_given_stays(table: Path) -> None:
    assert with_guessed_label(Source.of(str(table), label="island")).label == "island"

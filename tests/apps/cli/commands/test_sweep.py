from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from PIL import Image


def test_a_sweep_is_a_table_with_pca_beside_it(shell, quick, table: Path) -> None:
    result = shell("sweep", table, "--ignore", "name", "--values", "1,2,3", *quick)
    assert result.status == 0
    lines = result.out.splitlines()
    assert lines[0].startswith("Squared error per row on 8 held-out rows")
    assert [line.split()[0] for line in lines[2:5]] == ["1", "2", "3"]
    assert "PCA" in lines[1]
    assert "3 of 3" in result.err


@pytest.mark.parametrize(("over", "n"), [("depth", 3), ("share", 4)])
def test_depth_and_rows_have_values_of_their_own(shell, quick, over: str, n: int) -> None:
    found = shell("sweep", "digits", "--over", over, *quick, "--quiet", "--json")
    assert found.status == 0
    assert len(found.json["points"]) >= n


def test_numbers_and_pictures_are_written(shell, quick, table: Path) -> None:
    call = ("sweep", table, "--ignore", "name", "--values", "1,2", "--seeds", "2", "--quiet", *quick)
    for output in ("s.csv", "s.json", "s.png", "s.svg"):
        assert shell(*call, "-o", output).status == 0
    rows = list(csv.DictReader(Path("s.csv").read_text().splitlines()))
    assert [(row["value"], row["seed"]) for row in rows] == [("1", "0"), ("1", "1"), ("2", "0"), ("2", "1")]
    points = json.loads(Path("s.json").read_text())["points"]
    assert float(rows[3]["held_out"]) == points[1]["held_out"][1]
    with Image.open("s.png") as picture:
        assert picture.width > 300
    assert Path("s.svg").read_text().startswith("<?xml")
    refused = shell(*call, "-o", "s.csv")
    assert refused.status == 1
    assert "already there" in refused.err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--over", "width"), 2, "n-components, depth or share"),
        (("--values", "a"), 2, "list of numbers"),
        (("--values", "0"), 2, "whole numbers from 1"),
        (("-o", "s.doc"), 1, "must end in"),
    ],
)
def test_what_cannot_be_swept_is_refused_in_a_sentence(shell, table: Path, arguments, status: int, words: str) -> None:
    result = shell("sweep", table, "--ignore", "name", *arguments)
    assert result.status == status
    assert words in result.err.replace("\n", " ")
    assert "Traceback" not in result.err


def test_values_that_are_no_numbers_are_refused_in_a_sentence(shell, quick) -> None:
    for value in ("nan", "inf"):
        refused = shell("sweep", "digits", "--values", value, *quick)
        assert refused.status == 2
        assert f"{value} is not a value of n_components" in refused.err


def test_values_that_are_done_are_written_when_a_later_one_fails(shell, quick, monkeypatch) -> None:
    from narrows.errors import DivergedError
    from narrows.insight.sweep import SweepPlan

    one = SweepPlan._fit

    def fail(self, value, training, i):
        if value == 6:
            raise DivergedError("It diverged.")
        return one(self, value, training, i)

    monkeypatch.setattr(SweepPlan, "_fit", fail)
    done = shell("sweep", "digits", "--values", "2,6", "-o", "s.csv", *quick)
    assert done.status == 0
    assert "ended after 1 of 2 values: It diverged." in done.err
    assert len(Path("s.csv").read_text().splitlines()) == 2

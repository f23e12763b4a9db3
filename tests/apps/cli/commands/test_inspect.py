from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest


def _line(i: int) -> str:
    price = "?" if i % 9 == 0 else f"{1 + i % 7}.{100 + i}"
    day = f"{1 + i % 28:02d}.0{1 + i % 9}.2024"
    return f"{100 + (i * 37) % 90},{i % 10}5;{price};{day};{['01067', '10115', '20095'][i % 3]};{i}\n"


GERMAN = "gewicht;preis;tag;plz;nr\n" + "".join(map(_line, range(120)))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text(GERMAN)
    return path


def test_inspect_says_how_each_column_is_read_and_writes_nothing(shell, table: Path) -> None:
    done = shell("inspect", table)
    assert done.status == 0
    lines = done.out.splitlines()
    assert lines[0] == "orders.csv: UTF-8, separator semicolon, header in line 1; 120 rows, 5 columns."
    assert any("gewicht: number, decimal comma" in line for line in lines)
    assert any("preis: whole number" in line and "14 missing values written '?'" in line for line in lines)
    assert any("tag: date, day.month.year; 2024-01-01 to" in line for line in lines)
    assert any("plz: category" in line and "01067" in line for line in lines)
    assert any("nr: whole number" in line and "ignored" in line for line in lines)
    assert sorted(path.name for path in table.parent.iterdir()) == ["orders.csv"]


def test_inspect_says_the_same_to_programs(shell, table: Path) -> None:
    result = json.loads(shell("inspect", table, "--json").out)
    assert result["n_rows"] == 120
    assert result["file"]["encoding"] == "utf-8"
    columns = {column["name"]: column for column in result["columns"]}
    assert columns["preis"]["n_missing"] == 14
    assert columns["plz"]["learned_as"] == "category"
    assert columns["nr"]["ignored"]
    assert columns["tag"]["type"] == "date"


def test_types_have_the_last_word_and_the_model_remembers_them(shell, table: Path, quick) -> None:
    done = shell("inspect", table, "--types", "plz=number,nr=category", "--na-values", "105,05")
    assert "plz: whole number" in done.out
    assert "nr: category" in done.out
    assert shell("inspect", table, "--types", "nope=number").status == 1
    assert shell("inspect", table, "--types", "plz").status == 2
    assert shell("inspect", table, "--types", "plz=colour").status == 2
    assert shell("fit", table, "-o", "m", "--types", "plz=number", "--quiet", *quick).status == 0
    assert shell("reconstruct", "m", table, "-o", "back.csv").status == 0
    assert Path("back.csv").read_text().startswith("gewicht;preis;tag;plz;nr\n")


def test_answers_are_written_as_the_file_is(shell, table: Path, quick) -> None:
    assert shell("fit", table, "-o", "m", "--variant", "variational", "--quiet", *quick).status == 0
    assert shell("generate", "m", "-n", "20", "-o", "new.csv").status == 0
    header, *rows = [line.split(";") for line in Path("new.csv").read_text().splitlines()]
    assert header == ["gewicht", "preis", "tag", "plz", "nr"]
    assert {row[3] for row in rows} <= {"01067", "10115", "20095"}
    assert all("," in row[0] and "." not in row[0] for row in rows)
    assert all(len(row[2]) == 10 and row[2][2] == row[2][5] == "." for row in rows)
    assert shell("impute", "m", table, "-o", "full.csv").status == 0
    full = [line.split(";") for line in Path("full.csv").read_text().splitlines()[1:]]
    given = [line.split(";") for line in GERMAN.splitlines()[1:]]
    assert all(
        a == b
        for before, after in zip(given, full, strict=True)
        for a, b in zip(before, after, strict=True)
        if a != "?"
    )
    assert not any("?" in row for row in full)


def test_an_invalid_cell_stops_a_fitted_model_or_is_ranked_first(shell, tmp_path: Path) -> None:
    days = np.datetime64("2024-01-01") + np.arange(200) % 90
    usual = [f"{300 + i % 17}.5,{days[i]}" for i in range(200)]
    (tmp_path / "usual.csv").write_text("weight,day\n" + "\n".join(usual) + "\n")
    (tmp_path / "new.csv").write_text("weight,day\n" + "\n".join([*usual[:17], "301.5,soon", *usual[18:40]]) + "\n")
    assert shell("detect", "usual.csv", "-o", "d", "--seed", "0", "--quiet").status == 0
    stopped = shell("score", "d", "new.csv")
    assert stopped.status == 1
    assert "'soon' in row 18" in stopped.err
    assert "--errors flag" in stopped.err
    flagged = shell("score", "d", "new.csv", "--errors", "flag", "-o", "scores.csv")
    assert flagged.status == 0
    assert "row 18" in flagged.out
    scores = np.genfromtxt("scores.csv", delimiter=",", names=True)
    assert int(np.argmax(scores["score"])) == 17

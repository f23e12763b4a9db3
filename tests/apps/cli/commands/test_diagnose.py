from __future__ import annotations

from pathlib import Path


def test_the_worst_is_said_first_in_words_and_in_json(shell, models: Path) -> None:
    result = shell("diagnose", models / "plain", "digits")
    assert result.status == 0
    text = result.out.replace("\n", " ")
    assert "Autoencoder: The model has seen each image only once or twice" in text
    found = shell("diagnose", models / "plain", "digits", "--json").json
    assert found["verdict"] == "bad"
    assert found["findings"][0]["verdict"] == "bad"
    assert found["sample"].endswith("images that fit had held out, drawn at random.")


def test_a_table_of_other_rows_is_diagnosed_too(shell, quick, table: Path) -> None:
    assert shell("fit", table, "-o", "m", "--ignore", "name", *quick).status == 0
    lines = table.read_text().splitlines()
    others = [line.replace(",", "9,", 1) for line in lines[1:31]]
    table.with_name("new.csv").write_text("\n".join([lines[0], *others]) + "\n")
    assert "Measured on 15 rows, half of those given" in shell("diagnose", "m", "new.csv").out


def test_too_few_rows_are_refused_in_a_sentence(shell, quick, table: Path) -> None:
    assert shell("fit", table, "-o", "m", "--ignore", "name", *quick).status == 0
    lines = table.read_text().splitlines()
    table.with_name("few.csv").write_text("\n".join(lines[:3]) + "\n")
    refused = shell("diagnose", "m", "few.csv")
    assert refused.status == 1
    assert "needs at least 4 rows" in refused.err.replace("\n", " ")


def test_the_spread_over_seeds_is_measured_where_it_is_asked_for(shell, quick, table: Path) -> None:
    assert shell("fit", table, "-o", "m", "--ignore", "name", *quick).status == 0
    result = shell("diagnose", "m", table, "--seeds", "2", "--json")
    finding = next(f for f in result.json["findings"] if f["name"].startswith("Do other seeds"))
    assert len(finding["values"]["errors"]) == 2
    assert "Seed 2 of 2" in result.err
    assert shell("diagnose", "m", table, "--seeds", "1").status == 2

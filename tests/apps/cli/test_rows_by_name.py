"""Rows that the shell names are the rows of the file, however it was read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from narrows.apps.cli import inputs
from narrows.apps.cli.invalid_cells import InvalidCells
from narrows.data import as_rows
from narrows.data.readers import row_stream

N = 3000
WRONG = (17, 500, 1234, 2400, 2999)  # from 0


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """3,000 rows of three related numbers and their number in the file, five of them wrong in b; a sample is 600."""
    monkeypatch.setattr(row_stream, "CSV_BLOCK", 1 << 13)
    monkeypatch.setattr(row_stream, "_FEWEST_SAMPLED", 600)
    monkeypatch.setattr(row_stream, "_CELLS_OF_SAMPLE", 2400)
    rng = np.random.default_rng(0)
    a = rng.normal(size=N)
    b, c = 2 * a + 0.1 * rng.normal(size=N), a + 0.1 * rng.normal(size=N)
    b[list(WRONG)] += [40, -41, 42, -43, 44]
    lines = ["a,b,c,line,broken"]
    lines += [f"{a[i]:.6f},{b[i]:.6f},{c[i]:.6f},{i + 1},{'yes' if i in WRONG else 'no'}" for i in range(N)]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def named(out: str) -> list[int]:
    return [int(row) for row in re.findall(r"^  row (\d+)", out, re.MULTILINE)]


def cells(path: Path, row: int) -> list[float]:
    """Of a row counted from 1."""
    return [float(cell) for cell in path.read_text().splitlines()[row].split(",")[:3]]


OPTIONS = ("--ignore", "line", "--label", "broken", "--seed", "0")


@pytest.mark.slow
def test_of_a_table_read_in_chunks_the_most_anomalous_of_all_its_rows_are_named(
    shell, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "memory", lambda: 1000)
    result = shell("detect", log, "-o", "d", *OPTIONS)
    assert result.status == 0, result.err
    assert set(named(result.out)) == {i + 1 for i in WRONG}
    assert "Fitted to a random sample of 600 of 3,000 rows" in result.out
    assert "alarms among all of them" in result.out
    assert "AUROC 1.000" in result.out.replace("\n", " ")
    in_json = shell("detect", log, "-o", "d", "--force", *OPTIONS, "--json").json
    assert {one["row"] for one in in_json["most_anomalous"]} == set(WRONG)
    assert (in_json["rows"], in_json["fitted_rows"], in_json["judged_rows"]) == (N, 600, N)
    scored = shell("score", "d", log, "--explain", "1", "--json", "-o", "s.csv").json
    assert {one["row"] for one in scored["most_anomalous"]} == set(WRONG)
    assert scored["alarms"] == in_json["alarms"]
    assert Path("s.csv").read_text().count("\n") == N + 1


def test_the_reasons_of_a_detector_that_was_fitted_to_a_sample_are_the_cells_of_the_file(
    shell, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "memory", lambda: 1000)
    in_json = shell("detect", log, "-o", "d", *OPTIONS, "--json").json
    assert in_json["judged_rows"] == N
    for one in in_json["most_anomalous"]:
        seen = dict(zip("abc", cells(log, one["row"] + 1), strict=True))
        assert all(seen[reason["column"]] == pytest.approx(reason["observed"]) for reason in one["reasons"])


@pytest.mark.slow
def test_rows_without_gaps_keep_their_names_where_those_with_gaps_are_dropped(shell, log: Path) -> None:
    lines = log.read_text().splitlines()
    for i in (3, 400, 2000):
        lines[i + 1] = "," + lines[i + 1].split(",", 1)[1]
    log.write_text("\n".join(lines) + "\n")
    result = shell("detect", log, "-o", "d", *OPTIONS, "--missing", "drop")
    assert set(named(result.out)) == {i + 1 for i in WRONG}
    result = shell("score", "d", log, "--explain", "1", "--missing", "drop")
    assert set(named(result.out)) == {i + 1 for i in WRONG}
    in_json = shell("score", "d", log, "--explain", "1", "--missing", "drop", "--json").json
    assert {one["row"] for one in in_json["most_anomalous"]} == set(WRONG)


def test_scores_and_thresholds_are_told_in_four_digits(shell, log: Path) -> None:
    result = shell("detect", log, "-o", "d", *OPTIONS)
    found = re.findall(r"score (?:of )?(-?[\d.,]+)", result.out)
    assert len(found) == 6
    assert all(len(re.sub(r"\D", "", number)) <= 4 for number in found)


def test_invalid_cells_are_counted_and_the_first_five_named() -> None:
    rows = as_rows(pa.table({"day": np.full(4, np.nan), "price": np.full(4, np.nan)}))
    day, price = np.full(4, None, object), np.full(4, None, object)
    day[1] = "soon"
    found = InvalidCells()
    found.add(replace(rows, invalid={0: day}))
    assert str(found) == "1 row has a cell of the wrong type for its column: row 2, day 'soon'."
    price[[1, 2]] = "n/k"
    for start in (4, 8):
        found.add(replace(rows, invalid={0: day, 1: price}, row_numbers=np.arange(start, start + 4)))
    assert str(found) == (
        "5 rows have 7 cells of the wrong type for their columns: row 2, day 'soon'; row 6, day 'soon'; "
        "row 6, price 'n/k'; row 7, price 'n/k'; row 10, day 'soon'; and 2 more."
    )
    assert found.to_dict()["first"][1] == {"row": 5, "column": "day", "observed": "soon"}
    assert (found.to_dict()["rows"], found.to_dict()["cells"]) == (5, 7)
    assert str(InvalidCells()) == ""


@pytest.mark.parametrize("command", ["detect", "fit"])
def test_a_row_with_an_invalid_cell_is_the_most_anomalous_of_the_file(
    shell, quick, log: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    model = (command, log, "-o", "m", "--ignore", "line,broken")
    assert shell(*model, *(quick if command == "fit" else ())).status == 0

    def flagged(*args: object, **settings: object) -> list:
        [rows] = chunks(*args, **settings)
        texts = np.full(len(rows), None, object)
        texts[[40, 41]] = "n/k", "soon"
        values = [column.copy() for column in rows.values]
        values[1][[40, 41]] = np.nan
        return [replace(rows, values=tuple(values), invalid={1: texts})]

    from narrows.apps.cli.inputs import chunks_for_model as chunks

    monkeypatch.setattr("narrows.apps.cli.inputs.chunks_for_model", flagged)
    result = shell("score", "m", log, "--explain", "1", "-o", "s.csv")
    assert set(named(result.out)[:2]) == {41, 42}
    assert "row 41 (counting from 1, without any header): b n/k (expected" in result.out
    assert "2 rows have a cell of the wrong type for its column: row 41, b 'n/k'; row 42, b 'soon'." in result.out
    lines = [line.split(",") for line in Path("s.csv").read_text().splitlines()]
    for name, column in zip(lines[0], zip(*lines[1:], strict=True), strict=True):
        if name in ("score", "reconstruction_error", "surprise"):
            numbers = np.array(column, float)
            assert numbers[[40, 41]].min() > np.delete(numbers, [40, 41]).max()
    assert shell("score", "m", log, "--json").json["invalid_cells"]["cells"] == 2
    assert ("compared with the other rows of this file" in result.out) is (command == "fit")

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from narrows.data import read


def csv(path: str | Path) -> pa.Table:
    """With "NA" and empty cells as gaps, also among texts."""
    return pyarrow.csv.read_csv(path, convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True))


@pytest.fixture
def penguins(shell, quick, data_folder: Path) -> Path:
    """A table of three texts and five numbers with 19 gaps, and a model of it called "m"."""
    path = data_folder / "penguins" / "penguins.csv"
    assert shell("fit", path, "-o", "m", "--quiet", *quick).status == 0
    return path


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_gaps_are_filled_and_what_is_there_is_kept(shell, penguins: Path, ending: str) -> None:
    done = shell("impute", "m", penguins, "-o", "full" + ending)
    assert done.status == 0
    assert "Filled 19 missing values of 344 rows" in done.out
    assert "sex 11" in done.out
    before, after = read(penguins), read("full" + ending)
    assert sum(after.n_missing.values()) == 0
    given = csv(penguins)
    found = (csv if ending == ".csv" else pyarrow.parquet.read_table)("full" + ending)
    if ending == ".parquet":  # which has types: the years name seasons, so they are texts
        given = given.set_column(7, "year", given["year"].cast(pa.string()))
    assert found.schema.remove_metadata().equals(given.schema)
    for name in given.column_names:
        there = given[name].is_valid()
        assert found[name].filter(there).equals(given[name].filter(there))
    assert before.names == after.names


def test_the_result_is_told_in_json(shell, penguins: Path) -> None:
    result = shell("impute", "m", penguins, "-o", "full.csv", "--json").json
    report = result.pop("report")
    assert set(report["rmse"]) == {"mean or mode", "neighbours", "regression", "this model"}
    assert report["columns"]["sex"]["measure"] == "right"
    assert result == {
        "output": "full.csv",
        "rows": 344,
        "filled": {"bill_length_mm": 2, "bill_depth_mm": 2, "flipper_length_mm": 2, "body_mass_g": 2, "sex": 11},
        "left": 0,
    }


def test_columns_that_the_model_does_not_know_stay_where_and_as_they_are(shell, quick, data_folder: Path) -> None:
    path = data_folder / "penguins" / "penguins.csv"
    assert shell("fit", path, "-o", "m", "--label", "species", "--ignore", "sex,year", *quick).status == 0
    assert shell("impute", "m", path, "-o", "full.csv", "--json").json["left"] == 0
    given, found = csv(path), csv("full.csv")
    assert found.column_names == given.column_names
    for name in ("species", "sex", "year"):
        assert found[name].equals(given[name])


def test_columns_that_were_set_aside_keep_their_gaps(shell, quick) -> None:
    names = ["" if i == 3 else f"row {i}" for i in range(60)]
    lines = [f"{i % 7},{'' if i % 9 == 0 else i * i % 31},{names[i]}" for i in range(60)]
    Path("t.csv").write_text("a,b,name\n" + "\n".join(lines) + "\n")
    assert shell("fit", "t.csv", "-o", "m", *quick).status == 0
    assert shell("impute", "m", "t.csv", "-o", "full.csv", "--json").json["left"] == 1


@pytest.mark.parametrize("arguments", [("m", "nowhere.csv", "-o", "x.csv"), ("n", "t.csv", "-o", "x.csv")])
def test_what_is_not_there_is_one_sentence(shell, arguments) -> None:
    Path("t.csv").write_text("a,b\n1,2\n3,4\n")
    failed = shell("impute", *arguments)
    assert (failed.status, failed.err.count("\n")) == (1, 1)


def test_text_does_not_go_into_an_array(shell, penguins: Path) -> None:
    failed = shell("impute", "m", penguins, "-o", "full.npy")
    assert failed.status == 1
    assert "text or dates" in failed.err
    assert not Path("full.npy").exists()


def test_a_table_without_gaps_is_written_as_it_is(shell, quick, table: Path) -> None:
    assert shell("fit", table, "-o", "m", *quick).status == 0
    done = shell("impute", "m", table, "-o", "full.parquet")
    assert "Filled 0 missing values of 40 rows in full.parquet." in done.out
    assert pyarrow.parquet.read_table("full.parquet").equals(csv(table))


def test_a_level_that_reads_as_a_number_stays_the_level_it_was(shell, quick) -> None:
    lines = ["code,x"] + [f"{('A1', '01', '02')[i % 3]},{i % 7}.5" for i in range(90)]
    Path("all.csv").write_text("\n".join(lines) + "\n")
    Path("some.csv").write_text("\n".join(["code,x", *(line for line in lines if line.startswith("01"))]) + "\n")
    assert shell("fit", "all.csv", "-o", "m", *quick).status == 0
    whole = shell("score", "m", "all.csv", "-o", "all-scores.csv")
    assert whole.status == 0
    assert shell("score", "m", "some.csv", "-o", "some-scores.csv").status == 0
    errors = Path("all-scores.csv").read_text().splitlines()[1:]
    assert [line for i, line in enumerate(errors) if i % 3 == 1] == Path("some-scores.csv").read_text().splitlines()[1:]


def test_without_a_model_each_column_is_filled_by_what_fills_it_best(shell, tmp_path: Path) -> None:
    rows = "".join(f"{i:03d},{i % 7},{3 * (i % 7) if i % 10 else ''},{'ab'[i % 2]}\n" for i in range(80))
    Path("gaps.csv").write_text("code,x,y,kind\n" + rows)
    done = shell("impute", "gaps.csv", "-o", "full.csv")
    assert done.status == 0
    assert "Filled 8 missing values of 80 rows in full.csv: y 8." in done.out
    assert "mean or mode" in done.out
    lines = Path("full.csv").read_text().splitlines()
    assert lines[2] == "001,1,3,b"
    assert lines[11] == "010,3,9,a"
    assert "at least 20" in shell("impute", _few(), "-o", "other.csv").err


def _few() -> str:
    Path("few.csv").write_text("a,b\n1,2\n2,\n3,4\n")
    return "few.csv"

"""The columns of a model found in other tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.csv
import pyarrow.parquet
import pytest

import narrows
from narrows.data import read


def test_columns_are_found_by_name_in_any_order_and_others_are_left_aside(shell, tabular: Path, table: Path) -> None:
    found = pyarrow.csv.read_csv(table)
    shuffled = found.select(["age", "c", "a", "b"]).append_column("extra", found["a"])
    pyarrow.csv.write_csv(shuffled, "shuffled.csv")
    done = shell("encode", tabular, "shuffled.csv", "-o", "shuffled.npy")
    assert done.status == 0
    assert shell("encode", tabular, table, "-o", "straight.npy").status == 0
    np.testing.assert_array_equal(np.load("shuffled.npy"), np.load("straight.npy"))


def test_a_column_that_is_not_there_is_named(shell, tabular: Path) -> None:
    Path("other.csv").write_text("a,B,c,age\n1,2,3,4\n5,6,7,8\n")
    refused = shell("score", tabular, "other.csv")
    assert refused.status == 1
    assert "'b'" in refused.err
    assert "lacks 1 of the model's 5 columns" in refused.err


def test_the_wrong_number_of_nameless_columns_is_counted(shell, tabular: Path, models: Path) -> None:
    np.save("wide.npy", np.zeros((5, 6)))
    for model, expected in ((tabular, 5), (models / "plain", 64)):
        refused = shell("score", model, "wide.npy")
        assert refused.status == 1
        assert "6" in refused.err
        assert str(expected) in refused.err


def test_nameless_columns_in_the_right_number_are_taken_in_order(shell, tabular: Path, table: Path) -> None:
    found = pyarrow.csv.read_csv(table)
    np.save("table.npy", np.column_stack([found[name].to_numpy() for name in ("a", "b", "c", "age")]).astype(float))
    done = shell("encode", tabular, "table.npy", "-o", "codes.npy")
    assert done.status == 0
    assert "assumed to be a, b, c, age, in this order" in done.err


def test_a_model_of_images_refuses_a_table_and_the_other_way_round(shell, tabular: Path, models: Path) -> None:
    images = shell("score", tabular, "digits")
    assert images.status == 1
    assert "images of 8x8" in images.err
    assert "a table" in images.err
    np.save("large.npy", np.zeros((3, 9, 9), np.uint8))
    assert "images of 9x9, and the model was fitted on 8x8" in shell("score", models / "plain", "large.npy").err
    refused = shell("score", models / "plain", tabular.parent / "table.csv")
    assert refused.status == 1
    assert "4" in refused.err


def test_gaps_at_use_stop_are_filled_or_dropped(shell, tabular: Path, gaps: Path) -> None:
    with pytest.warns(UserWarning, match=r"missing values in columns that had none during fit \('b'\)"):
        narrows.load(tabular).transform(read(gaps))
    stopped = shell("score", tabular, gaps, "--missing", "error")
    assert stopped.status == 1
    assert "row 3" in stopped.err
    assert shell("score", tabular, gaps, "--missing", "mean", "--json").json["rows"] == 40
    assert shell("score", tabular, gaps, "--missing", "drop", "--json").json["rows"] == 39


@pytest.fixture
def with_truths(shell, quick) -> Path:
    """Return a model of a column that is true or false."""
    lines = "\n".join(f"{i / 7},{'true' if i % 3 else 'false'}" for i in range(60))
    Path("truths.csv").write_text(f"a,ok\n{lines}\n")
    assert shell("fit", "truths.csv", "-o", "truths", *quick).status == 0
    return Path("truths")


@pytest.mark.parametrize("cell", ["2", "0.5", "-7", "maybe"])
@pytest.mark.parametrize("more", ["", "1.0,true\n2.0,false\n"])
def test_a_cell_that_is_neither_true_nor_false_is_an_error_or_is_flagged(
    shell, with_truths: Path, cell: str, more: str
) -> None:
    Path("new.csv").write_text(f"a,ok\n3.5,{cell}\n{more}")
    refused = shell("score", with_truths, "new.csv", "-o", "s.csv")
    assert refused.status == 1
    assert f"Column 'ok' of new.csv holds '{cell}' in row 1" in refused.err
    assert "true or false is expected" in refused.err
    flagged = shell("score", with_truths, "new.csv", "-o", "s.csv", "--errors", "flag")
    assert flagged.status == 0
    assert f"ok '{cell}'" in flagged.out + flagged.err


@pytest.mark.parametrize("spelling", [("0", "1"), ("no", "yes"), ("False", "True"), ("f", "t")])
def test_true_and_false_are_read_in_any_spelling(shell, with_truths: Path, spelling: tuple[str, str]) -> None:
    for name, words in (("a.csv", ("false", "true")), ("b.csv", spelling)):
        Path(name).write_text(f"a,ok\n1.5,{words[0]}\n2.5,{words[1]}\n")
        assert shell("encode", with_truths, name, "-o", f"{name}.npy").status == 0
    np.testing.assert_array_equal(np.load("a.csv.npy"), np.load("b.csv.npy"))


def test_numbers_other_than_0_and_1_are_refused_as_truth_values_in_python(with_truths: Path) -> None:
    model = narrows.load(with_truths)
    for cell in (2, -1, 0.5):
        with pytest.raises(narrows.errors.SchemaMismatchError, match=r"holds (2|-1|0\.5) in row 1 .* true and false"):
            model.transform(pd.DataFrame({"a": [1.0, 2.0], "ok": [1, cell]}))
    codes = model.transform(pd.DataFrame({"a": [1.0, 2.0], "ok": [1, 0]}))
    np.testing.assert_array_equal(codes, model.transform(pd.DataFrame({"a": [1.0, 2.0], "ok": [True, False]})))

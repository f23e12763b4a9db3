"""Rows made up by a variational model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet


def test_generate_answers_in_the_shape_of_the_data_and_by_its_seed(shell, models: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert shell("generate", models / "variational", "-n", 5, "--seed", seed, "-o", f"{name}.npy").status == 0
    a, b, c = (np.load(f"{name}.npy") for name in "abc")
    assert a.shape == (5, 8, 8)
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_generate_answers_in_the_columns_of_a_table(shell, quick, table: Path) -> None:
    assert shell("fit", table, "-o", "m", "--variant", "variational", *quick).status == 0
    assert shell("generate", "m", "-n", "7", "-o", "new.csv").status == 0
    found = pyarrow.csv.read_csv("new.csv")
    assert (found.column_names, found.num_rows) == (["a", "b", "c", "age", "name"], 7)
    assert str(found.schema.field("age").type) == "int64"
    assert found["name"].null_count == 7


def test_generate_needs_a_variational_model(shell, models: Path) -> None:
    refused = shell("generate", models / "plain", "-n", "5", "-o", "new.npy")
    assert refused.status == 1
    assert "--variant variational" in refused.err


def test_generated_rows_are_compared_with_real_ones(shell, quick, table: Path) -> None:
    assert shell("fit", table, "-o", "v", "--variant", "variational", "--ignore", "name", *quick).status == 0
    result = shell("generate", "v", "-n", "40", "-o", "new.csv", "--like", table, "--json")
    found = result.json["fidelity"]
    assert set(found["columns"]) == {"a", "b", "c", "age"}
    assert 0 < found["column_score"] <= 1
    assert len(found["pairs"]) == 6
    assert "1 means indistinguishable" in shell("generate", "v", "-n", "40", "-o", "more.csv", "--like", table).out


def test_given_cells_are_in_every_row_and_bad_ones_are_refused(shell, quick, table: Path) -> None:
    assert shell("fit", table, "-o", "g", "--variant", "variational", *quick).status == 0
    assert shell("generate", "g", "-n", "9", "--given", "age=40", "--codes", "prior", "-o", "new.csv").status == 0
    assert set(pyarrow.csv.read_csv("new.csv")["age"].to_pylist()) == {40}
    for given, word in (("age", "COLUMN=VALUE"), ("height=3", "not a learned column"), ("age=old", "cannot be 'old'")):
        refused = shell("generate", "g", "-n", "9", "--given", given, "-o", "other.csv")
        assert (refused.status > 0, word in refused.err) == (True, True)

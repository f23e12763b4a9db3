"""Codes of a saved model, as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest

import narrows
from narrows.data import read


def test_encode_writes_the_codes_and_the_labels(shell, models: Path) -> None:
    done = shell("encode", models / "plain", "digits", "-o", "codes.csv")
    assert done.status == 0
    found = pyarrow.csv.read_csv("codes.csv")
    assert found.column_names == [*(f"autoencoder{i}" for i in range(16)), "label"]
    codes = np.column_stack([found[i].to_numpy() for i in range(16)])
    np.testing.assert_allclose(codes, narrows.load(models / "plain").transform(read("digits")), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(found["label"].to_numpy(), read("digits").labels)


@pytest.mark.parametrize("ending", ["parquet", "npy", "npz"])
def test_the_ending_chooses_the_format(shell, models: Path, ending: str) -> None:
    assert shell("encode", models / "plain", "digits", "-o", f"codes.{ending}").status == 0
    if ending == "parquet":
        assert pyarrow.parquet.read_table("codes.parquet").num_columns == 17
    else:
        loaded = np.load(f"codes.{ending}")
        assert (loaded if ending == "npy" else loaded["X"]).shape == (1797, 16)


@pytest.mark.parametrize("name", ["codes.png", "codes", "codes.xyz"])
def test_an_ending_that_does_not_fit_is_found_before_the_work(shell, models: Path, name: str) -> None:
    refused = shell("encode", models / "plain", "digits", "-o", name)
    assert refused.status == 1
    assert ".csv" in refused.err
    assert list(Path().iterdir()) == []


def test_the_label_column_of_a_table_goes_with_the_codes(shell, tabular: Path, table: Path) -> None:
    assert shell("encode", tabular, table, "--label", "name", "-o", "codes.csv").status == 0
    assert pyarrow.csv.read_csv("codes.csv")["label"].to_pylist()[:2] == ["row 0", "row 1"]

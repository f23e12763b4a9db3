"""Files that the shell writes have the decimals of the table that a model was fitted on."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd

from narrows.apps.cli import main

N = 300
R = np.random.default_rng(2)
FRAME = pd.DataFrame(
    {
        "price": np.where(R.random(N) < 0.1, np.nan, R.lognormal(4, 1, N).round(2)),
        "height": R.normal(20, 3, N).round(1),
        "size": R.choice(["S", "M"], N),
    }
)


def test_files_are_written_with_the_decimals_of_the_fit(tmp_path, capsys):
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    fit = [tmp_path / "t.csv", "-o", tmp_path / "m", "--variant", "variational", "--epochs", 2, "--seed", 0, "--quiet"]
    for args in (
        ["fit", *fit],
        ["generate", tmp_path / "m", "-n", 40, "-o", tmp_path / "new.csv"],
        ["impute", tmp_path / "m", tmp_path / "t.csv", "-o", tmp_path / "full.csv"],
        ["reconstruct", tmp_path / "m", tmp_path / "t.csv", "-o", tmp_path / "back.csv"],
    ):
        assert main([str(arg) for arg in args]) == 0
    capsys.readouterr()
    for name in ("new.csv", "full.csv", "back.csv"):
        with open(tmp_path / name) as file:
            rows = list(csv.DictReader(file))
        for column, most in (("price", 2), ("height", 1)):
            assert max(len(row[column].partition(".")[2]) for row in rows) == most

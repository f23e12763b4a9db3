"""Errors and bounds, as files, words and JSON."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest

import narrows
from narrows.data import read
from narrows.estimators import p_values


def test_score_writes_one_error_per_row_and_a_variational_model_its_elbo(shell, models: Path) -> None:
    assert shell("score", models / "variational", "digits", "-o", "scores.parquet").status == 0
    found = pyarrow.parquet.read_table("scores.parquet")
    assert found.column_names == ["reconstruction_error", "elbo", "label"]
    model = narrows.load(models / "variational")
    np.testing.assert_allclose(found["elbo"], model.elbo(read("digits")), rtol=1e-5)
    np.testing.assert_allclose(found["reconstruction_error"], model.reconstruction_error(read("digits")), rtol=1e-5)


def test_score_says_where_a_column_that_was_constant_has_another_value(shell) -> None:
    rows = ["1,red,5", "3,blue,5", "5,red,5", "8,blue,5", "2,red,5"]
    Path("then.csv").write_text("\n".join(["x,y,c", *rows * 4]))
    Path("now.csv").write_text("\n".join(["x,y,c", *rows, "3,blue,6", "5,red,4"]))
    assert shell("fit", "then.csv", "-o", "m", "--epochs", "1", "--seed", "0").status == 0
    assert "c was constant during fit and has another value in 2 rows" in shell("score", "m", "now.csv").out
    assert shell("score", "m", "now.csv", "--json").json["changed"] == {"c": 2}
    assert "constant" not in shell("score", "m", "then.csv").out
    assert shell("score", "m", "then.csv", "--json").json["changed"] == {}


def test_score_states_mean_median_and_maximum_in_words_and_in_json(shell, models: Path) -> None:
    errors = narrows.load(models / "plain").reconstruction_error(read("digits"))
    result = shell("score", models / "plain", "digits", "--json").json["reconstruction_error"]
    assert result == pytest.approx({"mean": errors.mean(), "median": np.median(errors), "max": errors.max()}, rel=1e-5)
    words = shell("score", models / "plain", "digits").out
    for word in ("mean", "median", "max", "squared error per row"):
        assert word in words


@pytest.mark.parametrize("weighted", ["groups", "weights"])
@pytest.mark.slow
def test_p_values_count_calibration_rows_by_their_weights_as_in_python(shell, weighted: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    given = {"groups": {"calibration_groups": np.arange(300) // 3}, "weights": {"sample_weight": rng.random(300) + 0.1}}
    detector = narrows.AnomalyDetector(random_state=0, threshold="conformal", alpha=0.1).fit(X, **given[weighted])
    detector.save("d")
    np.save("new.npy", rng.normal(size=(50, 3)))
    assert shell("score", "d", "new.npy", "-o", "scores.parquet").status == 0
    found = pyarrow.parquet.read_table("scores.parquet")["p_value"].to_numpy()
    np.testing.assert_allclose(found, detector.p_values(np.load("new.npy")), rtol=1e-6)
    assert not np.allclose(found, p_values(-detector.score_samples(np.load("new.npy")), detector.calibration_scores_))

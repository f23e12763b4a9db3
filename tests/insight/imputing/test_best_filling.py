from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import narrows
from narrows import Autoencoder
from narrows.data import as_rows
from narrows.errors import DataError, SettingError
from narrows.insight import Imputation, check_imputing


def whole(n: int = 200) -> pd.DataFrame:
    """Two columns that go with a third, a level that follows from it, and pure noise."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=n)
    return pd.DataFrame(
        {
            "a": np.round(10 + 3 * z, 1),
            "b": np.round(5 - 2 * z + 0.2 * rng.normal(size=n), 1),
            "kind": np.where(z > 0, "up", "down"),
            "noise": rng.normal(size=n),
        }
    )


def gappy() -> tuple[pd.DataFrame, np.ndarray]:
    table = whole()
    missing = np.random.default_rng(1).random(table.shape) < 0.1
    return table.mask(missing), missing


@pytest.fixture(scope="module")
def found() -> Imputation:
    return narrows.impute(gappy()[0], n_draws=3, epochs=8, device="cpu")


def test_cells_are_filled_near_the_truth_and_the_others_stay(found: Imputation) -> None:
    (table, missing), truth = gappy(), whole()
    assert found.filled.notna().all().all()
    kept = ~missing
    for i, name in enumerate(table):
        assert (found.filled[name][kept[:, i]] == truth[name][kept[:, i]]).all()
    error = (found.filled["a"] - truth["a"])[missing[:, 0]]
    assert error.abs().median() < 0.2 * truth["a"].std()
    assert (found.filled["kind"] == truth["kind"])[missing[:, 2]].mean() > 0.8
    np.testing.assert_allclose(found.filled["a"], found.filled["a"].round(1))


def test_no_column_is_filled_by_less_than_its_mean_or_mode(found: Imputation) -> None:
    report = found.report
    for scores in report.columns.values():
        best, constant = scores.scores[scores.chosen], scores.scores["mean or mode"]
        assert best <= constant if scores.measure == "rmse" else best >= constant
    assert report.columns["noise"].chosen == "mean or mode"
    np.testing.assert_allclose(found.filled["noise"][gappy()[1][:, 3]], gappy()[0]["noise"].mean())
    assert "No method is clearly better than the mean or mode for noise." in str(report)
    assert report.rmse() < report.rmse("mean or mode")
    methods = {"mean or mode", "neighbours", "regression", "trees", "network", "blend", "by pattern"}
    assert set(report.to_dict()["rmse"]) == methods


def test_draws_differ_where_cells_are_missing_and_nowhere_else(found: Imputation) -> None:
    table, missing = gappy()
    assert len(found.draws) == 3
    one, other = found.draws[:2]
    for i, name in enumerate(table):
        assert (one[name] == other[name])[~missing[:, i]].all()
    assert not (one["noise"] == other["noise"])[missing[:, 3]].any()
    assert set(one["kind"]) == {"up", "down"}
    # Noise that nothing predicts keeps its spread; its mean has none.
    assert one["noise"][missing[:, 3]].std() > 0.4


def test_a_fitted_model_is_measured_beside_others() -> None:
    rows = as_rows(gappy()[0])
    model = Autoencoder(n_components=2, epochs=8, random_state=0, device="cpu").fit(rows)
    report = check_imputing(model, rows)
    assert report.methods == ["mean or mode", "neighbours", "regression", "this model"]
    assert report.rmse("regression") < report.rmse("mean or mode")
    assert 0 < report.rmse("this model") < 3


def test_what_cannot_be_filled_is_refused() -> None:
    with pytest.raises(DataError, match="20 to learn from"):
        narrows.impute(whole(10))
    with pytest.raises(DataError, match="Images"):
        narrows.impute(np.zeros((30, 4, 4)))
    with pytest.raises(SettingError, match="n_draws"):
        narrows.impute(whole(), n_draws=-1)


def test_large_whole_numbers_are_filled_as_numbers() -> None:
    table = whole()[["a", "b"]].assign(n=lambda t: pd.Series((2**53 * t["a"]).astype("int64"), dtype="Int64"))
    table.loc[::7, "n"] = pd.NA
    found = narrows.impute(table, epochs=2, device="cpu")
    assert found.filled["n"].dtype == "Int64"
    assert not found.filled["n"].isna().any()
    observed = table["n"].notna()
    assert found.filled["n"][observed].equals(table["n"][observed])
    assert np.corrcoef(found.filled["n"].astype("float64"), table["a"])[0, 1] > 0.9


@pytest.mark.parametrize("n_draws", [0, np.int64(2)])
def test_a_table_with_one_learned_column_is_filled_by_its_mean(n_draws: int) -> None:
    age = np.where(np.arange(40) % 5 == 0, np.nan, np.arange(40.0) % 7)
    named = pd.DataFrame({"age": age, "name": [f"person {i}" for i in range(40)]})
    for table in (named, named[["age"]], age[:, None]):
        found = narrows.impute(table, n_draws=n_draws, epochs=1, device="cpu")
        filled = np.asarray(found.filled)[:, 0].astype(float)
        assert len(set(filled[::5])) == 1
        assert abs(filled[0] - np.nanmean(age)) <= 0.5
        assert len(found.draws) == n_draws


def test_a_table_with_one_column_of_levels_is_filled_by_its_mode() -> None:
    kind = pd.Series(["a", "b", "a"] * 20).mask(np.arange(60) % 7 == 0)
    assert set(narrows.impute(kind.to_frame("kind"), epochs=1, device="cpu").filled["kind"][::7]) == {"a"}


def test_rows_without_other_missing_cells_have_a_method_of_their_own() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=1500)
    full = pd.DataFrame({"x": x, "y": 3 * x + 0.1 * rng.normal(size=1500), "kind": np.where(x > 0, "p", "q")})
    gone = rng.random(full.shape) < 0.1
    found = narrows.impute(full.mask(gone), epochs=5, random_state=0, device="cpu")
    alone = gone[:, 1] & ~gone[:, 0]
    assert np.sqrt(np.square(found.filled["y"] - full["y"])[alone].mean()) < 0.2
    scores = found.report.columns["y"]
    assert scores.chosen == "by pattern"
    assert scores.scores["by pattern"] <= min(scores.scores.values())

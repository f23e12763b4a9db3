from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from narrows import VariationalAutoencoder
from narrows.errors import DataError
from narrows.insight import fidelity


def table(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    size = rng.gamma(2, 2, n)
    kind = np.where(size > 4, "large", np.where(rng.random(n) < 0.3, "odd", "small"))
    return pd.DataFrame({"size": size, "weight": 3 * size + rng.normal(0, 0.5, n), "kind": kind})


def test_rows_of_one_source_are_nearly_indistinguishable_and_the_same_rows_are_wholly() -> None:
    same = fidelity(table(500, 0), table(500, 0), real_or_made=False)
    assert same.column_score == pytest.approx(1)
    assert same.pair_score == pytest.approx(1)
    assert fidelity(table(3000, 0), table(3000, 1), real_or_made=False).column_score > 0.96


def test_columns_are_measured_by_kolmogorov_smirnov_and_total_variation() -> None:
    then, now = table(800, 0), table(600, 1).assign(kind="small")
    now["size"] *= 1.5
    found = fidelity(then, now, real_or_made=False)
    assert found.columns["size"] == pytest.approx(1 - ks_2samp(then["size"], now["size"]).statistic)
    assert found.columns["kind"] == pytest.approx((then["kind"] == "small").mean())


def test_pairs_see_columns_that_fit_alone_and_not_together() -> None:
    then = table(2000, 0)
    now = then.assign(weight=np.random.default_rng(1).permutation(then["weight"]))
    found = fidelity(then, now, real_or_made=False)
    assert found.column_score == pytest.approx(1)
    both = then["size"].corr(then["weight"]), now["size"].corr(now["weight"])
    assert found.pairs["size", "weight"] == pytest.approx(1 - abs(both[0] - both[1]) / 2)
    torn = then.assign(kind=np.random.default_rng(2).permutation(then["kind"]))
    assert fidelity(then, torn, real_or_made=False).pairs["size", "kind"] < 0.8


def test_gaps_are_compared_by_their_share() -> None:
    then = table(400, 0)
    now = then.copy()
    now.loc[:99, ["size", "kind"]] = None
    found = fidelity(then, now, real_or_made=False)
    assert found.gaps == {"size": 0.75, "weight": 1.0, "kind": 0.75}


@pytest.mark.slow
def test_samples_of_a_mixed_model_are_measured_and_told() -> None:
    rows = table(1500, 0)
    model = VariationalAutoencoder(n_components=2, epochs=20, random_state=0, device="cpu").fit(rows)
    found = fidelity(rows, model.sample(1500, random_state=0), real_or_made=False)
    noise = pd.DataFrame({"size": np.zeros(1500), "weight": np.zeros(1500), "kind": "odd"})
    assert found.column_score > fidelity(rows, noise, real_or_made=False).column_score + 0.3
    assert found.pair_score > 0.8
    assert "1,500 synthetic rows" in str(found)
    assert json.loads(json.dumps(found.to_dict()))["column_score"] == found.column_score


def test_other_columns_are_refused() -> None:
    with pytest.raises(DataError, match="same columns"):
        fidelity(table(10, 0), table(10, 0)[["size"]])


def test_columns_and_pairs_are_those_of_sdmetrics() -> None:
    reports = pytest.importorskip("sdmetrics.reports.single_table")
    then, now = table(700, 0), table(500, 1)
    now["size"] *= 1.3
    then.loc[::7, ["size", "kind"]] = None
    kinds = {name: "categorical" if name == "kind" else "numerical" for name in then}
    report = reports.QualityReport()
    report.generate(then, now, {"columns": {name: {"sdtype": kind} for name, kind in kinds.items()}}, verbose=False)
    found = fidelity(then, now, real_or_made=False)
    for _, row in report.get_details("Column Shapes").iterrows():
        assert found.columns[row["Column"]] == pytest.approx(row["Score"])
    for _, row in report.get_details("Column Pair Trends").iterrows():
        assert found.pairs[row["Column 1"], row["Column 2"]] == pytest.approx(row["Score"])


def test_trees_tell_synthetic_rows_apart_where_they_differ_and_only_there() -> None:
    then, like, torn = table(300, 0), table(300, 1), table(300, 1)
    torn["weight"] = np.random.default_rng(0).permutation(torn["weight"])
    alike, apart = fidelity(then, like), fidelity(then, torn)
    assert alike.auc == pytest.approx(0.5, abs=0.08)
    assert apart.auc is not None
    assert apart.auc > 0.85
    assert f"AUC of {apart.auc:.3f}" in str(apart)
    assert fidelity(then[:20], like).auc is None


def test_the_spread_is_a_ratio_and_copies_are_at_no_distance() -> None:
    then, now = table(300, 0), table(300, 1)
    narrow = fidelity(then, now.assign(size=now["size"] / 4), real_or_made=False)
    assert narrow.spread["size"] == pytest.approx(now["size"].std(ddof=0) / then["size"].std(ddof=0) / 4)
    fresh, copied = (fidelity(then, rows, real_or_made=False) for rows in (now, then.sample(frac=1, random_state=0)))
    assert copied.closest_synthetic == 0 < copied.closest_real
    assert fresh.closest_synthetic == pytest.approx(fresh.closest_real, rel=0.5)


@pytest.mark.parametrize(("target", "measure"), [("kind", "accuracy"), ("weight", "R²")])
def test_what_is_learned_from_synthetic_rows_is_tested_on_real_ones(target: str, measure: str) -> None:
    then, now = table(300, 0), table(300, 1)
    good = fidelity(then, now, target=target, real_or_made=False).trained
    assert good is not None
    assert good.measure == measure
    assert good.on_made == pytest.approx(good.on_real, abs=0.15)
    torn = now.assign(**{target: np.random.default_rng(0).permutation(now[target])})
    bad = fidelity(then, torn, target=target, real_or_made=False).trained
    assert bad is not None
    assert bad.on_made < good.on_made - 0.2
    with pytest.raises(DataError, match="no column 'colour'"):
        fidelity(then, now, target="colour", real_or_made=False)


@pytest.mark.parametrize("name", ["size", "kind"])
@pytest.mark.parametrize("side", [0, 1])
def test_a_column_that_is_empty_on_one_side_scores_zero(name: str, side: int) -> None:
    sides = [table(200, 0), table(200, 1)]
    sides[side][name] = np.nan
    found = fidelity(*sides)
    assert found.columns[name] == 0
    assert all(score == 0 for pair, score in found.pairs.items() if name in pair)
    assert found.auc is not None
    assert found.auc > 0.95
    assert f"{name} 0.00" in str(found)


def test_copies_cannot_be_told_from_their_rows() -> None:
    rows = table(200, 0)
    found = fidelity(rows, rows)
    assert found.auc == pytest.approx(0.5, abs=0.05)
    assert found.column_score == 1


def test_one_row_repeated_is_told_from_real_rows() -> None:
    rows = table(200, 0)
    repeated = rows.iloc[[0] * 200].reset_index(drop=True)
    auc = fidelity(rows, repeated).auc
    assert auc is not None
    assert auc > 0.95

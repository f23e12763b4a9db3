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
    same = fidelity(table(500, 0), table(500, 0))
    assert same.column_score == pytest.approx(1)
    assert same.pair_score == pytest.approx(1)
    assert fidelity(table(3000, 0), table(3000, 1)).column_score > 0.96


def test_columns_are_measured_by_kolmogorov_smirnov_and_total_variation() -> None:
    then, now = table(800, 0), table(600, 1).assign(kind="small")
    now["size"] *= 1.5
    found = fidelity(then, now)
    assert found.columns["size"] == pytest.approx(1 - ks_2samp(then["size"], now["size"]).statistic)
    assert found.columns["kind"] == pytest.approx((then["kind"] == "small").mean())


def test_pairs_see_columns_that_fit_alone_and_not_together() -> None:
    then = table(2000, 0)
    now = then.assign(weight=np.random.default_rng(1).permutation(then["weight"]))
    found = fidelity(then, now)
    assert found.column_score == pytest.approx(1)
    both = then["size"].corr(then["weight"]), now["size"].corr(now["weight"])
    assert found.pairs["size", "weight"] == pytest.approx(1 - abs(both[0] - both[1]) / 2)
    torn = then.assign(kind=np.random.default_rng(2).permutation(then["kind"]))
    assert fidelity(then, torn).pairs["size", "kind"] < 0.8


def test_gaps_are_compared_by_their_share() -> None:
    then = table(400, 0)
    now = then.copy()
    now.loc[:99, ["size", "kind"]] = None
    found = fidelity(then, now)
    assert found.gaps == {"size": 0.75, "weight": 1.0, "kind": 0.75}


@pytest.mark.slow
def test_samples_of_a_mixed_model_are_measured_and_told() -> None:
    rows = table(1500, 0)
    model = VariationalAutoencoder(n_components=2, epochs=20, random_state=0, device="cpu").fit(rows)
    found = fidelity(rows, model.sample(1500))
    noise = pd.DataFrame({"size": np.zeros(1500), "weight": np.zeros(1500), "kind": "odd"})
    assert found.column_score > fidelity(rows, noise).column_score + 0.3
    assert found.pair_score > 0.8
    assert "1,500 synthetic rows" in str(found)
    assert json.loads(json.dumps(found.to_dict()))["column_score"] == found.column_score


def test_other_columns_are_refused() -> None:
    with pytest.raises(DataError, match="same columns"):
        fidelity(table(10, 0), table(10, 0)[["size"]])

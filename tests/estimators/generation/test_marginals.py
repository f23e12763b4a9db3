from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp, spearmanr

from narrows.data import Schema, as_rows
from narrows.estimators.generation.marginals import Marginals


def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training rows with a skewed column, a grid of 50 and many zeros, and rows of a model that knows only moments."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=1_500)
    true = pd.DataFrame(
        {
            "skewed": np.exp(z).round(2),
            "grid": 50.0 * np.round(20 + 5 * z),
            "often": np.where(z < 0, 0.0, 30 + np.round(z * 10, 2)),
        }
    )
    made = pd.DataFrame(rng.multivariate_normal(true.mean(), true.cov(), 1_500), columns=true.columns)
    return true, made


def test_made_columns_take_the_training_distribution_and_keep_their_order():
    true, made = frames()
    schema = Schema.learn(as_rows(true))
    maps = Marginals.learn(schema, as_rows(true), as_rows(made))
    found = maps.apply(as_rows(made), np.random.default_rng(0))
    for i, name in enumerate(true):
        column = found.column(i)
        assert ks_2samp(column, true[name]).statistic < 0.02
        assert ks_2samp(made[name], true[name]).statistic > 0.05
        assert spearmanr(column, made[name])[0] > 0.85  # ties alone take from 1
    assert set(np.unique(found.column(1))) <= set(true["grid"])
    between = (found.column(2) > 0) & (found.column(2) < 30)
    assert not between.any()
    assert (found.column(0) >= 0).all()
    np.testing.assert_allclose(found.column(0), np.round(found.column(0), 2))


def test_gaps_stay_gaps_and_the_maps_come_back_from_their_arrays():
    true, made = frames()
    maps = Marginals.learn(Schema.learn(as_rows(true)), as_rows(true), as_rows(made))
    made.loc[::3, "grid"] = np.nan
    again = Marginals.restore(maps.arrays(), 3)
    one, other = (each.apply(as_rows(made), np.random.default_rng(5)) for each in (maps, again))
    np.testing.assert_array_equal(np.isnan(one.column(1)), made["grid"].isna())
    np.testing.assert_array_equal(one.column(1), other.column(1))
    with pytest.raises(ValueError, match="do not rise"):
        Marginals.restore(maps.arrays() | {"real": maps.real[:, ::-1]}, 3)

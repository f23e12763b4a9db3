"""Intervals by the bootstrap."""

from __future__ import annotations

import numpy as np
import pytest

from narrows.insight.intervals import bootstrap, interval_text


@pytest.mark.parametrize("n", [200, 8000])
def test_the_interval_of_a_mean_is_that_of_the_normal_distribution(n: int) -> None:
    values = np.random.default_rng(0).exponential(size=n)
    error = values.std() / np.sqrt(n)
    low, high = bootstrap(np.mean, values)
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.4 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.4 * error)


def test_the_same_seed_gives_the_same_interval_and_no_rows_none() -> None:
    values = np.random.default_rng(1).standard_normal(50)
    assert bootstrap(np.mean, values, seed=3) == bootstrap(np.mean, values, seed=3)
    assert bootstrap(np.mean, values, seed=3) != bootstrap(np.mean, values, seed=4)
    assert np.isnan(bootstrap(np.mean, np.zeros(0))).all()
    assert interval_text((0.1234, 2)) == "0.123 to 2"


def test_values_of_one_row_are_drawn_together() -> None:
    pairs = np.random.default_rng(2).standard_normal(100)[:, None] + [0.0, 1.0]
    low, high = bootstrap(lambda drawn: float((drawn[:, 1] - drawn[:, 0]).mean()), pairs)
    assert (low, high) == (pytest.approx(1), pytest.approx(1))

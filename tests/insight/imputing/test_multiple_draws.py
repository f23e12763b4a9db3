from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import narrows
from narrows.insight import Imputation


@pytest.fixture(scope="module")
def line() -> tuple[pd.DataFrame, np.ndarray, Imputation]:
    """Return y = 3 x + noise of 0.1 with a level that follows from x, the missing cells, and draws."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=1000)
    full = pd.DataFrame({"x": x, "y": 3 * x + 0.1 * rng.normal(size=1000), "k": np.where(x > 0, "p", "q")})
    missing = rng.random((1000, 3)) < 0.1
    return full, missing, narrows.impute(full.mask(missing), n_draws=5, epochs=3, device="cpu")


def test_draws_have_the_spread_that_the_known_cells_leave(line) -> None:
    full, missing, found = line
    at = missing[:, 1] & ~missing[:, 0]
    draws = np.stack([each["y"].to_numpy() for each in found.draws])[:, at]
    errors = draws - full["y"].to_numpy()[at]
    assert 0.1 / 1.5 < draws.std(axis=0, ddof=1).mean() < 0.1 * 1.5
    assert np.sqrt(np.square(errors).mean()) < 0.1 * 2
    assert abs(errors.mean()) < 0.03


def test_draws_keep_correlations_and_levels(line) -> None:
    full, missing, found = line
    at = missing[:, 2] & ~missing[:, 0]
    for each in found.draws:
        assert each["x"].corr(each["y"]) > 0.995
        assert (each["k"] == full["k"])[at].mean() > 0.95


def test_draws_of_a_seed_are_the_same_and_stay_on_the_grid_of_their_column() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=150)
    full = pd.DataFrame(
        {"z": z, "tens": np.round(np.clip(z, -1, 1)) * 10, "cents": np.round(z + rng.normal(size=150), 2)}
    )
    table = full.mask(rng.random(full.shape) < 0.1)
    one, other = (narrows.impute(table, n_draws=2, epochs=1, device="cpu", random_state=4) for _ in "ab")
    for first, second in zip(one.draws, other.draws, strict=True):
        pd.testing.assert_frame_equal(first, second)
    assert not one.draws[0].equals(one.draws[1])
    assert set(one.draws[0]["tens"].to_list()) <= set(table["tens"].dropna().to_list())
    np.testing.assert_allclose(one.draws[0]["cents"], one.draws[0]["cents"].round(2))


def test_the_report_says_how_many_hidden_numbers_the_draws_hold(line) -> None:
    report = line[2].report
    assert 0.7 < report.coverage < 0.98
    assert "of the draws holds" in str(report)
    assert report.columns["k"].coverage is None

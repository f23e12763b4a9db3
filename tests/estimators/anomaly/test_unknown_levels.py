"""Levels that no row of the fit has."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import narrows
from narrows import AnomalyDetector
from narrows.data import Schema, as_rows
from narrows.errors import UnknownLevelWarning
from narrows.insight import drift


def table(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    home = rng.choice(["owner", "rent", "parents", "other"], n, p=[0.5, 0.3, 0.17, 0.03])
    names = [f"{i % 40}" if rng.random() < 0.7 else f"s{seed}-{i}" for i in range(n)]
    income = np.where(home == "owner", 4.0, 2.0) + rng.normal(0, 0.5, n)
    return pd.DataFrame({"home": home, "name": names, "income": income, "age": rng.integers(18, 90, n)})


@pytest.fixture(scope="module")
def fitted() -> AnomalyDetector:
    return AnomalyDetector(random_state=0).fit(table(800, 0))


@pytest.mark.parametrize("novelty", [False, True])
def test_a_level_that_no_row_of_the_fit_has_is_an_alarm_and_the_first_reason(fitted, novelty, tmp_path) -> None:
    detector = AnomalyDetector(random_state=0, novelty=True).fit(table(800, 0)) if novelty else fitted
    detector.save(tmp_path / "d")
    castle = table(60, 1).assign(home="castle", name="1")
    for judge in (detector, narrows.load(tmp_path / "d")):
        with pytest.warns(UnknownLevelWarning, match=r"60 rows have a level of 'home' .*\('castle'\)"):
            scores = -judge.score_samples(castle)
        assert (scores > judge.threshold_).all()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            rarest = -judge.score_samples(castle.assign(home="other"))
        assert (scores > rarest).all()
        first = [why[0] for why in judge.explain(castle)]
        assert {(reason.column, reason.observed) for reason in first} == {("home", "castle")}


def test_levels_of_a_column_whose_levels_are_often_new_are_neither_alarms_nor_reported(fitted) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (fitted.predict(table(400, 2)) == -1).mean() < 0.25


def test_drift_names_even_few_of_them(fitted) -> None:
    now = table(800, 3)
    now.loc[:5, "home"] = "castle"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = drift(fitted, now)
    assert found.drifted == ("home",)
    assert "and 6 rows with a level that no row of the fit has" in str(found)
    assert drift(fitted, table(800, 4)).drifted == ()


def test_the_share_of_unknown_levels_is_that_of_good_and_turing() -> None:
    rows = as_rows(pd.DataFrame({"c": [*"aaabbbccde"], "x": np.arange(10.0)}))
    levels = Schema.learn(rows).unknown_levels(as_rows(pd.DataFrame({"c": ["a", "q", None, "d"], "x": 0.0})))
    assert levels.shares.tolist() == [3 / 11]  # d and e come once
    assert levels.found[:, 0].tolist() == [False, True, False, False]

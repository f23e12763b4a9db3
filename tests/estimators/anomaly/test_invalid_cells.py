"""Cells that are not what their columns hold: "soon" among dates, "n/k" among prices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import narrows
from narrows import AnomalyDetector, Autoencoder
from narrows.data import Rows, as_rows
from narrows.estimators import ScoreFile, Surprise, above_all, explain_reconstruction, surprise

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(RNG.standard_normal((300, 3)), columns=["price", "weight", "length"]).assign(
    day=pd.Timestamp("2024-01-01") + pd.to_timedelta(RNG.integers(0, 300, 300), unit="D"), country="NA"
)
SMALL = Autoencoder(n_components=2, hidden_layer_sizes=(16,), epochs=3, random_state=0, device="cpu")


def rows_with_invalid() -> Rows:
    """Row 3 has an invalid price, row 7 an invalid price and an invalid day; row 5 is as far off as numbers go."""
    frame = FRAME[:40].copy()
    frame.loc[[3, 7], "price"] = np.nan
    frame.loc[7, "day"] = pd.NaT
    frame.loc[5, ["price", "weight", "length", "country"]] = 1e15, -1e15, 1e15, "XX"
    price, day = np.full(40, None, object), np.full(40, None, object)
    price[3], price[7], day[7] = "n/k", "free", "soon"
    return replace(as_rows(frame), invalid={0: price, 3: day})


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("estimator", [None, SMALL])
@pytest.mark.parametrize("missing", ["mask", "error"])
@pytest.mark.slow
def test_a_detector_puts_such_rows_above_all_others_and_names_the_cell_with_its_text(
    estimator, missing: str, tmp_path
) -> None:
    if estimator is None:
        detector = AnomalyDetector(missing=missing, random_state=0)
    else:
        detector = AnomalyDetector(Autoencoder(**{**SMALL.get_params(), "missing": missing}), random_state=0)
    fitted = detector.fit(FRAME)
    fitted.save(tmp_path / "m")
    rows = rows_with_invalid()
    for judge in (fitted, narrows.load(tmp_path / "m")):
        scores = -judge.score_samples(rows)
        assert np.argsort(-scores)[:3].tolist() == [7, 3, 5]
        assert np.isfinite(scores).all()
        assert (judge.p_values(rows)[[3, 7]] == 1 / (1 + len(judge.calibration_scores_))).all()
        why = judge.explain(rows)
        assert (why[3][0].column, why[3][0].observed) == ("price", "n/k")
        assert isinstance(why[3][0].expected, float)
        assert {(reason.column, reason.observed) for reason in why[7][:2]} == {("price", "free"), ("day", "soon")}
        assert why[5][0].column == "country"
        assert str(why[3][0]).startswith("price n/k (expected ")


def test_a_detector_of_before_puts_them_above_all_others_too() -> None:
    fitted = AnomalyDetector(SMALL, random_state=0).fit(FRAME)
    scoring = fitted.state_.scoring
    of_before = replace(scoring, combination=replace(scoring.combination, linear=0.0))
    fitted._state = replace(fitted.state_, scoring=of_before)
    assert np.argsort(fitted.score_samples(rows_with_invalid()))[:2].tolist() == [7, 3]


@pytest.mark.filterwarnings("ignore:X has missing values")
def test_so_does_the_surprise_of_a_plain_model() -> None:
    model = SMALL.fit(FRAME)
    rows = rows_with_invalid()
    scores = surprise(model, rows)
    assert np.argsort(-scores)[:2].tolist() == [7, 3]
    without = Surprise(model)
    without.add(replace(rows, invalid={}))
    others = np.setdiff1d(np.arange(40), [3, 7])
    assert np.array_equal(scores[others], without.scores()[others])
    assert [r[0].observed for r in explain_reconstruction(model, rows, at=np.array([3]))] == ["n/k"]


@pytest.mark.parametrize("scores", [[0.0, 0, 0], [-5.0, -3, -4], [1e9, 2e9, 3e9], [1e-9, 2e-9, 3e-9]])
def test_scores_are_raised_above_all_and_the_more_cells_the_further(scores: list[float]) -> None:
    given, n_invalid = ScoreFile([np.array(scores)]), ScoreFile([np.array([1, 0, 2])])
    first, second, third = above_all(given, n_invalid).all()
    assert max(scores) < first < third
    assert second == scores[1]
    lowered = above_all(ScoreFile([-np.array(scores)]), n_invalid, sign=-1).all()
    assert (-lowered).tolist() == [first, second, third]

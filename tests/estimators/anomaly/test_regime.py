"""Whether the rows of a fit hold anomalies."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.covariance import EllipticEnvelope

import narrows
from narrows import AnomalyDetector
from narrows.errors import SettingError
from narrows.estimators.anomaly.regime import Regime

CLEAN = {
    "squared distances": lambda rng, n: rng.chisquare(5, n),
    "logarithms": lambda rng, n: rng.normal(-3, 1, n),
    "of few columns": lambda rng, n: rng.chisquare(1, n),
    "skewed": lambda rng, n: np.exp(0.8 * rng.standard_normal(n)),
    "bounded": lambda rng, n: rng.beta(8, 12, n),
}


@pytest.mark.parametrize("kind", CLEAN)
@pytest.mark.parametrize("n", [200, 5000])
def test_clean_scores_of_many_shapes_are_called_clean(kind: str, n: int) -> None:
    found = [Regime.of(CLEAN[kind](np.random.default_rng(seed), n)[:, None], ["x"], None).name for seed in range(20)]
    assert found.count("clean") >= 19


@pytest.mark.parametrize("kind", [kind for kind in CLEAN if kind != "of few columns"])  # whose tail is too long to tell
@pytest.mark.parametrize("share", [0.03, 0.15])
def test_the_share_of_planted_anomalies_is_found(kind: str, share: float) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        scores = CLEAN[kind](rng, 2000)
        planted = rng.random(2000) < share
        scores[planted] = scores.max() + np.ptp(scores) * (0.5 + rng.random(planted.sum()))
        regime = Regime.of(scores[:, None], ["x"], None)
        assert regime.name == "contaminated"
        assert regime.share == pytest.approx(planted.mean(), abs=0.01)


def test_the_part_that_shows_the_anomalies_is_named_with_their_number() -> None:
    rng = np.random.default_rng(0)
    parts = rng.chisquare(3, (1000, 2))
    parts[:50, 1] += 100
    regime = Regime.of(parts, ["error", "distance"], None)
    assert "rows are far out by distance, where clean rows would have about 0" in regime.reason
    assert regime.share == pytest.approx(0.05, abs=0.005)


def test_weights_count_as_repeated_rows() -> None:
    rng = np.random.default_rng(0)
    scores = rng.chisquare(3, 1000)
    scores[:20] += 100
    counts = np.where(np.arange(1000) < 20, 5, 1)
    regime = Regime.of(scores[:, None], ["x"], counts / counts.mean())
    repeated = Regime.of(np.repeat(scores, counts)[:, None], ["x"], None)
    assert regime.share == pytest.approx(repeated.share, abs=0.003)


def test_few_rows_and_equal_scores_say_nothing() -> None:
    assert Regime.of(np.arange(99.0)[:, None], ["x"], None).name == "unknown"
    assert Regime.of(np.ones((500, 1)), ["x"], None).name == "unknown"


def rows(n_planted: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    X = rng.standard_normal((800, 3)) @ rng.standard_normal((3, 6)) + 0.3 * rng.standard_normal((800, 6))
    X[:n_planted] += 8 * rng.standard_normal((n_planted, 6))
    return X


@pytest.mark.parametrize("estimator", [None, EllipticEnvelope()])
@pytest.mark.slow
def test_a_detector_says_whether_its_rows_seem_clean_and_sets_its_threshold_by_it(estimator) -> None:
    clean = AnomalyDetector(estimator, contamination="auto", random_state=0).fit(rows(0))
    assert (clean.regime_.name, clean.contamination_) == ("clean", 0.01)
    assert clean.labels_.mean() < 0.03
    spoiled = AnomalyDetector(estimator, contamination="auto", random_state=0).fit(rows(60))
    assert spoiled.regime_.name == "contaminated"
    assert spoiled.contamination_ == pytest.approx(60 / 800, abs=0.02)
    assert spoiled.labels_[:60].mean() > 0.8
    assert spoiled.labels_[60:].mean() < 0.04
    with pytest.raises(AttributeError):
        AnomalyDetector(EllipticEnvelope(), random_state=0).fit(rows(0)).regime_  # noqa: B018


def test_novelty_with_rows_that_do_not_seem_clean_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="some look anomalous: .* rows are far out by"):
        AnomalyDetector(contamination="auto", novelty=True, random_state=0).fit(rows(60))


def test_the_regime_is_saved_and_on_the_card(tmp_path) -> None:
    detector = AnomalyDetector(contamination="auto", random_state=0).fit(rows(60))
    detector.save(tmp_path / "d")
    assert narrows.load(tmp_path / "d").regime_ == detector.regime_
    assert detector.regime_.reason in (tmp_path / "d" / "README.md").read_text()
    saved = json.loads((tmp_path / "d" / "narrows.json").read_text())["fitted"]["regime_"]
    for wrong in ({"name": "dirty"}, {"share": 0.7}, {"reason": 3}):
        with pytest.raises(ValueError, match=r"regime|number"):
            Regime.restore({**saved, **wrong})


def test_other_words_than_auto_are_refused() -> None:
    with pytest.raises(SettingError, match="contamination must be"):
        AnomalyDetector(contamination="some").fit(rows(0))

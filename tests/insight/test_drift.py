from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from narrows import AnomalyDetector, Autoencoder
from narrows.errors import SettingError
from narrows.insight import drift
from narrows.insight.drift import _compared, statistic


def table(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((n, 2))
    return pd.DataFrame({"a": z[:, 0], "b": z[:, 0] + 0.1 * z[:, 1], "c": 100 + 5 * z[:, 1], "d": rng.random(n)})


@pytest.fixture(scope="module")
def detector() -> AnomalyDetector:
    return AnomalyDetector(random_state=0).fit(table(1500, 0))


def test_rows_of_the_same_world_have_not_drifted(detector: AnomalyDetector) -> None:
    found = drift(detector, table(800, 1))
    assert found.drifted == ()
    assert not found.scores.drifted
    assert "No change was found" in str(found)


def test_a_column_that_moved_is_named_with_its_medians(detector: AnomalyDetector) -> None:
    now = table(800, 1)
    now["c"] += 6
    found = drift(detector, now)
    assert found.drifted == ("c",)
    column = found.columns[0]
    assert column.then == pytest.approx(100, abs=0.7)
    assert column.now == pytest.approx(106, abs=0.7)
    assert "changed in 1 of 4 columns: c" in str(found)
    assert json.loads(json.dumps(found.to_dict()))["drifted"] == ["c"]


def test_columns_that_changed_only_together_show_in_the_scores(detector: AnomalyDetector) -> None:
    now = table(800, 1)
    now["b"] = np.random.default_rng(5).permutation(now["b"])
    found = drift(detector, now)
    assert found.drifted == ()
    assert found.scores.drifted
    assert "together they did" in str(found)


def test_a_plain_model_needs_rows_to_compare_with() -> None:
    then, now = table(400, 0), table(300, 1)
    now["d"] = now["d"] ** 3
    model = Autoencoder(n_components=2, epochs=5, random_state=0, device="cpu").fit(then)
    with pytest.raises(SettingError, match="reference"):
        drift(model, now)
    found = drift(model, now, reference=then)
    assert found.drifted == ("d",)
    gap = ks_2samp(then["d"], now["d"]).statistic
    assert found.columns[0].statistic == pytest.approx(gap, abs=1e-6)


def test_whole_numbers_and_texts_that_stayed_as_they_are_have_not_drifted() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "year": rng.choice([2007, 2008, 2009], 400),
            "kind": rng.choice(["a", "b", "c"], 400, p=[0.7, 0.2, 0.1]),
            "size": np.where(rng.random(400) < 0.1, np.nan, rng.integers(0, 5, 400)),
        }
    )
    fitted = AnomalyDetector(random_state=0).fit(frame)
    assert drift(fitted, frame).drifted == ()
    moved = frame.assign(kind=frame["kind"].replace({"a": "b"}))
    found = drift(fitted, moved)
    assert found.drifted == ("kind",)
    assert (found.columns[0].then, found.columns[0].now) == ("a", "b")
    far = drift(fitted, frame.assign(size=40.0, kind="never seen"))
    now = {column.column: column.now for column in far.columns}
    assert (now["size"], now["kind"]) == (40.0, "never seen")


@pytest.mark.slow
def test_a_constant_column_that_took_another_value_has_drifted() -> None:
    then = table(600, 0).assign(country="US", group=np.tile(["x", "y"], 300))
    now = table(400, 1).assign(country="US", group=np.tile(["x", "y"], 200))
    detector = AnomalyDetector(random_state=0).fit(then)
    assert drift(detector, now).drifted == ()
    now.loc[:299, "country"] = "XX"
    found = drift(detector, now)
    assert found.drifted == ("country",)
    assert (found.columns[0].statistic, found.columns[0].then, found.columns[0].now) == (0.75, "US", "XX")


def test_scores_of_the_fit_count_by_their_weights_as_in_p_values() -> None:
    rng = np.random.default_rng(0)
    then, now = np.sort(rng.standard_normal(200)), rng.standard_normal(150)
    times = rng.integers(1, 4, 200)
    repeated = ks_2samp(np.repeat(then, times), now, method="asymp")
    assert statistic(then, now, times / times.mean()) == pytest.approx(repeated.statistic)
    equal = _compared("", then, now, np.ones(200))
    assert equal.p_value == pytest.approx(ks_2samp(then, now, method="asymp").pvalue)
    assert _compared("", then, now, np.full(200, 0.1)).p_value > equal.p_value  # twenty groups of ten rows


@pytest.mark.slow
def test_rows_that_come_as_often_as_the_weights_say_have_not_drifted() -> None:
    rng = np.random.default_rng(1)
    then, seldom = table(1500, 0), rng.random(1500) < 0.5
    then.loc[seldom, ["a", "b"]] *= 4
    weighted = AnomalyDetector(random_state=0).fit(then, sample_weight=np.where(seldom, 0.02, 1.0))
    assert not drift(weighted, table(800, 1)).scores.drifted
    plain = AnomalyDetector(random_state=0).fit(then)
    assert drift(plain, table(800, 1)).scores.drifted


@pytest.mark.parametrize("novelty", [False, True])
def test_new_rows_of_a_small_mixed_table_have_not_drifted_and_raise_the_alarms_that_were_set(novelty: bool) -> None:
    def mixed_table(n: int, rng: np.random.Generator) -> pd.DataFrame:
        shared = rng.normal(size=n)
        group = np.where(shared + 0.5 * rng.normal(size=n) > 0, "x", "y")
        numbers = {"a": shared + 0.3 * rng.normal(size=n), "b": np.exp(shared), "c": rng.normal(size=n)}
        return pd.DataFrame({**numbers, "group": group})

    shares, typical = [], []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        detector = AnomalyDetector(contamination=0.1, novelty=novelty, random_state=seed).fit(mixed_table(400, rng))
        new = mixed_table(2000, rng)
        assert not drift(detector, new).scores.drifted
        shares.append((detector.predict(new) == -1).mean())
        typical.append(np.median(detector.p_values(new)))
    assert 0.08 <= np.mean(shares) <= 0.12
    assert 0.45 <= np.mean(typical) <= 0.55

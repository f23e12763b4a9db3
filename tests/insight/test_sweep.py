from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.decomposition import PCA
from torch import nn

from narrows import Autoencoder
from narrows.data import as_rows
from narrows.errors import DataError, DivergedError, SettingError
from narrows.insight import plan_sweep, sweep
from narrows.insight.sweep import Sweep, SweepPlan, SweepPoint, knee
from tests.six_networks import X

QUICK = Autoencoder(epochs=3, hidden_layer_sizes=(32,), n_components=4, device="cpu")
ROWS = X[:300]


def point(value: float, error: float) -> SweepPoint:
    return SweepPoint(value, f"{value:g}", (error,), (error,), error, 9.0, 10, 10, 0.1)


def test_every_value_is_fitted_and_measured_on_rows_that_no_fit_saw() -> None:
    plan = plan_sweep(QUICK, ROWS, values=[2, 6])
    assert len(plan.training) + len(plan.held_out) == 300
    assert not (plan.held_out[:, None] == plan.training[None]).all(axis=2).any()
    points = list(plan.points())
    assert [p.value for p in points] == [2, 6]
    for p in points:
        again = Autoencoder(epochs=3, hidden_layer_sizes=(32,), n_components=int(p.value), random_state=0, device="cpu")
        again.fit(plan.training.reshape(-1, 8, 8))
        error = np.square(again.reconstruct(plan.held_out.reshape(-1, 8, 8)).reshape(-1, 64) - plan.held_out).sum(
            axis=1
        )
        assert p.held_out[0] == pytest.approx(error.mean(), rel=1e-4)
        pca = PCA(int(p.value)).fit(plan.training)
        missed = np.square(pca.inverse_transform(pca.transform(plan.held_out)) - plan.held_out).sum(axis=1)
        assert p.pca == pytest.approx(missed.mean(), rel=1e-4)
        assert p.n_parameters == again.network_.n_parameters


def test_copies_of_a_row_are_all_on_one_side() -> None:
    twice = np.repeat(ROWS[:100], 2, axis=0)
    plan = plan_sweep(QUICK, twice)
    assert not (plan.held_out[:, None] == plan.training[None]).all(axis=2).any()


def test_shares_nest_and_the_whole_is_the_whole() -> None:
    plan = plan_sweep(QUICK, ROWS, over="share", values=[0.25, 1.0])
    small, whole = plan.points()
    assert small.n_rows == round(0.25 * whole.n_rows)
    assert whole.n_rows == len(plan.training)
    assert small.label == "25%"


def test_depth_takes_the_layers_there_are_and_halves_on() -> None:
    points = sweep(QUICK.set_params(hidden_layer_sizes=(32, 12)), ROWS, over="depth", values=[0, 1, 2, 3]).points
    QUICK.set_params(hidden_layer_sizes=(32,))
    assert [p.label for p in points] == ["none", "32", "32, 12", "32, 12, 6"]


def test_depth_of_a_map_starts_from_the_default_layers_of_maps() -> None:
    map_ = Autoencoder(penalty="neighbours", n_components=2, epochs=1, device="cpu")
    layers = clone(map_).fit(ROWS).hidden_layer_sizes_
    points = sweep(map_, ROWS, over="depth", values=[1, 5]).points
    assert [p.label for p in points] == [str(layers[0]), ", ".join(map(str, (*layers, layers[-1] // 2)))]


def test_errors_over_several_seeds_stand_side_by_side() -> None:
    found = sweep(QUICK, ROWS, values=[3], n_seeds=2)
    assert len(set(found.points[0].held_out)) == 2
    assert " to " in str(found)


def test_columns_of_any_unit_give_errors_in_standard_deviations() -> None:
    rng = np.random.default_rng(0)
    table = (rng.standard_normal((200, 2)) @ rng.standard_normal((2, 5))) * 1e4 - 7e5
    p = sweep(Autoencoder(epochs=2, device="cpu"), table, values=[2]).points[0]
    assert p.mean_row == pytest.approx(5, rel=0.4)
    assert p.pca == pytest.approx(0, abs=1e-3)


def test_given_test_rows_are_the_ones_that_count() -> None:
    plan = plan_sweep(QUICK, ROWS, test=X[300:340])
    assert np.array_equal(plan.held_out, X[300:340].reshape(40, 64))
    assert len(plan.training) == 300


def test_the_knee_of_a_broken_line_is_where_it_breaks() -> None:
    x = np.arange(6.0)
    assert knee(x, np.array([10.0, 7.0, 4.0, 1.0, 0.9, 0.8])) == 3
    assert knee(x, 6 - x) is None  # straight
    assert knee(x, x) is None  # it never falls
    assert knee(x[:2], np.array([1.0, 0.0])) is None
    assert knee(x, np.array([10.0, 7.0, 4.0, 1.0, 3.0, 2.0])) == 3  # what rises again is noise
    assert knee(x, np.array([10.0, 9.8, 9.79, 9.78, 9.77, 9.76])) is None  # it hardly falls


@given(
    st.lists(st.floats(0, 100), min_size=3, max_size=12),
    st.floats(0.01, 100),
)
def test_the_knee_does_not_depend_on_the_unit(errors: list[float], factor: float) -> None:
    x, y = np.arange(float(len(errors))), np.round(errors, 3)
    drops = 1 - x / x[-1] - (np.minimum.accumulate(y) - y.min()) / max(y[0] - y.min(), 1e-9)
    best = np.sort(drops)[-2:]
    if abs(best[1] - best[0]) < 1e-6 or abs(best[1] - 0.1) < 1e-6 or abs(y[0] - y.min() - 0.03 * y[0]) < 1e-6:
        return  # a tie may fall either way
    assert knee(x, y * factor) == knee(x, y)


def test_errors_that_fall_by_the_same_share_have_no_knee() -> None:
    straight = [(2, 2.19), (8, 0.77), (32, 0.271)]  # a straight line on the axes of the figure
    found = Sweep("n_components", tuple(point(v, e) for v, e in straight), 100)
    assert found.is_logarithmic
    assert found.knee is None
    bent = [(2, 2.19), (8, 0.3), (32, 0.271)]
    assert Sweep("n_components", tuple(point(v, e) for v, e in bent), 100).knee == 8
    assert not Sweep("n_components", (*(point(v, e) for v, e in bent), point(64, 0.0)), 100).is_logarithmic


def test_a_sweep_marks_its_knee_and_goes_to_json() -> None:
    found = Sweep("n_components", tuple(point(v, e) for v, e in [(1, 8), (2, 4), (4, 1), (8, 0.9), (16, 0.8)]), 100)
    assert found.knee == 4
    assert next(line for line in str(found).splitlines() if "<- knee" in line).split()[0] == "4"
    result = json.loads(json.dumps(found.to_dict()))
    assert [p["value"] for p in result["points"]] == [1, 2, 4, 8, 16]
    assert "font-weight:bold><td>4<" in found._repr_html_()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"over": "width"}, "n_components, depth or share"),
        ({"values": [0]}, "whole numbers from 1"),
        ({"values": [float("nan")]}, "nan is not a value of n_components"),
        ({"over": "depth", "values": [float("inf")]}, "inf is not a value of depth"),
        ({"over": "share", "values": [float("nan")]}, "nan is not a value of share"),
        ({"values": ["two"]}, "two is not a value of n_components"),
        ({"values": [2.5]}, "whole numbers from 1"),
        ({"values": []}, "at least one value"),
        ({"over": "depth", "values": [-1]}, "whole numbers from 0"),
        ({"over": "share", "values": [1.5]}, "not a share of"),
        ({"over": "share", "values": [0.001]}, "not a share of"),
        ({"n_seeds": 0}, "n_seeds"),
    ],
)
def test_what_cannot_be_swept_is_refused_in_words(settings: dict, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        sweep(QUICK, ROWS, **settings)


def test_too_few_different_rows_are_refused() -> None:
    with pytest.raises(DataError, match="at least 5 different rows"):
        sweep(QUICK, np.repeat(ROWS[:3], 20, axis=0))


def test_a_fitted_estimator_and_its_rows_stay_as_they_are() -> None:
    model = Autoencoder(n_components=3, epochs=2, random_state=5, device="cpu").fit(ROWS)
    before = model.transform(ROWS)
    sweep(model, as_rows(ROWS), values=[2])
    assert model.n_components == 3
    assert np.array_equal(model.transform(ROWS), before)


def test_what_varies_by_itself_is_what_the_network_can_be() -> None:
    conv = Autoencoder(network="conv", hidden_layer_sizes=(4,), n_components=2, epochs=1, device="cpu")
    assert plan_sweep(conv, ROWS, over="depth").values[0] == 1
    top = Autoencoder(code="top-k", k=3, epochs=1, device="cpu")
    assert plan_sweep(top, ROWS).values == (3, 6, 12, 24, 48)


def test_a_value_that_no_network_can_have_is_refused_before_the_first_fit() -> None:
    conv = Autoencoder(network="conv", hidden_layer_sizes=(4,), n_components=2, epochs=1, device="cpu")
    with pytest.raises(SettingError):
        plan_sweep(conv, ROWS, over="depth", values=[1, 0])
    with pytest.raises(SettingError):
        plan_sweep(Autoencoder(code="top-k", k=3, device="cpu"), ROWS, values=[2, 4])


@pytest.mark.parametrize("over", ["n_components", "depth"])
def test_networks_of_ones_own_have_no_width_to_sweep(over) -> None:
    own, rows = Autoencoder(encoder=nn.Linear(64, 3), epochs=1, device="cpu"), ROWS.reshape(-1, 64)
    with pytest.raises(SettingError, match="sweep over share"):
        plan_sweep(own, rows, over=over)
    assert sweep(own, rows, over="share", values=[0.5]).points


def test_a_later_value_that_fails_leaves_those_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    one = SweepPlan._fit

    def fail(self: SweepPlan, value: float, training: np.ndarray, i: int) -> object:
        if value == 6:
            raise DivergedError("It diverged.")
        return one(self, value, training, i)

    monkeypatch.setattr(SweepPlan, "_fit", fail)
    with pytest.warns(UserWarning, match="ended after 1 of 2 values: It diverged"):
        found = sweep(QUICK, ROWS, values=[2, 6])
    assert [p.value for p in found.points] == [2]
    with pytest.raises(DivergedError):
        sweep(QUICK, ROWS, values=[6])


def test_rows_that_are_encoded_alike_are_all_on_one_side_gaps_included() -> None:
    table = np.random.default_rng(0).standard_normal((50, 4)) * 1e-3 + 1e6  # all the same in 32 bits
    table[::5, 1] = np.nan
    plan = plan_sweep(Autoencoder(missing="mean", device="cpu"), np.concatenate([table, table]))
    assert (len(plan.held_out), len(plan.training)) == (10, 80)
    assert not (np.abs(plan.held_out[:, None] - plan.training[None]).max(axis=2) < 1e-5).any()

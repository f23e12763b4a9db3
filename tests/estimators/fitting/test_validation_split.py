"""Rows that a fit holds out: random ones, whole groups, or the last."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import narrows
from narrows import Autoencoder
from narrows.data import as_rows, read, scan
from narrows.errors import DataError, IdleParameterWarning, SettingError
from narrows.estimators.fitting.validation_split import ValidationSplit
from narrows.training import distinct_rows

_QUICK = {"epochs": 1, "hidden_layer_sizes": (), "n_components": 2, "random_state": 0, "device": "cpu"}
_RNG = np.random.default_rng(0)
X = _RNG.standard_normal((200, 5))
GROUPS = np.array([f"person {i}" for i in _RNG.integers(0, 20, 200)])


def fitted(table: object = X, groups: object = None, **settings: object) -> Autoencoder:
    return Autoencoder(**{**_QUICK, **settings}).fit(table, groups=groups)  # pyright: ignore[reportArgumentType]


def test_whole_groups_are_held_out_within_the_fraction() -> None:
    model = fitted(groups=GROUPS, validation_fraction=0.2)
    held = model.validation_rows_
    assert model.validation_ == "groups"
    assert 0 < len(held) <= 40
    assert not set(GROUPS[held]) & set(np.delete(GROUPS, held))
    other = fitted(groups=GROUPS, validation_fraction=0.2, random_state=1)
    assert set(GROUPS[other.validation_rows_]) != set(GROUPS[held])


def test_the_groups_held_out_do_not_depend_on_the_order_of_the_rows() -> None:
    order = np.random.default_rng(1).permutation(len(X))
    one, other = fitted(groups=GROUPS), fitted(X[order], GROUPS[order])
    assert set(GROUPS[one.validation_rows_]) == set(GROUPS[order][other.validation_rows_])
    np.testing.assert_array_equal(one.transform(X), other.transform(X))


def test_the_smallest_group_is_held_out_where_none_fits() -> None:
    groups = np.repeat([0, 1, 2], [80, 70, 50])
    assert set(groups[fitted(groups=groups).validation_rows_]) == {2}


@pytest.mark.parametrize(
    "container", [list, pd.Series, lambda g: pd.Series(g, dtype="category"), lambda g: g.astype(object)]
)
def test_groups_come_in_any_container(container) -> None:
    np.testing.assert_array_equal(
        fitted(groups=container(GROUPS)).validation_rows_, fitted(groups=GROUPS).validation_rows_
    )


def test_the_last_rows_are_held_out_whatever_the_seed() -> None:
    for seed in (0, 1):
        model = fitted(validation="last", random_state=seed)
        assert model.validation_ == "last"
        np.testing.assert_array_equal(model.validation_rows_, np.arange(180, 200))


def test_no_copy_of_a_training_row_is_held_out() -> None:
    table = X.copy()
    table[199] = table[3]
    np.testing.assert_array_equal(fitted(table, validation="last").validation_rows_, np.arange(180, 199))
    groups = GROUPS.copy()
    held = fitted(groups=groups).validation_rows_
    twin = held[0]
    other = np.flatnonzero(~np.isin(groups, groups[held]))[0]
    table = X.copy()
    table[other] = table[twin]
    assert twin not in fitted(table, groups).validation_rows_


def test_the_latest_rows_are_held_out_and_those_of_one_time_stay_together() -> None:
    times = np.repeat(np.arange(8), 25)[_RNG.permutation(200)]
    rows = as_rows(X)
    from dataclasses import replace

    model = fitted(replace(rows, times=times), validation_fraction=0.3)
    assert model.validation_ == "last"
    assert set(times[model.validation_rows_]) == {6, 7}
    few = fitted(replace(rows, times=times), validation_fraction=0.05)
    assert set(times[few.validation_rows_]) == {7}
    with pytest.raises(DataError, match="the same time"):
        fitted(replace(rows, times=np.zeros(200)))


def test_random_rows_are_those_of_a_permutation_of_the_distinct_rows() -> None:
    distinct = distinct_rows(X.astype(np.float32))
    split = ValidationSplit("random", 0.1)
    held = split.held(distinct, torch.Generator().manual_seed(5))
    expected = torch.randperm(200, generator=torch.Generator().manual_seed(5)).numpy()[:20]
    np.testing.assert_array_equal(held, np.sort(expected))


def test_rows_of_weight_zero_count_for_nothing() -> None:
    weight = np.ones(200)
    weight[180:] = 0
    model = Autoencoder(**_QUICK, validation="last").fit(X, sample_weight=weight)
    np.testing.assert_array_equal(model.validation_rows_, np.arange(162, 180))


@pytest.mark.parametrize(
    ("settings", "groups", "error", "words"),
    [
        ({"validation": "groups"}, None, SettingError, "needs the group of each row"),
        ({"validation": "last"}, GROUPS, SettingError, "no effect with validation='last'"),
        ({"validation": "newest"}, None, SettingError, "is not one of auto, random, groups, last"),
        ({}, GROUPS[:5], DataError, "one group per row"),
        ({}, np.where(GROUPS == "person 3", None, GROUPS), DataError, "every row its group"),
        ({}, np.zeros(200), DataError, "of one group"),
    ],
)
def test_impossible_settings_are_refused(settings: dict, groups: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        fitted(groups=groups, **settings)


def test_groups_beside_validation_data_are_refused_and_without_held_out_rows_idle() -> None:
    with pytest.raises(SettingError, match="no effect with validation_data"):
        Autoencoder(**_QUICK).fit(X, groups=GROUPS, validation_data=X[:20])
    assert Autoencoder(**_QUICK).fit(X, validation_data=X[:20]).validation_ == "given"
    with pytest.warns(IdleParameterWarning, match="validation_fraction"):
        fitted(validation="last", validation_fraction=0)


def test_a_stream_is_refused(tmp_path: Path) -> None:
    pd.DataFrame(X, columns=list("abcde")).to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(SettingError, match="needs rows in memory"):
        fitted(scan(tmp_path / "x.csv"), validation="last")


def test_a_saved_model_knows_how_its_rows_were_held_out(tmp_path: Path) -> None:
    fitted(groups=GROUPS).save(tmp_path / "m")
    assert narrows.load(tmp_path / "m").validation_ == "groups"  # pyright: ignore[reportAttributeAccessIssue]


def test_groups_go_through_a_pipeline() -> None:
    pipe = make_pipeline(StandardScaler(), Autoencoder(**_QUICK)).fit(X, autoencoder__groups=GROUPS)
    assert pipe[-1].validation_ == "groups"


def test_columns_of_a_file_become_groups_and_times_and_are_not_learned_from(tmp_path: Path) -> None:
    table = pd.DataFrame(X, columns=list("abcde")).assign(who=GROUPS, day=pd.date_range("2020-01-01", periods=200))
    table = table.sample(frac=1, random_state=0)
    table["day"] = table["day"].dt.strftime("%d.%m.%Y")
    table.to_csv(tmp_path / "x.csv", index=False)
    by_group = fitted(read(tmp_path / "x.csv", group="who", ignore=["day"]))
    assert by_group.feature_names_in_.tolist() == list("abcde")
    assert by_group.validation_ == "groups"
    who = table["who"].to_numpy()
    assert not set(who[by_group.validation_rows_]) & set(np.delete(who, by_group.validation_rows_))
    by_time = fitted(read(tmp_path / "x.csv", time="day", ignore=["who"]))
    order = pd.to_datetime(table["day"], format="%d.%m.%Y").to_numpy()
    assert order[by_time.validation_rows_].min() > np.delete(order, by_time.validation_rows_).max()
    also = read(tmp_path / "x.csv", group="who", columns=["a", "who"])
    assert also.names == ("a", "who")
    with pytest.raises(DataError, match="neither numbers nor dates"):
        read(tmp_path / "x.csv", time="who")
    table.loc[3, "day"] = None
    table.to_csv(tmp_path / "gap.csv", index=False)
    with pytest.raises(DataError, match="has 1 missing values"):
        read(tmp_path / "gap.csv", time="day")


@pytest.mark.parametrize("call", ["fit", "partial_fit", "score"])
def test_a_y_of_another_length_is_refused(call: str) -> None:
    model = fitted()
    with pytest.raises(DataError, match="y has 3 values for 200 rows"):
        getattr(model, call)(X, [1, 2, 3])
    getattr(model, call)(X, np.zeros(200))

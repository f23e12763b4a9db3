from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest

import narrows
from narrows.data import as_rows
from narrows.errors import DataError, SettingError

X = np.arange(20.0).reshape(10, 2)


def test_a_row_holds_the_points_of_its_window_in_order() -> None:
    found = narrows.windows(X, width=4, step=3)
    assert found.starts.tolist() == [0, 3, 6]
    assert np.array_equal(found.rows, [X[i : i + 4].ravel() for i in (0, 3, 6)])
    assert np.array_equal(narrows.windows(X[:, 0], width=4).rows, np.lib.stride_tricks.sliding_window_view(X[:, 0], 4))


def test_the_last_window_ends_at_the_last_point() -> None:
    assert narrows.windows(X, width=4, step=4).starts.tolist() == [0, 4, 6]
    assert narrows.windows(X, width=10).starts.tolist() == [0]


def test_the_score_of_a_point_is_the_mean_of_the_windows_that_cover_it() -> None:
    found = narrows.windows(X, width=4, step=3)
    scores = np.array([1.0, 10.0, 100.0])
    expected = [scores[[s <= i < s + 4 for s in found.starts]].mean() for i in range(10)]
    assert found.to_points(scores) == pytest.approx(expected)
    with pytest.raises(DataError, match="one score for each window"):
        found.to_points(scores[:2])


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_a_frame_gives_a_frame_with_a_column_for_each_point(frame) -> None:
    series = frame({"a": np.arange(6), "kind": list("uvuvuv")})
    rows = narrows.windows(series, width=2, step=2).rows
    assert isinstance(rows, frame)
    assert list(rows.columns) == ["a[0]", "kind[0]", "a[1]", "kind[1]"]
    assert rows["a[1]"].to_list() == [1, 3, 5]
    assert rows["kind[0]"].to_list() == ["u", "u", "u"]


@pytest.mark.parametrize("as_series", [False, True])
def test_a_time_index_comes_back_with_the_scores(as_series: bool) -> None:
    days = pd.date_range("2024-01-01", periods=10)
    frame = pd.DataFrame(X, index=days, columns=["a", "b"])
    found = narrows.windows(frame["a"] if as_series else frame, width=3)
    points = found.to_points(np.arange(8.0))
    assert points.index.equals(days)
    assert points.iloc[0] == 0
    assert points.iloc[-1] == 7


def test_times_that_fall_are_refused_and_gaps_are_warned_of() -> None:
    days = pd.date_range("2024-01-01", periods=10)
    with pytest.raises(DataError, match="time index falls"):
        narrows.windows(pd.DataFrame(X, index=days[::-1]), width=3)
    gap = days[:5].append(days[5:] + pd.Timedelta("3D"))
    with pytest.warns(UserWarning, match="1 of 9 steps of the time index"):
        narrows.windows(pd.DataFrame(X, index=gap), width=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        narrows.windows(pd.DataFrame(X, index=gap), width=3, groups=[0] * 5 + [1] * 5)


def test_no_window_holds_points_of_two_series_and_points_without_a_window_have_no_score() -> None:
    found = narrows.windows(X, width=4, groups=list("aaaaabbccc"))
    assert found.starts.tolist() == [0, 1]
    assert found.groups is not None
    assert found.groups.tolist() == ["a", "a"]
    assert np.isnan(found.to_points([1.0, 2.0])).tolist() == [False] * 5 + [True] * 5


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"width": 0}, SettingError, "width must be a whole number"),
        ({"width": 3, "step": 1.5}, SettingError, "step must be a whole number"),
        ({"width": 3, "step": 4}, SettingError, "at most 3"),
        ({"width": 11}, DataError, "fewer than width=11"),
        ({"width": 2, "groups": [1, 2]}, DataError, "groups has the shape"),
        ({"width": 2, "groups": list("aabbaabbaa")}, DataError, "do not follow one another"),
    ],
)
def test_impossible_windows_are_refused_in_words(settings: dict, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        narrows.windows(X, **settings)
    with pytest.raises(DataError, match="got the shape"):
        narrows.windows(np.zeros((4, 2, 2)), 2)


def test_levels_of_column_labels_are_joined_as_in_a_fit() -> None:
    frame = pd.DataFrame(X, columns=pd.MultiIndex.from_product([["a"], ["u", "v"]]))
    rows = narrows.windows(frame, width=2).rows
    names = [name.removesuffix("[0]") for name in rows.columns[:2]]
    assert names == list(as_rows(frame).feature_names)
    assert np.array_equal(rows.to_numpy()[0], X[:2].ravel())


def test_a_file_is_no_series(tmp_path) -> None:
    for source in ("series.csv", tmp_path, as_rows(X)):
        with pytest.raises(DataError, match="in memory"):
            narrows.windows(source, width=2)


@pytest.mark.parametrize("gap", [None, np.nan])
def test_points_without_a_group_are_refused(gap) -> None:
    with pytest.raises(DataError, match="groups has 5 missing values; give every point its group"):
        narrows.windows(X, width=2, groups=[gap] * 5 + [1] * 5)

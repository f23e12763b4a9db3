from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from narrows.data import as_rows
from narrows.insight.imputing import methods
from narrows.insight.imputing.plain_table import PlainTable
from narrows.insight.imputing.report import hidden_cells


def plain(frame: pd.DataFrame) -> PlainTable:
    return PlainTable.of(as_rows(frame), list(range(frame.shape[1])))


def test_regression_solves_an_exactly_linear_table() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 300))
    frame = pd.DataFrame({"a": a, "b": b, "c": 2 * a - b})
    at = rng.random(300) < 0.2
    answer = methods.by_regression(plain(frame.assign(c=frame["c"].mask(at))))[2]
    np.testing.assert_allclose(answer[at], frame["c"][at], atol=0.1)


def test_a_level_is_regressed_on_the_other_columns_not_on_its_own_floats() -> None:
    x = np.random.default_rng(0).normal(size=300)
    kind = pd.Series(np.where(x > 0.5, "high", np.where(x < -0.5, "low", "middle")))
    at = np.arange(300) % 5 == 0
    table = plain(pd.DataFrame({"x": x, "kind": kind.mask(at)}))
    right = np.array(table.names[1])[methods.by_regression(table)[1].argmax(axis=1)] == kind
    assert right[at].mean() > kind.value_counts(normalize=True).max() + 0.15


def test_neighbours_take_the_values_of_equal_rows() -> None:
    frame = pd.DataFrame({"x": np.repeat(np.arange(10.0), 12), "y": np.repeat(np.arange(10.0) ** 2, 12)})
    at = np.arange(120) % 12 == 0
    answer = methods.by_neighbours(plain(frame.assign(y=frame["y"].mask(at))), seed=0)[1]
    np.testing.assert_allclose(answer[at], frame["y"][at])


def test_trees_follow_a_curve_that_no_line_does() -> None:
    x = np.random.default_rng(0).uniform(-2, 2, 400)
    frame = pd.DataFrame({"x": x, "y": x**2})
    at = np.arange(400) % 5 == 0
    table = plain(frame.assign(y=frame["y"].mask(at)))
    errors = [
        np.abs(answers[1][at] - frame["y"][at]).mean()
        for answers in (methods.by_trees(table, seed=0), methods.by_regression(table))
    ]
    assert errors[0] < 0.1 * errors[1]


@pytest.mark.parametrize("dtype", ["float64", "int64", "bool", "str", "datetime64[s]"])
def test_cells_of_every_type_are_hidden_and_put_back(dtype: str) -> None:
    column = pd.Series(np.arange(60) % 6).astype("int64" if dtype == "str" else dtype)
    frame = pd.DataFrame({"a": column.map("level {}".format) if dtype == "str" else column, "b": np.arange(60.0)})
    rows = as_rows(frame)
    masked, hidden = hidden_cells(rows, [0], share=0.3, seed=0)
    table = PlainTable.of(masked, [0])
    np.testing.assert_array_equal(table.missing(0), hidden[0])
    truth = PlainTable.of(rows, [0])
    filled = table.filled(truth.as_answers(truth) if dtype != "str" else {0: np.eye(6)[table.level_numbers(truth, 0)]})
    assert [str(cell) for cell in filled.column(0)] == [str(cell) for cell in _as(rows.column(0), filled)]


def _as(column: np.ndarray, filled) -> np.ndarray:
    return column.astype(filled.column(0).dtype)

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from narrows.data import Schema, as_rows
from narrows.estimators.anomaly.cells import CellCodes, CellSurprise, cell_floats


def table(n: int, seed: int) -> pd.DataFrame:
    """A distance that the destination determines, a time near it, and a column of its own."""
    rng = np.random.default_rng(seed)
    to = rng.integers(0, 6, n)
    distance = np.array([187.0, 500, 900, 1600, 2475, 4983])[to]
    time = distance / 8 + rng.normal(0, 5, n)
    time[rng.random(n) < 0.1] = np.nan
    return pd.DataFrame({"to": np.array(list("abcdef"))[to], "distance": distance, "time": time, "z": rng.random(n)})


@pytest.fixture(scope="module")
def fitted() -> tuple[Schema, CellSurprise]:
    rows = as_rows(table(4000, 0))
    schema = Schema.learn(rows, scale="standard")
    return schema, CellSurprise.fit(schema, schema.encode(rows), seed=0)


def test_a_value_that_does_not_fit_the_others_is_the_most_surprising_cell(fitted) -> None:
    schema, cells = fitted
    new = table(200, 1)
    usual = cells.surprise(schema.encode(as_rows(new)))
    wrong = new[new["to"] == "f"].assign(distance=187.0)
    floats = schema.encode(as_rows(wrong))
    codes, unlikely = cells.expected(floats)
    assert np.mean(cells.surprise(floats).max(axis=1) > np.quantile(usual.max(axis=1), 0.95)) > 0.95
    assert np.mean(np.isin(unlikely.argmax(axis=1), [0, 1])) > 0.9  # the destination or the distance is wrong
    cells.codes.decode_into(floats, codes)
    assert np.mean(schema.decode_rows(floats).column(1) == 4983) > 0.9


def test_numbers_have_intervals_of_equal_counts_and_missing_cells_a_code_of_their_own(fitted) -> None:
    schema, cells = fitted
    frame = table(4000, 0)
    codes, numbers = cells.codes.encode(schema.encode(as_rows(frame)))
    assert cells.codes.sizes[:2] == [7, 6]
    missing = frame["time"].isna().to_numpy()
    assert (codes[missing, 2] == cells.codes.sizes[2] - 1).all()
    assert (numbers[missing, 2] == 0).all()
    assert np.ptp(np.bincount(codes[:, 3])) <= 2


def test_a_row_has_the_same_surprise_alone_and_it_is_restored_to_the_bit(fitted) -> None:
    schema, cells = fitted
    floats = schema.encode(as_rows(table(100, 2)))
    whole = cells.surprise(floats)
    assert np.array_equal(cells.surprise(floats[7:8]), whole[7:8])
    again = CellSurprise.restore(schema, cells.tensors())
    assert np.array_equal(again.surprise(floats), whole)
    tensors = cells.tensors()
    with pytest.raises(ValueError, match="does not fit the rest"):
        CellSurprise.restore(schema, {**tensors, "n_edges": tensors["n_edges"][:2]})


def test_equal_numbers_share_an_interval() -> None:
    x = np.repeat([0.0, 0.0, 0.0, 1.0, 2.0], 40)
    rows = as_rows(np.column_stack([x, np.random.default_rng(0).random(200)]))
    schema = Schema.learn(rows, scale="standard")
    codes = CellCodes.learn(cell_floats(schema), schema.encode(rows)).encode(schema.encode(rows))[0]
    assert len(set(zip(codes[:, 0], x, strict=True))) == 3

"""Labels of columns that are more than texts come back, also from a saved model."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from narrows import AnomalyDetector, VariationalAutoencoder, load
from narrows.data import as_rows
from narrows.data.frames.column_labels import Labels, first_repeated
from narrows.errors import DataError

BLOCK = np.random.default_rng(0).normal(size=(40, 3))
INDEXES = {
    "tuples": pd.MultiIndex.from_tuples([("plant", "power"), ("plant", "heat"), ("river", "level")]),
    "names": pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["where", None]),
    "years": pd.Index([2019, 2020, 2021]),
    "places": pd.RangeIndex(3),
    "days": pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-05"]),
    "months": pd.period_range("2024-01", periods=3, freq="M"),
    "intervals": pd.interval_range(0, 3),
    "named texts": pd.Index(["x", "y", "z"], name="sensor"),
    "floats": pd.Index([0.5, 1.5, 2.5]),
}


@pytest.mark.parametrize("name", INDEXES)
def test_labels_come_back_from_a_model_and_from_a_saved_one(name, tmp_path):
    frame = pd.DataFrame(BLOCK, columns=INDEXES[name])
    model = VariationalAutoencoder(epochs=1, random_state=0).fit(frame)
    model.save(tmp_path / "m")
    for fitted in (model, load(tmp_path / "m")):
        for answer in (
            fitted.sample(2),
            fitted.reconstruct(frame),
            fitted.impute(frame),
            fitted.inverse_transform(fitted.transform(frame)),
        ):
            pd.testing.assert_index_equal(answer.columns, frame.columns, exact="equiv")


@pytest.mark.parametrize(
    ("name", "column"), [("tuples", "plant, heat"), ("years", "2020"), ("places", "x1"), ("named texts", "y")]
)
def test_reasons_name_the_column(name, column):
    frame = pd.DataFrame(BLOCK, columns=INDEXES[name])
    anomalous = frame.head(1).copy()
    anomalous.iloc[0, 1] = 50.0
    assert AnomalyDetector(random_state=0).fit(frame).explain(anomalous)[0][0].column == column


def test_empty_parts_of_tuples_are_not_named():
    frame = pd.DataFrame(BLOCK[:, :2], columns=pd.MultiIndex.from_tuples([("a", ""), ("b", "mean")]))
    assert as_rows(frame).names == ("a", "b, mean")


@pytest.mark.parametrize("name", INDEXES)
def test_labels_are_json(name):
    labels = Labels.of(INDEXES[name])
    again = Labels.restore(json.loads(json.dumps(labels.describe())))
    assert again == labels
    pd.testing.assert_index_equal(again.to_pandas(), INDEXES[name], exact="equiv")


@pytest.mark.parametrize(
    "stored",
    [
        {"levels": [["a"], ["b", "c"]], "types": ["", ""], "names": [None, None]},
        {"levels": [[["a"]]], "types": [""], "names": [None]},
        {"levels": [["a"]], "types": [1], "names": [None]},
        {"levels": [["a"]], "types": [""], "names": []},
    ],
)
def test_nonsense_is_not_restored(stored):
    with pytest.raises((ValueError, TypeError)):
        Labels.restore(stored)


def test_a_repeated_label_is_found_among_many():
    names = [f"c{i}" for i in range(100_000)]
    assert first_repeated(names) is None
    assert first_repeated([*names, "c7"]) == "c7"
    with pytest.raises(DataError, match=r"two columns named \('a', 'b'\)"):
        as_rows(pd.DataFrame(BLOCK[:, :2], columns=pd.MultiIndex.from_tuples([("a", "b")] * 2)))

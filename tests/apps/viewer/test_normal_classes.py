"""The classes that the view of anomalies calls normal at first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from narrows import Autoencoder
from narrows.apps.lab.example_runs import anomaly_example
from narrows.apps.viewer.datasets import Source, describe, load
from narrows.apps.viewer.normal_classes import normal_classes
from narrows.apps.viewer.offline_session import OfflineSession
from narrows.data import as_rows
from narrows.data.rows import Rows

DIGITS = Source.of("digits")


def labelled(X: np.ndarray, labels: list[str]) -> Rows:
    return replace(as_rows(X.astype(np.float32)), labels=np.array(labels, object))


def test_the_class_left_out_of_the_digits_is_one_that_a_linear_model_separates() -> None:
    normal = normal_classes(load(DIGITS))
    assert normal is not None
    assert len(normal) == 9


def test_a_single_class_is_normal_where_no_class_differs_from_all_others() -> None:
    rng = np.random.default_rng(0)
    # One class on a line; the others fill the space, so without any one of them the rest covers it.
    line = rng.normal(size=(200, 1)) @ np.ones((1, 12)) + 0.01 * rng.normal(size=(200, 12))
    clouds = rng.normal(size=(600, 12))
    rows = labelled(np.concatenate([line, clouds]), ["line"] * 200 + ["p", "q", "r"] * 200)
    assert normal_classes(rows) == ["line"]


def test_the_rarer_of_two_classes_is_the_anomaly_however_rare() -> None:
    X = np.random.default_rng(0).normal(size=(5000, 3))
    assert normal_classes(labelled(X, ["usual"] * 4999 + ["odd"])) == ["usual"]


def test_of_two_equally_frequent_classes_the_one_on_a_line_is_normal() -> None:
    rng = np.random.default_rng(0)
    line = rng.normal(size=(200, 1)) @ np.ones((1, 12)) + 0.01 * rng.normal(size=(200, 12))
    rows = labelled(np.concatenate([line, rng.normal(size=(200, 12))]), ["line"] * 200 + ["cloud"] * 200)
    assert normal_classes(rows) == ["line"]


def test_a_class_of_one_row_and_one_that_the_sample_lacks_need_no_exception() -> None:
    X = np.random.default_rng(0).normal(size=(6000, 3))
    normal = normal_classes(labelled(X, ["a"] * 3000 + ["b"] * 2999 + ["once"]))
    assert normal
    assert set(normal) < {"a", "b", "once"}


def test_reports_and_notebooks_mark_the_classes_that_the_lab_trains_without() -> None:
    rows = load(DIGITS)
    model = Autoencoder(n_components=2, epochs=1, random_state=0, device="cpu").fit(rows)
    example = anomaly_example(rows, describe(DIGITS, "digits"))
    assert example is not None
    assert OfflineSession.of(model, rows).state["datasets"][0]["normal"] == example[1]["normal"]

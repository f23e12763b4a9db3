from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from narrows import Autoencoder, report
from narrows.insight import diagnose, payloads
from narrows.insight.labels import classes_of
from tests.six_networks import DIGITS, X, fitted

NAME = "Does the code help to tell classes apart?"


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return fitted(rows=X[:300], n_components=4, epochs=3, validation_fraction=0.3)


def test_gaps_of_any_kind_are_no_class_and_whole_numbers_read_as_such() -> None:
    assert classes_of(pd.Series(["a", None, float("nan"), pd.NA, pd.NaT, " "])).tolist() == ["a"] + 5 * [None]  # pyright: ignore[reportOptionalMemberAccess]
    assert classes_of([1.0, 2.0]).tolist() == ["1", "2"]  # pyright: ignore[reportOptionalMemberAccess]
    assert classes_of(np.array([True, False])).tolist() == ["True", "False"]  # pyright: ignore[reportOptionalMemberAccess]
    assert classes_of(["\udcff"]).tolist() == ["\\udcff"]  # pyright: ignore[reportOptionalMemberAccess]


@pytest.mark.slow
def test_what_is_no_class_is_left_alone(model: Autoencoder) -> None:
    for labels in (np.eye(300)[:, :3], np.linspace(0, 1.5, 300), np.full(300, None)):
        assert NAME not in [finding.name for finding in diagnose(model, X[:300], labels).findings]
        assert "<svg" in report(model, X[:300], labels)


@pytest.mark.slow
def test_rows_without_a_class_are_left_out(model: Autoencoder) -> None:
    labels = DIGITS.target[:300].astype(object) % 2
    labels[::3] = None
    labels[1::3] = np.array(["1", float("nan")], object)[labels[1::3].astype(int)]
    finding = diagnose(model, X[:300], labels)[NAME]
    assert 0.5 < finding.number("5-NN, codes") <= 1
    page = report(model, X[:300], labels)
    assert 'aria-label="detection"' in page
    assert "no class" in page
    assert payloads.codes(model, X[:300], labels)["label"].min() == -1

"""The column that held the classes at the fit, found again in frames and files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import narrows
from narrows import Autoencoder
from narrows.insight import classed_rows


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"a": rng.normal(size=40), "kind": ["x", "y"] * 20, "b": rng.normal(size=40)})


@pytest.fixture
def model(frame: pd.DataFrame, tmp_path: Path) -> Autoencoder:
    frame.to_csv(tmp_path / "rows.csv", index=False)
    rows = narrows.read(tmp_path / "rows.csv", label="kind")
    return Autoencoder(n_components=1, epochs=1, random_state=0, device="cpu").fit(rows)


def test_frames_and_files_give_the_classes_of_that_column(
    model: Autoencoder, frame: pd.DataFrame, tmp_path: Path
) -> None:
    for X in (frame, tmp_path / "rows.csv", frame[["kind", "b", "a"]]):
        rows = classed_rows(model, X)
        assert rows.labels is not None
        assert rows.labels.tolist() == ["x", "y"] * 20
        assert set(rows.feature_names) == {"a", "b"}
        np.testing.assert_allclose(model.transform(rows), model.transform(frame[["a", "b"]]), atol=1e-5)


def test_rows_without_that_column_or_with_labels_stay_as_they_are(model: Autoencoder, frame: pd.DataFrame) -> None:
    assert classed_rows(model, frame[["a", "b"]]).labels is None
    labelled = narrows.data.as_rows(frame[["a", "b"]])
    assert classed_rows(model, labelled) is labelled


def test_a_model_of_unlabelled_rows_takes_no_column(frame: pd.DataFrame) -> None:
    model = Autoencoder(n_components=1, epochs=1, random_state=0, device="cpu").fit(frame)
    assert model.label_column_ is None
    assert classed_rows(model, frame).labels is None

"""What insight says of a mixed table: of what is there alone, and under one schema."""

from __future__ import annotations

import numpy as np
import pytest

from narrows import Autoencoder, diagnose, report
from narrows.data import Rows, as_rows
from narrows.insight import PCABaseline, plan_sweep, seed_errors, summarise
from narrows.model import MixedError
from tests.mixed_table import FRAME


@pytest.fixture(scope="module")
def rows() -> Rows:
    return as_rows(FRAME)


@pytest.fixture(scope="module")
def model(rows: Rows) -> Autoencoder:
    return Autoencoder(n_components=2, epochs=20, random_state=0).fit(rows)


def test_errors_are_of_what_is_there_pcas_and_the_mean_rows_too(model: Autoencoder, rows: Rows) -> None:
    summary = summarise(model, rows, seconds=1.0)
    held = model.validation_rows_
    floats = model.schema_.encode(rows)
    there = model.schema_.observed(floats)
    assert not there.all()
    train, test = np.delete(floats, held, axis=0), floats[held]
    pca = PCABaseline.fit(train, 2)
    centred = test - pca.mean
    for found, answer in (
        (summary.pca_squared_error, centred @ pca.components.T @ pca.components + pca.mean),
        (summary.mean_squared_error, train.mean(axis=0)),
    ):
        assert found == pytest.approx((np.square(answer - test) * there[held]).sum(axis=1).mean(), rel=1e-5)
    assert summary.squared_error < summary.mean_squared_error
    assert list(summary.kinds) == list(FRAME.columns)


def test_refits_share_the_models_schema_and_its_loss(model: Autoencoder, rows: Rows) -> None:
    errors = list(seed_errors(model, rows, 2))
    own = summarise(model, rows, seconds=1.0).squared_error
    assert 0.3 * own < min(errors) <= max(errors) < 3 * own


def test_a_sweep_fits_every_value_under_one_schema(rows: Rows) -> None:
    plan = plan_sweep(Autoencoder(epochs=2, random_state=0), rows, over="share", values=[0.2, 1.0])
    assert (len(plan.known), len(plan.held_out)) == (240, 60)
    points = list(plan.points())
    assert points[0].held_out[0] > points[1].held_out[0]
    copy = Autoencoder(epochs=1, random_state=0)
    list(copy.fit_epochs(plan.known, schema=plan.schema))
    assert copy.schema_ is plan.schema
    assert isinstance(copy.network_.likelihood, MixedError)


@pytest.mark.slow
def test_a_diagnosis_and_a_report_are_made(model: Autoencoder, tmp_path) -> None:
    found = diagnose(model, FRAME)
    shares = found["Which columns are hardest?"].values["error_by_column"]
    assert len(shares) == len(FRAME.columns)  # pyright: ignore[reportArgumentType]
    report(model, FRAME, path=tmp_path / "page.html", diagnosis=found)
    assert "kind = big" in (tmp_path / "page.html").read_text()

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest

from narrows import Autoencoder, DenoisingAutoencoder, VariationalAutoencoder
from narrows.data import Rows, read
from narrows.insight import FitSummary, pca_reconstruction_error, summarise

QUICK = {"hidden_layer_sizes": (16,), "epochs": 2, "batch_size": 64, "random_state": 0, "device": "cpu"}


@pytest.fixture(scope="module")
def digits() -> Rows:
    return read("digits")


@pytest.fixture(scope="module")
def model(digits: Rows) -> Autoencoder:
    return Autoencoder(n_components=6, **QUICK).fit(digits.take(slice(0, 1500)))


def of(model: Autoencoder, rows: Rows, test: Rows | None = None) -> FitSummary:
    return summarise(model, rows, test, seconds=1.0)


def test_the_errors_of_a_test_part_are_the_models_and_pcas_on_those_rows(model: Autoencoder, digits: Rows) -> None:
    train, test = digits.take(slice(0, 1500)), digits.take(slice(1500, None))
    summary = of(model, train, test)
    assert (summary.held_out, summary.held_out_rows, summary.rows) == ("test", 297, 1500)
    squares = ((model.reconstruct(test) - test.block().reshape(-1, 8, 8)) ** 2).sum(axis=(1, 2)).mean()
    assert summary.squared_error == pytest.approx(squares, rel=1e-5)
    assert summary.error_per_row == pytest.approx(squares, rel=1e-5)
    assert summary.error_per_feature == pytest.approx(squares / 64, rel=1e-5)
    pca = pca_reconstruction_error(train.block(), test.block(), 6).mean()
    assert summary.pca_squared_error == pytest.approx(pca, rel=1e-6)
    spread = ((test.block() - train.block().mean(axis=0)) ** 2).sum(axis=1).mean()
    assert summary.mean_squared_error == pytest.approx(spread, rel=1e-5)


def test_without_a_test_part_the_rows_that_fit_held_out_are_measured(model: Autoencoder, digits: Rows) -> None:
    train = digits.take(slice(0, 1500))
    summary = of(model, train)
    held = model.validation_rows_
    assert (summary.held_out, summary.held_out_rows) == ("validation", len(held))
    rest = np.setdiff1d(np.arange(1500), held)
    pca = pca_reconstruction_error(train.block()[rest], train.block()[held], 6).mean()
    assert summary.pca_squared_error == pytest.approx(pca, rel=1e-6)
    assert any("chose the best epoch" in note for note in summary.notes)


def test_with_no_row_held_out_the_training_rows_are_measured_and_called_so(digits: Rows) -> None:
    train = digits.take(slice(0, 300))
    summary = of(Autoencoder(validation_fraction=0, n_components=4, **QUICK).fit(train), train)
    assert (summary.held_out, summary.held_out_rows) == ("training", 300)
    assert any("are optimistic" in note for note in summary.notes)


def test_a_better_pca_is_said(digits: Rows) -> None:
    model = Autoencoder(n_components=6, linear_path="off", **QUICK).fit(digits.take(slice(0, 1500)))
    summary = of(model, digits.take(slice(0, 1500)), digits.take(slice(1500, None)))
    assert summary.pca_squared_error < summary.squared_error
    assert any("PCA with as many components reconstructs these rows better" in note for note in summary.notes)


def test_a_code_as_wide_as_the_data_is_said(digits: Rows) -> None:
    table = np.random.default_rng(0).normal(size=(60, 3))
    from narrows.data import as_rows

    rows = as_rows(table)
    summary = of(Autoencoder(n_components=5, **QUICK).fit(rows), rows)
    assert summary.pca_squared_error < 1e-6
    assert any("at least as wide" in note for note in summary.notes)


def test_parameters_and_sizes_are_counted(model: Autoencoder, digits: Rows) -> None:
    summary = of(model, digits.take(slice(0, 1500)))
    assert summary.parameters == (64 * 16 + 16) + (16 * 6 + 6) + (6 * 16 + 16) + (16 * 64 + 64)
    assert (summary.columns, summary.floats, summary.n_components, summary.epochs) == (64, 64, 6, 2)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"epochs": 3}, "all epochs"), ({"epochs": 50, "patience": 1, "tol": 0.9}, "early stopping")],
)
def test_why_training_stopped_is_told(digits: Rows, settings: dict, reason: str) -> None:
    rows = digits.take(slice(0, 400))
    assert of(Autoencoder(n_components=4, **{**QUICK, **settings}).fit(rows), rows).stopped == reason


def test_a_fit_that_was_closed_early_is_called_interrupted(digits: Rows) -> None:
    rows = digits.take(slice(0, 400))
    model = Autoencoder(n_components=4, **{**QUICK, "epochs": 9})
    epochs = model.fit_epochs(rows)
    next(epochs)
    epochs.close()  # pyright: ignore[reportAttributeAccessIssue]
    summary = of(model, rows)
    assert (summary.stopped, summary.epochs) == ("interrupted", 1)


def test_a_variational_summary_has_the_elbo_and_others_have_none(digits: Rows, model: Autoencoder) -> None:
    rows = digits.take(slice(0, 400))
    vae = VariationalAutoencoder(n_components=4, **QUICK).fit(rows)
    summary = of(vae, rows)
    held = rows.take(vae.validation_rows_)
    assert summary.elbo == pytest.approx(vae.elbo(held).mean(), rel=1e-6)
    assert (summary.loss, summary.unit) == ("bce", "nats")
    assert of(model, digits.take(slice(0, 1500))).elbo is None
    without_density = VariationalAutoencoder(n_components=4, loss="mse", **QUICK).fit(rows)
    assert of(without_density, rows).elbo is None


def test_a_summary_is_plain_json(digits: Rows) -> None:
    rows = digits.take(slice(0, 300))
    summary = of(DenoisingAutoencoder(n_components=4, **QUICK).fit(rows), rows)
    assert json.loads(json.dumps(summary.to_dict()))["estimator"] == "DenoisingAutoencoder"


def test_a_pca_on_a_sample_is_said(digits: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    from narrows.insight import PCABaseline

    rows = digits.take(slice(0, 400))
    model = Autoencoder(n_components=4, **QUICK).fit(rows)
    monkeypatch.setattr(PCABaseline, "fit", partial(PCABaseline.fit, max_floats=64 * 100))
    summary = of(model, rows)
    assert summary.pca_rows == 100
    assert any("a sample of 100" in note for note in summary.notes)


def test_the_loss_comes_in_parts_those_of_the_epoch_whose_weights_were_kept(digits: Rows) -> None:
    train = digits.take(slice(0, 600))
    model = VariationalAutoencoder(n_components=4, **QUICK).fit(train)
    parts = of(model, train).loss_parts
    assert list(parts) == ["reconstruction", "kl_to_prior"]
    assert sum(parts.values()) == pytest.approx(min(epoch.validation for epoch in model.history_))
    unwatched = VariationalAutoencoder(n_components=4, validation_fraction=0, **QUICK).fit(train)
    assert of(unwatched, train).loss_parts == unwatched.history_[-1].parts


def test_rows_of_the_fit_in_another_order_have_the_same_summary(model: Autoencoder, digits: Rows) -> None:
    train = digits.take(slice(0, 1500))
    forwards, backwards = of(model, train), of(model, train.take(slice(None, None, -1)))
    assert backwards.held_out_rows == forwards.held_out_rows
    assert backwards.squared_error == pytest.approx(forwards.squared_error)
    assert backwards.pca_squared_error == pytest.approx(forwards.pca_squared_error)

from __future__ import annotations

import numpy as np
import pytest

from narrows import Autoencoder, SparseAutoencoder
from narrows.insight.payloads import training_curves
from tests.six_networks import X


def test_the_curves_are_the_history_and_their_parts_add_up() -> None:
    model = SparseAutoencoder(n_components=6, epochs=4, random_state=0, device="cpu").fit(X[:200])
    curves = training_curves(model)
    assert curves["training"].tolist() == [epoch.loss for epoch in model.history_]
    assert curves["held out"].tolist() == [epoch.validation for epoch in model.history_]
    for kind in ("training", "held out"):
        parts = sum(curves[f"{kind}: {part}"] for part in curves.about["parts"])
        assert parts == pytest.approx(curves[kind])
    assert curves.about["parts"] == ["reconstruction", "l1"]
    assert curves["held out"][curves.about["best_epoch"] - 1] == curves["held out"].min()


def test_without_held_out_rows_nothing_is_called_best() -> None:
    model = Autoencoder(n_components=2, epochs=2, validation_fraction=0, random_state=0, device="cpu").fit(X[:100])
    curves = training_curves(model)
    assert curves.about["best_epoch"] is None
    assert np.isnan(curves["held out"]).all()


def test_a_part_that_a_later_fit_added_is_not_known_before() -> None:
    model = Autoencoder(n_components=2, epochs=2, warm_start=True, random_state=0, device="cpu").fit(X[:100])
    model.set_params(penalty="l1").fit(X[:100])
    curves = training_curves(model)
    assert curves.about["parts"] == ["reconstruction", "l1"]
    assert np.isnan(curves["training: l1"]).tolist() == [True, True, False, False]

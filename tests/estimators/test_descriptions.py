from __future__ import annotations

import narrows
from narrows import Autoencoder
from narrows.training import History
from tests.six_networks import X


def test_a_fitted_model_shows_its_network_and_training_below_scikit_learns_box() -> None:
    model = Autoencoder(n_components=3, hidden_layer_sizes=(20,), epochs=4, random_state=7, device="cpu")
    before = model._repr_html_()
    shown = model.fit(X[:100])._repr_html_()
    assert "64 → 20 → 3" not in before
    assert "64 → 20 → 3" in shown
    assert "4 epochs" in shown
    assert f"{model.network_.n_parameters:,} weights" in shown
    assert "n_components" in shown
    assert "64 → 20 → 3" in model._repr_mimebundle_()["text/html"]


def test_a_history_stays_one_when_a_model_is_saved_or_trained_on(tmp_path) -> None:
    model = Autoencoder(n_components=2, epochs=2, warm_start=True, random_state=0, device="cpu").fit(X[:100])
    model.save(tmp_path / "m")
    assert isinstance(narrows.load(tmp_path / "m").history_, History)
    assert isinstance(model.fit(X[:100]).history_, History)
    assert len(model.history_) == 4
    assert isinstance(model.partial_fit(X[:100]).history_, History)

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
import safetensors.numpy

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


def test_the_card_says_what_was_fitted_when_and_how_well(tmp_path) -> None:
    model = Autoencoder(n_components=3, epochs=5, random_state=0, device="cpu").fit(X[:400])
    found = narrows.diagnose(model, X[:400])
    model.save(tmp_path / "m", diagnosis=found)
    card = (tmp_path / "m" / "README.md").read_text()
    comparison = found["Better than the simple methods?"]
    for words in (
        f"Fitted by narrows {narrows.__version__} on 400 rows",
        f"Saved on {datetime.now(UTC):%Y-%m-%d}",
        "| rows held out | 40, drawn at random |",
        f"| {comparison.number('r2'):.3f}; {comparison.number('pca_r2'):.3f} with PCA",
        found.headline,
        "can check whether that row was used",
    ):
        assert words in card
    x = X[model.validation_rows_].reshape(40, 64)
    rest = np.delete(X[:400], model.validation_rows_, axis=0).reshape(-1, 64)
    error = np.square(model.reconstruct(X[model.validation_rows_]).reshape(40, 64) - x).sum()
    assert comparison.number("r2") == pytest.approx(1 - error / np.square(x - rest.mean(axis=0)).sum(), abs=1e-4)
    model.save(tmp_path / "plain")
    assert "none yet" in (tmp_path / "plain" / "README.md").read_text()


def test_the_hashes_of_rows_can_be_left_out_and_the_whole_table_is_still_recognised(tmp_path) -> None:
    model = Autoencoder(n_components=3, epochs=5, random_state=0, device="cpu").fit(X[:400])
    model.save(tmp_path / "m", row_hashes=False)
    assert "no hashes of single rows" in (tmp_path / "m" / "README.md").read_text()
    bare = narrows.load(tmp_path / "m")
    assert isinstance(bare, Autoencoder)
    assert bare.training_hashes_ is None
    assert bare.validation_hashes_ is None
    names = safetensors.numpy.load_file(tmp_path / "m" / "model.safetensors")
    assert not any("hashes" in name for name in names)
    np.testing.assert_array_equal(bare.transform(X[:9]), model.transform(X[:9]))
    assert bare.was_fitted_on(X[:400])
    assert narrows.diagnose(bare, X[:400]).sample == narrows.diagnose(model, X[:400]).sample
    assert "assuming" in narrows.diagnose(bare, X[:200]).sample

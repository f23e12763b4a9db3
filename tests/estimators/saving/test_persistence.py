import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_digits, load_iris
from torch import nn

import narrows
from narrows import Autoencoder, SparseAutoencoder, VariationalAutoencoder
from narrows.errors import (
    ModelDamagedError,
    ModelNotFoundError,
    ModelVersionError,
    NotAModelError,
    NotFittedError,
    OutputError,
    OutputExistsError,
    SettingError,
)
from narrows.estimators import variant_classes
from narrows.estimators.saving.sealed_files import self_checksum, to_json
from narrows.model import SquaredError
from tests.estimators.test_variants import DarkCostsDouble, Roughness, Stripe

IRIS = load_iris(as_frame=True).data
DIGITS = load_digits().images / 16


def saved(tmp_path: Path, model: Autoencoder | None = None) -> Path:
    model = model or Autoencoder(n_components=2, epochs=2, random_state=0).fit(IRIS)
    model.save(tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("estimator", variant_classes())
def test_the_loaded_model_answers_to_the_bit_as_the_saved_one(estimator, tmp_path):
    model = estimator(n_components=2, epochs=2, random_state=0).fit(IRIS)
    loaded = narrows.load(saved(tmp_path, model))
    assert type(loaded) is estimator
    assert loaded.get_params() == model.get_params()
    assert np.array_equal(loaded.transform(IRIS), model.transform(IRIS))
    pd.testing.assert_frame_equal(loaded.reconstruct(IRIS), model.reconstruct(IRIS), check_exact=True)
    pd.testing.assert_frame_equal(
        loaded.inverse_transform(loaded.transform(IRIS)), model.inverse_transform(model.transform(IRIS))
    )
    assert loaded.score(IRIS) == model.score(IRIS)
    assert loaded.history_ == model.history_
    assert loaded.loss_unit_ == model.loss_unit_
    assert np.array_equal(loaded.validation_rows_, model.validation_rows_)
    assert np.array_equal(loaded.validation_hashes_, model.validation_hashes_)
    assert np.array_equal(loaded.training_hashes_, model.training_hashes_)
    assert list(loaded.feature_names_in_) == list(IRIS.columns)


@pytest.mark.parametrize(
    "settings",
    [
        {"network": "conv"},
        {"network": "conv", "tied_weights": True},
        {"tied_weights": True},
        {"code": "top-k", "k": 2},
        {"loss": "gaussian"},
        {"loss": "huber"},
        {"hidden_layer_sizes": (8,), "penalty": ["l1", "contractive"], "image_shape": (8, 8)},
    ],
)
def test_every_kind_of_network_survives_the_round_trip(settings, tmp_path):
    model = Autoencoder(n_components=4, epochs=1, random_state=0, **settings).fit(DIGITS)
    loaded = narrows.load(saved(tmp_path, model))
    assert loaded.get_params() == model.get_params()
    assert np.array_equal(loaded.reconstruct(DIGITS), model.reconstruct(DIGITS))


def test_a_loaded_variational_model_samples_and_scores_alike(tmp_path):
    vae = VariationalAutoencoder(n_components=3, epochs=2, random_state=0).fit(DIGITS)
    loaded = narrows.load(saved(tmp_path, vae))
    assert np.array_equal(loaded.sample(4, random_state=0), vae.sample(4, random_state=0))
    assert np.array_equal(loaded.log_likelihood(DIGITS[:20]), vae.log_likelihood(DIGITS[:20]))


def test_a_loaded_model_can_be_saved_fitted_further_and_refitted(tmp_path):
    model = Autoencoder(n_components=2, epochs=2, random_state=0).fit(IRIS)
    loaded = narrows.load(saved(tmp_path, model))
    loaded.save(tmp_path / "again")
    assert np.array_equal(narrows.load(tmp_path / "again").transform(IRIS), model.transform(IRIS))
    assert loaded.partial_fit(IRIS).history_[-1].number == 3
    assert np.array_equal(loaded.fit(IRIS).transform(IRIS), model.transform(IRIS))


@pytest.mark.parametrize("optimizer", ["muon", "adam", "sgd"])
@pytest.mark.parametrize("through", ["save", "pickle"])
def test_partial_fit_of_a_loaded_model_goes_on_as_without_saving(optimizer, through, tmp_path):
    def made() -> Autoencoder:
        given = {"corruption": "gaussian", "n_components": 2, "optimizer": optimizer, "batch_size": 32}
        return Autoencoder(random_state=0, device="cpu", **given).partial_fit(IRIS).partial_fit(IRIS[:100])

    whole, model = made(), made()
    model = narrows.load(saved(tmp_path, model)) if through == "save" else pickle.loads(pickle.dumps(model))
    for part in (IRIS, IRIS[50:]):
        whole.partial_fit(part)
        model.partial_fit(part)
    assert np.array_equal(model.transform(IRIS), whole.transform(IRIS))
    assert [epoch.loss for epoch in model.history_] == [epoch.loss for epoch in whole.history_]


def test_the_column_of_the_classes_is_saved_and_stays_through_more_training(tmp_path):
    IRIS.assign(kind=["x", "y", "z"] * 50).to_csv(tmp_path / "iris.csv", index=False)
    rows = narrows.read(tmp_path / "iris.csv", label="kind")
    model = Autoencoder(n_components=2, epochs=1, random_state=0).fit(rows)
    loaded = narrows.load(saved(tmp_path, model))
    assert loaded.label_column_ == model.label_column_ == "kind"
    loaded.partial_fit(IRIS)
    assert loaded.label_column_ == "kind"
    assert loaded.fit(IRIS).label_column_ is None


def test_a_model_of_rows_without_such_a_column_saves_none(tmp_path):
    path = saved(tmp_path)
    assert "label_column_" not in json.loads((path / "narrows.json").read_text())["fitted"]
    assert narrows.load(path).label_column_ is None


def test_the_files_are_a_safetensors_file_two_json_files_and_a_card(tmp_path):
    path = saved(tmp_path)
    assert sorted(file.name for file in path.iterdir()) == [
        "README.md",
        "history.json",
        "model.safetensors",
        "narrows.json",
    ]
    about = json.loads((path / "narrows.json").read_text())
    assert about["estimator"] == "Autoencoder"
    assert about["fitted"]["seed_"] == 0
    assert about["versions"]["torch"] == torch.__version__
    assert "sepal length" in (path / "README.md").read_text()


def test_own_modules_and_classes_are_named_when_missing_and_filled_when_given(tmp_path):
    modules = {"encoder": nn.Linear(4, 2), "decoder": nn.Linear(2, 4)}
    model = Autoencoder(penalty=Roughness(0.5), corruption=Stripe(1), epochs=2, random_state=0, **modules).fit(IRIS)
    path = saved(tmp_path, model)
    with pytest.raises(SettingError, match="coder"):
        narrows.load(path, custom_objects=(Roughness, Stripe))
    with pytest.raises(SettingError, match=r"of your own, (Roughness|Stripe)"):
        narrows.load(path, **modules)
    fresh = {"encoder": nn.Linear(4, 2), "decoder": nn.Linear(2, 4)}
    loaded = narrows.load(path, custom_objects=(Roughness, Stripe), **fresh)
    assert np.array_equal(loaded.transform(IRIS), model.transform(IRIS))
    assert loaded.penalty == Roughness(0.5)


def test_an_own_likelihood_is_loaded_from_its_class(tmp_path):
    model = Autoencoder(loss=DarkCostsDouble(), n_components=2, epochs=2, random_state=0).fit(IRIS)
    loaded = narrows.load(saved(tmp_path, model), custom_objects=(DarkCostsDouble,))
    assert np.array_equal(loaded.reconstruction_error(IRIS), model.reconstruction_error(IRIS))


def test_the_old_name_of_custom_objects_still_works_for_a_release(tmp_path):
    model = Autoencoder(loss=DarkCostsDouble(), n_components=2, epochs=1, random_state=0).fit(IRIS)
    path = saved(tmp_path, model)
    with pytest.warns(DeprecationWarning, match="custom_objects="):
        loaded = narrows.load(path, stations=(DarkCostsDouble,))
    assert isinstance(loaded.loss, DarkCostsDouble)


@pytest.mark.parametrize("name", ["model.safetensors", "narrows.json", "history.json"])
def test_a_flipped_bit_anywhere_in_a_file_is_found(name, tmp_path):
    path = saved(tmp_path)
    content = (path / name).read_bytes()
    for place in np.linspace(0, len(content) - 1, 40).astype(int):
        flipped = bytearray(content)
        flipped[place] ^= 4
        (path / name).write_bytes(flipped)
        with pytest.raises((ModelDamagedError, NotAModelError, ModelVersionError)):
            narrows.load(path)
    (path / name).write_bytes(content)
    narrows.load(path)


@pytest.mark.parametrize("name", ["model.safetensors", "narrows.json", "history.json"])
def test_a_missing_and_a_truncated_file_are_named(name, tmp_path):
    path = saved(tmp_path)
    content = (path / name).read_bytes()
    (path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelDamagedError, match=name):
        narrows.load(path)
    (path / name).unlink()
    with pytest.raises(ModelDamagedError, match=name):
        narrows.load(path)


def test_the_card_may_be_edited(tmp_path):
    path = saved(tmp_path)
    (path / "README.md").write_text("our model")
    narrows.load(path)


def forge(path: Path, **changes) -> None:
    """Rewrite narrows.json with a checksum that fits, as an adversary would."""
    about = json.loads((path / "narrows.json").read_text()) | changes
    about["sha256"]["narrows.json"] = self_checksum(about)
    (path / "narrows.json").write_bytes(to_json(about))


def test_a_later_format_version_says_upgrade(tmp_path):
    path = saved(tmp_path)
    forge(path, format_version=3)
    with pytest.raises(ModelVersionError, match="upgrade"):
        narrows.load(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"estimator": "os.system"},
        {"parameters": {"n_components": 2, "shell": "rm"}},
        {"parameters": {"hidden_layer_sizes": [10**12, 10**12]}},
        {"parameters": {"corruption": {"station": "GaussianNoise", "level": "x"}}},
        {"parameters": {"encoder": {"module": "os"}}},
        {"schema": {}},
        {"fitted": {}},
        {"sha256": {}},
    ],
)
def test_a_forged_description_is_refused_in_a_sentence(changes, tmp_path):
    path = saved(tmp_path)
    forge(path, **changes)
    with pytest.raises((ModelDamagedError, SettingError)) as caught:
        narrows.load(path)
    assert "\n" not in str(caught.value)


def test_other_things_are_not_models(tmp_path):
    with pytest.raises(ModelNotFoundError):
        narrows.load(tmp_path / "nothing")
    with pytest.raises(NotAModelError):
        narrows.load(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotAModelError):
        narrows.load(tmp_path / "file")
    (tmp_path / "narrows.json").write_text('{"format": "something else"}')
    with pytest.raises(NotAModelError):
        narrows.load(tmp_path)


def test_an_unfitted_model_is_not_saved(tmp_path):
    with pytest.raises(NotFittedError):
        Autoencoder().save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_unless_asked_and_never_the_folder_of_another_program(tmp_path):
    path = saved(tmp_path)
    model = SparseAutoencoder(n_components=2, epochs=1, random_state=0).fit(IRIS)
    with pytest.raises(OutputExistsError):
        model.save(path)
    assert type(narrows.load(path)) is Autoencoder
    model.save(path, overwrite=True)
    assert type(narrows.load(path)) is SparseAutoencoder
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_text("precious")
    with pytest.raises(OutputExistsError):
        model.save(tmp_path / "photos", overwrite=True)
    assert (tmp_path / "photos" / "a.png").read_text() == "precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model", "photos"]


def test_a_full_disk_leaves_the_old_model_and_nothing_else(tmp_path, monkeypatch):
    path = saved(tmp_path)
    before = (path / "narrows.json").read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        Autoencoder(n_components=1, epochs=1).fit(IRIS).save(path, overwrite=True)
    with pytest.raises(OutputError, match="No space left"):
        Autoencoder(n_components=1, epochs=1).fit(IRIS).save(tmp_path / "new")
    assert (path / "narrows.json").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_a_path_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError):
        saved(tmp_path / "file")


@pytest.mark.slow
def test_a_model_survives_a_writer_that_is_killed(tmp_path):
    path = saved(tmp_path)
    script = textwrap.dedent(
        f"""
        from narrows import Autoencoder
        from sklearn.datasets import load_iris
        X = load_iris(as_frame=True).data
        model = Autoencoder(n_components=2, epochs=1, hidden_layer_sizes=(1500, 1500)).fit(X)
        print("ready", flush=True)
        while True:
            model.save({str(path)!r}, overwrite=True)
        """
    )
    writer = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    writer.stdout.readline()
    time.sleep(0.3)  # somewhere in the middle of a write
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    candidates = [path, *tmp_path.glob(".model.*.old")]
    assert any(candidate.exists() and narrows.load(candidate) for candidate in candidates)
    shutil.rmtree(tmp_path)


def test_parameters_set_for_the_next_fit_do_not_change_what_is_saved(tmp_path):
    model = Autoencoder(n_components=2, epochs=2, random_state=0).fit(IRIS)
    codes, errors = model.transform(IRIS), model.reconstruction_error(IRIS)
    model.set_params(activation="relu", code_activation="tanh", loss="mae", n_components=3)
    loaded = narrows.load(saved(tmp_path, model))
    assert np.array_equal(loaded.transform(IRIS), codes)
    assert np.array_equal(loaded.reconstruction_error(IRIS), errors)


def test_classes_that_could_not_be_loaded_again_are_refused_when_saving(tmp_path):
    class Scaled(SquaredError):
        def __init__(self, scale=1.0, bounded=False):
            super().__init__(bounded)
            self.scale = scale

    class Mine(Autoencoder):
        pass

    for model in (Autoencoder(loss=Scaled(3.0), n_components=2, epochs=1), Mine(n_components=2, epochs=1)):
        with pytest.raises(SettingError, match="own"):
            saved(tmp_path, model.fit(IRIS))
    assert list(tmp_path.iterdir()) == []


def test_an_own_station_is_never_mistaken_for_ours_of_the_same_name(tmp_path):
    mine = type("GaussianNoise", (Stripe,), {"__module__": __name__})
    model = Autoencoder(corruption=mine(1), n_components=2, epochs=1, random_state=0).fit(IRIS)
    with pytest.raises(SettingError, match="of your own, GaussianNoise"):
        narrows.load(saved(tmp_path, model))


def test_layers_shared_inside_an_own_module_can_be_saved(tmp_path):
    layer = nn.Linear(4, 4)
    encoder = nn.Sequential(layer, nn.ReLU(), layer, nn.Linear(4, 2))
    model = Autoencoder(encoder=encoder, epochs=1, random_state=0).fit(IRIS)
    loaded = narrows.load(saved(tmp_path, model), encoder=encoder)
    assert np.array_equal(loaded.transform(IRIS), model.transform(IRIS))


def test_a_model_that_was_saved_without_the_hashes_of_its_rows_loads_and_does_not_know_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from narrows.estimators.saving import persistence

    model = Autoencoder(n_components=2, epochs=1, random_state=0, device="cpu").fit(
        np.random.default_rng(0).random((40, 3))
    )
    with monkeypatch.context() as earlier:
        earlier.setattr(persistence, "_HASHES", ())
        model.save(tmp_path / "m")
    loaded = narrows.load(tmp_path / "m")
    assert loaded.training_hashes_ is None
    assert loaded.validation_hashes_ is None
    loaded.save(tmp_path / "again")
    assert narrows.load(tmp_path / "again").training_hashes_ is None

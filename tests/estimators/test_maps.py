"""Maps with a decoder: penalty="neighbours"."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

import narrows
from narrows import Autoencoder, VariationalAutoencoder
from narrows.data import as_rows, scan
from narrows.errors import SettingError
from narrows.estimators.saving.checkpoint import Checkpointing
from narrows.insight import diagnose
from tests.export.running import assert_equal

DIGITS: Any = load_digits()
OF_IRIS: Any = load_iris(as_frame=True)
IRIS = OF_IRIS.data
QUICK: dict[str, Any] = {"n_components": 2, "penalty": "neighbours", "random_state": 0, "device": "cpu", "epochs": 3}


def neighbours_kept(x: np.ndarray, z: np.ndarray, k: int = 10) -> float:
    """Return the share of each row's k nearest rows that are among its k nearest on the map."""
    of_x, of_z = (NearestNeighbors(n_neighbors=k).fit(each).kneighbors(return_distance=False) for each in (x, z))
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(of_x, of_z, strict=True)]))


def test_a_map_is_fitted_repeated_saved_and_loaded_to_the_bit(tmp_path) -> None:
    one, other = (Autoencoder(**QUICK).fit(IRIS) for _ in range(2))
    assert one.transform(IRIS).tobytes() == other.transform(IRIS).tobytes()
    assert set(one.history_[-1].parts) == {"reconstruction", "neighbours"}
    assert set(one.history_[-1].validation_parts) == {"reconstruction", "neighbours"}
    one.save(tmp_path / "model")
    loaded = narrows.load(tmp_path / "model")
    assert loaded.transform(IRIS).tobytes() == one.transform(IRIS).tobytes()
    assert (loaded.penalty, loaded.n_neighbors) == ("neighbours", 15)


def test_a_map_begins_at_pca_with_outputs_at_the_mean() -> None:
    images = DIGITS.images[:300]
    model = Autoencoder(**QUICK, validation_fraction=0)
    model.start_fit(as_rows(images))
    x = model.schema_.encode(model.rows_of(images))
    expected = PCA(2, svd_solver="full").fit_transform(x)
    found = model.transform(images)
    assert found[:, 0].std() == pytest.approx(4, rel=1e-4)
    assert abs(np.corrcoef(found.T, expected.T)[[0, 1], [2, 3]]) == pytest.approx(1, abs=1e-6)
    assert found[:, 1].std() / found[:, 0].std() == pytest.approx(expected[:, 1].std() / expected[:, 0].std(), rel=1e-3)
    decoded = model.schema_.encode(model.rows_of(model.inverse_transform(np.zeros((1, 2), np.float32))))
    assert np.abs(decoded - x.mean(0)).max() < 0.2


@pytest.mark.parametrize(("n_columns", "width"), [(2, 64), (40, 128), (200, 256)])
def test_a_map_has_four_layers_of_twice_the_columns(n_columns: int, width: int) -> None:
    x = np.random.default_rng(0).normal(size=(60, n_columns))
    assert Autoencoder(**QUICK | {"epochs": 1}).fit(x).hidden_layer_sizes_ == (width,) * 4


@pytest.mark.parametrize(
    "settings",
    [
        {"network": "conv"},
        {"tied_weights": True},
        {"penalty": ["l1", "neighbours"], "code_activation": "linear"},
        {"code_activation": "sigmoid"},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (3,)},
        {"batch_size": 1, "epochs": 1},
        {"batch_size": 7},
        {"optimizer": "lbfgs", "batch_size": 50},
        {"validation_fraction": 0.01, "validation": "last"},
        {"n_neighbors": 1000},
        {"corruption": "masking"},
    ],
)
def test_maps_are_fitted_with_other_settings(settings: dict[str, Any]) -> None:
    model = Autoencoder(**(QUICK | settings)).fit(DIGITS.images[:80])
    assert np.isfinite(model.history_[-1].loss)
    assert np.isfinite(model.transform(DIGITS.images[:5])).all()


def test_a_variational_map_and_one_of_a_mixed_table_are_fitted() -> None:
    assert np.isfinite(VariationalAutoencoder(**QUICK).fit(IRIS).transform(IRIS)).all()
    mixed = IRIS.assign(kind=list("abc") * 50)
    mixed.iloc[3:9, 0] = np.nan
    assert np.isfinite(Autoencoder(**QUICK).fit(mixed).transform(mixed)).all()


def test_weights_and_partial_fits_reach_the_pairs() -> None:
    weight = np.ones(len(IRIS))
    weight[:20] = 3
    model = Autoencoder(**QUICK).fit(IRIS, sample_weight=weight)
    assert not np.array_equal(model.transform(IRIS), Autoencoder(**QUICK).fit(IRIS).transform(IRIS))
    before = model.transform(IRIS)
    model = Autoencoder(**QUICK).partial_fit(IRIS).partial_fit(IRIS[:40])
    assert "neighbours" in model.history_[-1].parts
    assert not np.array_equal(before, model.transform(IRIS))


def test_fewer_neighbours_give_another_map() -> None:
    maps = [Autoencoder(**QUICK, n_neighbors=n).fit(IRIS).transform(IRIS) for n in (3, 15)]
    assert not np.array_equal(maps[0], maps[1])


def test_streams_and_pca_beside_the_layers_are_refused_in_one_sentence(tmp_path) -> None:
    IRIS.to_csv(tmp_path / "iris.csv", index=False)
    with pytest.raises(SettingError, match="penalty='neighbours' needs rows in memory, not a stream"):
        Autoencoder(**QUICK).fit(scan(tmp_path / "iris.csv"))
    with pytest.raises(SettingError, match="set linear_path='auto' or 'off'"):
        Autoencoder(**QUICK, linear_path="on").fit(IRIS)
    with pytest.raises(SettingError, match="n_neighbors=1 must be a whole number from 2"):
        Autoencoder(**QUICK, n_neighbors=1).fit(IRIS)


def test_a_map_is_diagnosed_and_written_as_onnx() -> None:
    images = DIGITS.images[:400]
    model = Autoencoder(**QUICK).fit(images)
    names = [finding.name for finding in diagnose(model, images).findings]
    assert "Are neighbours on the map neighbours in the data?" in names
    assert_equal(model, images[:7])


def test_an_interrupted_map_goes_on_to_the_bit(tmp_path) -> None:
    whole = Autoencoder(**QUICK).fit(IRIS)
    model = Autoencoder(**QUICK)
    epochs = model.start_fit(IRIS, checkpoint=Checkpointing.of(tmp_path / "kept", 0, resume=False))
    next(epochs)
    next(epochs)
    epochs.close()
    resumed = Autoencoder(**QUICK).fit(IRIS, checkpoint=tmp_path / "kept", resume=True)
    assert torch.equal(torch.from_numpy(resumed.transform(IRIS)), torch.from_numpy(whole.transform(IRIS)))


@pytest.mark.slow
def test_a_map_keeps_more_neighbours_and_classes_than_a_plain_autoencoder_and_still_decodes() -> None:
    digits = DIGITS
    x, kept, classes, kept_variance = digits.data, {}, {}, {}
    for penalty in (None, "neighbours"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = Autoencoder(n_components=2, penalty=penalty, random_state=0).fit(digits.images)
        z = model.transform(digits.images)
        kept[penalty] = neighbours_kept(x, z)
        classes[penalty] = cross_val_score(KNeighborsClassifier(5), z, digits.target).mean()
        rebuilt = model.reconstruct(digits.images).reshape(len(x), -1)
        kept_variance[penalty] = 1 - np.square(rebuilt - x).sum() / np.square(x - x.mean(0)).sum()
    assert kept["neighbours"] > kept[None] + 0.02
    assert classes["neighbours"] > classes[None] + 0.01
    assert kept_variance["neighbours"] > PCA(2).fit(x).explained_variance_ratio_.sum()

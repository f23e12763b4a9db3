from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from narrows.estimators.anomaly.default_scorer import DefaultScorer, seen

RNG = np.random.default_rng(0)
FLOATS = RNG.standard_normal((300, 4)).astype(np.float32)
NEW = RNG.standard_normal((50, 4)).astype(np.float32) * 3
EVERY = np.arange(300)


@pytest.fixture(scope="module")
def fitted() -> tuple[DefaultScorer, np.ndarray]:
    return DefaultScorer.fit(FLOATS, EVERY, near=EVERY, n_members=3, trim=0.2, seed=0)


def test_the_distance_is_that_to_five_neighbours_and_no_row_is_its_own(fitted) -> None:
    ensemble, parts = fitted
    references = np.arcsinh(ensemble.references)
    tree = NearestNeighbors(n_neighbors=6).fit(references)
    far = tree.kneighbors(np.arcsinh(FLOATS))[0] ** 2
    is_reference = far[:, 0] == 0
    assert is_reference.sum() == len(references)
    expected = np.where(is_reference, far[:, 1:].mean(axis=1), far[:, :5].mean(axis=1))
    assert parts[:, 1] == pytest.approx(expected, rel=1e-3, abs=1e-4)
    assert np.array_equal(ensemble.parts(FLOATS), parts)
    new = tree.kneighbors(np.arcsinh(NEW))[0][:, :5] ** 2
    assert ensemble.parts(NEW)[:, 1] == pytest.approx(new.mean(axis=1), rel=1e-3)


def test_the_error_is_that_of_the_two_members_that_do_worst(fitted) -> None:
    ensemble, _ = fitted
    x = torch.from_numpy(np.arcsinh(NEW))
    with torch.inference_mode():
        by_member = [(rebuilt - x).square().sum(dim=1).numpy() for rebuilt in ensemble.network.reconstruct(x)]
    assert ensemble.parts(NEW)[:, 0] == pytest.approx(np.sort(by_member, axis=0)[1:].mean(axis=0), rel=1e-5)


def test_a_column_is_expected_by_the_rows_nearest_in_all_others(fitted) -> None:
    ensemble, _ = fitted
    expected, far = ensemble.expected(NEW, np.arange(4), 4)
    x, references = np.arcsinh(NEW), np.arcsinh(ensemble.references)
    nearest = NearestNeighbors(n_neighbors=5).fit(references).kneighbors(x)[0]
    for j in range(4):
        others = [i for i in range(4) if i != j]
        distances, places = NearestNeighbors(n_neighbors=5).fit(references[:, others]).kneighbors(x[:, others])
        assert np.allclose(expected[:, j], np.sinh(references[places, j].mean(axis=1)), rtol=1e-2, atol=1e-3)
        fall = (nearest**2).mean(axis=1) - (distances**2).mean(axis=1)
        assert far[:, j] == pytest.approx(fall.clip(0), rel=1e-2, abs=1e-3)


def test_floats_of_one_column_are_left_out_together(fitted) -> None:
    ensemble, _ = fitted
    columns = np.array([0, 0, 1, 2])
    expected, far = ensemble.expected(NEW, columns, 3)
    assert far.shape == (50, 3)
    x, references = np.arcsinh(NEW), np.arcsinh(ensemble.references)
    _, places = NearestNeighbors(n_neighbors=5).fit(references[:, 2:]).kneighbors(x[:, 2:])
    assert np.allclose(expected[:, :2], np.sinh(references[places][:, :, :2].mean(axis=1)), rtol=1e-2, atol=1e-3)


def test_rows_that_stand_out_are_nobodys_neighbours() -> None:
    group = np.concatenate([FLOATS, np.full((5, 4), 30, np.float32) + FLOATS[:5]])
    every = np.arange(len(group))
    ensemble, parts = DefaultScorer.fit(group, every, near=every, n_members=3, trim=0.2, seed=0)
    assert ensemble.references.max() < 20
    assert parts[300:, 1].min() > parts[:300, 1].max()


def test_it_survives_being_taken_apart_and_put_together(fitted) -> None:
    ensemble, _ = fitted
    again = DefaultScorer.restore(ensemble.tensors())
    assert np.array_equal(again.parts(NEW), ensemble.parts(NEW))
    tensors = ensemble.tensors()
    with pytest.raises(ValueError, match="do not fit"):
        DefaultScorer.restore({**tensors, "rows": tensors["rows"][:, :2]})


def test_a_wild_value_is_squeezed_and_an_ordinary_one_is_not() -> None:
    assert seen(np.array([[0.01, 1e6]]))[0].tolist() == pytest.approx([0.01, np.log(2e6)], rel=1e-4)


def _bars(n: int, *, upright: bool, brightness: tuple[float, float]) -> np.ndarray:
    """Images of 14 x 14 with one rough bar of a brightness and a place drawn at random, flat."""
    images = np.zeros((n, 14, 14))
    for image, place, bright in zip(images, RNG.integers(2, 11, n), RNG.uniform(*brightness, n), strict=True):
        (image[:, place : place + 2] if upright else image[place : place + 2].T)[:] = bright * RNG.random((14, 2))
    return images.reshape(n, -1).astype(np.float32)


def test_a_faint_image_can_be_the_anomalous_one() -> None:
    usual = _bars(600, upright=True, brightness=(0.2, 1.0))
    new = np.concatenate(
        [_bars(100, upright=True, brightness=(0.2, 1.0)), _bars(100, upright=False, brightness=(0.05, 0.2))]
    )
    every = np.arange(len(usual))
    settings = {"near": every, "n_members": 2, "trim": 0.2, "seed": 0}
    as_images, parts = DefaultScorer.fit(usual, every, image_shape=(14, 14, 1), **settings)
    assert (as_images.exponents > 0).all()
    assert np.allclose(as_images.parts(usual)[:, 0], parts[:, 0], rtol=1e-4)
    is_anomalous = np.arange(200) >= 100
    assert roc_auc_score(is_anomalous, as_images.parts(new)[:, 1]) > 0.95
    as_table, _ = DefaultScorer.fit(usual, every, **settings)
    assert not as_table.exponents.any()
    assert roc_auc_score(is_anomalous, as_table.parts(new)[:, 1]) < 0.7
    again = DefaultScorer.restore(as_images.tensors(), (14, 14, 1))
    assert np.array_equal(again.parts(new), as_images.parts(new))


def test_images_are_blurred_channel_by_channel() -> None:
    images = RNG.random((3, 28, 28, 3)).astype(np.float32)
    found = seen(images.reshape(3, -1), (28, 28, 3)).reshape(images.shape)
    for channel in range(3):
        assert np.allclose(found[1, ..., channel], gaussian_filter(images[1, ..., channel], 1.0), atol=1e-5)

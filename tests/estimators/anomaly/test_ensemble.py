from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from narrows.estimators.anomaly.ensemble import TrimmedEnsemble, squeezed

RNG = np.random.default_rng(0)
FLOATS = RNG.standard_normal((300, 4)).astype(np.float32)
NEW = RNG.standard_normal((50, 4)).astype(np.float32) * 3
EVERY = np.arange(300)


@pytest.fixture(scope="module")
def fitted() -> tuple[TrimmedEnsemble, np.ndarray]:
    return TrimmedEnsemble.fit(FLOATS, EVERY, near=EVERY, n_members=2, trim=0.2, seed=0)


def test_the_distance_is_that_to_the_third_neighbour_and_no_row_is_its_own(fitted) -> None:
    ensemble, parts = fitted
    references = ensemble.references
    tree = NearestNeighbors(n_neighbors=4).fit(references)
    far = tree.kneighbors(np.arcsinh(FLOATS))[0]
    is_reference = far[:, 0] == 0
    assert is_reference.sum() == len(references)
    expected = np.where(is_reference, far[:, 3], far[:, 2]) ** 2
    assert parts[:, 1] == pytest.approx(expected, rel=1e-3, abs=1e-4)
    assert ensemble.parts(NEW)[:, 1] == pytest.approx(tree.kneighbors(np.arcsinh(NEW))[0][:, 2] ** 2, rel=1e-3)


def test_a_column_is_expected_by_the_rows_nearest_in_all_others(fitted) -> None:
    ensemble, _ = fitted
    expected, far = ensemble.expected(NEW, np.arange(4), 4)
    x, references = np.arcsinh(NEW), ensemble.references
    nearest = NearestNeighbors(n_neighbors=3).fit(references).kneighbors(x)[0]
    for j in range(4):
        others = [i for i in range(4) if i != j]
        distances, places = NearestNeighbors(n_neighbors=3).fit(references[:, others]).kneighbors(x[:, others])
        assert np.allclose(expected[:, j], np.sinh(references[places, j].mean(axis=1)), rtol=1e-2, atol=1e-3)
        fall = (nearest**2).mean(axis=1) - (distances**2).mean(axis=1)
        assert far[:, j] == pytest.approx(fall.clip(0), rel=1e-2, abs=1e-3)


def test_floats_of_one_column_are_left_out_together(fitted) -> None:
    ensemble, _ = fitted
    columns = np.array([0, 0, 1, 2])
    expected, far = ensemble.expected(NEW, columns, 3)
    assert far.shape == (50, 3)
    x, references = np.arcsinh(NEW), ensemble.references
    _, places = NearestNeighbors(n_neighbors=3).fit(references[:, 2:]).kneighbors(x[:, 2:])
    assert np.allclose(expected[:, :2], np.sinh(references[places][:, :, :2].mean(axis=1)), rtol=1e-2, atol=1e-3)


def test_rows_that_stand_out_are_nobodys_neighbours() -> None:
    group = np.concatenate([FLOATS, np.full((5, 4), 30, np.float32) + FLOATS[:5]])
    every = np.arange(len(group))
    ensemble, parts = TrimmedEnsemble.fit(group, every, near=every, n_members=2, trim=0.2, seed=0)
    assert ensemble.references.max() < np.arcsinh(20)
    assert parts[300:, 1].min() > parts[:300, 1].max()


def test_it_survives_being_taken_apart_and_put_together(fitted) -> None:
    ensemble, _ = fitted
    again = TrimmedEnsemble.restore(ensemble.tensors())
    assert np.array_equal(again.parts(NEW), ensemble.parts(NEW))
    tensors = ensemble.tensors()
    with pytest.raises(ValueError, match="do not fit"):
        TrimmedEnsemble.restore({**tensors, "references": tensors["references"][:, :2]})


def test_a_wild_value_is_squeezed_and_an_ordinary_one_is_not() -> None:
    assert squeezed(np.array([[0.01, 1e6]]))[0].tolist() == pytest.approx([0.01, np.log(2e6)], rel=1e-4)

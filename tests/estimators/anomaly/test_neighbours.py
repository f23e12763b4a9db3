from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from narrows.estimators.anomaly.neighbours import Neighbours


@pytest.mark.parametrize("d", [4, 20])
def test_it_is_the_squared_distance_to_the_nearest_row_and_no_row_is_its_own(d: int) -> None:
    rng = np.random.default_rng(0)
    rows, new = rng.standard_normal((300, d)).astype(np.float32), rng.standard_normal((40, d)).astype(np.float32)
    tree = NearestNeighbors(n_neighbors=2).fit(rows)
    found = Neighbours(rows)
    assert found.distances(new) == pytest.approx(tree.kneighbors(new)[0][:, 0] ** 2, rel=1e-4)
    assert found.distances(rows) == pytest.approx(tree.kneighbors(rows)[0][:, 1] ** 2, rel=1e-4)
    assert np.array_equal(found.distances(new[:3]), found.distances(new)[:3])


def test_a_row_that_comes_twice_is_at_no_distance() -> None:
    rows = np.array([[1, 2], [1, 2], [5, 5]], np.float32)
    assert Neighbours(rows).distances(rows).tolist() == [0, 0, 25]
    assert Neighbours(rows[:1]).distances(rows).tolist() == [0, 0, 25]

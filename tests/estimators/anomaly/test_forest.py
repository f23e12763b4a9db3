from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from narrows.estimators.anomaly.forest import Forest

RNG = np.random.default_rng(0)
X = (RNG.standard_normal((800, 3)) @ RNG.standard_normal((3, 5))).astype(np.float32)
NEW = np.vstack([X[:100], X[:60] + RNG.choice([-2, 2], (60, 5)) * RNG.random((60, 5))]).astype(np.float32)


def saved(forest: Forest) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in forest.arrays().items()}


def test_its_scores_are_those_of_scikit_learns_forest_up_to_the_random_trees() -> None:
    ours, other = (np.mean([Forest.fit(X, seed).scores(NEW) for seed in range(k, k + 3)], axis=0) for k in (0, 3))
    theirs = np.mean([-IsolationForest(random_state=seed).fit(X).score_samples(NEW) for seed in range(3)], axis=0)
    assert np.abs(ours - theirs).mean() < 2 * np.abs(ours - other).mean() + 0.005
    truth = np.arange(160) >= 100
    assert roc_auc_score(truth, ours) == pytest.approx(roc_auc_score(truth, theirs), abs=0.03)


def test_a_row_alone_in_its_leaf_at_the_root_has_the_shortest_path() -> None:
    # One of two rows: every tree splits once, and a tree of two rows has an expected path of 1.
    assert Forest.fit(np.array([[0.0], [1.0]], np.float32), 0).scores(np.array([[0.0], [1.0]])).tolist() == [0.5, 0.5]


def test_rows_that_are_all_equal_are_all_as_usual() -> None:
    same = np.ones((300, 2), np.float32)
    assert np.allclose(Forest.fit(same, 0).scores(same), 0.5)


def test_it_is_restored_from_its_arrays_and_nonsense_is_refused() -> None:
    forest = Forest.fit(X, 0)
    assert np.array_equal(Forest.restore(saved(forest), 5).scores(NEW), forest.scores(NEW))
    with pytest.raises(ValueError, match="not there"):
        Forest.restore(saved(forest), 2)
    with pytest.raises(ValueError, match="does not fit the rest"):
        Forest.restore({**saved(forest), "lengths": torch.from_numpy(forest.lengths[:, :-1])}, 5)

"""What held-out rows leave of the layers beside a linear path."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from narrows.model import LinearPath
from narrows.training.shrinkage import shrink_layers


def chosen(loss_of, *, n: int = 50, weight=None, began_as_pca: bool = True) -> float:
    path = LinearPath(3, 2)
    noise = torch.from_numpy(np.random.default_rng(0).normal(1, 0.2, n))
    shrink_layers(path, lambda: loss_of(float(path.share)) + noise, weight, began_as_pca=began_as_pca)
    return float(path.share)


@pytest.mark.parametrize("best", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_the_share_with_the_lowest_loss_is_chosen(best):
    assert chosen(lambda share: (share - best) ** 2) == best


def test_layers_that_are_not_clearly_better_leave_pca():
    each = torch.from_numpy(np.random.default_rng(1).normal(0, 1, 50))
    each = each - each.mean()
    error = float(each.std() / 50**0.5)
    assert chosen(lambda share: share * (each - 0.9 * error), began_as_pca=False) == 0
    assert chosen(lambda share: share * (each - 1.1 * error), began_as_pca=False) == 1


def test_a_row_of_weight_two_counts_as_two_rows():
    gain = torch.tensor([1.0, -1.0, 0.2, -0.1], dtype=torch.float64)

    def one(share: float) -> torch.Tensor:
        return -share * gain

    weight = torch.tensor([2.0, 0.5, 1.0, 0.5])
    assert chosen(one, n=4, weight=weight, began_as_pca=False) == 1
    assert chosen(one, n=4, weight=weight.flip(0), began_as_pca=False) == 0


def test_layers_that_began_elsewhere_are_kept_whole_or_not_at_all():
    seen = []
    chosen(lambda share: seen.append(share) or 0 * share, began_as_pca=False)
    assert set(seen) == {0.0, 1.0}


def test_a_loss_that_is_not_finite_leaves_pca():
    assert chosen(lambda share: torch.full((50,), float("nan") if share else 0.0)) == 0

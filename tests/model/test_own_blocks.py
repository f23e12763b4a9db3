"""Corruptions and penalties of classes outside narrows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from narrows import Autoencoder
from narrows.errors import SettingError
from narrows.model import Corruption, Objective, Penalty

ROWS = np.random.default_rng(0).normal(size=(60, 6)).astype(np.float32)


@dataclass(frozen=True)
class Made(Corruption):
    make: Any = None

    def __call__(self, x, generator):
        return self.make(x)


@dataclass(frozen=True)
class Pairs(Corruption):
    make: Any = None

    def draw(self, x, generator):
        return self.make(x)


@dataclass(frozen=True)
class Term(Penalty):
    make: Any = None
    name: ClassVar[str] = "term"

    def __call__(self, forward):
        return self.make(forward)


class TermOfCode(Term):
    through_network: ClassVar[bool] = False

    def __call__(self, forward):
        return self.make(forward)


def fitted(**settings) -> Autoencoder:
    return Autoencoder(n_components=3, epochs=1, random_state=0, **settings).fit(ROWS)


@pytest.mark.parametrize("corruption", [Made(lambda x: x.zero_()), Pairs(lambda x: (x.clone(), x.zero_()))])
def test_a_corruption_in_place_leaves_the_clean_rows_and_the_target(corruption):
    x = torch.from_numpy(ROWS.copy())
    target, corrupted = Objective(corruption).draw(x, torch.Generator())
    np.testing.assert_array_equal(target, ROWS)
    np.testing.assert_array_equal(x, ROWS)
    assert not corrupted.any()


def test_a_corruption_whose_row_is_the_target_keeps_that():
    class Both(Made):
        is_target: ClassVar[bool] = True

    target, corrupted = Objective(Both(lambda x: x + 1)).draw(torch.from_numpy(ROWS), torch.Generator())
    assert target is corrupted


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: x[:, :3], r"Made returned float32 of shape \(\d+, 3\)"),
        (lambda x: x.double(), "Made returned float64"),
        (lambda x: None, "Made returned None"),
        (lambda x: x / 0 * 0, "Made returned NaN or infinity"),
    ],
)
def test_what_a_corruption_may_not_return_is_refused_by_the_name_of_its_class(make, message):
    with pytest.raises(SettingError, match=message):
        fitted(corruption=Made(make))


def test_a_draw_without_a_pair_is_refused():
    with pytest.raises(SettingError, match=r"Pairs\.draw must return two tensors"):
        fitted(corruption=Pairs(lambda x: x))


@pytest.mark.parametrize("kind", [Term, TermOfCode])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda f: f.z.square(), "returned float32 of shape"),
        (lambda f: f.z[:2].sum(1), r"returned float32 of shape \(2,\)"),
        (lambda f: 0.0, "returned 0.0"),
        (lambda f: None, "returned None"),
        (lambda f: (f.z > 0).sum(), "returned int64"),
        (lambda f: (f.z.sum(1) * 0) / 0, "returned NaN or infinity for the first batch"),
    ],
)
def test_what_a_penalty_may_not_return_is_refused_by_the_name_of_its_class(kind, make, message):
    with pytest.raises(SettingError, match=f"The penalty {kind.__name__} {message}"):
        fitted(penalty=kind(make))


@pytest.mark.parametrize("make", [lambda f: f.z.square().sum(1), lambda f: f.z.square().sum()])
def test_a_number_per_row_and_one_for_the_batch_are_terms(make):
    assert np.isfinite(fitted(penalty=Term(make)).history_[-1].parts["term"])

"""Runs of a paper that are killed and resumed: the numbers are those of an uninterrupted run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from narrows.errors import SettingError
from narrows.estimators.saving.checkpoint_folder import is_checkpoint
from narrows.reproductions import Experiment, Progress, Record, Reproduction, Result, Setup, keeping
from narrows.reproductions.fine_tuning import classifier, fine_tune, percent_wrong
from narrows.reproductions.greedy import greedy, sigmoid_layer
from narrows.reproductions.hinton2006.comparison import Method, compare, paper_network
from narrows.reproductions.hinton2006.digit_classifier import _pretrained
from narrows.reproductions.paper_data import TrainTest

DIGITS = load_digits()
X, Y = (DIGITS.data[:200] / 16).astype(np.float32), DIGITS.target[:200]


def run(setup: Setup) -> Iterator[Record]:
    """Every kind of training that the papers have."""
    data = TrainTest(X[:150], X[150:])
    pretrained = paper_network((8, 4), 0, pretrain="rbm", pretrain_epochs=2, epochs=2, optimizer="adam")
    yield from compare(
        "t", "n", data, [Method("m", pretrained)], pca=(), logistic=(), logistic_epochs=1, seed=0, shape=(8, 8)
    )
    layers, _ = yield from greedy(lambda n: sigmoid_layer(n, epochs=2, random_state=0), (12, 8), X, "layers")
    generator = torch.Generator().manual_seed(0)
    network = classifier(layers, 10, generator)
    yield from _pretrained(network, torch.from_numpy(X), 2, generator)
    yield from fine_tune(network, X, Y, epochs=3, generator=generator, title="tuned")
    yield Result("t", "tuned", percent_wrong(network, X, Y) + float(generator.get_state().sum()), "%")


PAPER = Reproduction("p", "P", (Experiment("all", "All", run),))


def numbers(records: list[Record]) -> list[float | None]:
    return [record.ours for record in records if isinstance(record, Result)]


def test_a_run_that_is_killed_again_and_again_gives_the_numbers_of_a_whole_one(tmp_path: Path) -> None:
    whole = list(PAPER.run(Setup()))
    n_epochs = sum(isinstance(record, Progress) and record.done > 0 for record in whole)
    seen = 0
    for most in [2, 3, 1, 2, 3, 4, 1, 2, 1000]:
        with keeping(tmp_path / "c", 0, "run"), contextlib.closing(PAPER.run(Setup())) as records:
            done: list[Record] = []
            for record in records:
                done.append(record)
                n = sum(isinstance(one, Progress) and one.done > 0 for one in done)
                if n >= most:
                    break
        seen += n
    assert numbers(done) == numbers(whole)
    assert seen <= n_epochs + 8  # an epoch that was kept is not trained again
    assert is_checkpoint(tmp_path / "c")


def test_another_command_does_not_go_on_with_the_run(tmp_path: Path) -> None:
    with keeping(tmp_path / "c", 0, "first"):
        pass
    with pytest.raises(SettingError, match="another command"), keeping(tmp_path / "c", 0, "second"):
        pass

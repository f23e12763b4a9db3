from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from narrows.errors import SettingError
from narrows.model import GaussianNoise, Objective
from narrows.training.line_search import LBFGS
from tests.training.building import settings
from tests.training.test_trainer import network, rows, trainer, weights


def test_a_quadratic_is_solved_in_a_few_batches():
    matrix = torch.diag(torch.tensor([1.0, 3.0, 10.0, 0.3]))
    target = torch.tensor([1.0, -2.0, 0.5, 3.0])
    values, gradients = torch.zeros(4), torch.zeros(4)
    optimizer = LBFGS(values, gradients, weight_decay=0.0)

    def evaluate() -> float:
        gradients.copy_(matrix @ (values - target))
        return float((values - target) @ matrix @ (values - target) / 2)

    losses = [evaluate()]
    for _ in range(30):
        optimizer.search(evaluate, 1.0)
        losses.append(evaluate())
    assert losses == sorted(losses, reverse=True)
    torch.testing.assert_close(values, target, atol=1e-3, rtol=1e-3)


def test_weight_decay_is_an_l2_term():
    values, gradients = torch.zeros(3), torch.zeros(3)
    target = torch.tensor([1.0, -2.0, 4.0])
    optimizer = LBFGS(values, gradients, weight_decay=1.0)

    def evaluate() -> float:
        gradients.copy_(values - target)
        return float((values - target).square().sum() / 2)

    for _ in range(5):
        optimizer.search(evaluate, 1.0)
    torch.testing.assert_close(values, target / 2, atol=1e-4, rtol=1e-4)


def test_a_batch_ends_lower_than_it_began_even_under_noise():
    net, x = network(), rows(64)
    run = trainer(net, optimizer="lbfgs", batch_size=64, epochs=15, objective=Objective(GaussianNoise(0.1)))
    losses = [epoch.loss for epoch in run.epochs(x)]
    assert losses[-1] < 0.5 * losses[0]
    assert all(
        rate == 1.0 for rate in [epoch.learning_rate for epoch in trainer(network(), optimizer="lbfgs").epochs(x)]
    )


def test_every_evaluation_of_a_batch_meets_the_same_noise(monkeypatch):
    net = network()
    run = trainer(net, optimizer="lbfgs", batch_size=64, objective=Objective(GaussianNoise(0.5)))
    seen = []
    monkeypatch.setattr(LBFGS, "search", lambda self, evaluate, rate: seen.extend(evaluate() for _ in range(3)))
    list(run.epochs(rows(64)))
    assert len(seen) == 3
    assert len(set(seen)) == 1


def test_the_same_seed_gives_the_same_weights_to_the_bit():
    nets = [network(), network()]
    for net in nets:
        list(trainer(net, optimizer="lbfgs", epochs=2, batch_size=25).epochs(rows(50)))
    assert torch.equal(weights(nets[0]), weights(nets[1]))


def test_searches_are_made_in_float32_and_not_clipped():
    assert settings("lbfgs", precision="auto").precision == "float32"
    assert settings("lbfgs", precision="bfloat16").precision == "bfloat16"
    with pytest.raises(SettingError, match="clip_norm has no meaning"):
        settings("lbfgs", clip_norm=1.0)


@pytest.mark.slow
def test_other_optimizers_never_load_those_of_torch():
    code = (
        "import sys, numpy as np, narrows; "
        "narrows.Autoencoder(epochs=1, random_state=0).fit(np.random.default_rng(0).normal(size=(20, 4))); "
        "print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

"""Which classes of the user the fused step trains, and which it leaves to autograd."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from narrows.model import (
    L1,
    MLP,
    Contractive,
    GaussianCode,
    GaussianNoise,
    KLToPrior,
    Objective,
    Penalty,
    PointCode,
    SquaredError,
)
from narrows.training.autograd_step import AutogradStep
from narrows.training.flat_parameters import FlatParameters
from narrows.training.fused_step import FusedStep, can_fuse
from narrows.training.training_step import make_step
from tests.training.gradients import D, N, assert_as_autograd, network, rows, taken


@dataclass(frozen=True)
class Seen(Penalty):
    """Something of all that a penalty of the code sees."""

    name = "seen"
    through_network = False

    def __call__(self, forward):
        rows = (forward.x + 2 * forward.x_tilde).sum(1)
        return rows * forward.z.square().sum(1) + forward.progress * forward.h.sum(1)


@pytest.mark.parametrize("code", [PointCode(), GaussianCode()])
def test_a_penalty_sees_clean_and_corrupted_rows_statistics_and_codes(code):
    net, objective = network(code=code), Objective(GaussianNoise(0.3), (Seen(),))
    assert can_fuse(net, objective)
    _, gradients = taken(FusedStep, net, objective, rows())
    _, expected = taken(AutogradStep, net, objective, rows())
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, expected[name])


@dataclass(frozen=True)
class Halved(PointCode):
    def point(self, h):
        return h / 2


def test_a_code_of_ones_own_is_drawn_as_it_says():
    assert_as_autograd(network(code=Halved()), Objective(), rows())


@dataclass(frozen=True)
class Own(Penalty):
    name = "own"

    def __call__(self, forward):
        return forward.z.square().sum(1)


@dataclass(frozen=True)
class OwnL1(L1):
    def __call__(self, forward):
        return forward.network.encode(forward.x).abs().sum(1)


class OwnMLP(MLP):
    def forward(self, x):
        return 2 * super().forward(x)


def test_what_it_does_not_know_is_left_to_autograd():
    conv = network(n_floats=64, image_shape=(8, 8, 1), network="conv", hidden_layer_sizes=(4,))
    own = network(encoder=nn.Linear(D, 4))
    subclass = network()
    subclass.encoder = OwnMLP(subclass.encoder.layers, "silu", "linear")
    frozen = network()
    frozen.encoder.layers[0].weight.requires_grad_(False)
    for net, objective in [
        (network(tied_weights=True), Objective()),
        (conv, Objective()),
        (own, Objective()),
        (subclass, Objective()),
        (frozen, Objective()),
        (network(), Objective(penalties=(Contractive(0.1),))),
        (network(), Objective(penalties=(Own(),))),
        (network(), Objective(penalties=(OwnL1(0.1),))),
    ]:
        assert not can_fuse(net, objective)
        flat = FlatParameters([p for p in net.parameters() if p.requires_grad])
        assert isinstance(make_step(net, objective, flat, precision="float32", max_rows=N), AutogradStep)
    net = network()
    flat = FlatParameters(list(net.parameters()))
    assert isinstance(make_step(net, Objective(), flat, precision="float32", max_rows=N), FusedStep)


@dataclass(eq=False, repr=False)
class Cubed(SquaredError):
    def loss(self, output, x):
        return (self.mean(output) - x).abs() ** 3


@dataclass(eq=False, repr=False)
class Doubled(SquaredError):
    def mean(self, output):
        return 2 * output


@pytest.mark.parametrize("likelihood", [Cubed(), Doubled()])
def test_a_loss_of_ones_own_trains_with_its_own_gradient(likelihood):
    assert_as_autograd(network(likelihood=likelihood), Objective(), rows())


@dataclass(frozen=True)
class Inherited(KLToPrior):
    """The same formula, so that its promise holds."""


@dataclass(frozen=True)
class Promised(L1):
    through_network = False

    def __call__(self, forward):
        return self.weight * forward.z.square().sum(1)


@pytest.mark.parametrize(("code", "penalty"), [(GaussianCode(), Inherited()), (PointCode(), Promised(0.1))])
def test_a_penalty_that_inherits_or_makes_the_promise_is_trained_fast(code, penalty):
    assert_as_autograd(network(code=code), Objective(penalties=(penalty,)), rows())


class CubedLoss:
    def loss(self, output, x):
        return (self.mean(output) - x).abs() ** 3


@dataclass(eq=False, repr=False)
class CubedByMixin(CubedLoss, SquaredError):
    pass


class ThroughWeights:
    def __call__(self, forward):
        return forward.network.encode(forward.x).abs().sum(1)


@dataclass(frozen=True)
class L1ByMixin(ThroughWeights, L1):
    pass


def test_a_formula_that_comes_from_a_mixin_is_a_formula_of_ones_own():
    assert_as_autograd(network(likelihood=CubedByMixin()), Objective(), rows())
    assert not can_fuse(network(), Objective(penalties=(L1ByMixin(0.1),)))


def test_a_network_that_is_listened_to_and_an_objective_of_ones_own_are_left_to_autograd():
    hooked = network()
    hooked.encoder.layers[0].register_forward_hook(lambda *_: None)
    assert not can_fuse(hooked, Objective())

    class OwnObjective(Objective):
        pass

    assert not can_fuse(network(), OwnObjective())

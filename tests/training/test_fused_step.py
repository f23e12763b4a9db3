from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from narrows.model import (
    ACTIVATIONS,
    L1,
    MLP,
    AutoencoderNetwork,
    Binarised,
    Contractive,
    GaussianCode,
    GaussianNoise,
    KLSparsity,
    KLToPrior,
    Masking,
    NeighbourCrossEntropy,
    Objective,
    Penalty,
    PointCode,
    SquaredError,
    TopK,
    build_network,
    make_likelihood,
)
from narrows.training import Trainer, precision, training_step
from narrows.training.autograd_step import AutogradStep
from narrows.training.flat_parameters import FlatParameters
from narrows.training.fused_step import FusedStep, can_fuse
from narrows.training.training_step import make_step
from tests.training.building import settings as resolved

N, D = 9, 12


def network(**others) -> AutoencoderNetwork:
    given = {
        "n_floats": D,
        "n_components": 4,
        "hidden_layer_sizes": (10, 7),
        "code": PointCode(),
        "likelihood": SquaredError(),
        "generator": torch.Generator().manual_seed(0),
    }
    return build_network(**(given | others))


def rows(n: int = N, seed: int = 1) -> Tensor:
    return torch.rand(n, D, generator=torch.Generator().manual_seed(seed))


# Only over all rows is the mean of weights 1; over a batch it is not.
WEIGHT = torch.linspace(0.5, 2.5, N + 1)


def taken(
    kind: type[FusedStep] | type[AutogradStep], net: AutoencoderNetwork, objective: Objective, x: Tensor, **others
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Terms and gradients of one step."""
    flat = FlatParameters(list(net.parameters()))
    step = kind(net, objective, flat, others.get("precision", "float32"), N + 1)
    noise = torch.Generator().manual_seed(2)
    with flat.attached():
        terms = step(x, noise, progress=0.5, weight=others.get("weight"), pairs=others.get("pairs"))
        gradients = {name: p.grad.clone() for name, p in net.named_parameters() if p.grad is not None}
    return terms, gradients


def assert_as_autograd(
    net: AutoencoderNetwork,
    objective: Objective,
    x: Tensor,
    weight: Tensor | None = None,
    pairs: Tensor | None = None,
) -> None:
    assert can_fuse(net, objective)
    terms, gradients = taken(FusedStep, net, objective, x, weight=weight, pairs=pairs)
    expected_terms, expected = taken(AutogradStep, net, objective, x, weight=weight, pairs=pairs)
    assert gradients.keys() == expected.keys() == dict(net.named_parameters()).keys()
    for name, gradient in gradients.items():
        assert torch.equal(gradient, expected[name]), name
    assert terms.keys() == expected_terms.keys()
    for name, term in terms.items():
        torch.testing.assert_close(term, expected_terms[name])


@pytest.mark.parametrize("code_activation", ACTIVATIONS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_has_the_gradient_of_autograd_to_the_bit(activation, code_activation):
    net = network(activation=activation, code_activation=code_activation)
    assert_as_autograd(net, Objective(), rows())


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize("loss", ["mse", "bce", "mae", "huber", "gaussian"])
@pytest.mark.parametrize("weighted", [True, False])
def test_every_likelihood_has_the_gradient_of_autograd_to_the_bit(loss, bounded, weighted):
    if loss == "bce" and not bounded:
        pytest.skip("Bernoulli needs a bounded output")
    weight = WEIGHT[:N] if weighted else None
    assert_as_autograd(network(likelihood=make_likelihood(loss, bounded, D)), Objective(), rows(), weight)


@pytest.mark.parametrize(
    ("others", "objective"),
    [
        ({}, Objective(GaussianNoise(0.3))),
        ({}, Objective(Binarised())),
        ({"code": TopK(2)}, Objective()),
        ({"code": GaussianCode()}, Objective()),
        ({"code": GaussianCode()}, Objective(penalties=(KLToPrior(beta=2.0, warmup=3),))),
        ({"code": GaussianCode()}, Objective(GaussianNoise(0.3), (KLToPrior(free_bits=0.1), L1(0.5)))),
        ({}, Objective(penalties=(L1(0.1),))),
        ({"code_activation": "sigmoid"}, Objective(penalties=(KLSparsity(0.2),))),
        ({"hidden_layer_sizes": ()}, Objective()),
    ],
)
@pytest.mark.parametrize("weighted", [True, False])
def test_every_combination_of_stations_has_the_gradient_of_autograd_to_the_bit(others, objective, weighted):
    weight = WEIGHT[:N] if weighted else None
    assert_as_autograd(network(**others), objective, rows(), weight)


@st.composite
def stations(draw) -> tuple[AutoencoderNetwork, Objective]:
    code = draw(st.sampled_from([PointCode(), TopK(2), GaussianCode()]))
    gaussian = isinstance(code, GaussianCode)
    loss = draw(st.sampled_from(["mse", "bce", "mae", "huber", "gaussian"]))
    code_activation = "linear" if gaussian else draw(st.sampled_from(ACTIVATIONS))
    penalties: list[tuple[Penalty, ...]] = [(), (L1(0.1),)]
    if gaussian:
        penalties += [(KLToPrior(2.0, warmup=3),), (KLToPrior(free_bits=0.1),)]
    if code_activation == "sigmoid":
        penalties += [(KLSparsity(0.2),)]
    net = network(
        hidden_layer_sizes=draw(st.sampled_from([(), (10,), (10, 7)])),
        activation=draw(st.sampled_from(ACTIVATIONS)),
        code=code,
        code_activation=code_activation,
        likelihood=make_likelihood(loss, loss == "bce" or draw(st.booleans()), D),
    )
    corruption = draw(st.sampled_from([None, GaussianNoise(0.3), Masking(0.3), Binarised()]))
    return net, Objective(corruption, draw(st.sampled_from(penalties)))


@settings(deadline=None, max_examples=60)
@given(stations(), st.sampled_from([1, 2, N, N + 1]), st.booleans())
def test_whatever_is_combined_has_the_gradient_of_autograd_to_the_bit(chosen, n, weighted):
    assert_as_autograd(*chosen, rows(n), WEIGHT[:n] if weighted else None)


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


def test_the_gradients_of_several_penalties_of_one_code_add_up():
    net, objective = network(code_activation="sigmoid"), Objective(penalties=(KLSparsity(0.2), L1(0.1)))
    _, gradients = taken(FusedStep, net, objective, rows())
    _, expected = taken(AutogradStep, net, objective, rows())
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, expected[name])


@pytest.mark.parametrize("n", [1, 2, N, N + 1])
def test_batches_of_every_size_up_to_the_largest_are_trained(n):
    assert_as_autograd(network(), Objective(), rows(n))


def test_a_smaller_batch_after_a_larger_one_sees_nothing_of_it():
    net, objective = network(), Objective()
    flat = FlatParameters(list(net.parameters()))
    step = FusedStep(net, objective, flat, "float32", N)
    noise = torch.Generator()
    with flat.attached():
        step(rows(N), noise, progress=0.0, weight=None)
        step(rows(3), noise, progress=0.0, weight=None)
        gradients = flat.gradients.clone()
        step(rows(N), noise, progress=0.0, weight=None)
        step(rows(3), noise, progress=0.0, weight=None)
    _, expected = taken(FusedStep, net, objective, rows(3))
    assert torch.equal(gradients, flat.gradients)
    for name, parameter in net.named_parameters():
        start, end = flat.ranges[next(i for i, p in enumerate(flat.parameters) if p is parameter)]
        assert torch.equal(gradients[start:end].view(parameter.shape), expected[name])


def test_a_learned_variance_gets_the_gradient_of_its_own_batch_alone():
    net, noise = network(likelihood=make_likelihood("gaussian", False, D)), torch.Generator()
    flat = FlatParameters(list(net.parameters()))
    step = FusedStep(net, Objective(), flat, "float32", N)
    with flat.attached():
        for seed in (5, 1):
            step(rows(seed=seed), noise, progress=0.0, weight=None)
        gradient = net.likelihood.raw_log_variance.grad.clone()
    _, expected = taken(AutogradStep, net, Objective(), rows())
    assert torch.equal(gradient, expected["likelihood.raw_log_variance"])


def test_training_ends_in_the_same_weights_whichever_step_is_taken(monkeypatch):
    def trained() -> Tensor:
        net = network(code=GaussianCode(), likelihood=make_likelihood("gaussian", False, D))
        objective = Objective(GaussianNoise(0.1), (KLToPrior(),))
        given = resolved("adam", epochs=3, clip_norm=0.1)
        # Two batches of 8 and one of 9.
        x, weight = rows(25), torch.linspace(0.5, 1.5, 25)
        list(Trainer(net, objective, given, generator=torch.Generator().manual_seed(3)).epochs(x, weight=weight))
        return torch.cat([p.detach().flatten() for p in net.parameters()])

    fused = trained()
    monkeypatch.setattr(training_step, "can_fuse", lambda network, objective: False)
    assert torch.equal(fused, trained())


def test_the_gradient_is_that_of_a_plain_sequential_network():
    net = network(hidden_layer_sizes=(10,), activation="relu")
    layers = [*net.encoder.layers, *net.decoder.layers]
    plain = nn.Sequential(layers[0], nn.ReLU(), layers[1], layers[2], nn.ReLU(), layers[3])
    _, gradients = taken(FusedStep, net, Objective(), rows())
    loss = (plain(rows()) - rows()).square().mean()
    for gradient, expected in zip(gradients.values(), torch.autograd.grad(loss, list(plain.parameters())), strict=True):
        torch.testing.assert_close(gradient, expected)


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


def difference(gradients: dict[str, Tensor], exact: dict[str, Tensor]) -> float:
    """Relative to the norm of the whole gradient."""
    whole, expected = (torch.cat([g.flatten() for g in some.values()]) for some in (gradients, exact))
    return float((whole - expected).norm() / expected.norm())


@pytest.mark.parametrize("code", [PointCode(), GaussianCode()])
@pytest.mark.parametrize("likelihood", ["mse", "bce"])
def test_in_bfloat16_the_gradient_points_the_same_way_and_stays_float32(monkeypatch, code, likelihood):
    monkeypatch.setattr(precision, "is_large", lambda size, device: True)
    net = network(code=code, likelihood=make_likelihood(likelihood, True, D))
    _, low = taken(FusedStep, net, Objective(), rows(), precision="bfloat16")
    _, exact = taken(FusedStep, net, Objective(), rows())
    assert all(gradient.dtype == torch.float32 for gradient in low.values())
    assert 0 < difference(low, exact) < 0.02


@dataclass(frozen=True)
class Inherited(KLToPrior):
    """The same formula, so that its promise holds."""


@dataclass(frozen=True)
class Promised(L1):
    through_network = False

    def __call__(self, forward):
        return self.weight * forward.z.square().sum(1)


@pytest.mark.parametrize("weight", [None, WEIGHT[:8]])
def test_a_map_has_the_gradients_of_autograd(weight):
    pairs = torch.arange(8).view(2, 4)
    assert_as_autograd(network(), Objective(penalties=(NeighbourCrossEntropy(0.1),)), rows(8), weight, pairs)


@pytest.mark.parametrize(("code", "penalty"), [(GaussianCode(), Inherited()), (PointCode(), Promised(0.1))])
def test_a_penalty_that_inherits_or_makes_the_promise_is_trained_fast(code, penalty):
    assert_as_autograd(network(code=code), Objective(penalties=(penalty,)), rows())


def test_in_bfloat16_every_step_multiplies_by_the_weights_and_biases_of_now(monkeypatch):
    monkeypatch.setattr(precision, "is_large", lambda size, device: True)
    net, noise = network(), torch.Generator()
    flat = FlatParameters(list(net.parameters()))
    step = FusedStep(net, Objective(), flat, "bfloat16", N + 1)
    with flat.attached():
        step(rows(), noise, progress=0.0, weight=None)
        flat.values.add_(0.1)
        step(rows(), noise, progress=0.0, weight=None)
        gradients = {name: p.grad.clone() for name, p in net.named_parameters()}
    _, exact = taken(FusedStep, net, Objective(), rows())
    assert 0 < difference(gradients, exact) < 0.02


def test_layers_of_both_precisions_stand_in_one_network(monkeypatch):
    monkeypatch.setattr(precision, "is_large", lambda size, device: size >= (N + 1) * 10 * 7)
    net = network()
    flat = FlatParameters(list(net.parameters()))
    step = FusedStep(net, Objective(), flat, "bfloat16", N + 1)
    low, exact = torch.bfloat16, torch.float32
    assert step.dtypes == [low, low, exact, exact, low, low]
    _, gradients = taken(FusedStep, net, Objective(), rows(), precision="bfloat16")
    _, expected = taken(FusedStep, net, Objective(), rows())
    assert 0 < difference(gradients, expected) < 0.02


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

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from narrows.model import (
    ACTIVATIONS,
    L1,
    AutoencoderNetwork,
    Binarised,
    GaussianCode,
    GaussianNoise,
    KLSparsity,
    KLToPrior,
    Masking,
    NeighbourCrossEntropy,
    Objective,
    Penalty,
    PointCode,
    TopK,
    make_likelihood,
)
from narrows.training import Trainer, training_step
from narrows.training.autograd_step import AutogradStep
from narrows.training.flat_parameters import FlatParameters
from narrows.training.fused_step import FusedStep
from tests.training.building import settings as resolved
from tests.training.gradients import WEIGHT, D, N, assert_as_autograd, network, rows, taken


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


@pytest.mark.parametrize("weight", [None, WEIGHT[:8]])
def test_a_map_has_the_gradients_of_autograd(weight):
    pairs = torch.arange(8).view(2, 4)
    assert_as_autograd(network(), Objective(penalties=(NeighbourCrossEntropy(0.1),)), rows(8), weight, pairs)

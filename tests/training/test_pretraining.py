"""Greedy pre-training of the encoder's layers."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from narrows.errors import DivergedError, SettingError
from narrows.model import (
    MLP,
    AutoencoderNetwork,
    Bernoulli,
    GaussianCode,
    PointCode,
    SquaredError,
    build_network,
)
from narrows.training import RBM, ContrastiveDivergence, LayerEpoch, Pretraining, check_pretrainable, train_rbm

QUICK = ContrastiveDivergence(epochs=3, batch_size=10)


def network(**others) -> AutoencoderNetwork:
    given = {
        "n_floats": 12,
        "n_components": 2,
        "hidden_layer_sizes": (8, 5),
        "activation": "sigmoid",
        "code": PointCode(),
        "likelihood": Bernoulli(),
        "generator": torch.Generator().manual_seed(0),
    }
    return build_network(**(given | others))


def bars(n: int = 200) -> torch.Tensor:
    """3 x 4 pictures of which each row is black or white as a whole."""
    on = torch.rand(n, 3, 1, generator=torch.Generator().manual_seed(1)) < 0.5
    return on.expand(n, 3, 4).reshape(n, 12).float()


def run(net: AutoencoderNetwork, x: torch.Tensor, how: ContrastiveDivergence = QUICK, seed: int = 0, **others):
    return list(Pretraining(net, x, how, generator=torch.Generator().manual_seed(seed), **others))


def test_a_tiny_machine_learns_the_likelihood_of_its_rows():
    flipped = torch.rand(200, 12, generator=torch.Generator().manual_seed(2)) < 0.1
    x = (bars() - flipped.float()).abs()
    rbm = RBM.drawn(12, 6, generator=torch.Generator().manual_seed(0))
    likelihoods, errors = [float(rbm.log_likelihood(x).mean())], []
    for epoch in train_rbm(
        rbm, x, ContrastiveDivergence(epochs=20, batch_size=20), generator=torch.Generator().manual_seed(1)
    ):
        errors.append(epoch.error)
        likelihoods.append(float(rbm.log_likelihood(x).mean()))
    # Twelve coins are -8.32; three coins whose twelve copies err once in ten are -5.98.
    assert likelihoods[0] == pytest.approx(12 * math.log(0.5), abs=0.1)
    assert likelihoods[-1] > -6.9
    assert errors[-1] < 0.5 * errors[0]


def test_every_pass_of_every_layer_is_recorded_from_the_input_to_the_code():
    records = run(network(), bars())
    assert all(isinstance(record, LayerEpoch) for record in records)
    assert [(r.layer, r.number) for r in records] == [(layer, n) for layer in (1, 2, 3) for n in (1, 2, 3)]
    assert [(r.n_visible, r.n_hidden) for r in records[::3]] == [(12, 8), (8, 5), (5, 2)]
    assert {(r.n_layers, r.n_epochs) for r in records} == {(3, 3)}
    assert all(r.rows_per_second > 0 and r.seconds > 0 for r in records)


def test_the_decoder_starts_as_the_encoder_transposed_with_the_visible_biases():
    net = network()
    run(net, bars())
    assert isinstance(net.encoder, MLP)
    assert isinstance(net.decoder, MLP)
    for there, back in zip(net.encoder.layers, net.decoder.layers[::-1], strict=True):
        assert torch.equal(there.weight.t(), back.weight)
        assert there.bias.any()
        assert back.bias.any()


def test_each_layer_learns_from_the_probabilities_of_the_one_before():
    x, net = bars(), network()
    run(net, x)
    assert isinstance(net.encoder, MLP)
    generator = torch.Generator().manual_seed(0)
    first = RBM.drawn(12, 8, generator=generator)
    list(train_rbm(first, x, QUICK, generator=generator))
    torch.testing.assert_close(net.encoder.layers[0].weight, first.weight, atol=0, rtol=0)
    second = RBM.drawn(8, 5, generator=generator)
    list(train_rbm(second, first.hidden_mean(x), QUICK, generator=generator))
    torch.testing.assert_close(net.encoder.layers[1].weight, second.weight, atol=0, rtol=0)
    assert torch.equal(net.encoder.layers[1].bias, second.hidden_bias)


@pytest.mark.parametrize(
    ("visible", "hidden", "rate"),
    [("binary", "binary", 0.1), ("gaussian", "binary", 0.001), ("binary", "gaussian", 0.001)],
)
def test_gaussian_units_learn_a_hundred_times_slower(visible, hidden, rate):
    rbm = RBM.drawn(3, 2, visible=visible, hidden=hidden, generator=torch.Generator())
    assert ContrastiveDivergence().rate(rbm) == rate


def test_the_momentum_rises_after_the_fifth_epoch():
    assert [ContrastiveDivergence().momentum_of(n) for n in (1, 5, 6, 50)] == [0.5, 0.5, 0.9, 0.9]


def test_the_first_step_follows_the_contrast_less_the_weight_cost():
    x = bars(10)
    rbm = RBM.drawn(12, 4, generator=torch.Generator().manual_seed(0))
    before, generator = rbm.weight.clone(), torch.Generator().manual_seed(1)
    (record,) = train_rbm(rbm, x, ContrastiveDivergence(epochs=1, batch_size=10), generator=generator)
    again = torch.Generator().manual_seed(1)
    shuffled = x[torch.randperm(10, generator=again)]
    old = RBM(before, torch.zeros(12), torch.zeros(4))
    gradient = old.contrast(shuffled, again)
    torch.testing.assert_close(rbm.weight, before + 0.1 * (gradient.weight - 2e-4 * before))
    torch.testing.assert_close(rbm.hidden_bias, 0.1 * gradient.hidden_bias)
    assert record.error == pytest.approx(float(gradient.error))


def test_the_same_seed_gives_the_same_weights_and_leaves_the_global_seed_alone():
    state = torch.get_rng_state()
    nets = [network() for _ in range(3)]
    for net, seed in zip(nets, (0, 0, 1), strict=True):
        run(net, bars(), seed=seed)
    assert torch.equal(state, torch.get_rng_state())
    one, two, three = (torch.cat([p.flatten() for p in net.parameters()]) for net in nets)
    assert torch.equal(one, two)
    assert not torch.equal(one, three)


def test_pretraining_brings_a_deep_net_nearer_to_its_rows_than_random_weights():
    x = bars()
    drawn, pretrained = network(), network()
    run(pretrained, x, ContrastiveDivergence(epochs=40, batch_size=10))
    with torch.no_grad():
        losses = [float(net.likelihood.loss(net.output(net.codes(x)), x).sum(1).mean()) for net in (drawn, pretrained)]
    assert losses[1] < 0.9 * losses[0]


def test_tied_weights_are_the_machines_too():
    net = network(tied_weights=True)
    run(net, bars())
    assert isinstance(net.decoder, MLP)
    assert all(layer.bias.any() for layer in net.decoder.layers)
    untied = network()
    run(untied, bars())
    torch.testing.assert_close(net.reconstruct(bars()), untied.reconstruct(bars()))


def test_a_gaussian_code_starts_with_the_unit_variance_of_a_gaussian_unit():
    net = network(code=GaussianCode())
    run(net, bars())
    h = net.encode(bars())
    assert h.shape[1] == 4
    assert not h[:, 2:].any()
    assert h[:, :2].any()


def test_unbounded_rows_meet_gaussian_units():
    x = torch.randn(100, 12, generator=torch.Generator().manual_seed(0))
    net = network(likelihood=SquaredError())
    before = [p.clone() for p in net.parameters()]
    run(net, x)
    assert all(torch.isfinite(p).all() for p in net.parameters())
    assert any(not torch.equal(p, q) for p, q in zip(net.parameters(), before, strict=True))


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"activation": "silu"}, 'activation="sigmoid"'),
        ({"code_activation": "relu"}, 'code_activation="linear" or "sigmoid"'),
        ({"encoder": nn.Linear(12, 2)}, "dense layers of narrows' own"),
        ({"hidden_layer_sizes": (), "likelihood": SquaredError()}, "gaussian units on both sides"),
        ({"network": "conv", "n_floats": 64, "image_shape": (8, 8, 1), "hidden_layer_sizes": (4, 4)}, 'network="mlp"'),
    ],
)
def test_networks_that_no_stack_of_machines_unrolls_into_are_refused_in_a_sentence(others, words):
    with pytest.raises(SettingError, match=words) as caught:
        check_pretrainable(network(**others))
    assert "\n" not in str(caught.value)


def test_a_machine_that_diverges_says_so():
    x = 1e30 * torch.randn(50, 12, generator=torch.Generator().manual_seed(0))
    with pytest.raises(DivergedError, match="layer 1"):
        run(network(likelihood=SquaredError()), x, ContrastiveDivergence(epochs=20, batch_size=10))

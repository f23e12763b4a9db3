from __future__ import annotations

import math

import pytest
import torch
from torch.autograd.functional import jacobian
from torch.distributions import Bernoulli, Normal, kl_divergence

from narrows.errors import SettingError
from narrows.model import (
    L1,
    Contractive,
    ForwardPass,
    GaussianCode,
    KLSparsity,
    KLToPrior,
    NeighbourCrossEntropy,
    Penalty,
    TopK,
    kl_to_standard_normal,
    make_penalty,
)
from narrows.model.penalty import similarity_curve


def step_of(network, x, generator, *, progress=0.0, training=True):
    h = network.encode(x)
    return ForwardPass(network, x, x, h, network.code.draw(h, generator), generator, progress, training)


def squared_jacobian_norms(network, x):
    """By autograd's own Jacobian, row by row."""
    return torch.stack(
        [jacobian(lambda row: network.codes(row[None])[0], row, create_graph=True).square().sum() for row in x]
    )


def test_l1_is_the_weighted_sum_of_absolute_activities(build, digits, generator):
    forward = step_of(build(), digits, generator)
    torch.testing.assert_close(L1(0.3)(forward), 0.3 * forward.z.abs().sum(1))


def test_kl_sparsity_is_the_divergence_from_the_target_to_the_mean_activity(build, digits, generator):
    forward = step_of(build(code_activation="sigmoid"), digits, generator)
    expected = kl_divergence(Bernoulli(0.05), Bernoulli(forward.z.mean(0))).sum()
    torch.testing.assert_close(KLSparsity(2.0, 0.05)(forward), 2 * expected)


def test_kl_sparsity_vanishes_at_the_target_and_is_finite_for_dead_and_constant_units(build, digits, generator):
    forward = step_of(build(code_activation="sigmoid"), digits, generator)
    at_target, dead, full = (
        ForwardPass(forward.network, forward.x, forward.x, forward.h, torch.full((4, 5), value), generator, 0, True)
        for value in (0.05, 0.0, 1.0)
    )
    assert KLSparsity(1.0, 0.05)(at_target).abs() < 1e-6
    assert 0 < KLSparsity(1.0, 0.05)(dead) < float("inf")
    assert 0 < KLSparsity(1.0, 0.05)(full) < float("inf")


def test_kl_sparsity_asks_for_sigmoid_codes(build):
    KLSparsity(1.0).check(build(code_activation="sigmoid"))
    KLSparsity(1.0).check(build(encoder=torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 5))))
    with pytest.raises(SettingError, match='set code_activation="sigmoid"'):
        KLSparsity(1.0).check(build())


def test_kl_to_the_prior_is_that_of_torch_distributions(build, digits, generator):
    forward = step_of(build(code=GaussianCode()), digits, generator)
    mean, log_variance = GaussianCode().mean_and_log_variance(forward.h)
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(KLToPrior(beta=4.0)(forward), 4 * expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("progress", "share"), [(0.0, 0.0), (2.5, 0.25), (10.0, 1.0), (30.0, 1.0)])
def test_beta_rises_in_a_straight_line_while_training(build, digits, generator, progress, share):
    network = build(code=GaussianCode())
    plain = KLToPrior(2.0)(step_of(network, digits, generator))
    warming = KLToPrior(2.0, warmup=10)
    torch.testing.assert_close(warming(step_of(network, digits, generator, progress=progress)), share * plain)
    held_out = step_of(network, digits, generator, progress=progress, training=False)
    torch.testing.assert_close(warming(held_out), plain)


def test_free_bits_cost_nothing_and_push_nothing(build, digits, generator):
    network = build(code=GaussianCode())
    forward = step_of(network, digits, generator)
    per_unit = kl_to_standard_normal(*GaussianCode().mean_and_log_variance(forward.h)).mean(0)
    floor = per_unit.sort().values[1:3].mean().item()
    torch.testing.assert_close(
        KLToPrior(3.0, free_bits=floor)(forward), 3 * torch.maximum(per_unit, torch.tensor(floor)).sum()
    )
    held_out = step_of(network, digits, generator, training=False)
    torch.testing.assert_close(KLToPrior(3.0, free_bits=floor)(held_out).mean(), 3 * per_unit.sum())

    KLToPrior(free_bits=1000.0)(forward).backward()
    assert all(p.grad is None or p.grad.abs().max() == 0 for p in network.parameters())


def test_the_kl_to_the_prior_asks_for_a_gaussian_code(build):
    with pytest.raises(SettingError, match='set code="gaussian"'):
        KLToPrior().check(build())


ENCODERS = {
    "one sigmoid layer": {"hidden_layer_sizes": (), "code_activation": "sigmoid"},
    "one tanh layer": {"hidden_layer_sizes": (), "code_activation": "tanh"},
    "one relu layer": {"hidden_layer_sizes": (), "code_activation": "relu"},
    "one linear layer": {"hidden_layer_sizes": (), "code_activation": "linear"},
    "one gelu layer": {"hidden_layer_sizes": (), "code_activation": "gelu"},
    "tied sigmoid layer": {"hidden_layer_sizes": (), "code_activation": "sigmoid", "tied_weights": True},
    "deep": {"hidden_layer_sizes": (12, 9), "code_activation": "sigmoid"},
    "convolutional": {"network": "conv", "hidden_layer_sizes": (3, 4)},
    "deep gaussian": {"code": GaussianCode()},
    "one gaussian layer": {"hidden_layer_sizes": (), "code": GaussianCode()},
    "one top-k layer": {"hidden_layer_sizes": (), "code": TopK(2)},
}


@pytest.mark.parametrize("encoder", ENCODERS)
def test_the_contractive_penalty_is_autograds_jacobian_norm_and_so_is_its_gradient(build, digits, generator, encoder):
    network, x = build(**ENCODERS[encoder]), digits[:6]
    norms = Contractive(0.7)(step_of(network, x, generator))
    expected = 0.7 * squared_jacobian_norms(network, x)
    assert norms.shape == (6,)
    torch.testing.assert_close(norms, expected, rtol=1e-4, atol=1e-6)

    parameters = list(network.encoder.parameters())
    gradients, truths = (
        torch.autograd.grad(total.sum(), parameters, allow_unused=True, materialize_grads=True)
        for total in (norms, expected)
    )
    for gradient, truth in zip(gradients, truths, strict=True):
        torch.testing.assert_close(gradient, truth, rtol=1e-3, atol=1e-5)


def test_one_sigmoid_layer_takes_no_graph_of_a_backward_pass(build, digits, generator):
    network = build(**ENCODERS["one sigmoid layer"])
    forward = step_of(network, digits, generator)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(torch.autograd, "grad")
        Contractive(1.0)(forward)


@pytest.mark.parametrize("n_probes", [1, 4])
@pytest.mark.slow
def test_the_stochastic_norm_is_right_on_average(build, digits, generator, n_probes):
    network, x = build(n_components=20, code_activation="sigmoid"), digits[:5]
    penalty = Contractive(1.0, exact_up_to=16, n_probes=n_probes)
    forward = step_of(network, x, generator, training=False)
    draws = torch.stack([penalty(forward) for _ in range(1500)])
    standard_error = draws.std(0) / len(draws) ** 0.5
    truth = squared_jacobian_norms(network, x).detach()
    assert draws.std(0).min() > 0
    assert ((draws.mean(0) - truth).abs() < 4 * standard_error).all()


def test_the_stochastic_gradient_is_right_on_average(build, digits, generator):
    network, x = build(n_components=20, hidden_layer_sizes=(6,)), digits[:3]
    weight = network.encoder.layers[0].weight
    penalty = Contractive(1.0, exact_up_to=0)
    forward = step_of(network, x, generator)
    draws = torch.stack([torch.autograd.grad(penalty(forward).sum(), weight)[0] for _ in range(1500)])
    (truth,) = torch.autograd.grad(squared_jacobian_norms(network, x).sum(), weight)
    z_scores = (draws.mean(0) - truth) / (draws.std(0) / len(draws) ** 0.5 + 1e-6)
    assert z_scores.abs().max() < 5
    assert z_scores.square().mean() < 1.5


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("encoder", ["one sigmoid layer", "deep", "convolutional"])
def test_the_contractive_penalty_of_held_out_rows_needs_no_gradients(build, digits, generator, mode, encoder):
    network = build(**ENCODERS[encoder])
    expected = Contractive(1.0)(step_of(network, digits, generator)).detach()
    with mode():
        held_out = Contractive(1.0)(step_of(network, digits + 0, generator, training=False))
    assert not held_out.requires_grad
    torch.testing.assert_close(held_out, expected)


def test_the_contractive_penalty_leaves_the_gradients_of_parameters_alone(build, digits, generator):
    network = build()
    Contractive(1.0)(step_of(network, digits, generator))
    assert all(parameter.grad is None for parameter in network.parameters())


def test_a_formula_of_ones_own_does_not_inherit_the_promise_of_another():
    class Renamed(L1):
        name = "renamed"

    class Squared(L1):
        def __call__(self, forward):
            return self.weight * forward.network.encoder.layers[0].weight.square().sum()

    class Promised(L1):
        through_network = False

        def __call__(self, forward):
            return self.weight * forward.z.square().sum(1)

    assert [kind.through_network for kind in (L1, Renamed, Squared, Promised)] == [False, False, True, False]
    assert [kind.through_network for kind in (Penalty, Contractive)] == [True, True]


def test_penalties_are_made_by_name_alone_or_together():
    own = L1(9.0)
    assert make_penalty(None, 0.1) == ()
    assert make_penalty("l1", 0.1) == (L1(0.1),)
    assert make_penalty("kl", 0.1, rho=0.2) == (KLSparsity(0.1, 0.2),)
    assert make_penalty("contractive", 0.1) == (Contractive(0.1),)
    assert make_penalty(own, 0.1) == (own,)
    assert make_penalty(["kl", own], 0.1) == (KLSparsity(0.1), own)
    with pytest.raises(SettingError, match='choose None, "l1", "kl", "contractive"'):
        make_penalty("l2", 0.1)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: L1(-1), "penalty_weight=-1 must be a number from 0"),
        (lambda: Contractive(float("nan")), "penalty_weight=nan"),
        (lambda: Contractive(1.0, n_probes=0), "n_probes=0 must be at least 1"),
        (lambda: KLSparsity(1.0, 0.0), "rho=0.0 must lie between 0 and 1"),
        (lambda: KLToPrior(-1), "beta=-1"),
        (lambda: KLToPrior(warmup=-1), "kl_warmup=-1"),
        (lambda: KLToPrior(free_bits=-1), "free_bits=-1"),
    ],
)
def test_an_impossible_weight_is_named(make, sentence):
    with pytest.raises(SettingError, match=sentence):
        make()


def similarity(z, i, j, a, b):
    return 1 / (1 + a * (float((z[i] - z[j]).square().sum()) + 0.001) ** b)


def with_pairs(network, z, pairs, *, training=True):
    x = torch.zeros(len(z), 64)
    return ForwardPass(network, x, x, z, z, torch.Generator(), 0.0, training, None, pairs)


def test_the_curve_of_similarities_has_the_constants_that_umap_publishes():
    # find_ab_params(spread=1.0, min_dist=0.1) of umap-learn.
    assert similarity_curve(0.1) == pytest.approx((1.5769434, 0.8950608), abs=1e-5)


def test_the_cross_entropy_of_neighbours_is_the_sum_over_pairs_and_other_rows(build, generator):
    z = torch.randn(6, 2, generator=generator)
    pairs = torch.tensor([[0, 2, 4], [1, 3, 5]])
    a, b = similarity_curve(0.1)
    near = -sum(math.log(similarity(z, i, j, a, b)) for i, j in pairs.T.tolist()) / 3
    others = [(i, j) for i in range(6) for j in range(6) if i // 2 != j // 2]
    far = -sum(math.log(1 - similarity(z, i, j, a, b)) for i, j in others) / len(others)
    found = NeighbourCrossEntropy(0.5, n_negatives=3.0)(with_pairs(build(), z, pairs))
    assert float(found) == pytest.approx(0.5 * 64 * (near + 3 * far), rel=1e-5)


def test_its_gradient_is_that_of_finite_differences(build, generator):
    z = torch.randn(8, 2, generator=generator, dtype=torch.float64)
    z[3] = z[2]  # equal codes, where a power below one has no derivative
    z = z.requires_grad_()
    pairs = torch.tensor([[0, 1, 2, 3], [4, 5, 6, 7]])
    network, penalty = build(), NeighbourCrossEntropy(0.1)
    assert torch.autograd.gradcheck(lambda z: penalty(with_pairs(network, z, pairs)), z)
    same = torch.zeros(4, 2, requires_grad=True)
    penalty(with_pairs(network, same, torch.tensor([[0, 1], [2, 3]]))).backward()
    assert torch.equal(same.grad, torch.zeros(4, 2))


def test_a_batch_without_pairs_has_no_cross_entropy(build):
    z = torch.randn(4, 2)
    assert NeighbourCrossEntropy(1.0)(with_pairs(build(), z, None)) == 0
    assert NeighbourCrossEntropy(1.0)(with_pairs(build(), z, torch.zeros(2, 0, dtype=torch.long))) == 0


def test_a_map_refuses_pca_beside_the_layers_and_impossible_neighbourhoods(build):
    with pytest.raises(SettingError, match="set linear_path='auto' or 'off'"):
        NeighbourCrossEntropy(1.0).check(build(linear_path=True))
    for wrong in (1, 2.5, "5", True):
        with pytest.raises(SettingError, match=r"n_neighbors=.* must be a whole number from 2"):
            NeighbourCrossEntropy(1.0, wrong)
    with pytest.raises(SettingError, match="min_dist=2 must be"):
        NeighbourCrossEntropy(1.0, min_dist=2)

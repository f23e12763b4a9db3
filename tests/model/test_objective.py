from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch

from narrows.errors import SettingError
from narrows.model import (
    L1,
    Bernoulli,
    Binarised,
    Contractive,
    Corruption,
    GaussianCode,
    GaussianNoise,
    KLSparsity,
    KLToPrior,
    Masking,
    Objective,
    Penalty,
    TopK,
)


def test_the_plain_objective_is_the_loss_of_each_row_summed_over_features(build, digits, generator):
    network = build()
    terms = Objective().terms(network, digits, generator, progress=0, training=True)
    assert list(terms) == ["reconstruction"]
    expected = (network.reconstruct(digits) - digits).square().sum(1)
    torch.testing.assert_close(terms["reconstruction"], expected)


def test_corruption_reaches_the_encoder_and_leaves_the_target_clean(build, digits, generator):
    network, seen = build(), []
    network.encoder.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    terms = Objective(Masking(1.0)).terms(network, digits, generator, progress=0, training=True)
    assert seen[0].abs().max() == 0
    expected = (network.reconstruct(torch.zeros_like(digits)) - digits).square().sum(1)
    torch.testing.assert_close(terms["reconstruction"], expected)


def test_a_binarised_row_is_both_what_the_encoder_sees_and_what_is_to_be_rebuilt(build, digits, generator):
    network, seen = build(), []
    network.encoder.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    terms = Objective(Binarised()).terms(network, digits, generator, progress=0, training=True)
    assert set(seen[0].unique().tolist()) == {0.0, 1.0}
    expected = (network.reconstruct(seen[0]) - seen[0]).square().sum(1)
    torch.testing.assert_close(terms["reconstruction"], expected)


def test_corruption_is_fresh_for_every_batch_and_the_same_for_the_same_seed(build, digits, generator):
    network, objective = build(), Objective(GaussianNoise(0.3))
    settings = {"progress": 0, "training": False}
    first, second = (objective.terms(network, digits, generator, **settings) for _ in range(2))
    one, same = (objective.terms(network, digits, torch.Generator().manual_seed(4), **settings) for _ in range(2))
    assert not torch.equal(first["reconstruction"], second["reconstruction"])
    assert torch.equal(one["reconstruction"], same["reconstruction"])


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_a_denoising_sparse_contractive_vae_is_legal(build, digits, generator, network):
    vae = build(code=GaussianCode(), likelihood=Bernoulli(), network=network)
    objective = Objective(GaussianNoise(0.3), (KLToPrior(0.5, warmup=2), L1(0.1), Contractive(0.1)))
    objective.check(vae)
    terms = objective.terms(vae, digits, generator, progress=1, training=True)
    assert list(terms) == ["reconstruction", "kl_to_prior", "l1", "contractive"]
    assert all(torch.isfinite(term).all() and (term >= 0).all() for term in terms.values())
    sum(term.mean() for term in terms.values()).backward()
    assert all(p.grad.abs().max() > 0 and torch.isfinite(p.grad).all() for p in vae.parameters())


def test_a_code_whose_log_variance_runs_away_keeps_a_finite_loss(build, digits, generator):
    vae = build(code=GaussianCode(), likelihood=Bernoulli())
    with torch.no_grad():
        vae.encoder.layers[-1].bias[5:] = 1e6
    terms = Objective(penalties=(KLToPrior(),)).terms(vae, digits, generator, progress=0, training=True)
    loss = sum(term.mean() for term in terms.values())
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in vae.parameters())


def test_training_a_sparse_code_makes_held_out_codes_that_sparse(build, digits, generator):
    rho = 0.1
    network = build(code_activation="sigmoid", n_components=16)
    objective = Objective(penalties=(KLSparsity(20.0, rho),))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(300):
        optimizer.zero_grad()
        terms = objective.terms(network, digits[:200], generator, progress=0, training=True)
        sum(term.mean() for term in terms.values()).backward()
        optimizer.step()
    held_out = network.codes(digits[200:])
    assert held_out.mean().item() == pytest.approx(rho, abs=0.03)


def test_top_k_codes_reach_the_decoder_sparse(build, digits, generator):
    network, seen = build(code=TopK(2)), []
    network.decoder.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    Objective().terms(network, digits, generator, progress=0, training=True)
    assert ((seen[0] != 0).sum(1) == 2).all()


def test_stations_of_ones_own_are_small_classes(build, digits, generator):
    @dataclass(frozen=True)
    class Halved(Corruption):
        def __call__(self, x, generator):
            return x / 2

    @dataclass(frozen=True)
    class Centred(Penalty):
        weight: float
        name = "centred"

        def __call__(self, forward):
            return self.weight * forward.z.mean(0).square().sum()

    network = build()
    objective = Objective(Halved(), (Centred(2.0),))
    terms = objective.terms(network, digits, generator, progress=0, training=True)
    expected = 2 * network.codes(digits / 2).mean(0).square().sum()
    torch.testing.assert_close(terms["centred"], expected)


def test_an_objective_asks_its_penalties_whether_they_fit(build):
    with pytest.raises(SettingError, match='set code="gaussian"'):
        Objective(penalties=(L1(0.1), KLToPrior())).check(build())


def test_two_terms_of_one_name_are_refused():
    with pytest.raises(SettingError, match="two terms of the objective are called 'l1'"):
        Objective(penalties=(L1(0.1), L1(0.2)))

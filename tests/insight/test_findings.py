"""Each figure against a value known by another way."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import nn

from narrows import Autoencoder, DenoisingAutoencoder, VariationalAutoencoder
from narrows.data import as_rows
from narrows.insight.added_noise import corrupted
from narrows.insight.baselines import PCABaseline
from narrows.insight.findings import (
    Evidence,
    Finding,
    beside_pca,
    collapse,
    convergence,
    copying,
    dead_units,
    denoising,
    sensitivity,
)
from narrows.insight.findings.baseline_comparison import pca_curve
from narrows.training import Epoch

RNG = np.random.default_rng(0)
ROWS = (RNG.standard_normal((400, 3)) @ RNG.standard_normal((3, 8))).astype(np.float32)


def evidence(model: Autoencoder, rows: np.ndarray = ROWS) -> Evidence:
    floats = model.schema_.encode(as_rows(rows))
    return Evidence(model, floats[:200], floats[200:], known_is_training=True)


class Scaled(nn.Module):
    """An encoder that keeps some columns, each times a factor."""

    def __init__(self, factors: list[float]):
        super().__init__()
        self.weight = nn.Parameter(torch.diag(torch.tensor(factors))[: len(factors)])
        self.pad = len(factors)

    def forward(self, x):
        return x[:, : self.pad] @ self.weight


def with_encoder(encoder: nn.Module) -> Autoencoder:
    return Autoencoder(
        encoder=encoder, hidden_layer_sizes=(), scale="none", epochs=1, learning_rate=1e-12, random_state=0
    ).fit(ROWS)


def test_pcas_curve_is_scikit_learns_reconstruction_error() -> None:
    pca = PCABaseline.fit(ROWS[:200], 8)
    curve = pca_curve(pca, ROWS[200:].astype(np.float64))
    for k in range(1, 4):
        theirs = PCA(k).fit(ROWS[:200])
        rebuilt = theirs.inverse_transform(theirs.transform(ROWS[200:]))
        assert curve[k] == pytest.approx(np.square(rebuilt - ROWS[200:]).sum(axis=1).mean(), rel=1e-3, abs=1e-5)


def test_rows_of_three_factors_need_three_components() -> None:
    model = Autoencoder(n_components=3, activation="linear", epochs=100, random_state=0).fit(ROWS)
    assert beside_pca(evidence(model)).values["components_pca_needs"] <= 3


def test_the_singular_values_of_a_linear_encoder_are_its_own() -> None:
    finding = sensitivity(evidence(with_encoder(Scaled([3.0, 2.0, 0.0]))))
    np.testing.assert_allclose(finding.values["spectrum"], [3, 2, 0], atol=1e-4)


def test_a_unit_that_never_changes_is_dead_and_leaves_the_dimension() -> None:
    finding = dead_units(evidence(with_encoder(Scaled([1.0, 0.0, 0.0]))))
    assert finding.values["dead"] == 2
    assert finding.values["effective_dimension"] == pytest.approx(1, abs=1e-6)


def test_a_lossless_network_rebuilds_every_probe_and_the_average_none() -> None:
    both = Autoencoder(
        encoder=nn.Identity(), decoder=nn.Linear(8, 8), scale="none", epochs=1, learning_rate=1e-12, random_state=0
    )
    with torch.no_grad():
        both.decoder.weight.copy_(torch.eye(8))  # pyright: ignore[reportOptionalMemberAccess]
        both.decoder.bias.zero_()  # pyright: ignore[reportOptionalMemberAccess]
    finding = copying(evidence(both.fit(ROWS)))
    assert finding is not None
    assert finding.verdict == "bad"
    assert finding.values["noise"] == pytest.approx(0, abs=1e-6)


def test_kl_and_active_units_are_those_of_the_definition() -> None:
    model = VariationalAutoencoder(n_components=4, epochs=20, random_state=0).fit(ROWS)
    given = evidence(model)
    finding = collapse(given)
    assert finding is not None
    code = model.network_.code
    mean, log_variance = code.mean_and_log_variance(torch.from_numpy(given.statistics))  # pyright: ignore[reportAttributeAccessIssue]
    posterior = torch.distributions.Normal(mean, torch.exp(log_variance / 2))
    kl = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).mean(dim=0)
    np.testing.assert_allclose(finding.values["kl_per_unit"], kl.numpy(), rtol=1e-4, atol=1e-5)
    assert finding.values["active_units"] == int((mean.numpy().var(axis=0) > 0.01).sum())


def test_removed_noise_is_measured_beside_copying_and_pca() -> None:
    model = DenoisingAutoencoder(level=0.5, n_components=3, epochs=30, random_state=0, device="cpu").fit(ROWS)
    seen = evidence(model)
    finding = denoising(seen)
    assert finding is not None
    # Gaussian noise of deviation 0.5 on eight columns.
    assert finding.number("copied") == pytest.approx(8 * 0.25, rel=0.1)
    noisy = corrupted(model, seen.held_out, seed=0)
    pca = PCA(3).fit(seen.known)
    assert finding.number("pca") == pytest.approx(
        np.square(pca.inverse_transform(pca.transform(noisy)) - seen.held_out).sum(axis=1).mean(), rel=1e-3
    )
    assert finding.verdict in ("good", "watch")
    assert finding.number("model") < finding.number("copied")


def test_a_model_that_makes_noisy_rows_worse_is_called_so_and_one_without_noise_is_not_asked() -> None:
    hopeless = DenoisingAutoencoder(level=0.01, n_components=1, epochs=1, random_state=0, device="cpu").fit(ROWS)
    finding = denoising(evidence(hopeless))
    assert finding is not None
    assert finding.verdict == "bad"
    guarded = Autoencoder(corruption="gaussian", level=0.01, n_components=1, epochs=1, random_state=0, device="cpu")
    mild = denoising(evidence(guarded.fit(ROWS)))
    assert mild is not None
    assert (mild.verdict, "guard against copying" in mild.meaning) == ("good", True)
    assert denoising(evidence(Autoencoder(epochs=1, random_state=0, device="cpu").fit(ROWS))) is None


def trained(losses: list[float], *, held_out: list[float] | None = None, **settings: object) -> Finding:
    """What is said of a training with these losses."""
    model = Autoencoder(epochs=1, random_state=0, device="cpu", **settings).fit(ROWS)  # pyright: ignore[reportArgumentType]
    watched = [None] * len(losses) if held_out is None else held_out
    parts = {"reconstruction": 0.0}
    model.history_[:] = (
        Epoch(i + 1, loss, parts, other, {}, 1e-3, 1.0, 1.0)
        for i, (loss, other) in enumerate(zip(losses, watched, strict=True))
    )
    return convergence(evidence(model))


def test_the_fall_in_the_last_fifth_is_that_within_it() -> None:
    finding = trained([10, 1, 2, 2, 1.8])
    assert finding.verdict == "good"
    assert finding.number("fall_in_the_last_fifth") == pytest.approx(0.2 / 9)
    assert trained([10, 8, 6, 4, 2]).verdict == "watch"


def test_without_held_out_rows_nothing_is_said_of_them() -> None:
    rising = trained([10, 1, 2, 4, 5, 6])
    assert "held-out" not in repr(rising)
    assert "by heart" not in rising.meaning
    assert "epoch 2 of 6" in rising.figure


def test_the_best_weights_that_were_kept_are_no_fault() -> None:
    losses = [10.0, 5, 4, 3, 2, 1]
    held = [10.0, 3, 4, 5, 6, 7]
    assert trained(losses, held_out=held).verdict == "good"
    without = trained(losses, held_out=held, early_stopping=False)
    assert (without.verdict, "by heart" in without.meaning) == ("watch", True)


def test_a_loss_that_rises_with_beta_is_not_held_against_the_model() -> None:
    rising = [5.0, 6, 7, 8, 9]
    settings = {"code": "gaussian", "kl_warmup": 5}
    assert trained([*rising, 10, 8, 7, 7, 7, 7, 7, 7], **settings).verdict == "good"
    assert "after the warm-up of beta" in trained(rising, **settings).figure


def test_a_training_that_was_interrupted_at_once_has_seen_nothing() -> None:
    finding = trained([])
    assert finding.verdict == "bad"
    assert "once or twice" not in finding.meaning


def test_a_model_equal_to_pca_is_not_praised_for_more() -> None:
    model = Autoencoder(n_components=2, activation="linear", epochs=100, random_state=0, device="cpu").fit(ROWS)
    finding = beside_pca(evidence(model))
    assert (finding.verdict, "as good as PCA" in finding.meaning) == ("good", True)


def test_a_curve_that_straight_lines_do_not_catch_is_told_from_one_they_do() -> None:
    angle = RNG.uniform(0, 2 * np.pi, (400, 1))
    circle = np.concatenate([np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)], axis=1)
    model = Autoencoder(n_components=2, epochs=150, random_state=0, device="cpu").fit(circle)
    assert "do not catch" in beside_pca(evidence(model, circle.astype(np.float32))).meaning


def test_a_code_wider_than_five_hundred_has_a_pca_as_wide() -> None:
    wide = RNG.standard_normal((1300, 700)).astype(np.float32)
    model = Autoencoder(n_components=600, hidden_layer_sizes=(), epochs=1, random_state=0, device="cpu").fit(wide)
    floats = model.schema_.encode(as_rows(wide))
    given = Evidence(model, floats[:300], floats[300:], known_is_training=True)
    best = PCA(600).fit(given.known)
    theirs = np.square(best.inverse_transform(best.transform(given.held_out)) - given.held_out).sum(axis=1).mean()
    assert beside_pca(given).number("pca_squared_error") == pytest.approx(theirs, rel=1e-3)


def test_a_top_k_code_is_measured_by_its_active_units() -> None:
    model = Autoencoder(code="top-k", k=2, n_components=32, epochs=20, random_state=0, device="cpu").fit(ROWS)
    given = evidence(model)
    finding = beside_pca(given)
    assert "as wide as the data" not in finding.meaning
    expected = PCABaseline.fit(given.known, 2).squared_error(given.held_out).mean()
    assert finding.number("pca_squared_error") == pytest.approx(expected, rel=1e-3)


def test_a_denoiser_is_not_called_worse_than_pca_where_it_cleans_better() -> None:
    model = DenoisingAutoencoder(level=1.5, n_components=3, epochs=60, random_state=0, device="cpu").fit(ROWS)
    given = evidence(model)
    cleaned = denoising(given)
    assert cleaned is not None
    assert cleaned.number("model") < cleaned.number("pca")
    finding = beside_pca(given)
    assert finding.number("squared_error") > finding.number("pca_squared_error")
    assert (finding.verdict, "takes noise out" in finding.meaning) == ("watch", True)


def test_a_model_that_knows_nothing_is_not_said_to_know_what_is_typical() -> None:
    ignorant = Autoencoder(n_components=1, epochs=1, loss="mse", learning_rate=1e-9, random_state=0).fit(ROWS)
    finding = copying(evidence(ignorant))
    assert finding is not None
    assert (finding.verdict, "knows what is typical" in finding.meaning) == ("watch", False)
    assert "-" not in finding.figure.split("(")[0]
    noise = RNG.standard_normal((400, 8)).astype(np.float32)
    model = Autoencoder(n_components=2, epochs=30, random_state=0, device="cpu").fit(noise)
    finding = copying(evidence(model, RNG.standard_normal((400, 8)).astype(np.float32)))
    assert finding is not None
    assert "knows what is typical" not in finding.meaning


def test_a_code_of_one_number_is_not_advised_to_be_narrower() -> None:
    line = RNG.standard_normal((400, 1)).astype(np.float32)
    finding = copying(evidence(Autoencoder(n_components=1, epochs=60, random_state=0, device="cpu").fit(line), line))
    assert finding is not None
    assert finding.verdict != "good"
    assert "narrow" not in finding.advice


def test_the_sensitivity_is_the_mean_over_single_jacobians() -> None:
    model = Autoencoder(n_components=3, epochs=5, random_state=0, device="cpu").fit(ROWS)
    given = evidence(model)
    encode = model.network_.codes
    rows = torch.from_numpy(given.held_out[:32])
    jacobians = [torch.autograd.functional.jacobian(lambda one: encode(one[None])[0], row) for row in rows]
    expected = np.mean([torch.linalg.svdvals(jacobian).numpy() for jacobian in jacobians], axis=0)  # pyright: ignore[reportArgumentType]
    np.testing.assert_allclose(sensitivity(given).values["spectrum"], expected, rtol=1e-5)


def test_the_sensitivity_of_a_wide_code_is_that_of_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = RNG.random((60, 784)).astype(np.float32)
    model = Autoencoder(n_components=1000, hidden_layer_sizes=(64,), epochs=1, random_state=0, device="cpu").fit(wide)
    floats = model.schema_.encode(as_rows(wide))
    decompose, n_rows = torch.linalg.svdvals, []
    monkeypatch.setattr(
        torch.linalg, "svdvals", lambda x: (n_rows.append(len(x) if x.ndim == 3 else 1), decompose(x))[1]
    )
    sensitivity(Evidence(model, floats[:40], floats[40:], known_is_training=True))
    assert 2 <= sum(n_rows) <= 5

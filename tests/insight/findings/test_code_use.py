"""How much of the code is used, against the definitions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from narrows import Autoencoder, VariationalAutoencoder
from narrows.data import as_rows
from narrows.insight.findings import (
    Evidence,
    collapse,
    dead_units,
    sensitivity,
)
from tests.insight.findings.rows import ROWS, evidence


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


def test_the_singular_values_of_a_linear_encoder_are_its_own() -> None:
    finding = sensitivity(evidence(with_encoder(Scaled([3.0, 2.0, 0.0]))))
    np.testing.assert_allclose(finding.values["spectrum"], [3, 2, 0], atol=1e-4)


def test_a_unit_that_never_changes_is_dead_and_leaves_the_dimension() -> None:
    finding = dead_units(evidence(with_encoder(Scaled([1.0, 0.0, 0.0]))))
    assert finding.values["dead"] == 2
    assert finding.values["effective_dimension"] == pytest.approx(1, abs=1e-6)


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


def test_the_sensitivity_is_the_mean_over_single_jacobians() -> None:
    model = Autoencoder(n_components=3, epochs=5, random_state=0, device="cpu").fit(ROWS)
    given = evidence(model)
    encode = model.network_.codes
    rows = torch.from_numpy(given.measured[:32])
    jacobians = [torch.autograd.functional.jacobian(lambda one: encode(one[None])[0], row) for row in rows]
    expected = np.mean([torch.linalg.svdvals(jacobian).numpy() for jacobian in jacobians], axis=0)  # pyright: ignore[reportArgumentType]
    np.testing.assert_allclose(sensitivity(given).values["spectrum"], expected, rtol=1e-5)


@pytest.mark.slow
def test_the_sensitivity_of_a_wide_code_is_that_of_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = np.random.default_rng(1).random((60, 784)).astype(np.float32)
    model = Autoencoder(n_components=1000, hidden_layer_sizes=(64,), epochs=1, random_state=0, device="cpu").fit(wide)
    floats = model.schema_.encode(as_rows(wide))
    decompose, n_rows = torch.linalg.svdvals, []
    monkeypatch.setattr(
        torch.linalg, "svdvals", lambda x: (n_rows.append(len(x) if x.ndim == 3 else 1), decompose(x))[1]
    )
    sensitivity(Evidence(model, floats[:40], floats[40:], known_is_training=True))
    assert 2 <= sum(n_rows) <= 5

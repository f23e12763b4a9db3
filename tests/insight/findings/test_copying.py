"""Networks that pass their input through."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from narrows import Autoencoder
from narrows.insight.findings import (
    copying,
)
from tests.insight.findings.rows import ROWS, evidence


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


def test_a_model_that_knows_nothing_is_not_said_to_know_what_is_typical() -> None:
    ignorant = Autoencoder(n_components=1, epochs=1, loss="mse", learning_rate=1e-9, random_state=0).fit(ROWS)
    finding = copying(evidence(ignorant))
    assert finding is not None
    assert (finding.verdict, "it learned what is typical" in finding.meaning) == ("watch", False)
    assert "-" not in finding.figure.split("(")[0]
    noise = np.random.default_rng(1).standard_normal((400, 8)).astype(np.float32)
    model = Autoencoder(n_components=2, epochs=30, random_state=0, device="cpu").fit(noise)
    finding = copying(evidence(model, np.random.default_rng(2).standard_normal((400, 8)).astype(np.float32)))
    assert finding is not None
    assert "it learned what is typical" not in finding.meaning


def test_a_code_of_one_number_is_not_advised_to_be_narrower() -> None:
    line = np.random.default_rng(3).standard_normal((400, 1)).astype(np.float32)
    finding = copying(evidence(Autoencoder(n_components=1, epochs=60, random_state=0, device="cpu").fit(line), line))
    assert finding is not None
    assert finding.verdict != "good"
    assert "narrow" not in finding.advice

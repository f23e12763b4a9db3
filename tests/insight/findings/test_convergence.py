"""Whether a training lasted long enough, by its losses."""

from __future__ import annotations

import pytest

from narrows import Autoencoder, read
from narrows.insight.findings import (
    Finding,
    convergence,
)
from narrows.training import Epoch
from tests.insight.findings.rows import ROWS, evidence


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


def test_a_large_first_fall_does_not_hide_that_the_loss_still_falls() -> None:
    short = [10.0, 3.0, 1.0, 0.6, 0.5, 0.44, 0.4, 0.37, 0.355, 0.34]
    finding = trained(short)  # 3 % of the whole fall, and 4 % of the loss in each of the last two epochs
    assert finding.verdict == "watch"
    assert finding.number("fall_per_epoch") == pytest.approx((0.37 - 0.34) / 0.34 / 2)
    assert "each of the last 2 of 10 epochs the loss still fell by 4.4%" in finding.figure
    assert "more epochs" in finding.advice
    long = [*short[:-1], *[0.34 - 0.002 * i for i in range(20)], *[0.3] * 8]
    assert trained(long).verdict == "good"


def test_ten_epochs_of_the_digits_are_too_few_and_sixty_are_not() -> None:
    rows = read("digits")
    verdicts = []
    for epochs in (10, 60):
        model = Autoencoder(n_components=16, epochs=epochs, random_state=0, device="cpu").fit(rows)
        verdicts.append(convergence(evidence(model, rows)).verdict)
    assert verdicts == ["watch", "good"]


def test_without_held_out_rows_nothing_is_said_of_them() -> None:
    rising = trained([10, 1, 2, 4, 5, 6])
    assert "held-out" not in repr(rising)
    assert "overfit" not in rising.meaning
    assert "epoch 2 of 6" in rising.figure


def test_the_best_weights_that_were_kept_are_no_fault() -> None:
    losses = [10.0, 5, 4, 3, 2, 1]
    held = [10.0, 3, 4, 5, 6, 7]
    assert trained(losses, held_out=held).verdict == "good"
    without = trained(losses, held_out=held, early_stopping=False)
    assert (without.verdict, "overfit" in without.meaning) == ("watch", True)


def test_a_loss_that_rises_with_beta_is_not_held_against_the_model() -> None:
    rising = [5.0, 6, 7, 8, 9]
    settings = {"code": "gaussian", "kl_warmup": 5}
    assert trained([*rising, 10, 8, 7, 7, 7, 7, 7, 7], **settings).verdict == "good"
    assert "after the warm-up of beta" in trained(rising, **settings).figure


def test_a_training_that_was_interrupted_at_once_has_seen_nothing() -> None:
    finding = trained([])
    assert finding.verdict == "bad"
    assert "once or twice" not in finding.meaning

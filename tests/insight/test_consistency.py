"""No two findings of a diagnosis contradict each other, on tables that invite it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from narrows import Autoencoder, DenoisingAutoencoder
from narrows.insight import Diagnosis, diagnose
from narrows.insight.findings import COPIES, GENERALISATION, ORDER

_BASE = "Better than the simple methods?"
_COPYING = "Does it only copy?"
_COLUMNS = "Which columns are hardest?"
_SETTINGS = {"hidden_layer_sizes": (16,), "epochs": 6, "random_state": 0, "device": "cpu"}


def _factors(n: int, d: int, noise: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, 3)) @ rng.standard_normal((3, d)) + noise * rng.standard_normal((n, d))


def _noise(n: int, d: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((n, d))


_BY_HEART = {"n_components": 12, "hidden_layer_sizes": (64,), "epochs": 40, "early_stopping": False}
CASES: dict[str, tuple[Callable[[], np.ndarray], dict]] = {
    "n=5": (lambda: _noise(5, 6), {}),
    "n=10": (lambda: _noise(10, 6), {}),
    "n=20": (lambda: _noise(20, 6), {}),
    "noise": (lambda: _noise(600, 10), {"n_components": 3, "epochs": 12}),
    "heavy tails": (lambda: np.random.default_rng(0).standard_t(1.2, (600, 8)), {}),
    "copies": (lambda: np.repeat(_noise(60, 10), 10, axis=0), {}),
    "near-copies": (lambda: np.repeat(_noise(60, 10), 10, axis=0) + 1e-3 * _noise(600, 10), {}),
    "wide, by heart": (lambda: _factors(320, 40, 1.0), _BY_HEART),
    "wide, not trained": (lambda: _factors(400, 40, 0.1), {"learning_rate": 1e-6, "loss": "mse", "activation": "tanh"}),
    "series": (lambda: np.cumsum(_noise(500, 6), axis=0), {}),
    "structure": (lambda: _factors(600, 8, 0.1), {"n_components": 3}),
    "code as wide as the data": (lambda: _factors(400, 4, 1.0), {"n_components": 4}),
    "few rows rule": (lambda: np.concatenate([_noise(500, 6), 1000 * np.eye(6)]), {}),
}


@cache
def case(name: str) -> tuple[Autoencoder, Diagnosis]:
    make, settings = CASES[name]
    table = make()
    model = Autoencoder(**(_SETTINGS | settings)).fit(table)
    return model, diagnose(model, table)


def advice(diagnosis: Diagnosis) -> str:
    return " ".join(finding.advice for finding in diagnosis.findings).lower()


@pytest.mark.parametrize("name", CASES)
def test_findings_do_not_contradict_each_other(name: str) -> None:
    _, found = case(name)
    verdicts = {finding.name: finding.verdict for finding in found.findings}
    meanings = {finding.name: finding.meaning for finding in found.findings}
    told = advice(found)
    if "overfits" in " ".join(meanings.values()):
        for opposite in ("train longer", "train for more epochs", "wider hidden layers", "more epochs, "):
            assert opposite not in told
    if "narrower" in told:
        assert "wider code" not in told
    if "nonlinear structure" in meanings[_BASE]:
        assert verdicts[_COPYING] == "good"
    if "it learned what is typical" in meanings.get(_COPYING, ""):
        assert "next to nothing" not in meanings[_BASE]
    if "held out none" in found.sample or "only one row" in found.sample:
        assert GENERALISATION not in verdicts
    if "generalises" in str(found):
        assert verdicts[GENERALISATION] == "good"
        assert verdicts.get(COPIES) != "watch" != verdicts.get(ORDER)
    if "watch" in verdicts.values() or "bad" in verdicts.values():
        assert "learned what is typical of these rows" not in found.headline
    if "had stopped falling" in meanings["Was it trained long enough?"]:
        assert "longer" not in told.replace("longer training and wider layers make it worse", "")


@pytest.mark.parametrize("name", CASES)
def test_every_measured_figure_has_an_interval_that_holds_it(name: str) -> None:
    _, found = case(name)
    base = found[_BASE].values
    for figure in ("squared_error", "pca_squared_error"):
        low, high = base[f"{figure}_interval"]  # pyright: ignore[reportGeneralTypeIssues]
        assert low <= base[figure] * (1 + 1e-6)
        assert base[figure] <= high * (1 + 1e-6)
    if GENERALISATION in [finding.name for finding in found.findings]:
        values = found[GENERALISATION].values
        low, high = values["ratio_interval"]  # pyright: ignore[reportGeneralTypeIssues]
        assert low <= values["ratio"] <= high


def test_a_model_that_knows_its_rows_by_heart_is_not_told_to_train_longer() -> None:
    _, found = case("wide, by heart")
    comparison = found[_BASE]
    assert comparison.verdict in ("watch", "bad")
    assert "overfits" in comparison.meaning
    assert "hidden_layer_sizes=()" in comparison.advice
    told = Autoencoder(**(_SETTINGS | _BY_HEART | {"hidden_layer_sizes": ()}))
    table = CASES["wide, by heart"][0]()
    obeyed = diagnose(told.fit(table), table)[_BASE]
    assert obeyed.number("squared_error") < comparison.number("squared_error")


def test_a_model_that_has_not_learned_is_told_to_train_longer() -> None:
    _, found = case("wide, not trained")
    assert "hidden_layer_sizes=()" not in found[_BASE].advice
    assert any(words in found[_BASE].advice.lower() for words in ("longer", "epochs", "learning rate"))


def test_noise_is_not_praised_for_structure() -> None:
    _, found = case("noise")
    assert "nonlinear structure" not in str(found)
    assert "not structure" in found[_BASE].meaning or "no better" in found[_BASE].meaning


def test_a_few_rows_do_not_rule_the_comparison_of_training_and_new_rows() -> None:
    model, found = case("few rows rule")
    finding = found[GENERALISATION]
    assert "by the median" in finding.figure
    table = CASES["few rows rule"][0]()
    x = model.schema_.encode(model.rows_of(table), who="")
    errors = np.square(x - model.schema_.encode(model.rows_of(model.reconstruct(table)), who="")).sum(axis=1)
    held = np.isin(np.arange(len(table)), model.validation_rows_)
    assert finding.number("held_out_median") == pytest.approx(np.median(errors[held]), rel=1e-4)
    assert finding.number("training_median") == pytest.approx(np.median(errors[~held]), rel=1e-4)


def test_columns_that_are_not_learned_come_first_with_their_r2() -> None:
    rng = np.random.default_rng(0)
    factor = rng.standard_normal((600, 1))
    table = np.concatenate([factor + 0.1 * rng.standard_normal((600, 6)), rng.standard_normal((600, 2))], axis=1)
    model = Autoencoder(n_components=1, hidden_layer_sizes=(), epochs=6, random_state=0, device="cpu").fit(table)
    finding = diagnose(model, table)[_COLUMNS]
    held = model.validation_rows_
    rest = np.setdiff1d(np.arange(600), held)
    error = np.square(table[held] - model.reconstruct(table[held])).sum(axis=0)
    expected = 1 - error / np.square(table[held] - table[rest].mean(axis=0)).sum(axis=0)
    np.testing.assert_allclose(finding.values["r2_by_column"], expected, atol=1e-4)
    assert finding.verdict == "watch"
    assert {finding.figure.split()[0], finding.figure.split("error), ")[1].split()[0]} == {"x6", "x7"}
    assert "2 of 8 columns" in finding.meaning


def test_narrow_columns_in_a_shared_unit_are_told_to_be_scaled() -> None:
    rng = np.random.default_rng(0)
    table = np.column_stack([rng.integers(0, 2, 600), *(rng.uniform(0, 0.02, (6, 600)))]).astype(float)
    model = Autoencoder(scale="none", n_components=1, hidden_layer_sizes=(), epochs=1, random_state=0, device="cpu")
    model.set_params(loss="mse", output_activation="linear", optimizer="sgd", learning_rate=1e-9, tied_weights=True)
    model.set_params(encoder=None, early_stopping=False, activation="relu", code_activation="relu")
    found = diagnose(model.fit(table), table)[_COLUMNS]
    assert "worse than by the mean" in found.meaning
    assert "scale='standard'" in found.advice


def test_a_denoiser_behind_pca_says_so_in_its_headline() -> None:
    table = _factors(500, 10, 0.1)
    model = DenoisingAutoencoder(level=0.3, n_components=3, epochs=5, optimizer="sgd", learning_rate=1e-3)
    model.set_params(hidden_layer_sizes=(4,), activation="tanh", random_state=0, device="cpu")
    found = diagnose(model.fit(table), table)
    cleaned = found["Does it remove the noise?"]
    assert cleaned.number("model") > cleaned.number("pca")
    assert cleaned.verdict == "bad"
    assert "Nothing is badly wrong" not in found.headline

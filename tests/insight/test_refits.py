from __future__ import annotations

import numpy as np
import pytest

from narrows import Autoencoder
from narrows.errors import SettingError
from narrows.insight import seed_errors, spread
from tests.six_networks import X


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return Autoencoder(n_components=4, epochs=6, random_state=0, device="cpu").fit(X[:300])


def test_each_seed_is_a_fit_of_the_same_rows_measured_on_the_same_held_out_rows(model: Autoencoder) -> None:
    errors = list(seed_errors(model, X[:300], 2))
    held = model.validation_rows_
    known = np.setdiff1d(np.arange(300), held)
    for seed, error in zip(np.random.SeedSequence(0).generate_state(2), errors, strict=True):
        # The digits lie in [0, 1] and are not scaled, so a plain fit is the same fit.
        again = Autoencoder(n_components=4, epochs=6, random_state=int(seed), device="cpu")
        again.fit(X[known], validation_data=X[held])
        assert error == pytest.approx(np.square(again.reconstruct(X[held]) - X[held]).sum(axis=(1, 2)).mean(), rel=1e-4)


def test_the_errors_of_a_scaled_table_are_in_the_unit_of_the_model() -> None:
    rng = np.random.default_rng(0)
    table = rng.standard_normal((200, 6)) @ rng.standard_normal((6, 6)) * 1000 + 5e4
    model = Autoencoder(n_components=3, epochs=10, random_state=0, device="cpu").fit(table)
    for error in seed_errors(model, table, 2):
        assert 0 < error < 6  # six columns of variance 1


def test_one_seed_has_no_spread(model: Autoencoder) -> None:
    with pytest.raises(SettingError, match="at least 2"):
        next(seed_errors(model, X[:300], 1))


@pytest.mark.parametrize(("errors", "verdict"), [([1.0, 1.02, 0.98], "good"), ([1.0, 2.0, 0.5], "watch")])
def test_a_wide_spread_is_worth_a_look(errors: list[float], verdict: str) -> None:
    finding = spread(errors, 1.5)
    assert finding.verdict == verdict
    assert finding.values["deviation"] == pytest.approx(np.std(errors, ddof=1))
    assert finding.number("own") == 1.5

"""Draws of `VariationalAutoencoder.sample`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_digits

import narrows
from narrows import VariationalAutoencoder
from narrows.errors import SettingError

NUMBERS = load_breast_cancer(as_frame=True).data


def shop(n: int = 900) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    z = rng.normal(size=n)
    kind = np.where(z > 0.4, "large", np.where(z < -0.6, "small", "middle"))
    return pd.DataFrame(
        {"kind": kind, "weight": np.round(20 + 4 * z + 0.5 * rng.normal(size=n), 1), "parts": np.round(np.exp(z) * 8)}
    )


@pytest.fixture(scope="module")
def of_numbers() -> VariationalAutoencoder:
    return VariationalAutoencoder(n_components=4, epochs=10, random_state=0, device="cpu").fit(NUMBERS.iloc[:, :10])


@pytest.fixture(scope="module")
def of_shop() -> VariationalAutoencoder:
    return VariationalAutoencoder(n_components=2, epochs=25, random_state=0, device="cpu").fit(shop())


def test_a_table_of_numbers_has_the_spread_of_the_data(of_numbers: VariationalAutoencoder) -> None:
    ratio = of_numbers.sample(2_000, random_state=0).std() / NUMBERS.iloc[:, :10].std()
    assert ratio.median() == pytest.approx(1, abs=0.05)
    assert ratio.min() > 0.7


def test_the_prior_draws_from_the_likelihood_by_its_closed_form() -> None:
    # With a decoder of weights 0 every row is N(b, σ²), whatever its code.
    model = VariationalAutoencoder(n_components=2, hidden_layer_sizes=(), scale="none", epochs=1, random_state=0)
    model.fit(np.random.default_rng(0).normal(size=(80, 3)))
    network = model.network_
    with torch.no_grad():
        (layer,) = network.decoder.layers
        layer.weight.zero_()
        layer.bias.copy_(torch.tensor([1.0, 2.0, 3.0]))
        network.likelihood.raw_log_variance.copy_(10 * torch.atanh(torch.tensor([0.25, 1.0, 4.0]).log() / 10))
    drawn = model.sample(20_000, codes="prior", random_state=0)
    np.testing.assert_allclose(drawn.mean(axis=0), [1, 2, 3], atol=0.06)
    np.testing.assert_allclose(drawn.std(axis=0), [0.5, 1, 2], rtol=0.03)


def test_rows_stay_on_the_grids_of_their_columns(of_shop: VariationalAutoencoder) -> None:
    drawn, rows = of_shop.sample(1_000, random_state=0), shop()
    assert set(drawn["kind"]) == set(rows["kind"])
    np.testing.assert_allclose(drawn["weight"], drawn["weight"].round(1))
    assert (drawn["parts"] >= 0).all()
    assert set(drawn["parts"]) <= set(rows["parts"])


def test_given_cells_choose_rows_that_go_with_them(of_shop: VariationalAutoencoder) -> None:
    rows = shop()
    for kind, those in rows.groupby("kind"):
        drawn = of_shop.sample(400, given={"kind": kind}, random_state=0)
        assert (drawn["kind"] == kind).all()
        assert drawn["weight"].mean() == pytest.approx(those["weight"].mean(), abs=1.2)
    heavy = of_shop.sample(300, given={"weight": 26.0}, random_state=0)
    assert (heavy["weight"] == 26.0).all()
    assert (heavy["kind"] == "large").mean() > 0.9


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "huge"}, "no level 'huge'"),
        ({"colour": 1}, "not a learned column"),
        ({"weight": "heavy"}, "cannot be 'heavy'"),
        ({"weight": 1e6}, "too rare"),
        (3, "no classes"),
    ],
)
def test_what_cannot_be_given_is_refused(of_shop: VariationalAutoencoder, given: object, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        of_shop.sample(20, given=given, random_state=0)


def test_one_class_at_a_time_of_labelled_images() -> None:
    X, y = load_digits(return_X_y=True)
    images = X.reshape(-1, 8, 8)[y < 2] / 16
    model = VariationalAutoencoder(n_components=4, epochs=8, random_state=0, device="cpu").fit(images, y[y < 2])
    center = [images[y[y < 2] == digit].mean(axis=0) for digit in (0, 1)]
    for digit in (0, 1):
        drawn = model.sample(60, given=digit, random_state=0)
        distance = [np.square(drawn - mean).sum(axis=(1, 2)) for mean in center]
        assert (np.argmin(distance, axis=0) == digit).mean() > 0.9
    with pytest.raises(SettingError, match="labels are 0, 1"):
        model.sample(2, given={"label": 7})


def test_a_saved_model_draws_the_same_rows(of_shop: VariationalAutoencoder, tmp_path) -> None:
    of_shop.save(tmp_path / "m")
    again = narrows.load(tmp_path / "m")
    for given in (None, {"kind": "small"}):
        pd.testing.assert_frame_equal(
            again.sample(30, given=given, random_state=4), of_shop.sample(30, given=given, random_state=4)
        )


def test_zeros_and_ones_are_drawn_as_zeros_and_ones() -> None:
    X = (np.random.default_rng(0).random((400, 6)) < [0.1, 0.3, 0.5, 0.5, 0.7, 0.9]).astype(float)
    model = VariationalAutoencoder(n_components=2, epochs=5, scale="none", random_state=0, device="cpu").fit(X)
    drawn = model.sample(2_000, random_state=0)
    assert set(np.unique(drawn)) == {0.0, 1.0}
    np.testing.assert_allclose(drawn.mean(axis=0), X.mean(axis=0), atol=0.05)

"""Each variant is what its definition says, on rows it did not train on."""

from dataclasses import dataclass
from typing import ClassVar, get_args

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from narrows import (
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    SparseAutoencoder,
    VariationalAutoencoder,
)
from narrows.estimators.parameters.lab_fields import LAB_FIELDS
from narrows.estimators.variants import VARIANT_LAB_SETTINGS, VARIANTS, Variant, variant_classes
from narrows.model import Code, Corruption, ForwardPass, Penalty, SquaredError
from narrows.training import precision

DIGITS = load_digits().images / 16
TRAIN, TEST = DIGITS[:1400], DIGITS[1400:]


def squared_error(model: Autoencoder, noisy: np.ndarray, clean: np.ndarray) -> float:
    return float(np.square(model.reconstruct(noisy) - clean).mean())


WIDE = {"n_components": 32, "hidden_layer_sizes": (64,), "epochs": 15, "random_state": 0}


@pytest.fixture(scope="module")
def plain() -> Autoencoder:
    return Autoencoder(**WIDE).fit(TRAIN)


@pytest.mark.slow
@pytest.mark.parametrize(("corruption", "level"), [("gaussian", 0.4), ("masking", 0.4), ("salt-and-pepper", 0.3)])
def test_a_denoiser_removes_its_own_noise_better_than_a_plain_autoencoder(plain, corruption, level):
    denoiser = DenoisingAutoencoder(corruption=corruption, level=level, **WIDE).fit(TRAIN)
    rng = np.random.default_rng(0)
    hit = rng.random(TEST.shape)
    noisy = {
        "gaussian": TEST + level * rng.standard_normal(TEST.shape),
        "masking": np.where(hit < level, 0, TEST),
        "salt-and-pepper": np.where(hit < level, rng.integers(0, 2, TEST.shape), TEST),
    }[corruption]
    assert squared_error(denoiser, noisy, TEST) < 0.6 * float(np.square(noisy - TEST).mean())
    assert squared_error(denoiser, noisy, TEST) < 0.8 * squared_error(plain, noisy, TEST)


@pytest.mark.slow
def test_the_kl_penalty_brings_the_mean_activity_of_held_out_rows_near_rho():
    settings = {
        "n_components": 40,
        "hidden_layer_sizes": (),
        "epochs": 12,
        "random_state": 0,
        "penalty": "kl",
    }
    for rho in (0.05, 0.2):
        codes = SparseAutoencoder(penalty_weight=5.0, rho=rho, **settings).fit(TRAIN).transform(TEST)
        assert codes.min() >= 0
        assert codes.max() <= 1
        assert codes.mean() == pytest.approx(rho, rel=0.25)


@pytest.mark.slow
def test_l1_sets_more_held_out_codes_to_zero_the_more_it_weighs():
    settings = {"n_components": 40, "hidden_layer_sizes": (), "epochs": 10, "random_state": 0}
    zeros = [
        float((SparseAutoencoder(penalty_weight=w, **settings).fit(TRAIN).transform(TEST) == 0).mean())
        for w in (0.0, 0.3, 1.0)
    ]
    assert zeros[0] + 0.1 < zeros[1] < zeros[2]


def test_top_k_leaves_k_codes_of_a_held_out_row():
    model = SparseAutoencoder(penalty=None, code="top-k", k=4, n_components=40, epochs=10, random_state=0)
    active = (model.fit(TRAIN).transform(TEST) != 0).sum(axis=1)
    assert active.max() == 4
    assert model.score(TEST) > 0.5


@pytest.mark.slow
def test_contraction_flattens_the_encoder_on_held_out_rows():
    settings = {"n_components": 30, "hidden_layer_sizes": (), "epochs": 15, "random_state": 0}

    def steepness(model: Autoencoder) -> float:
        x = torch.from_numpy(TEST.reshape(-1, 64)[:50]).float()
        jacobian = torch.func.vmap(torch.func.jacrev(lambda row: model.network_.codes(row[None])[0]))(x)
        return float(jacobian.detach().square().sum(dim=(1, 2)).mean())

    free = steepness(ContractiveAutoencoder(penalty_weight=0.0, **settings).fit(TRAIN))
    contracted = ContractiveAutoencoder(penalty_weight=0.2, **settings).fit(TRAIN)
    assert steepness(contracted) < 0.5 * free
    assert contracted.score(TEST) > 0.5


def test_the_recorded_contraction_is_the_weighted_norm_of_the_jacobian():
    model = ContractiveAutoencoder(
        penalty_weight=0.5,
        n_components=4,
        hidden_layer_sizes=(16,),
        epochs=1,
        random_state=0,
        early_stopping=False,
    )
    model.fit(TRAIN, validation_data=TEST[:40])
    x = torch.from_numpy(TEST[:40].reshape(-1, 64)).float()
    jacobian = torch.func.vmap(torch.func.jacrev(lambda row: model.network_.codes(row[None])[0]))(x)
    expected = 0.5 * float(jacobian.detach().square().sum(dim=(1, 2)).mean())
    assert model.history_[0].validation_parts["contractive"] == pytest.approx(expected, rel=1e-4)


def test_stations_combine_into_a_denoising_sparse_variational_autoencoder():
    model = VariationalAutoencoder(
        corruption="masking",
        level=0.2,
        penalty=["l1"],
        penalty_weight=0.01,
        n_components=6,
        epochs=3,
        random_state=0,
    ).fit(TRAIN)
    assert set(model.history_[-1].parts) == {"reconstruction", "kl_to_prior", "l1"}
    assert model.sample(3).shape == (3, 8, 8)


@dataclass(frozen=True)
class Roughness(Penalty):
    """A user's own penalty: neighbouring code units should agree."""

    weight: float = 1.0
    name: ClassVar[str] = "roughness"

    def __call__(self, forward: ForwardPass) -> torch.Tensor:
        return self.weight * forward.z.diff(dim=1).square().sum(dim=1)


@dataclass(frozen=True)
class Stripe(Corruption):
    """A user's own corruption: blanks the first features."""

    width: int = 8

    def __call__(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        return torch.cat([torch.zeros_like(x[:, : self.width]), x[:, self.width :]], dim=1)


@dataclass(frozen=True)
class Rounded(Code):
    """A user's own code: straight-through rounding."""

    def point(self, h: torch.Tensor) -> torch.Tensor:
        return h + (h.round() - h).detach()


class DarkCostsDouble(SquaredError):
    """A user's own loss: too dark costs double."""

    def loss(self, output: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        error = self.mean(output) - x
        return error.square() * torch.where(error < 0, 2.0, 1.0)


@pytest.mark.slow
def test_a_station_of_ones_own_is_one_small_class():
    settings = {"n_components": 8, "epochs": 5, "random_state": 0}
    model = Autoencoder(
        penalty=Roughness(2.0), corruption=Stripe(), code=Rounded(), loss=DarkCostsDouble(bounded=True), **settings
    )
    codes = model.fit(TRAIN).transform(TEST)
    np.testing.assert_allclose(codes, codes.round(), atol=1e-5)
    assert model.history_[-1].parts["roughness"] > 0
    rough, smooth = (
        np.square(np.diff(Autoencoder(penalty=Roughness(w), **settings).fit(TRAIN).transform(TEST), axis=1)).mean()
        for w in (0.0, 10.0)
    )
    assert smooth < 0.5 * rough


@pytest.mark.parametrize("loss", ["mse", "bce", "mae", "huber", "gaussian"])
@pytest.mark.slow
def test_every_loss_trains_and_names_its_unit(loss):
    model = Autoencoder(loss=loss, n_components=8, epochs=5, random_state=0).fit(TRAIN)
    assert model.history_[-1].loss < model.history_[0].loss
    assert model.loss_unit_.endswith("per row (sum over 64 features, pixels in [0, 1])")
    assert model.reconstruction_error(TEST).shape == (397,)


def test_the_kl_penalty_counts_a_row_as_often_as_it_occurs():
    often, rare = np.random.default_rng(0).normal(size=(1, 6)), np.random.default_rng(1).normal(size=(100, 6))
    settings = {"penalty": "kl", "penalty_weight": 50, "n_components": 8, "epochs": 150, "batch_size": 128}
    model = SparseAutoencoder(early_stopping=False, validation_fraction=0.0, random_state=0, **settings)
    rows = np.vstack([often.repeat(900, axis=0), rare])
    # Counted once, the row that occurs 900 times would be left with an activity of about 0.6.
    assert model.fit(rows).transform(rows).mean() < 0.2


def test_every_variant_is_registered_under_the_name_that_its_class_has() -> None:
    assert get_args(Variant) == tuple(VARIANTS)
    assert [cls.variant for cls in variant_classes()] == list(VARIANTS)
    keys = {field.key for field in LAB_FIELDS}
    assert all(settings.keys() <= keys for settings in VARIANT_LAB_SETTINGS.values())


@pytest.mark.parametrize("variant", [Autoencoder, DenoisingAutoencoder, VariationalAutoencoder])
@pytest.mark.parametrize("settings", [{}, {"tied_weights": True}, {"network": "conv", "hidden_layer_sizes": (8, 8)}])
def test_a_training_in_bfloat16_lowers_the_loss_as_far_as_one_in_float32(variant, settings, monkeypatch):
    monkeypatch.setattr(
        precision, "is_large", lambda size, device: size >= 1000
    )  # large ones are slow where it is emulated
    X = np.random.default_rng(0).random((256, 16, 16)).astype("float32")
    X[:, ::2] = 0  # on the bounds, where logits of bfloat16 values are infinite
    X[:, 1::4] = 1

    def losses(of_products: str) -> list[float]:
        model = variant(
            **{"hidden_layer_sizes": (64,), "n_components": 8, "epochs": 2, "batch_size": 128, **settings},
            precision=of_products, random_state=0, device="cpu",
        ).fit(X)  # fmt: skip
        return [epoch.loss for epoch in model.history_]

    in_bfloat16, in_float32 = losses("bfloat16"), losses("float32")
    assert in_bfloat16 != in_float32
    assert in_bfloat16[0] == pytest.approx(in_float32[0], rel=0.05)
    assert in_bfloat16[1] < 1.05 * in_float32[1]

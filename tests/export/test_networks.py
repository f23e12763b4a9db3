"""Every layer, code and likelihood in a graph, against the fitted model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional

from narrows import Autoencoder, ContractiveAutoencoder, DenoisingAutoencoder, SparseAutoencoder, VariationalAutoencoder
from narrows.errors import SettingError
from narrows.export import CODES, EMITTERS, LOSSES, Graph, check_network, emit_losses, emit_module
from narrows.model import ACTIVATIONS, Bernoulli, Linear, PointCode, SquaredError
from narrows.model.code import CODES as KNOWN_CODES
from narrows.model.likelihood import LIKELIHOODS
from tests.export.running import answers, assert_equal, run_graph
from tests.mixed_table import FRAME

DIGITS = (load_digits().images / 16).astype(np.float32)[:300]
RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(200, 3)) @ RNG.normal(size=(3, 7)) + 0.1 * RNG.normal(size=(200, 7))


def fitted(X: Any, variant: type[Autoencoder] = Autoencoder, **settings: Any) -> Autoencoder:
    # With a linear path a network that is hardly trained is PCA, without a layer.
    few: dict[str, Any] = {"epochs": 1, "random_state": 0, "n_components": 3, "device": "cpu", "linear_path": "off"}
    if not {"encoder", "decoder"} <= settings.keys():
        few["hidden_layer_sizes"] = (12, 8)
    return variant(**{**few, **settings}).fit(X)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_is_exported(activation):
    assert_equal(fitted(TABLE, activation=activation, code_activation=activation), TABLE)


@pytest.mark.parametrize("tied_weights", [False, True])
@pytest.mark.parametrize("variant", [Autoencoder, VariationalAutoencoder])
@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_every_network_is_exported(network, variant, tied_weights):
    assert_equal(fitted(DIGITS, variant, network=network, tied_weights=tied_weights), DIGITS)


def test_images_of_odd_sides_and_several_channels_come_back_in_their_size():
    X = RNG.random((60, 9, 11, 3))
    assert_equal(fitted(X, network="conv"), X)
    assert_equal(
        fitted(torch.from_numpy(X).permute(0, 3, 1, 2), network="conv"), torch.from_numpy(X).permute(0, 3, 1, 2)
    )
    flat = X[..., 0].reshape(60, -1)
    assert_equal(fitted(flat, network="conv", image_shape=(9, 11)), flat)


@pytest.mark.parametrize("loss", LIKELIHOODS)
def test_every_loss_of_pixels_is_exported(loss):
    assert_equal(fitted(DIGITS, loss=loss), DIGITS)


@pytest.mark.parametrize("loss", sorted(set(LIKELIHOODS) - {"bce"}))
def test_every_loss_of_numbers_is_exported(loss):
    assert_equal(fitted(TABLE, loss=loss), TABLE)


@pytest.mark.parametrize(
    "variant", [Autoencoder, DenoisingAutoencoder, SparseAutoencoder, ContractiveAutoencoder, VariationalAutoencoder]
)
def test_every_variant_is_exported_with_a_mixed_table(variant):
    assert_equal(fitted(FRAME, variant), FRAME)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("X", [TABLE, DIGITS, FRAME], ids=["numbers", "pixels", "mixed table"])
def test_the_linear_path_is_blended_with_the_layers(X, share):
    model = fitted(X, linear_path="on")
    assert model.network_.path is not None
    model.network_.path.share.fill_(share)
    assert_equal(model, X)


def test_the_k_largest_activations_are_kept_and_of_equal_ones_the_first():
    model = fitted(TABLE, SparseAutoencoder, code="top-k", k=2, n_components=6, code_activation="relu")
    found = assert_equal(model, TABLE)
    assert ((found["code"] != 0).sum(axis=1) <= 2).all()
    g = Graph()
    h = g.input("h", np.dtype(np.float32), ["rows", 4], "")
    g.output("z", CODES[type(model.network_.code)](g, model.network_.code, h, 4), np.dtype(np.float32), ["rows", 4], "")
    assert run_graph(g, h=np.array([[1, 3, 3, 3]], np.float32))["z"].tolist() == [[0, 3, 3, 0]]


def test_every_code_and_every_loss_has_an_emitter():
    assert {type(make(1)) for make in KNOWN_CODES.values()} == CODES.keys()
    assert set(LIKELIHOODS.values()) <= LOSSES.keys()


@pytest.mark.parametrize("logit", [-100.0, -30.0, -3.0, 0.0, 3.0, 30.0, 100.0])
def test_the_cross_entropy_of_large_logits_is_finite_and_exact(logit):
    g = Graph()
    o, x = (g.input(name, np.dtype(np.float32), ["rows", 3], "") for name in "ox")
    g.output("loss", emit_losses(g, Bernoulli(), o, x), np.dtype(np.float64), ["rows", 3], "")
    output, target = np.full((1, 3), logit, np.float32), np.array([[0, 0.3, 1]], np.float32)
    found = run_graph(g, o=output, x=target)["loss"]
    exact = functional.binary_cross_entropy_with_logits(
        torch.from_numpy(output).double(), torch.from_numpy(target).double(), reduction="none"
    )
    np.testing.assert_allclose(found, exact.numpy(), rtol=1e-12, atol=1e-14)


def test_a_pandas_frame_of_numbers_goes_in_and_out_by_column():
    frame = pd.DataFrame(TABLE, columns=list("abcdefg"))
    found = assert_equal(fitted(frame), frame)
    assert [name for name in found if name.startswith("reconstruction.")] == [f"reconstruction.{c}" for c in "abcdefg"]


# -- modules of the user


def own_modules() -> tuple[nn.Module, nn.Module]:
    encoder = nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.LeakyReLU(0.1), nn.Dropout(0.2), nn.Flatten(), nn.Linear(64, 3)
    )
    decoder = nn.Sequential(
        nn.Linear(3, 64),
        nn.GELU("tanh"),
        nn.Unflatten(1, (4, 4, 4)),
        nn.ConvTranspose2d(4, 1, 3, stride=2, padding=1, output_padding=1),
    )
    return encoder, decoder


def test_own_modules_of_known_layers_are_exported():
    encoder, decoder = own_modules()
    assert_equal(fitted(DIGITS, encoder=encoder, decoder=decoder), DIGITS)
    flat = nn.Sequential(nn.Linear(3, 8), nn.ELU(), nn.Identity(), nn.Linear(8, 64))
    assert_equal(fitted(DIGITS, encoder=encoder, decoder=flat), DIGITS)


class Doubled(nn.Linear):
    """A subclass that answers otherwise than its base."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


def test_a_module_without_an_emitter_is_refused_and_one_can_be_entered(monkeypatch):
    model = fitted(TABLE, encoder=nn.Sequential(Doubled(7, 3)))
    with pytest.raises(SettingError, match=r"^Doubled has no emitter, .*Conv2d, .*enter an emitter in narrows.export"):
        model.to_onnx()
    monkeypatch.setitem(
        EMITTERS, Doubled, lambda g, layer, x: g.op("Mul", EMITTERS[nn.Linear](g, layer, x), g.constant(2, np.float32))
    )
    assert_equal(model, TABLE)


def test_hooks_and_unknown_parts_of_a_network_are_refused():
    model = fitted(TABLE)
    model.network_.add_module("beside", nn.Linear(7, 7))
    with pytest.raises(SettingError, match=r"^The export to ONNX does not know this network \(its part 'beside'\)"):
        model.to_onnx()
    with pytest.raises(SettingError, match=r"\(Linear\)"):
        check_network(nn.Linear(1, 1))
    layer = Linear(2, 2)
    layer.register_forward_hook(lambda module, x, y: y + 1)
    with pytest.raises(SettingError, match=r"^Linear has hooks"):
        emit_module(Graph(), layer, "x")


@dataclass(frozen=True)
class Halved(PointCode):
    def point(self, h: Tensor) -> Tensor:
        return h / 2


@dataclass(eq=False, repr=False)
class Cubed(SquaredError):
    def loss(self, output: Tensor, x: Tensor) -> Tensor:
        return (output - x).abs() ** 3


def test_codes_and_losses_of_the_user_are_refused():
    with pytest.raises(SettingError, match=r"^Halved is a code without an emitter"):
        fitted(TABLE, code=Halved()).to_onnx()
    with pytest.raises(SettingError, match=r"^Cubed is a loss without an emitter"):
        fitted(TABLE, loss=Cubed()).to_onnx()


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.Conv2d(1, 1, 3, padding="same"), "padding in numbers"),
        (nn.Flatten(2), "default dimensions"),
        (nn.Unflatten(2, (1, 1)), "dimension 1"),
    ],
)
def test_settings_of_layers_that_cannot_be_exported_are_named(layer, words):
    with pytest.raises(SettingError, match=words):
        emit_module(Graph(), layer, "x")


def test_the_weights_of_tied_layers_are_in_the_file_once():
    X = RNG.normal(size=(100, 50))
    tied = fitted(X, hidden_layer_sizes=(200, 100), tied_weights=True).to_onnx().ByteSize()
    untied = fitted(X, hidden_layer_sizes=(200, 100)).to_onnx().ByteSize()
    assert tied < 0.6 * untied


def test_one_row_has_the_answer_that_it_has_among_others():
    model = fitted(FRAME)
    whole, alone = answers(model.to_onnx(), FRAME), answers(model.to_onnx(), FRAME[:1])
    np.testing.assert_allclose(alone["code"], whole["code"][:1], rtol=1e-5, atol=1e-6)

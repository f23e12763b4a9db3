from __future__ import annotations

import pytest
from torch import nn

from narrows import Autoencoder, ContractiveAutoencoder, VariationalAutoencoder
from narrows.insight.payloads import architecture
from tests.six_networks import X


def drawn(kind: type[Autoencoder] = Autoencoder, **settings):
    return architecture(kind(**{"epochs": 1, "random_state": 0, "device": "cpu", **settings}).fit(X[:100]))


def test_an_mlp_is_an_hourglass_of_its_layers() -> None:
    shown = drawn(hidden_layer_sizes=(40, 20), n_components=3)
    assert shown["units"].tolist() == [64, 40, 20, 3, 20, 40, 64]
    assert [layer["part"] for layer in shown.about["layers"]] == [
        *("input", "encoder", "encoder", "code", "decoder", "decoder", "output")
    ]
    assert shown["parameters"].tolist() == [0, 64 * 40 + 40, 40 * 20 + 20, 63, 80, 20 * 40 + 40, 40 * 64 + 64]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (Autoencoder, {"network": "conv", "n_components": 5}),
        (ContractiveAutoencoder, {"hidden_layer_sizes": (), "n_components": 5}),
        (VariationalAutoencoder, {"n_components": 5, "loss": "bce"}),
    ],
)
def test_the_weights_of_the_layers_are_all_there_are(kind: type[Autoencoder], settings: dict) -> None:
    shown = drawn(kind, **settings)
    assert shown["parameters"].sum() == shown.about["n_parameters"]
    code = [layer for layer in shown.about["layers"] if layer["part"] == "code"]
    assert [layer["shape"] for layer in code] == [[5]]


def test_a_convolution_shows_height_width_and_channels() -> None:
    shown = drawn(network="conv", n_components=2)
    assert shown.about["layers"][0]["shape"] == [8, 8, 1]
    assert shown.about["layers"][1]["shape"] == [4, 4, 16]
    assert shown.about["layers"][-1]["shape"] == [8, 8, 1]


def test_networks_of_the_users_own_are_shown_too() -> None:
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 9), nn.ReLU(), nn.Linear(9, 2))
    shown = drawn(encoder=encoder, decoder=nn.Sequential(nn.Linear(2, 64)), n_components=2)
    assert shown["units"].tolist() == [64, 9, 2, 64]

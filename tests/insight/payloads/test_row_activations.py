from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from torch.nn import functional

from narrows import Autoencoder, ContractiveAutoencoder, SparseAutoencoder, VariationalAutoencoder
from narrows.errors import DataError
from narrows.insight.payloads import activations, architecture
from tests.six_networks import X

RNG = np.random.default_rng(0)
TABLE = RNG.standard_normal((200, 5)) * [1, 10, 100, 1000, 10000] + 7


def silu(u: np.ndarray) -> np.ndarray:
    return u / (1 + np.exp(-u))


def sigmoid(u: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-u))


def weights(model: Autoencoder) -> dict[str, np.ndarray]:
    return {name: value.numpy().astype(float) for name, value in model.network_.state_dict().items()}


def fitted(kind: type[Autoencoder] = Autoencoder, rows: np.ndarray = X, **settings) -> Autoencoder:
    given = {"n_components": 3, "hidden_layer_sizes": (20, 10), "epochs": 2, "random_state": 0, "device": "cpu"}
    return kind(**({"linear_path": "off"} | given | settings)).fit(rows)


def test_a_thread_that_uses_the_network_meanwhile_changes_nothing() -> None:
    model = fitted()
    expected, ended = activations(model, X, position=9), threading.Event()

    def use() -> None:
        while not ended.is_set():
            model.reconstruct(X[:2])

    other = threading.Thread(target=use)
    other.start()
    try:
        found = [activations(model, X, position=9) for _ in range(50)]
        described = [architecture(model).about for _ in range(50)]
    finally:
        ended.set()
        other.join()
    assert all(one.about == expected.about for one in found)
    assert all(np.array_equal(one["layer2"], expected["layer2"]) for one in found)
    assert all(one == architecture(model).about for one in described)


def test_every_layer_is_what_its_weights_make_of_the_one_before() -> None:
    model = fitted()
    shown, w = activations(model, X, position=9), weights(model)
    x = X[9].ravel().astype(float)
    a = silu(w["encoder.layers.0.weight"] @ x + w["encoder.layers.0.bias"])
    b = silu(w["encoder.layers.1.weight"] @ a + w["encoder.layers.1.bias"])
    z = w["encoder.layers.2.weight"] @ b + w["encoder.layers.2.bias"]
    c = silu(w["decoder.layers.0.weight"] @ z + w["decoder.layers.0.bias"])
    d = silu(w["decoder.layers.1.weight"] @ c + w["decoder.layers.1.bias"])
    y = sigmoid(w["decoder.layers.2.weight"] @ d + w["decoder.layers.2.bias"])
    for i, expected in enumerate((x, a, b, z, c, d, y)):
        assert np.allclose(shown[f"layer{i}"], expected, atol=1e-5), i
    assert np.allclose(shown["difference"][..., 0].ravel(), y - x, atol=1e-5)
    assert shown.about["error"] == pytest.approx(np.square(y - x).sum(), rel=1e-4)
    assert np.allclose(shown["code"], z, atol=1e-5)


def test_with_a_linear_path_code_and_output_are_those_of_the_model() -> None:
    model = fitted(linear_path="auto")
    model.network_.path.share.fill_(0)
    shown = activations(model, X, position=9)
    assert np.allclose(shown["code"], model.transform(X[9:10])[0], atol=1e-5)
    assert np.allclose(shown["output"][..., 0], model.reconstruct(X[9:10])[0], atol=1e-5)


def test_the_layers_are_those_of_the_architecture() -> None:
    model = fitted()
    shown, found = activations(model, X), architecture(model)
    assert [layer["units"] for layer in shown.about["layers"]] == found["units"].tolist()
    assert [layer["name"] for layer in shown.about["layers"]] == [layer["name"] for layer in found.about["layers"]]
    assert [layer["activation"] for layer in shown.about["layers"]] == [
        None, "silu", "silu", "linear", "silu", "silu", "sigmoid",
    ]  # fmt: skip


def test_tied_and_saturated_layers_are_followed_too() -> None:
    model = fitted(ContractiveAutoencoder, hidden_layer_sizes=(12,))
    shown, w = activations(model, X, position=2), weights(model)
    a = silu(w["encoder.layers.0.weight"] @ X[2].ravel() + w["encoder.layers.0.bias"])
    z = sigmoid(w["encoder.layers.1.weight"] @ a + w["encoder.layers.1.bias"])
    c = silu(z @ w["encoder.layers.1.weight"] + w["decoder.layers.0.bias"])
    for i, expected in enumerate((a, z, c), start=1):
        assert np.allclose(shown[f"layer{i}"], expected, atol=1e-5), i


@pytest.mark.parametrize(
    ("kind", "settings"),
    [(VariationalAutoencoder, {}), (SparseAutoencoder, {"penalty": None, "code": "top-k", "k": 2, "n_components": 6})],
)
def test_the_code_is_what_travels_to_the_decoder(kind: type[Autoencoder], settings: dict) -> None:
    model = fitted(kind, **settings)
    shown = activations(model, X, position=4)
    assert np.allclose(shown["code"], model.transform(X[4:5])[0], atol=1e-6)
    place = [layer["part"] for layer in shown.about["layers"]].index("code")
    assert np.allclose(shown[f"layer{place}"], shown["code"])


def test_convolutions_are_shown_as_feature_maps() -> None:
    model = fitted(network="conv", hidden_layer_sizes=(4, 20))
    shown = activations(model, X, position=1)
    w = model.network_.state_dict()
    image = torch.from_numpy(X[1])[None, None]
    maps = functional.silu(
        functional.conv2d(image, w["encoder.stages.0.weight"], w["encoder.stages.0.bias"], stride=2, padding=1)
    )[0]
    assert np.allclose(shown["layer1"], maps.numpy(), atol=1e-5)
    assert shown["layer2"].shape == (16, 2, 2)  # of 20
    assert shown.about["layers"][2]["units"] == 80
    assert activations(model, X, unit=(1, 0)).about["unit"] is None


def test_rows_of_a_table_and_floats_of_ones_own() -> None:
    model = fitted(rows=TABLE)
    by_place = activations(model, TABLE, position=3)
    assert np.allclose(activations(model, floats=by_place["layer0"])["code"], by_place["code"])
    standard = (TABLE - TABLE.mean(axis=0)) / TABLE.std(axis=0)
    assert np.allclose(by_place["layer0"], standard[3], atol=1e-5)
    assert by_place["input"].shape == (5,)


def test_wide_layers_show_some_units_and_tell_of_all() -> None:
    model = fitted(hidden_layer_sizes=(400,))
    shown = activations(model, X, position=0)
    w = weights(model)
    a = silu(w["encoder.layers.0.weight"] @ X[0].ravel() + w["encoder.layers.0.bias"])
    layer = shown.about["layers"][1]
    assert (layer["units"], layer["shown"], shown["layer1"].shape) == (400, 256, (256,))
    assert layer["high"] == pytest.approx(a.max(), abs=1e-5)
    index, value = layer["largest"][0]
    assert index == np.abs(a).argmax()
    assert value == pytest.approx(a[index], abs=1e-5)


@pytest.mark.parametrize("layer", [1, 3, 4])
@pytest.mark.parametrize("kind", [Autoencoder, ContractiveAutoencoder])
def test_a_unit_is_accounted_for_by_its_inputs(layer: int, kind: type[Autoencoder]) -> None:
    model = fitted(kind, activation="linear", code_activation="linear", penalty=None)
    shown = activations(model, X, position=5)
    before = shown[f"layer{layer - 1}"]
    found = activations(model, X, position=5, unit=(layer, 1)).about["unit"]
    products = [one["product"] for one in found["inputs"]]
    assert all(one["value"] == pytest.approx(before[one["index"]]) for one in found["inputs"])
    assert all(one["product"] == pytest.approx(one["value"] * one["weight"], rel=1e-5) for one in found["inputs"])
    assert [abs(p) for p in products] == sorted(map(abs, products), reverse=True)
    if len(before) <= 5:
        assert sum(products) + found["bias"] == pytest.approx(found["value"], abs=1e-4)


def test_what_is_no_row_is_refused() -> None:
    model = fitted()
    with pytest.raises(DataError, match="A row of this model is 64 finite numbers"):
        activations(model, floats=np.zeros(5))
    with pytest.raises(DataError, match="finite"):
        activations(model, floats=np.full(64, np.nan))
    with pytest.raises(DataError, match="no unit 99 in layer 1"):
        activations(model, X, unit=(1, 99))
    with pytest.raises(DataError, match="There is no row 1797"):
        activations(model, X, position=1797)

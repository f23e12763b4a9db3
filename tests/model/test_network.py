from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from narrows.errors import SettingError
from narrows.model import (
    ACTIVATIONS,
    Bernoulli,
    Gaussian,
    GaussianCode,
    PointCode,
    SquaredError,
    TopK,
    build_network,
    default_hidden_layer_sizes,
)

KINDS = [
    pytest.param({"network": network, "tied_weights": tied}, id=f"{network}-{tied}")
    for network in ("mlp", "conv")
    for tied in (False, True)
]


@pytest.mark.parametrize("kind", KINDS)
def test_building_leaves_the_global_generator_alone(build, kind):
    before = torch.get_rng_state()
    build(**kind)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(build, kind):
    one, same, other = (build(generator=torch.Generator().manual_seed(seed), **kind) for seed in (1, 1, 2))
    for name, weight in one.state_dict().items():
        assert torch.equal(weight, same.state_dict()[name])
        assert torch.isfinite(weight).all()
        assert name.endswith("bias") or not torch.equal(weight, other.state_dict()[name])


@pytest.mark.parametrize("kind", KINDS)
def test_weights_move_through_safetensors_onto_a_network_built_on_the_meta_device(build, digits, kind):
    network = build(code=GaussianCode(), likelihood=Gaussian(True, 64), **kind)
    with torch.device("meta"):
        empty = build(code=GaussianCode(), likelihood=Gaussian(True, 64), **kind | {"generator": None})
    assert all(weight.is_meta for weight in empty.state_dict().values())
    empty.load_state_dict(load(save(network.state_dict())), assign=True)
    assert torch.equal(empty.reconstruct(digits), network.reconstruct(digits))


def test_building_without_a_generator_is_only_for_loading(build):
    network = build(generator=None)
    network.load_state_dict(build().state_dict())
    assert network.n_parameters == 64 * 12 + 12 + 12 * 9 + 9 + 9 * 5 + 5 + 5 * 9 + 9 + 9 * 12 + 12 + 12 * 64 + 64


@pytest.mark.parametrize("code", [PointCode(), TopK(2), GaussianCode()])
@pytest.mark.parametrize("sizes", [(), (7,), (12, 9)])
def test_rows_become_codes_and_codes_become_rows(build, digits, code, sizes):
    network = build(code=code, hidden_layer_sizes=sizes)
    h, z = network.encode(digits), network.codes(digits)
    assert h.shape == (300, 5 * code.floats_per_component)
    assert z.shape == (300, 5)
    assert torch.equal(network.decode(z), network.reconstruct(digits))
    assert torch.equal(network(digits), network.reconstruct(digits))
    assert network.reconstruct(digits).shape == digits.shape
    assert torch.equal(network.decode(z), torch.sigmoid(network.output(z)))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_a_fresh_network_keeps_the_scale_and_answers_near_the_middle(build, digits, activation, network):
    fresh = build(network=network, hidden_layer_sizes=(64, 64, 64), activation=activation, n_components=50)
    assert 0.1 < fresh.codes(digits).std() < 3
    assert (fresh.reconstruct(digits) - 0.5).abs().max() < 0.2


def test_codes_pass_through_the_code_activation(build, digits):
    assert build(code_activation="sigmoid").codes(digits).min() > 0
    assert build(code_activation="relu").codes(digits).min() == 0


def test_an_mlp_is_the_matrix_products_its_weights_say(build, digits):
    network = build(activation="tanh", hidden_layer_sizes=(12,))
    w = {name: weight.double() for name, weight in network.state_dict().items()}
    x = digits.double()
    hidden = torch.tanh(x @ w["encoder.layers.0.weight"].T + w["encoder.layers.0.bias"])
    z = hidden @ w["encoder.layers.1.weight"].T + w["encoder.layers.1.bias"]
    torch.testing.assert_close(network.codes(digits).double(), z, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("code", [PointCode(), GaussianCode()])
def test_a_tied_mlp_decodes_with_the_transposed_weights_of_the_encoder(build, code):
    network = build(tied_weights=True, hidden_layer_sizes=(12,), activation="linear", code=code)
    first, last = (layer.weight for layer in network.encoder.layers)
    z = torch.eye(5)
    torch.testing.assert_close(network.output(z), z @ last[:5] @ first)


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_tied_weights_are_counted_and_saved_once_and_stay_tied_in_a_copy(build, digits, network):
    tied = build(tied_weights=True, network=network)
    untied = build(network=network)
    n_weights = sum(w.numel() for n, w in tied.state_dict().items() if n.endswith("weight"))
    assert untied.n_parameters - tied.n_parameters == n_weights
    assert not any(n.startswith("decoder") and n.endswith("weight") for n in tied.state_dict())

    twin = copy.deepcopy(tied)
    with torch.no_grad():
        for parameter in twin.encoder.parameters():
            parameter.zero_()
    assert twin.output(torch.ones(2, 5)).abs().max() == 0
    assert tied.output(torch.ones(2, 5)).abs().max() > 0


def test_a_tied_gradient_is_the_sum_of_both_uses(build, digits):
    network = build(tied_weights=True, hidden_layer_sizes=(), activation="linear", n_components=3)
    (layer,) = network.encoder.layers
    network.output(network.codes(digits)).square().sum().backward()
    w = layer.weight.detach().clone().requires_grad_()
    (digits @ w.T @ w).square().sum().backward()
    torch.testing.assert_close(layer.weight.grad, w.grad, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("settings", [{"tied_weights": True}, {"network": "conv", "tied_weights": True}, {}])
def test_every_parameter_receives_a_gradient(build, digits, settings):
    network = build(likelihood=Gaussian(True, 64), **settings)
    network.likelihood.loss(network.output(network.codes(digits)), digits).sum().backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in network.parameters())


def test_weights_are_float32_whatever_the_default(build, digits):
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        network = build(likelihood=Gaussian(True, 64))
    finally:
        torch.set_default_dtype(before)
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"network": "transformer"}, 'choose "mlp", "conv" or "residual"'),
        ({"activation": "mish"}, "activation='mish' is not known; choose one of relu, gelu"),
        ({"code_activation": "mish"}, "code_activation='mish' is not known"),
        ({"code": GaussianCode(), "code_activation": "tanh"}, "no meaning for a code of means and variances"),
        ({"n_components": 0}, "n_components=0 must be a whole number from 1"),
        ({"n_components": 2.5}, "n_components=2.5 must be a whole number"),
        ({"n_components": None}, "n_components is needed"),
        ({"hidden_layer_sizes": (3, 0)}, "must hold whole numbers from 1"),
        ({"code": TopK(6)}, "k=6 is more than the 5 components"),
    ],
)
def test_an_impossible_setting_is_named(build, settings, sentence):
    with pytest.raises(SettingError) as caught:
        build(**settings)
    assert sentence in str(caught.value)


def test_numpy_integers_are_sizes_too(build, digits):
    network = build(n_components=np.int64(2), hidden_layer_sizes=(np.int32(4),))
    assert network.codes(digits).shape == (300, 2)


def test_rows_that_are_not_images_need_no_shape(generator):
    network = build_network(
        n_floats=3,
        n_components=2,
        code=PointCode(),
        likelihood=SquaredError(),
        generator=generator,
    )
    assert network.reconstruct(torch.ones(1, 3)).shape == (1, 3)


@pytest.mark.parametrize(
    ("network", "n_floats", "image_shape", "sizes"),
    [
        ("mlp", 1, None, (128, 64)),
        ("mlp", 64, None, (128, 64)),
        ("mlp", 300, None, (256, 128)),
        ("mlp", 784, (28, 28, 1), (512, 256)),
        ("mlp", 12288, (64, 64, 3), (512, 256)),
        ("conv", 64, (8, 8, 1), (16, 32)),
        ("conv", 784, (28, 28, 1), (16, 32)),
        ("conv", 3072, (32, 32, 3), (16, 32)),
        ("conv", 12288, (64, 64, 3), (16, 32, 64)),
        ("conv", 150528, (224, 224, 3), (16, 32, 64, 128, 128)),
    ],
)
def test_default_sizes_grow_with_the_rows(network, n_floats, image_shape, sizes):
    assert default_hidden_layer_sizes(network, n_floats, image_shape) == sizes


@pytest.mark.parametrize(("n_floats", "units"), [(1, 64), (32, 64), (33, 128), (64, 128), (784, 256)])
def test_a_map_has_four_layers_by_default(n_floats, units):
    assert default_hidden_layer_sizes("mlp", n_floats, None, is_map=True) == (units,) * 4


def test_the_likelihood_says_what_the_output_means(build, digits):
    logits = build(likelihood=Bernoulli())
    assert 0 < logits.reconstruct(digits).min() < logits.reconstruct(digits).max() < 1
    plain = build(likelihood=SquaredError(bounded=False))
    assert torch.equal(plain.decode(plain.codes(digits)), plain.output(plain.codes(digits)))

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from narrows.errors import SettingError
from narrows.model import PointCode, SquaredError, build_network, default_hidden_layer_sizes
from narrows.model.conv import stage_sizes
from narrows.model.image_layout import images_to_rows, rows_to_images


def conv(image_shape, generator=None, **settings):
    height, width, channels = image_shape
    defaults = {"hidden_layer_sizes": (4, 6), "n_components": 3, "activation": "relu"}
    return build_network(
        n_floats=height * width * channels,
        image_shape=image_shape,
        network="conv",
        code=PointCode(),
        likelihood=SquaredError(bounded=True),
        generator=generator or torch.Generator().manual_seed(0),
        **(defaults | settings),
    )


@settings(deadline=None, max_examples=40)
@given(
    height=st.integers(8, 40),
    width=st.integers(8, 40),
    channels=st.sampled_from([1, 2, 3, 4, 12]),
    n_stages=st.integers(1, 3),
    tied=st.booleans(),
)
def test_the_output_has_exactly_the_shape_of_the_input(height, width, channels, n_stages, tied):
    network = conv((height, width, channels), hidden_layer_sizes=(2, 3, 4)[:n_stages], tied_weights=tied)
    x = torch.rand(2, height * width * channels, generator=torch.Generator().manual_seed(0))
    assert network.codes(x).shape == (2, 3)
    assert network.output(network.codes(x)).shape == x.shape


@settings(deadline=None)
@given(height=st.integers(8, 300), width=st.integers(8, 300), channels=st.sampled_from([1, 2, 3, 4, 12]))
def test_the_default_stages_fit_every_image(height, width, channels):
    sizes = default_hidden_layer_sizes("conv", height * width * channels, (height, width, channels))
    smallest = stage_sizes((height, width, channels), len(sizes))[-1]
    assert min(smallest) == 1 or max(smallest) <= 8


def test_rows_are_channels_last_and_images_channels_first():
    x = torch.arange(2 * 3 * 4 * 3.0).view(2, -1)
    images = rows_to_images(x, (3, 4, 3))
    i, j, c = 2, 1, 2
    assert images.shape == (2, 3, 3, 4)
    assert images[1, c, i, j] == x[1, i * 4 * 3 + j * 3 + c]
    assert images.data_ptr() == x.data_ptr()
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(images_to_rows(images), x)


def test_a_stage_is_a_strided_convolution_and_an_activation(generator):
    network = conv((9, 8, 3), hidden_layer_sizes=(4,), activation="relu")
    x = torch.rand(2, 9 * 8 * 3, generator=generator)
    stage, to_code = network.encoder.stages[0], network.encoder.to_code
    images = x.view(2, 9, 8, 3).permute(0, 3, 1, 2)
    maps = functional.conv2d(images, stage.weight, stage.bias, stride=2, padding=1).relu()
    assert maps.shape == (2, 4, 5, 4)
    z = maps.permute(0, 2, 3, 1).reshape(2, -1) @ to_code.weight.T + to_code.bias
    torch.testing.assert_close(network.codes(x), z)


@pytest.mark.parametrize("image_shape", [(8, 8, 1), (9, 12, 3)])
def test_a_tied_decoder_is_the_transpose_of_the_encoder(generator, image_shape):
    network = conv(image_shape, activation="linear", tied_weights=True)
    n_floats = network.n_floats
    forward = network.encode(torch.eye(n_floats)) - network.encode(torch.zeros(1, n_floats))
    backward = network.output(torch.eye(3)) - network.output(torch.zeros(1, 3))
    torch.testing.assert_close(backward, forward.T, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("image_shape", "changes", "sentence"),
    [
        ((8, 7, 1), {}, "at least 8x8 pixels; these are 8x7"),
        ((8, 8, 1), {"hidden_layer_sizes": (2, 2, 2, 2)}, "8x8 pixels can be halved only 3 times"),
        ((8, 8, 1), {"hidden_layer_sizes": ()}, "needs hidden_layer_sizes, the channels of each stage"),
    ],
)
def test_impossible_images_and_stages_are_named(image_shape, changes, sentence):
    with pytest.raises(SettingError) as caught:
        conv(image_shape, **changes)
    assert sentence in str(caught.value)


def test_a_table_has_no_convolutions():
    with pytest.raises(SettingError, match="needs images"):
        build_network(
            n_floats=64,
            n_components=2,
            hidden_layer_sizes=(4,),
            network="conv",
            code=PointCode(),
            likelihood=SquaredError(),
            generator=None,
        )
    with pytest.raises(SettingError, match="needs images"):
        default_hidden_layer_sizes("conv", 64, None)

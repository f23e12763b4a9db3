from __future__ import annotations

import pytest
import torch
from torch import nn

from narrows.errors import NetworkShapeError, SettingError
from narrows.model import Bernoulli, GaussianCode, SquaredError


class Images(nn.Module):
    """A decoder that gives images (n, 1, 8, 8)."""

    def __init__(self):
        super().__init__()
        self.net = nn.Linear(5, 64)

    def forward(self, z):
        return self.net(z).view(-1, 1, 8, 8)


def test_an_own_encoder_sees_images_and_works_with_our_decoder(build, digits):
    own = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 36, 5))
    network = build(encoder=own)
    torch.testing.assert_close(network.codes(digits), own(digits.view(-1, 1, 8, 8)))
    assert network.reconstruct(digits).shape == digits.shape


def test_an_own_encoder_of_a_table_sees_rows(build, digits):
    own = nn.Linear(64, 5)
    network = build(image_shape=None, encoder=own)
    assert torch.equal(network.codes(digits), own(digits))


@pytest.mark.parametrize("network", ["mlp", "conv"])
@pytest.mark.parametrize("own", [Images(), nn.Linear(5, 64)])
def test_an_own_decoder_gives_images_or_rows_behind_our_encoder(build, digits, own, network):
    ours = build(network=network, decoder=own)
    z = ours.codes(digits)
    assert torch.equal(ours.output(z), own(z).reshape(300, 64))
    assert torch.equal(ours.decode(z), torch.sigmoid(own(z).reshape(300, 64)))


def test_a_colour_decoder_answers_in_channels_last_rows(build):
    own = nn.Sequential(nn.Linear(5, 192), nn.Unflatten(1, (3, 8, 8)))
    network = build(n_floats=192, image_shape=(8, 8, 3), decoder=own)
    z = torch.ones(2, 5)
    assert torch.equal(network.output(z).view(2, 8, 8, 3), own(z).permute(0, 2, 3, 1))


def test_a_module_that_calls_view_on_colour_images_works(build):
    class Viewer(nn.Module):
        def forward(self, images):
            return images.view(len(images), -1)[:, :5]

    network = build(n_floats=192, image_shape=(8, 8, 3), encoder=Viewer())
    x = torch.arange(2 * 192.0).view(2, 192)
    assert torch.equal(network.codes(x), x[:, :15:3])


def test_own_modules_are_copied_and_keep_their_weights(build):
    own = nn.Linear(64, 5)
    network = build(image_shape=None, encoder=own)
    assert torch.equal(network.encoder.module.weight, own.weight)
    assert network.encoder.module.weight.data_ptr() != own.weight.data_ptr()


def test_own_double_modules_are_brought_to_float32(build, digits):
    network = build(image_shape=None, encoder=nn.Linear(64, 5, dtype=torch.float64))
    assert network.codes(digits).dtype == torch.float32


def test_the_probe_changes_neither_mode_nor_statistics_nor_the_global_generator(build):
    own = nn.Sequential(nn.Linear(64, 5), nn.BatchNorm1d(5), nn.Dropout(0.5))
    own[2].eval()
    before = torch.get_rng_state()
    network = build(image_shape=None, encoder=own)
    assert torch.equal(before, torch.get_rng_state())
    linear, norm, dropout = network.encoder.module
    assert linear.training
    assert norm.training
    assert not dropout.training
    assert norm.num_batches_tracked == 0


def test_lazy_layers_are_drawn_from_our_generator(build):
    before = torch.get_rng_state()
    one, same = (
        build(image_shape=None, encoder=nn.LazyLinear(5), generator=torch.Generator().manual_seed(3)) for _ in range(2)
    )
    assert torch.equal(one.encoder.module.weight, same.encoder.module.weight)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("n_components", [None, 5])
def test_the_code_size_is_read_from_an_own_encoder(build, n_components):
    assert build(image_shape=None, encoder=nn.Linear(64, 5), n_components=n_components).n_components == 5
    gaussian = build(image_shape=None, encoder=nn.Linear(64, 10), n_components=n_components, code=GaussianCode())
    assert gaussian.n_components == 5


def test_own_modules_can_be_loaded_onto_from_the_meta_device(build, digits):
    own = {"encoder": nn.Sequential(nn.Flatten(), nn.Linear(64, 5)), "decoder": Images()}
    network = build(**own)
    with torch.device("meta"):
        empty = build(**own, generator=None)
    empty.load_state_dict(network.state_dict(), assign=True)
    assert torch.equal(empty.reconstruct(digits), network.reconstruct(digits))


class Broken(nn.Module):
    def forward(self, x):
        raise ValueError("mat1 and mat2 do not agree")


class Pair(nn.Module):
    def forward(self, x):
        return x, x


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"encoder": nn.Flatten(), "n_components": 5}, "64 floats per row where n_components=5 needs 5;"),
        (
            {"encoder": nn.Sequential(nn.Flatten(), nn.Linear(64, 5)), "code": GaussianCode()},
            "5 floats per row where n_components=5 needs 10 (2 for each component)",
        ),
        (
            {
                "encoder": nn.Sequential(nn.Flatten(), nn.Linear(64, 5)),
                "code": GaussianCode(),
                "n_components": None,
            },
            "gave 5 floats per row, but this code needs 2 for each component",
        ),
        ({"encoder": nn.Identity()}, "gave the shape (2, 1, 8, 8) for an input of (2, 1, 8, 8)"),
        ({"encoder": Broken()}, "encoder failed on two rows of shape (2, 64): ValueError: mat1 and mat2"),
        ({"decoder": Broken()}, "decoder failed on two rows of shape (2, 5): ValueError: mat1 and mat2"),
        ({"encoder": Pair()}, "encoder gave a tuple; it must give one tensor"),
        (
            {"decoder": nn.Linear(5, 63)},
            "gave the shape (2, 63) for codes of (2, 5); it must give (2, 64) or (2, 1, 8, 8)",
        ),
        ({"decoder": nn.Linear(5, 63), "image_shape": None}, "it must give (2, 64), the shape of the data"),
    ],
)
def test_a_wrong_shape_says_what_came_and_what_was_expected(build, settings, sentence):
    with pytest.raises(NetworkShapeError) as caught:
        build(**settings)
    assert sentence in str(caught.value)


def test_what_is_no_module_is_refused(build):
    with pytest.raises(SettingError, match=r"must be a torch\.nn\.Module"):
        build(encoder="resnet18")


def test_own_modules_cannot_be_tied(build):
    with pytest.raises(SettingError, match="tied_weights=True needs narrows' own"):
        build(encoder=nn.Flatten(), tied_weights=True)


class Wrapped(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, z):
        return self.net(z)


@pytest.mark.parametrize("wrap", [lambda net: net, Wrapped])
def test_a_second_sigmoid_is_refused_where_one_is_applied(build, wrap):
    own = wrap(nn.Sequential(nn.Linear(5, 64), nn.Sigmoid()))
    with pytest.raises(SettingError, match="remove the last layer"):
        build(decoder=own, likelihood=Bernoulli())
    build(decoder=own, likelihood=SquaredError(bounded=False))

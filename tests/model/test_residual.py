import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy.stats import norm

from narrows.errors import SettingError
from narrows.model import PointCode, ResidualEncoder, build_network, make_likelihood, noise_level

SHAPE = (8, 8, 3)


def encoder(noise="gaussian", *, channels=(4, 4), last=0.1):
    made = ResidualEncoder(SHAPE, channels, "silu", noise)
    generator = torch.Generator().manual_seed(0)
    made.initialise(generator, 1.0)
    torch.nn.init.normal_(next(made.layers[-1].parameters()), std=last, generator=generator)
    return made.double()


def images(height, width, n=2, channels=3):
    return torch.rand(n, channels, height, width, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_noise_level_is_the_median_of_haars_diagonal_details_over_that_of_a_normal():
    given = images(8, 6)
    haar = np.array([[1, -1], [-1, 1]]) / 2
    for image, level in zip(given.numpy(), noise_level(given), strict=True):
        details = [
            abs((image[c, i : i + 2, j : j + 2] * haar).sum())
            for c in range(3)
            for i in range(0, 8, 2)
            for j in range(0, 6, 2)
        ]
        lower_median = sorted(details)[(len(details) - 1) // 2]
        assert float(level) == pytest.approx(lower_median / norm.ppf(0.75))


@pytest.mark.parametrize("sd", [0.02, 0.1])
def test_noise_level_finds_the_noise_of_a_smooth_image(sd):
    ramp = torch.linspace(0.4, 0.6, 129).expand(1, 3, 127, 129)
    noisy = ramp + sd * torch.randn(ramp.shape, generator=torch.Generator().manual_seed(0))
    assert float(noise_level(noisy)) == pytest.approx(sd, rel=0.05)


def test_noise_level_leaves_out_blocks_that_are_cut_off():
    dark = torch.zeros(1, 1, 64, 64)
    dark[..., 40:] = 0.5
    noisy = dark + 0.1 * torch.randn(dark.shape, generator=torch.Generator().manual_seed(0)) * (dark > 0)
    assert float(noise_level(noisy)) == pytest.approx(0.1, rel=0.1)
    assert float(noise_level(torch.zeros(1, 1, 8, 8))) == 0


@pytest.mark.parametrize("size", [(8, 8), (7, 9), (1, 1), (30, 5)])
@pytest.mark.parametrize("noise", ["gaussian", "masking", "salt-and-pepper"])
def test_images_of_any_size_come_back_in_their_size(size, noise):
    assert encoder(noise).clean(images(*size)).shape == (2, 3, *size)


def test_it_begins_by_doing_nothing():
    untrained = ResidualEncoder(SHAPE, (4, 4), "silu", "gaussian")
    untrained.initialise(torch.Generator().manual_seed(0), 1.0)
    x = images(8, 8).float()
    torch.testing.assert_close(untrained.clean(x), x)


def test_no_pixel_beyond_the_margin_has_an_influence():
    layers = encoder()
    x, levels = images(40, 40, n=1), torch.tensor([0.1], dtype=torch.float64)
    changed = x.clone()
    changed[..., 20, 20] = 1 - changed[..., 20, 20]
    moved = (layers.clean(x, levels) - layers.clean(changed, levels)).abs().amax((0, 1)) > 0
    rows, columns = moved.nonzero().T
    reach = max(int((rows - 20).abs().max()), int((columns - 20).abs().max()))
    assert 2 * len(layers.layers) <= reach < layers.margin


def test_a_level_changes_the_result_for_gaussian_noise_alone():
    x = images(8, 8)
    low, high = torch.full((2,), 0.01).double(), torch.full((2,), 0.3).double()
    assert not torch.equal(encoder().clean(x, low), encoder().clean(x, high))
    assert torch.equal(encoder("masking").clean(x, low), encoder("masking").clean(x, high))


def keep_input(seen, _, args):
    seen.append(args[0])


def test_the_map_of_other_noise_marks_black_or_black_and_white_pixels():
    x = images(8, 8)
    x[0, 0, 0, 0], x[0, 1, 3, 2] = 0.0, 1.0
    half_grey = x.clamp(0.2, 0.8)
    for noise, n_marked in (("masking", 1), ("salt-and-pepper", 2)):
        seen: list[torch.Tensor] = []
        layers = encoder(noise)
        layers.layers[0].register_forward_pre_hook(partial(keep_input, seen))
        layers.clean(x)
        layers.clean(half_grey)
        assert [int(one[:, 12:].sum()) for one in seen] == [n_marked, 0]


def build(**changed):
    likelihood = make_likelihood("mse", bounded=changed.pop("bounded", False), n_floats=192)
    settings = {
        "n_floats": 192,
        "image_shape": SHAPE,
        "n_components": 192,
        "hidden_layer_sizes": (4,),
        "network": "residual",
        "code": PointCode(),
        "likelihood": likelihood,
        "generator": torch.Generator().manual_seed(0),
    }
    return build_network(**{**settings, **changed})


def test_its_code_is_the_clean_row():
    network = build()
    x = torch.rand(3, 192, generator=torch.Generator().manual_seed(0))
    assert not network.compresses
    torch.testing.assert_close(network.codes(x), network.reconstruct(x))
    assert network.n_parameters == math.prod((4, 13, 9)) + 4 + math.prod((12, 4, 9)) + 12


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"image_shape": None}, "needs images"),
        ({"n_components": 5}, "compresses nothing"),
        ({"bounded": True}, "output_activation"),
        ({"tied_weights": True}, "no decoder"),
        ({"decoder": torch.nn.Identity()}, "no decoder"),
        ({"code_activation": "relu"}, "no code"),
    ],
)
def test_what_it_cannot_have_is_refused(changed, sentence):
    with pytest.raises(SettingError, match=sentence):
        build(**changed)

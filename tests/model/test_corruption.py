from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import affine_transform

from narrows.errors import SettingError
from narrows.model import Binarised, GaussianNoise, HiddenCells, Masking, SaltAndPepper, Warped, make_corruption


@pytest.fixture
def x(generator):
    return 0.25 + 0.5 * torch.rand(500, 200, generator=generator)


def within_chance(share, level, n):
    """Whether a share of n is within four standard errors of the level."""
    return abs(share - level) <= 4 * (level * (1 - level) / n) ** 0.5


@pytest.mark.parametrize("level", [0.0, 0.1, 0.5, 1.0])
def test_masking_puts_out_the_stated_share(x, generator, level):
    masked = Masking(level)(x, generator)
    out = masked == 0
    assert within_chance(out.float().mean().item(), level, x.numel())
    assert torch.equal(masked[~out], x[~out])


@pytest.mark.parametrize("level", [0.0, 0.2, 1.0])
def test_salt_and_pepper_are_strewn_in_equal_measure(x, generator, level):
    strewn = SaltAndPepper(level)(x, generator)
    salt, pepper = strewn == 1, strewn == 0
    assert within_chance(salt.float().mean().item(), level / 2, x.numel())
    assert within_chance(pepper.float().mean().item(), level / 2, x.numel())
    clean = ~(salt | pepper)
    assert torch.equal(strewn[clean], x[clean])


@pytest.mark.parametrize("grey", [0.0, 0.2, 0.9, 1.0])
def test_a_grey_pixel_turns_white_as_often_as_it_is_light(generator, grey):
    drawn = Binarised()(torch.full((500, 200), grey), generator)
    assert ((drawn == 0) | (drawn == 1)).all()
    assert within_chance(drawn.mean().item(), grey, drawn.numel())


@pytest.mark.parametrize("level", [0.0, 0.1, 2.0])
def test_gaussian_noise_has_mean_zero_and_the_stated_deviation(x, generator, level):
    noise = GaussianNoise(level)(x, generator) - x
    assert abs(noise.mean().item()) <= 4 * level / x.numel() ** 0.5 + 1e-7
    assert noise.std().item() == pytest.approx(level, rel=0.02)
    assert (noise.abs() < level).float().mean().item() == pytest.approx(0.683 if level else 0, abs=0.01)


@pytest.mark.parametrize("corruption", [GaussianNoise(0.3), Masking(0.3), SaltAndPepper(0.3)])
def test_corruption_is_fresh_at_every_call_and_leaves_the_rows_as_they_were(x, generator, corruption):
    before, state = x.clone(), torch.get_rng_state()
    first, second = corruption(x, generator), corruption(x, generator)
    assert not torch.equal(first, second)
    assert torch.equal(x, before)
    assert torch.equal(state, torch.get_rng_state())
    again = corruption(x, torch.Generator().manual_seed(5))
    assert torch.equal(again, corruption(x, torch.Generator().manual_seed(5)))


def test_corruptions_are_made_by_name():
    assert make_corruption(None, 0.3, True) is None
    assert make_corruption("gaussian", 1.5, True) == GaussianNoise(1.5)
    assert make_corruption("masking", 0.3, True) == Masking(0.3)
    assert make_corruption("salt-and-pepper", 0.3, True) == SaltAndPepper(0.3, 0, 1)
    assert make_corruption("salt-and-pepper", 0.3, False) == SaltAndPepper(0.3, -3, 3)
    own = Masking(0.9)
    assert make_corruption(own, 0.3, True) is own
    with pytest.raises(SettingError, match='"gaussian", "masking", "salt-and-pepper"'):
        make_corruption("blur", 0.3, True)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Masking(1.5), r"level=1.5 must lie in \[0, 1\]"),
        (lambda: Masking(float("nan")), "level=nan must lie"),
        (lambda: SaltAndPepper(-0.1), "level=-0.1 must lie"),
        (lambda: SaltAndPepper(0.1, 1, 1), "low below high"),
        (lambda: GaussianNoise(-1), "level=-1 must be a number from 0"),
        (lambda: GaussianNoise(float("inf")), "level=inf must be"),
    ],
)
def test_an_impossible_level_is_named(make, sentence):
    with pytest.raises(SettingError, match=sentence):
        make()


def test_hidden_cells_lose_all_their_floats_and_their_mask_says_so(x, generator):
    # Three cells: of two floats, of one and its mask, of one.
    hide = make_corruption("masking", 0.3, False, cells=((0, 0, 1, 1, 2), (False, False, False, True, False)))
    assert isinstance(hide, HiddenCells)
    rows = x[:, :5].clone()
    rows[:, 3] = 0
    tilde = hide(rows, generator)
    hidden = [tilde[:, 0] == 0, tilde[:, 2] == 0, tilde[:, 4] == 0]
    assert torch.equal(tilde[:, 1] == 0, hidden[0])
    assert torch.equal(tilde[:, 3] == 1, hidden[1])
    assert not torch.equal(hidden[0], hidden[1])
    for cell, place in zip(hidden, (0, 2, 4), strict=True):
        assert within_chance(cell.float().mean().item(), 0.3, len(x))
        assert torch.equal(tilde[~cell, place], rows[~cell, place])


def test_a_cell_that_is_missing_stays_so(generator):
    missing = torch.tensor([[0.0, 1.0]]).expand(100, 2)
    hide = HiddenCells(0.5, (0, 0), (False, True))
    assert torch.equal(hide(missing, generator), missing)


def test_a_warped_image_is_what_scipy_makes_of_the_same_map(generator):
    height, width = 9, 12
    images = torch.rand(6, height * width * 2, generator=generator)
    most = {"degrees": 30.0, "stretch": 0.2, "shear": 0.3, "shift": 2.0}
    warped = Warped((height, width, 2), **most)(images, torch.Generator().manual_seed(2))

    again = torch.Generator().manual_seed(2)
    torch.rand(6, generator=again)
    u = (2 * torch.rand(6, 6, generator=again) - 1).double().numpy()
    centre = np.array([height - 1, width - 1]) / 2
    for image, given, (turn, wider, higher, slant, aside, down) in zip(warped, images, u, strict=True):
        angle, slant = np.deg2rad(30 * turn), 0.3 * slant
        across = np.array([slant - np.sin(angle), np.cos(angle) * (1 + 0.2 * wider)])  # over (row, column)
        along = np.array([np.cos(angle) * (1 + 0.2 * higher), np.sin(angle)])
        matrix = np.stack([along, across])
        offset = centre - matrix @ centre + np.array([2 * down, 2 * aside])
        for c in range(2):
            channel = given.view(height, width, 2)[..., c].numpy()
            expected = affine_transform(channel, matrix, offset, order=1, mode="nearest")
            np.testing.assert_allclose(image.view(height, width, 2)[..., c], expected, atol=2e-5)


def test_warping_is_of_a_share_of_the_images_and_the_target_has_no_noise(generator):
    x = torch.rand(2000, 64, generator=generator)
    target, given = Warped((8, 8, 1), share=0.3, noise=0.2).draw(x, generator)
    assert within_chance((target != x).any(dim=1).float().mean().item(), 0.3, 2000)
    assert (given - target).std().item() == pytest.approx(0.2, rel=0.02)
    original, given = Warped((8, 8, 1), share=0.3, target="original").draw(x, generator)
    assert original is x
    assert within_chance((given != x).any(dim=1).float().mean().item(), 0.3, 2000)
    still, same = Warped((8, 8, 1), share=0.0).draw(x, generator)
    assert torch.equal(still, x)
    assert torch.equal(same, x)


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"share": 1.5}, "share"),
        ({"stretch": 1.0}, "stretch"),
        ({"degrees": -1.0}, "degrees"),
        ({"noise": float("nan")}, "noise"),
        ({"target": "clean"}, "target"),
    ],
)
def test_warping_refuses_what_makes_no_sense(settings, wrong):
    with pytest.raises(SettingError, match=wrong):
        Warped((8, 8, 1), **settings)
    with pytest.raises(SettingError, match="does not fit rows of 60"):
        Warped((8, 8, 1))(torch.zeros(2, 60), torch.Generator())

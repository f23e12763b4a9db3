import itertools

import pytest
import torch

from narrows.errors import SettingError
from narrows.model import VariedNoise, block_from_description, describe_block

SHAPE = (4, 4, 1)


def rows(n=400, value=0.5):
    return torch.full((n, 16), value)


def drawn(noise, level, x, seed=0):
    return VariedNoise(noise, level, SHAPE).draw(x, torch.Generator().manual_seed(seed))


def test_the_levels_of_the_rows_are_uniform_from_0_to_the_largest():
    x = torch.zeros(4000, 16)
    target, noisy = drawn("gaussian", 0.2, x)
    levels = noisy.square().mean(1).sqrt()
    assert torch.equal(target, x)
    assert float(noisy.square().mean()) == pytest.approx(0.2**2 / 3, rel=0.05)
    assert float(levels.min()) < 0.01
    assert 0.2 < float(levels.max()) < 0.4


@pytest.mark.parametrize(("noise", "values"), [("masking", [0.0, 0.5]), ("salt-and-pepper", [0.0, 0.5, 1.0])])
def test_other_noise_changes_a_share_of_the_pixels_that_differs_by_row(noise, values):
    _, noisy = drawn(noise, 0.6, rows(4000))
    assert noisy.unique().tolist() == values
    shares = (noisy != 0.5).float().mean(1)
    assert float(shares.mean()) == pytest.approx(0.3, abs=0.02)
    assert float(shares.std()) > 0.15


def test_target_and_input_are_in_the_same_of_the_eight_poses_of_a_square():
    image = torch.arange(16.0).view(1, 4, 4, 1) / 16
    wanted = set()
    for flips, turned in itertools.product(([], [1], [2], [1, 2]), (False, True)):
        posed = image.flip(flips)
        wanted.add(tuple((posed.transpose(1, 2) if turned else posed).flatten().tolist()))
    found = set()
    for seed in range(100):
        target, noisy = drawn("gaussian", 0.0, image.view(1, 16), seed)
        assert torch.equal(target, noisy)
        found.add(tuple(target[0].tolist()))
    assert found == wanted
    assert len(wanted) == 8


def test_oblong_images_are_not_transposed():
    x = torch.arange(8.0).view(1, 8) / 8
    noise = VariedNoise("gaussian", 0.0, (2, 4, 1))
    found = {tuple(noise.draw(x, torch.Generator().manual_seed(seed))[0][0].tolist()) for seed in range(60)}
    assert len(found) == 4


def test_it_is_saved_and_restored():
    noise = VariedNoise("masking", 0.5, SHAPE)
    assert block_from_description(describe_block(noise)) == noise


@pytest.mark.parametrize(("noise", "level"), [("snow", 0.1), ("masking", 1.5), ("gaussian", -1.0)])
def test_impossible_noise_is_refused(noise, level):
    with pytest.raises(SettingError):
        VariedNoise(noise, level, SHAPE)


def test_rows_of_another_size_are_refused():
    with pytest.raises(SettingError, match="does not fit"):
        drawn("gaussian", 0.1, torch.zeros(2, 9))

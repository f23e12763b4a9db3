from __future__ import annotations

import numpy as np

from narrows.insight import image_sheet


def pixels_of(sheet: object) -> np.ndarray:
    return np.asarray(sheet)


def test_small_images_are_enlarged_by_a_whole_factor_and_keep_their_values() -> None:
    images = np.linspace(0, 1, 2 * 8 * 8).reshape(2, 8, 8, 1)
    found = pixels_of(image_sheet({"": images}))
    expected = np.rint(images[0, :, :, 0] * 255).repeat(8, axis=0).repeat(8, axis=1)
    top, left = (int(places[0]) for places in np.nonzero(found[..., 0] < 200))
    np.testing.assert_array_equal(found[top : top + 64, left : left + 64, 0], expected)


def test_lines_stand_under_each_other_and_break_after_the_given_columns() -> None:
    images = np.zeros((6, 64, 64, 1))
    one = pixels_of(image_sheet({"a": images}))
    two = pixels_of(image_sheet({"a": images, "b": images}))
    broken = pixels_of(image_sheet({"a": images}, columns=3))
    assert two.shape[0] > one.shape[0]
    assert broken.shape[0] > one.shape[0]
    assert broken.shape[1] < one.shape[1]


def test_colour_stays_and_values_outside_are_clipped() -> None:
    images = np.zeros((1, 64, 64, 3))
    images[..., 0] = 7.0
    images[..., 1] = -7.0
    found = pixels_of(image_sheet({"": images})).reshape(-1, 3)
    assert (found == (255, 0, 0)).all(axis=1).sum() == 64 * 64


def test_a_title_and_captions_are_drawn_in_the_margin() -> None:
    images = np.ones((3, 64, 64, 1))
    plain = pixels_of(image_sheet({"": images}))
    result = pixels_of(image_sheet({"noisy": images}, title="A title wider than the images"))
    assert (plain < 100).sum() == 0
    assert (result < 100).sum() > 100


def test_two_four_and_more_channels_are_drawn() -> None:
    images = np.full((1, 64, 64, 5), 0.5)
    middle = (slice(40, 60), slice(40, 60))
    for n_channels, grey in ((2, 128), (4, 192), (5, 128)):
        found = pixels_of(image_sheet({"": images[..., :n_channels]}))[middle]
        assert np.abs(found.astype(int) - grey).max() <= 1

from __future__ import annotations

import io

import numpy as np
import pytest

from narrows.reproductions import pictures


def sheet_of(picture) -> np.ndarray:
    """The pixels that a picture shows, one channel."""
    (ax,) = picture.figure.axes
    return np.asarray(ax.images[0].get_array())[..., 0]


def test_images_stand_ten_in_a_line_and_a_rest_is_left_out():
    images = np.repeat(np.linspace(0, 1, 25, dtype=np.float32)[:, None], 16, axis=1)
    shown = sheet_of(pictures.grey_images("s", "Images", images))
    assert shown.shape == (2 * 4 + 1, 10 * 4 + 9)
    np.testing.assert_allclose(shown[0, ::5], images[:10, 0])
    np.testing.assert_allclose(shown[-1, ::5], images[10:20, 0])


def test_a_filter_runs_from_black_to_white_about_a_grey_nought():
    weight = np.outer(np.arange(1, 11), [-2.0, 0.0, 1.0, 2.0]).astype(np.float32)
    shown = sheet_of(pictures.filters("f", "Filters", weight))
    for place in range(10):
        corner = 3 * place
        np.testing.assert_allclose(shown[:2, corner : corner + 2].ravel(), [0, 0.5, 0.75, 1])
    blank = sheet_of(pictures.filters("f", "Filters", np.zeros((10, 4), np.float32)))
    assert blank[0, 0] == 0.5


@pytest.mark.parametrize(
    "picture",
    [
        pictures.unit_variances("a", np.geomspace(1e-4, 1, 20), 1e-2),
        pictures.grey_images("s", "Images", np.zeros((10, 9), np.float32)),
    ],
    ids=lambda picture: picture.name,
)
def test_a_picture_can_be_written(picture):
    file = io.BytesIO()
    picture.figure.savefig(file, format=picture.format)
    assert file.tell() > 1000


def test_units_are_drawn_from_the_most_active_down():
    (ax,) = pictures.unit_variances("a", np.array([0.5, 2.0, 0.001]), 1e-2).figure.axes
    assert [bar.get_height() for bar in ax.patches] == [2.0, 0.5, 0.001]

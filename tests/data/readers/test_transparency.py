"""What is seen through transparent pixels."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from narrows.data import read
from tests.data.readers.images import GREY, block, grey_ramp, put, tiff


def test_what_is_transparent_becomes_white(tmp_path):
    put(tmp_path / "a.png", np.zeros((8, 10, 4), np.uint8))
    assert read(tmp_path).block().min() == 255


@pytest.mark.parametrize(("mode", "ending"), [("LA", "png"), ("RGBA", "png"), ("RGBA", "tif"), ("RGBA", "webp")])
def test_half_transparent_ink_is_laid_on_white(tmp_path, mode, ending):
    alpha = grey_ramp()
    pixels = np.dstack([*[np.full((8, 10), 40, np.uint8)] * (1 if mode == "LA" else 3), alpha])
    Image.fromarray(pixels, mode).save(tmp_path / f"a.{ending}", **({"lossless": True} if ending == "webp" else {}))
    wanted = 40 * (alpha / 255) + 255 * (1 - alpha / 255)
    assert np.abs(block(tmp_path)[0].astype(float) - wanted[..., None]).max() <= 1


def test_premultiplied_ink_is_divided_before_it_is_laid_on_white(tmp_path):
    alpha = np.full((8, 10), 128, np.uint8)
    alpha[0] = 0
    ink = np.where(alpha, 50, 0).astype(np.uint8)  # 100 at half cover
    (tmp_path / "a.tif").write_bytes(
        tiff(np.dstack([ink, ink, ink, alpha]), sample_format=1, photometric=2, extra=(1,))
    )
    wanted = np.where(alpha, 100 * 128 / 255 + 255 * 127 / 255, 255)
    assert np.abs(block(tmp_path)[0, ..., 0] - wanted).max() <= 2


def glyph(ink):
    pixels = np.zeros((8, 10, 4), np.uint8)
    pixels[..., :3] = ink
    pixels[2:6, 3:7, 3] = 255
    return pixels


def test_white_ink_is_laid_on_black_and_that_is_said(tmp_path):
    for i in range(3):
        put(tmp_path / f"{i}.png", glyph(255))
    rows = read(tmp_path)
    np.testing.assert_array_equal(rows.block()[0].reshape(8, 10, 3)[..., 0], glyph(255)[..., 3])
    assert rows.notes == ("Transparent parts were made black, because 3 of 3 images vanish on white.",)


def test_white_and_black_ink_are_laid_on_grey(tmp_path):
    for i, ink in enumerate((0, 255, 0, 255)):
        put(tmp_path / f"{i}.png", glyph(ink))
    rows = read(tmp_path)
    assert [sorted(set(row.tolist())) for row in rows.block()] == [[0, 128], [128, 255]] * 2
    assert "made grey" in rows.notes[0]


def test_black_ink_and_what_is_wholly_covered_stay_on_white(tmp_path):
    put(tmp_path / "a.png", glyph(0))
    opaque = glyph(255)
    opaque[..., 3] = 255
    put(tmp_path / "b.png", opaque)
    rows = read(tmp_path)
    assert (rows.notes, set(rows.block()[0].tolist()), rows.block()[1].min()) == ((), {0, 255}, 255)


def test_a_transparent_colour_of_a_palette_becomes_white(tmp_path):
    image = Image.fromarray(np.where(GREY > 99, 1, 0).astype(np.uint8), "P")
    image.putpalette([200, 0, 0, 0, 0, 0])
    image.save(tmp_path / "a.png", transparency=0)
    np.testing.assert_array_equal(block(tmp_path)[0, ..., 0], np.where(GREY > 99, 0, 255))

"""Every format of images, and every kind of pixel."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from narrows.data import read
from narrows.data.readers.image_folder import common_size
from narrows.errors import DataError, DataFormatError
from tests.data.readers.images import COLOUR, GREY, block, grey_ramp, put, tiff

R = np.random.default_rng(1)


@pytest.mark.parametrize(
    "ending",
    [
        *("png", "tif", "tiff", "bmp", "dib", "gif", "pgm", "pnm", "ppm", "tga", "pcx", "qoi", "PNG"),
        "webp",
        "jp2",
        "j2k",
    ],
)
def test_formats_without_loss_give_their_very_pixels(tmp_path, ending):
    image = Image.fromarray(COLOUR if ending.lower() not in ("pgm", "gif") else GREY)
    image.save(tmp_path / f"a.{ending}", **({"lossless": True} if ending == "webp" else {}))
    wanted = GREY[..., None] if ending.lower() in ("pgm", "gif") else COLOUR
    np.testing.assert_array_equal(block(tmp_path), wanted[None])


@pytest.mark.parametrize("ending", ["jpg", "jpeg", "jpe", "jfif", "webp", "avif"])
def test_formats_with_loss_give_nearly_their_pixels(tmp_path, ending):
    flat = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    kind = {"jfif": "jpeg", "jpe": "jpeg"}.get(ending, Image.registered_extensions()[f".{ending}"])
    Image.fromarray(flat).save(tmp_path / f"a.{ending}", kind, quality=95)
    assert np.abs(block(tmp_path)[0].astype(int) - flat).max() <= 6


@pytest.mark.parametrize("top", [1023, 4095, 16383, 65535])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_deep_grey_keeps_its_values(tmp_path, ending, top):
    deep = grey_ramp(np.uint16, top)
    Image.fromarray(deep).save(tmp_path / f"a.{ending}")
    rows = read(tmp_path)
    assert rows.dtypes[0] == "uint16"
    np.testing.assert_array_equal(block(tmp_path)[0, ..., 0], deep)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("pixels", "sample_format", "dtype"),
    [
        (np.arange(80).reshape(8, 10) * 51, 1, np.uint16),
        (np.arange(80).reshape(8, 10) * 700 - 30_000, 2, np.int16),
        (np.arange(80).reshape(8, 10) * 50_000_000, 1, np.uint32),
        (np.arange(80).reshape(8, 10) * 50_000_000 - 2_000_000_000, 2, np.int32),
        (np.linspace(-3, 7, 80).reshape(8, 10), 3, np.float32),
    ],
)
def test_numbers_in_tiff_files_keep_their_values(tmp_path, order, pixels, sample_format, dtype):
    if dtype == np.uint32 and order == ">":
        pytest.skip("Pillow does not read these")
    (tmp_path / "a.tif").write_bytes(tiff(pixels.astype(dtype), sample_format=sample_format, order=order))
    np.testing.assert_allclose(block(tmp_path)[0, ..., 0], pixels, rtol=1e-6)
    resized = block(tmp_path, image_size=(4, 5))
    assert resized.shape == (1, 4, 5, 1)
    assert pixels.min() <= resized.min() < resized.max() <= pixels.max()


def test_a_fourth_band_that_is_no_transparency_is_left_out_and_that_is_said(tmp_path):
    bands = R.integers(0, 256, (8, 10, 4), np.uint8)
    (tmp_path / "a.tif").write_bytes(tiff(bands, sample_format=1, photometric=2, extra=(0,)))
    rows = read(tmp_path)
    np.testing.assert_array_equal(rows.block()[0].reshape(8, 10, 3), bands[..., :3])
    assert rows.notes[0].startswith("1 of 1 images have more bands than were read")
    put(tmp_path / "a.bmp", COLOUR)
    (tmp_path / "a.tif").unlink()
    assert read(tmp_path).notes == ()


@pytest.mark.parametrize(
    ("pixels", "sample_format"),
    [(R.integers(0, 65536, (12, 12, 12)).astype(np.uint16), 1), (R.random((8, 10)), 3), (R.random((8, 10, 3)), 3)],
)
def test_bands_and_numbers_that_cannot_be_read_are_refused_with_what_to_do(tmp_path, pixels, sample_format):
    (tmp_path / "a.tif").write_bytes(tiff(pixels, sample_format=sample_format, extra=(0,) * (pixels[0, 0].size - 1)))
    with pytest.raises(DataFormatError, match=r"a\.tif .* array \(n, height, width, channels\)"):
        read(tmp_path)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["png", "tif", "jpg"])
def test_pictures_are_turned_as_their_camera_was(tmp_path, orientation, ending):
    upright = np.zeros((16, 24), np.uint8)
    upright[:8, :8], upright[:8, 16:], upright[8:, :8] = 250, 170, 90
    as_stored = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.T,
        6: lambda a: a.T[::-1],
        7: lambda a: a[::-1, ::-1].T,
        8: lambda a: a.T[:, ::-1],
    }[orientation](upright)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(as_stored)).save(tmp_path / f"a.{ending}", exif=exif)
    found = block(tmp_path)[0, ..., 0]
    assert found.shape == (16, 24)
    assert np.abs(found.astype(int) - upright).max() <= (6 if ending == "jpg" else 0)
    assert common_size(tmp_path, longest=12) == (8, 12)


def test_grey_palettes_are_grey_and_coloured_ones_coloured(tmp_path):
    image = Image.fromarray(GREY).convert("P")
    image.putpalette([v for i in range(256) for v in (255 - i,) * 3])
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(block(tmp_path)[0, ..., 0], 255 - GREY)
    image.putpalette([v for i in range(256) for v in (i, 0, 255 - i)])
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(block(tmp_path)[0], np.stack([GREY, 0 * GREY, 255 - GREY], -1))


def test_inks_of_print_and_other_colour_spaces_become_rgb(tmp_path):
    inks = np.tile(np.array([0, 255, 255, 51], np.uint8), (16, 16, 1))  # red, a fifth of black
    Image.fromarray(inks, "CMYK").save(tmp_path / "a.tif")
    Image.fromarray(inks, "CMYK").save(tmp_path / "b.jpg", quality=95)
    for found in block(tmp_path):
        assert np.abs(found.astype(int) - (204, 0, 0)).max() <= 8
    for path in tmp_path.iterdir():
        path.unlink()
    Image.fromarray(np.tile(np.array([136, 208, 195], np.uint8), (8, 10, 1)), "LAB").save(tmp_path / "lab.tif")
    assert read(tmp_path).image_shape == (8, 10, 3)


def test_deep_grey_among_shallow_is_brought_to_one_white(tmp_path):
    put(tmp_path / "a.png", grey_ramp(np.uint16, 4095))
    put(tmp_path / "b.png", grey_ramp())
    found = block(tmp_path)[..., 0]
    np.testing.assert_array_equal(found[0], grey_ramp(np.uint16, 4095))
    np.testing.assert_array_equal(found[1], np.rint(grey_ramp() * (4095 / 255)))
    put(tmp_path / "c.png", COLOUR)
    rows = read(tmp_path)
    assert np.abs(rows.block()[0].reshape(8, 10, 3)[..., 0].astype(int) - grey_ramp()).max() <= 1
    assert "have 16 bits a channel and were read with 8" in rows.notes[0]


def test_numbers_without_a_unit_in_common_are_refused(tmp_path):
    put(tmp_path / "a.png", GREY)
    put(tmp_path / "b.tif", (GREY / 255).astype(np.float32))
    with pytest.raises(DataError, match=r"pixels of b\.tif .* are floats, those of a\.png are not"):
        read(tmp_path)


def test_colours_of_sixteen_bits_are_read_with_eight_and_that_is_said(tmp_path):
    deep = R.integers(0, 65536, (8, 10, 3)).astype(np.uint16)
    (tmp_path / "a.tif").write_bytes(tiff(deep, sample_format=1, photometric=2))
    rows = read(tmp_path)
    np.testing.assert_array_equal(rows.block().reshape(8, 10, 3), deep >> 8)
    assert rows.notes == ("1 of 1 images have 16 bits a channel and were read with 8.",)


@pytest.mark.parametrize("ending", ["tif", "gif", "png", "webp"])
def test_of_many_pages_the_first_is_read_and_that_is_said(tmp_path, ending):
    pages = [Image.fromarray(np.full((8, 10), v, np.uint8)) for v in (255, 0, 255)]
    lossless = {"lossless": True} if ending == "webp" else {}
    pages[0].save(tmp_path / f"a.{ending}", save_all=True, append_images=pages[1:], **lossless)
    put(tmp_path / "b.png", GREY)
    rows = read(tmp_path)
    assert rows.block()[0].min() == 255
    assert rows.notes == ("1 of 2 images have more than one page or frame; the first of each was read.",)


@pytest.mark.parametrize("ending", ["tif", "webp", "bmp", "gif", "pgm"])
def test_sizes_of_every_format_are_asked_for_and_given(tmp_path, ending):
    Image.fromarray(GREY).save(tmp_path / f"a.{ending}")
    Image.fromarray(GREY[:6]).save(tmp_path / f"b.{ending}")
    with pytest.raises(DataError, match=rf"a\.{ending} has 8 x 10 and b\.{ending} has 6 x 10 .*--image-size"):
        read(tmp_path)
    assert read(tmp_path, image_size=(5, 4)).image_shape[:2] == (5, 4)
    (tmp_path / f"b.{ending}").write_bytes(b"no image")
    with pytest.raises(DataFormatError, match=rf"^b\.{ending} in .* cannot be read"):
        read(tmp_path)

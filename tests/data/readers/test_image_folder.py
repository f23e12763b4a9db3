from __future__ import annotations

import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from narrows.data import read
from narrows.data.readers.image_folder import common_size
from narrows.errors import DataError, DataFormatError, SettingError

R = np.random.default_rng(0)
GREY = R.integers(0, 256, (8, 10), np.uint8)
COLOUR = R.integers(0, 256, (8, 10, 3), np.uint8)


def put(path, pixels, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path)


def test_grey_images_come_in_the_order_of_their_names(tmp_path):
    for i in (2, 1, 3):
        put(tmp_path / f"{i}.png", GREY + np.uint8(i))
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / "._1.png").write_text("not an image")
    rows = read(tmp_path)
    assert (rows.image_shape, rows.layout, rows.dtypes[0], rows.labels) == ((8, 10, 1), "hw", "uint8", None)
    np.testing.assert_array_equal(rows.block().reshape(3, 8, 10), [GREY + np.uint8(i) for i in (1, 2, 3)])


def test_sub_folders_are_classes_and_one_coloured_image_colours_all(tmp_path):
    put(tmp_path / "cats" / "a.png", GREY)
    put(tmp_path / "dogs" / "b.PNG", COLOUR)
    rows = read(tmp_path)
    assert rows.labels is not None
    assert rows.labels.tolist() == ["cats", "dogs"]
    assert rows.image_shape == (8, 10, 3)
    np.testing.assert_array_equal(rows.block()[1].reshape(8, 10, 3), COLOUR)
    np.testing.assert_array_equal(rows.block()[0].reshape(8, 10, 3)[..., 2], GREY)


def test_sixteen_bits_are_kept(tmp_path):
    deep = R.integers(0, 65536, (8, 10)).astype(np.uint16)
    put(tmp_path / "a.png", deep)
    put(tmp_path / "b.png", GREY)
    rows = read(tmp_path)
    assert rows.dtypes[0] == "uint16"
    np.testing.assert_array_equal(rows.block().reshape(2, 8, 10), [deep, GREY.astype(np.uint16) * 257])
    assert read(tmp_path, image_size=(4, 5)).block().max() > 255


def test_what_is_transparent_becomes_white(tmp_path):
    put(tmp_path / "a.png", np.zeros((8, 10, 4), np.uint8))
    assert read(tmp_path).block().min() == 255


def test_palettes_and_bits_are_read(tmp_path):
    put(tmp_path / "a.png", np.where(GREY > 99, 255, 0).astype(np.uint8), "1")
    np.testing.assert_array_equal(read(tmp_path).block().reshape(8, 10), np.where(GREY > 99, 255, 0))
    put(tmp_path / "b.png", COLOUR, "P")
    assert read(tmp_path).image_shape == (8, 10, 3)


def test_sizes_must_agree_or_be_given(tmp_path):
    put(tmp_path / "a.png", GREY)
    put(tmp_path / "b.jpg", GREY[:6])
    with pytest.raises(DataError, match=r"a.png has 8 x 10 and b.jpg has 6 x 10 .*--image-size"):
        read(tmp_path)
    assert read(tmp_path, image_size=(5, 4)).image_shape == (5, 4, 1)
    for impossible in [(5,), (0, 4), ("a", "b"), (10**6, 10**6)]:
        with pytest.raises(SettingError, match="image_size"):
            read(tmp_path, image_size=impossible)


def test_a_truncated_png_is_named(tmp_path):
    put(tmp_path / "a.png", R.integers(0, 256, (64, 64), np.uint8))
    whole = (tmp_path / "a.png").read_bytes()
    for n in (len(whole) // 2, 40, 10, 0):
        (tmp_path / "a.png").write_bytes(whole[:n])
        with pytest.raises(DataFormatError, match=r"^a\.png in .* (damaged|cannot be read)"):
            read(tmp_path)


@pytest.mark.parametrize("side", [8000, 12_000, 60_000])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(tmp_path, side):
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(bomb)
    with pytest.raises(DataFormatError, match=r"bomb\.png .* more than 50000000 pixels"):
        read(tmp_path, image_size=(8, 8))


def test_a_folder_without_images_is_said(tmp_path):
    with pytest.raises(DataFormatError, match="no images that narrows reads"):
        read(tmp_path)


def test_a_photo_with_damaged_exif_is_read_as_it_lies(tmp_path):
    exif = b"Exif\0\0" + b"II*\0" + b"\xff" * 40
    for junk in (exif, b"Exif\0\0junk", b"Exif\0\0MM"):
        for ending in ("png", "jpg"):
            Image.fromarray(GREY).save(tmp_path / f"a.{ending}", exif=junk)
        assert read(tmp_path).image_shape == (8, 10, 1)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_hidden_folders_and_what_is_no_file_are_passed_over(tmp_path):
    put(tmp_path / "cats" / "a.png", GREY)
    put(tmp_path / ".git" / "b.png", GREY)
    put(tmp_path / "cats" / ".ipynb_checkpoints" / "c.png", GREY)
    os.mkfifo(tmp_path / "cats" / "d.png")
    assert len(read(tmp_path)) == 1
    with pytest.raises(DataFormatError, match="neither a file nor a folder"):
        read(tmp_path / "cats" / "d.png")


# -- every format and every kind of pixel


def grey_ramp(dtype=np.uint8, top=255):
    return np.rint(np.linspace(0, top, 80)).astype(dtype).reshape(8, 10)


def block(folder, **settings):
    rows = read(folder, **settings)
    return rows.block().reshape(-1, *rows.image_shape)


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


def tiff(pixels, *, sample_format, order="<", photometric=1, extra=()):
    """A TIFF file of one strip, written from its specification. pixels (h, w) or (h, w, bands)."""
    pixels = pixels.astype(pixels.dtype.newbyteorder(order))
    height, width, bands = (*pixels.shape, 1)[:3]
    n_tags = 10 + bool(extra)
    data = 8
    wide = data + pixels.nbytes
    many = wide + 2 * bands if bands > 2 else wide
    head = many + (2 * len(extra) if len(extra) > 2 else 0)

    def short_list(tag, values, place):
        packed = struct.pack(f"{order}{len(values)}H", *values)
        inline = packed.ljust(4, b"\0") if len(values) < 3 else struct.pack(order + "I", place)
        return struct.pack(order + "HHI", tag, 3, len(values)) + inline

    def number(tag, value):
        return struct.pack(order + "HHII", tag, 4, 1, value)

    tags = [
        number(256, width),
        number(257, height),
        short_list(258, [8 * pixels.itemsize] * bands, wide),
        short_list(259, [1], 0),
        short_list(262, [photometric], 0),
        number(273, data),
        short_list(277, [bands], 0),
        number(278, height),
        number(279, pixels.nbytes),
        *([short_list(338, list(extra), many)] if extra else []),
        short_list(339, [sample_format], 0),
    ]
    body = pixels.tobytes() + (struct.pack(f"{order}{bands}H", *[8 * pixels.itemsize] * bands) if bands > 2 else b"")
    body += struct.pack(f"{order}{len(extra)}H", *extra) if len(extra) > 2 else b""
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", head)
    return start + body + struct.pack(order + "H", n_tags) + b"".join(tags) + b"\0\0\0\0"


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


# -- what is left out


def test_images_that_cannot_be_read_are_counted_and_lists_are_not(tmp_path):
    for i in range(2):
        put(tmp_path / f"{i}.png", GREY)
        (tmp_path / f"{i}.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (tmp_path / "x.dcm").write_bytes(b"\0" * 128 + b"DICM")
    for name in ("labels.csv", "notes.TXT", "README", "LICENSE", "Thumbs.db", ".DS_Store", "meta.json"):
        (tmp_path / name).write_text("words")
    assert read(tmp_path).notes == (
        "3 of 5 files in " + tmp_path.name + " are not images that narrows reads (.heic, .dcm) and were left out.",
    )
    for name in ("0.png", "1.png", "labels.csv"):
        (tmp_path / name).unlink()
    with pytest.raises(
        DataFormatError, match=r"no images that narrows reads, only files that it does not \(\.heic, \.dcm\)"
    ):
        read(tmp_path)


def test_images_are_known_by_their_first_bytes_where_their_names_say_nothing(tmp_path):
    put(tmp_path / "a.png", GREY)
    (tmp_path / "00017").write_bytes((tmp_path / "a.png").read_bytes())
    (tmp_path / "b.image").write_bytes((tmp_path / "a.png").read_bytes())
    (tmp_path / "a.png.bak").write_bytes((tmp_path / "a.png").read_bytes())
    rows = read(tmp_path)
    assert len(rows) == 3
    assert "1 of 4 files" in rows.notes[0]


def test_a_program_is_never_started_by_a_name(tmp_path):
    (tmp_path / "a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EOF\n")
    with pytest.raises(DataFormatError, match="cannot be read as an image"):
        read(tmp_path)


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

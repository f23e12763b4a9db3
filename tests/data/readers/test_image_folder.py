from __future__ import annotations

import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from narrows.data import read
from narrows.errors import DataError, DataFormatError, SettingError
from tests.data.readers.images import COLOUR, GREY, put

R = np.random.default_rng(1)


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

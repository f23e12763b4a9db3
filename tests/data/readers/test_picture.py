import numpy as np
import pytest
from PIL import Image

from narrows.data import is_pictures, picture_paths, read_picture
from narrows.errors import DataFormatError

COLOUR = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)


def saved(path, image, **settings):
    image.save(path, **settings)
    return path


@pytest.mark.parametrize(
    ("mode", "shape", "has_alpha"),
    [
        ("L", (5, 7, 1), False),
        ("1", (5, 7, 1), False),
        ("LA", (5, 7, 1), True),
        ("RGB", (5, 7, 3), False),
        ("RGBA", (5, 7, 3), True),
        ("P", (5, 7, 3), False),
        ("I;16", (5, 7, 1), False),
    ],
)
def test_modes_become_one_or_three_channels_and_transparency(tmp_path, mode, shape, has_alpha):
    if mode == "I;16":
        image = Image.fromarray(COLOUR[..., 0].astype(np.uint16) * 257)
    else:
        image = Image.fromarray(COLOUR).convert(mode)
    picture = read_picture(saved(tmp_path / "a.png", image), tmp_path)
    assert picture.pixels.shape == shape
    assert picture.pixels.dtype == (np.uint16 if mode == "I;16" else np.uint8)
    assert (picture.alpha is not None) == has_alpha
    if mode in ("RGB", "RGBA"):
        np.testing.assert_array_equal(picture.pixels, COLOUR)
    if mode == "I;16":
        np.testing.assert_allclose(picture.floats[..., 0], COLOUR[..., 0] / 255, atol=1e-6)


def test_pixels_are_not_rotated(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path / "a.png", Image.fromarray(COLOUR), exif=exif)
    np.testing.assert_array_equal(read_picture(path, tmp_path).pixels, COLOUR)


def test_animations_and_pixels_of_32_bits_are_refused(tmp_path):
    frames = [Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR)]
    path = saved(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    with pytest.raises(DataFormatError, match="more than one page"):
        read_picture(path, tmp_path)
    path = saved(tmp_path / "f.tif", Image.fromarray(COLOUR[..., 0].astype(np.float32)))
    with pytest.raises(DataFormatError, match="32 bits"):
        read_picture(path, tmp_path)


def test_damaged_files_are_refused(tmp_path):
    path = saved(tmp_path / "a.jpg", Image.fromarray(np.tile(COLOUR, (40, 40, 1))))
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataFormatError, match="damaged"):
        read_picture(path, tmp_path)


def test_pictures_are_found(tmp_path):
    (tmp_path / "sub").mkdir()
    paths = [saved(tmp_path / name, Image.fromarray(COLOUR)) for name in ("b.png", "sub/a.png")]
    (tmp_path / "notes.txt").write_text("hello")
    assert picture_paths(tmp_path) == paths
    assert picture_paths(paths[0]) == paths[:1]
    assert is_pictures(tmp_path)
    assert is_pictures(paths[0])
    assert not is_pictures(tmp_path / "notes.txt")
    assert not is_pictures(tmp_path / "absent.png")

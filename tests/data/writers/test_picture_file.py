from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from narrows.data import check_picture, read_picture, save_picture
from narrows.errors import OutputError

COLOUR = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
PROFILE = bytes(range(200))


def written_again(path, target="", pixels=None):
    """Return the image of `path` after it was read and written, with its own pixels or others."""
    picture = read_picture(path, path.parent)
    target = Path(target or path.name)
    check_picture(picture, target)
    file = BytesIO()
    save_picture(picture, picture.pixels if pixels is None else pixels, file, target)
    return Image.open(file)


def exif():
    found = Image.Exif()
    found[0x010F], found[0x0112] = "a camera", 3
    found.get_ifd(0x8769)[0x9003] = "2020:01:02 03:04:05"
    return found


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_mode_and_pixels_come_back(tmp_path, mode, ending):
    if mode == "I;16":
        image = Image.fromarray(COLOUR[..., 0].astype(np.uint16) * 200)
    else:
        image = Image.fromarray(COLOUR).convert(mode)
        if "A" in mode:
            image.putalpha(Image.fromarray(COLOUR[..., 1]))
    image.save(tmp_path / f"a{ending}")
    found = written_again(tmp_path / f"a{ending}")
    assert found.mode == mode
    np.testing.assert_array_equal(np.asarray(found), np.asarray(image))


@pytest.mark.parametrize(
    ("ending", "settings"), [(".jpg", {}), (".png", {}), (".webp", {}), (".tif", {"compression": "tiff_lzw"})]
)
def test_exif_profile_and_resolution_are_kept(tmp_path, ending, settings):
    path = tmp_path / f"a{ending}"
    Image.fromarray(COLOUR).save(path, exif=exif(), icc_profile=PROFILE, dpi=(300, 300), **settings)
    found = written_again(path, pixels=255 - read_picture(path, tmp_path).pixels)
    assert found.getexif()[0x010F] == "a camera"
    if ending != ".tif":  # Pillow does not write this part of EXIF there
        assert found.getexif().get_ifd(0x8769)[0x9003] == "2020:01:02 03:04:05"
    assert found.info["icc_profile"] == PROFILE
    assert found.info.get("compression") == settings.get("compression", found.info.get("compression"))
    if ending != ".webp":  # which has no resolution
        assert found.info["dpi"][0] == pytest.approx(300, abs=0.1)


def test_the_quality_of_a_jpeg_and_the_texts_of_a_png_are_kept(tmp_path):
    Image.fromarray(COLOUR).save(tmp_path / "a.jpg", quality=60, subsampling=0)
    found = written_again(tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as old:
        assert vars(found)["quantization"] == vars(old)["quantization"]
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Title", "a name")
    Image.fromarray(COLOUR).save(tmp_path / "a.png", pnginfo=texts)
    assert written_again(tmp_path / "a.png").info["Title"] == "a name"


@pytest.mark.parametrize(
    ("mode", "target", "sentence"),
    [
        ("RGBA", "a.jpg", "transparency"),
        ("I;16", "a.jpg", "16 bits"),
        ("RGB", "a.gif", "cannot be written"),
        ("RGB", "a.xyz", "cannot be written"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(tmp_path, mode, target, sentence):
    image = (
        Image.fromarray(COLOUR[..., 0].astype(np.uint16)) if mode == "I;16" else Image.fromarray(COLOUR).convert(mode)
    )
    image.save(tmp_path / "a.png")
    with pytest.raises(OutputError, match=sentence):
        written_again(tmp_path / "a.png", target)

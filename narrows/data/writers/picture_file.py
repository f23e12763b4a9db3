"""An image file with new pixels: in the format of its name, with the transparency and metadata of the old one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, Any

import numpy as np

from narrows.data.readers.picture import Picture
from narrows.errors import OutputError

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "PPM", "JPEG2000", "AVIF", "TGA")
_WITH_ALPHA = ("PNG", "TIFF", "WEBP", "JPEG2000", "AVIF", "TGA")
_WITH_16_BITS = ("PNG", "TIFF", "PPM", "JPEG2000")
_KEPT = ("icc_profile", "dpi", "xmp", "comment")
# Tags that say how the old file holds its pixels: sizes, strips, tiles, and the profile, which is passed by itself.
_OF_PIXELS = (*range(254, 260), 262, 266, 273, *range(277, 281), 284, 317, 320, *range(322, 326), 338, 339, 347, 34675)
_QUALITY = 95  # of formats with losses, where that of the old file is not known


def check_picture(picture: Picture, target: Path) -> None:
    """Raise OutputError unless the format that the target's name says can hold the picture."""
    found, name = _format(target), picture.path.name
    if found not in _FORMATS:
        endings = ".png, .jpg, .tif, .webp, .bmp or .ppm"
        raise OutputError(f"{name} cannot be written as {target.name}; convert it, or use one of {endings}.")
    if picture.alpha is not None and found not in _WITH_ALPHA:
        raise OutputError(f"{name} has transparency, which {found} cannot hold; write it as .png.")
    if picture.pixels.dtype == np.uint16 and found not in _WITH_16_BITS:
        raise OutputError(f"{name} has 16 bits, which {found} cannot hold; write it as .png or .tif.")


def save_picture(picture: Picture, pixels: np.ndarray, file: IO[bytes], target: Path) -> None:
    """Write `pixels` (height, width, channels), of the type of those of the picture, to an open file.

    EXIF, colour profile, resolution, XMP, comments, texts of a PNG and the quality of a JPEG are kept where the format
    has them. The target's name says the format.
    """
    from PIL import Image

    found = _format(target)
    assert found is not None
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    if picture.alpha is not None:
        image.putalpha(Image.fromarray(picture.alpha))
    encoded = io.BytesIO()  # TIFF is read again while it is written
    image.save(encoded, format=found, **_settings(picture.image, found))
    file.write(encoded.getbuffer())


def _format(target: Path) -> str | None:
    from PIL import Image

    return Image.registered_extensions().get(target.suffix.casefold())


def _settings(old: Any, found: str) -> dict[str, Any]:
    """Return the arguments of Pillow's `save` that keep the properties of the old image."""
    from PIL import JpegImagePlugin, PngImagePlugin

    settings: dict[str, Any] = {name: old.info[name] for name in _KEPT if old.info.get(name)}
    exif = old.getexif()
    for tag in _OF_PIXELS:
        exif.pop(tag, None)
    if len(exif):
        settings["exif"] = exif.tobytes() if found != "TIFF" else exif
    if found == "JPEG" and old.format in ("JPEG", "MPO"):
        settings["qtables"], subsampling = old.quantization, JpegImagePlugin.get_sampling(old)
        settings |= {} if subsampling < 0 else {"subsampling": subsampling}
    elif found in ("JPEG", "WEBP", "AVIF"):
        settings["quality"] = _QUALITY
    if found == "TIFF" and old.format == "TIFF" and old.info.get("compression") not in (None, "raw", "jpeg"):
        settings["compression"] = old.info["compression"]
    if found == "PNG" and getattr(old, "text", None):
        texts = PngImagePlugin.PngInfo()
        for name, text in old.text.items():
            texts.add_text(name, str(text))
        settings["pnginfo"] = texts
    return settings

"""One image file: header and pixels."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from narrows.errors import DataFormatError

if TYPE_CHECKING:
    from PIL import Image

IMAGE_ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".webp", ".bmp", ".dib", ".gif", ".avif"),
    *(".pgm", ".ppm", ".pbm", ".pnm", ".pfm", ".jp2", ".j2k", ".jpf", ".jpx", ".jpc", ".j2c", ".tga", ".pcx", ".qoi"),
)
MAX_PIXELS = 50_000_000
"""Larger images are refused before they are decoded."""

Depth = Literal["8 bits", "16 bits", "whole", "float"]

# Only these are tried, because some of Pillow's other formats start programs.
_FORMATS = ("PNG", "JPEG", "MPO", "TIFF", "WEBP", "BMP", "DIB", "GIF", "AVIF", "PPM", "JPEG2000", "PCX", "QOI")
_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F")
_SIDEWAYS = (5, 6, 7, 8)
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Header:
    """Header of an image file."""

    channels: Literal[1, 3]
    depth: Depth
    """Type of a pixel: "whole" numbers and "float" have 32 bits."""
    has_more: bool
    """Whether there are more pictures than the first: pages, or frames."""
    is_cut: bool
    """Whether Pillow gives colours of 8 bits where the file has 16."""
    n_dropped: int
    """Bands that Pillow does not give."""


def read_header(path: Path, folder: Path) -> Header:
    """Return the header of an image file; raise DataFormatError where it is none, damaged or too large."""
    with open_image(path, folder) as image:
        rawmodes = _rawmodes(image)
        is_deep = image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM"))
        depth = "16 bits" if is_deep else {"I": "whole", "F": "float"}.get(image.mode, "8 bits")
        return Header(
            channels=1 if _is_grey(image) else 3,
            depth=depth,  # pyright: ignore[reportArgumentType]
            has_more=image.format != "MPO" and bool(getattr(image, "is_animated", False)),
            is_cut=depth == "8 bits" and any(";16" in rawmode for rawmode in rawmodes),
            n_dropped=max((mode.count("X") for mode in rawmodes), default=0) if image.format == "TIFF" else 0,
        )


def upright_size(path: Path, folder: Path) -> tuple[int, int]:
    """Return the height and width of an image after the rotation of its EXIF; raise the errors of `read_header`."""
    with open_image(path, folder) as image:
        if image.format != "TIFF" and _orientation(image) in _SIDEWAYS:  # Pillow turns TIFF itself
            return image.width, image.height
        return image.height, image.width


def open_image(path: Path, folder: Path) -> Image.Image:
    """Return the image with its header read and its pixels not yet decoded."""
    from PIL import Image

    name = path.relative_to(folder)
    too_large = f"{name} in {folder} has more than {MAX_PIXELS} pixels; shrink it or take it out of the folder."
    Image.init()
    # Nothing marks a TGA file but its name.
    formats = ("TGA",) if path.suffix.casefold() == ".tga" else tuple(f for f in _FORMATS if f in Image.OPEN)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged EXIF is no news: only the pixels count
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(path, formats=formats)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataFormatError(too_large) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise DataFormatError(_why_not(path, folder)) from error
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise DataFormatError(too_large)
    return image


def is_image_file(path: Path, folder: Path) -> bool:
    """Return whether the file's first bytes are those of an image, whatever its name."""
    try:
        open_image(path, folder).close()
    except DataFormatError:
        return False
    return True


def upright_image(path: Path, folder: Path) -> Image.Image:
    """Return the decoded image, rotated by its EXIF; raise DataFormatError where it is damaged."""
    with open_image(path, folder) as image:
        # Without a name the file is not mapped into memory, where Pillow mistakes the sides of turned TIFF images.
        image.filename = ""  # pyright: ignore[reportAttributeAccessIssue]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                image.load()
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise DataFormatError(
                f"{path.relative_to(folder)} in {folder} is damaged or cut short; repair or remove it."
            ) from error
        return _upright(image)


def deep_pixels(image: Image.Image, *, unsigned: bool = False) -> np.ndarray:
    """Return the pixels (h, w) of a grey image of 16 or 32 bits, unchanged."""
    pixels = np.asarray(image)
    return pixels.view(np.uint32) if unsigned else pixels


def is_unsigned(path: Path, folder: Path) -> bool:
    """Return whether the file has whole numbers from 0 to 2^32, which Pillow gives as signed ones."""
    with open_image(path, folder) as image:
        return any(mode.startswith("I;32") and "S" not in mode for mode in _rawmodes(image))


def has_transparency(image: Image.Image) -> bool:
    """Return whether parts of the image may be transparent."""
    return image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or (
        image.mode in ("1", "L", "P", "RGB") and "transparency" in image.info
    )


def over_ground(image: Image.Image, ground: int) -> Image.Image:
    """Return an image of 8 bits without transparency: transparent parts become grey of brightness `ground`."""
    from PIL import Image

    if not has_transparency(image):
        return image.convert("RGB") if image.mode == "P" else image
    coloured = as_rgba(image)
    paper = Image.new("RGBA", coloured.size, (ground, ground, ground, 255))
    return Image.alpha_composite(paper, coloured).convert("RGB")


def as_rgba(image: Image.Image) -> Image.Image:
    """Return the image in colour with its transparency, not premultiplied."""
    return (image.convert("LA") if image.mode == "La" else image).convert("RGBA")


def _is_grey(image: Image.Image) -> bool:
    if image.mode not in ("P", "PA"):
        return image.mode in _GREY
    try:
        image.load()
    except (OSError, SyntaxError, ValueError, EOFError):
        return True  # reading it will name it
    used = np.asarray(image.convert("RGBA"))
    used = used[used[..., 3] > 0]
    return bool((used[:, :1] == used[:, 1:3]).all())


def _rawmodes(image: Image.Image) -> list[str]:
    """Return Pillow's raw mode of each tile of the file."""
    # A tile is (decoder, place, offset, arguments), whose first is the mode, or the mode alone.
    arguments = [tile[3] for tile in getattr(image, "tile", [])]
    return [str(a[0]) if isinstance(a, tuple | list) and a else str(a) for a in arguments]


def _orientation(image: Image.Image) -> int:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged EXIF raises many kinds of error, and the pixels are whole
        return 1


def _upright(image: Image.Image) -> Image.Image:
    from PIL import ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF raises many kinds of error, and the pixels are whole
        return image.copy()


def _why_not(path: Path, folder: Path) -> str:
    name = path.relative_to(folder)
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError:
        head = b""
    if head in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") and path.stat().st_size > 200:
        return (
            f"{name} in {folder} is a TIFF file with bands or numbers that cannot be read here; save it with 8 or 16 "
            "bits a channel, or all images as an array (n, height, width, channels) in an .npy file."
        )
    return f"{name} in {folder} cannot be read as an image; repair it or remove it from the folder."

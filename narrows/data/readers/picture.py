"""One image file as pixels, with all that is needed to write it again with other pixels."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.readers.image_file import as_rgba, has_transparency, is_image_file, open_image
from narrows.data.readers.image_folder import holds_images, image_paths, is_image_name
from narrows.data.schema.pixel_range import natural_white
from narrows.errors import DataFormatError

if TYPE_CHECKING:
    from PIL import Image

_GREY = ("1", "L", "LA", "La")
_DEEP = 65535


@dataclass(frozen=True, eq=False)
class Picture:
    """An image file, not rotated.

    Parameters
    ----------
    path : Path
    pixels : ndarray of shape (height, width, channels)
        One channel if it is grey, else three; uint8 or uint16.
    alpha : ndarray of shape (height, width) or None
        Its transparency, uint8.
    image : PIL.Image.Image
        The image as read, for its format and metadata.
    note : str
        The losses of reading it; empty if nothing is.
    """

    path: Path
    pixels: np.ndarray
    alpha: np.ndarray | None
    image: Image.Image
    note: str = ""

    @property
    def white(self) -> float:
        """Value of white: 255, or that of 10, 12, 14 or 16 bits."""
        return 255.0 if self.pixels.dtype == np.uint8 else natural_white(float(self.pixels.max()))

    @property
    def floats(self) -> np.ndarray:
        """The pixels as float32 in [0, 1]."""
        return (self.pixels / np.float32(self.white)).astype(np.float32)


def is_pictures(path: Path) -> bool:
    """Return whether a path is an image file, or a folder with some."""
    if path.is_dir():
        return holds_images(path)
    return path.is_file() and is_image_name(path.name) and is_image_file(path, path.parent)


def picture_paths(path: Path) -> list[Path]:
    """Return the image files of a folder, sorted, or the one file; raise DataFormatError if there is none."""
    paths = image_paths(path)[0] if path.is_dir() else [path]
    if not paths:
        raise DataFormatError(f"{path} holds no images that narrows reads; give a folder of PNG, JPEG or TIFF images.")
    return paths


def read_picture(path: Path, folder: Path) -> Picture:
    """Read an image file.

    Raises
    ------
    DataFormatError
        The file is damaged, is not an image, has several pages or frames, or pixels of 32 bits.
    """
    name = f"{path.relative_to(folder)} in {folder}"
    with open_image(path, folder) as image:
        if image.format != "MPO" and getattr(image, "is_animated", False):
            raise DataFormatError(f"{name} has more than one page or frame; split it, or take it out.")
        rawmodes = [str(tile[3]) for tile in getattr(image, "tile", [])]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                image.load()
                image.getexif()
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise DataFormatError(f"{name} is damaged or cut short; repair or remove it.") from error
        pixels, alpha = _pixels(image, name)
        is_cut = pixels.dtype == np.uint8 and any(";16" in mode for mode in rawmodes)
        note = f"{name} has colours of 16 bits and is read with 8." if is_cut else ""
        return Picture(path, pixels, alpha, image, note)


def _pixels(image: Image.Image, name: str) -> tuple[np.ndarray, np.ndarray | None]:
    if image.mode.startswith("I;16") or image.mode == "I":
        pixels = np.asarray(image)
        if pixels.min(initial=0) >= 0 and pixels.max(initial=0) <= _DEEP:
            return pixels.astype(np.uint16)[..., None], None
    if image.mode in ("I", "F"):
        raise DataFormatError(f"{name} has pixels of 32 bits, and only those of 8 or 16 are read; convert it.")
    mode = "L" if image.mode in _GREY else "RGB"
    if not has_transparency(image):
        pixels, alpha = np.asarray(image.convert(mode)), None
    else:
        coloured = as_rgba(image)
        pixels, alpha = np.asarray(coloured.convert("RGB").convert(mode)), np.asarray(coloured.getchannel("A"))
    return (pixels[..., None] if pixels.ndim == 2 else pixels), alpha

"""Folders of PNG and JPEG images as Rows."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.memory import by
from narrows.data.rows import Rows
from narrows.errors import DataError, DataFormatError, SettingError

if TYPE_CHECKING:
    from PIL import Image

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg")
MAX_PIXELS = 50_000_000
"""Larger images are refused before they are decoded."""

_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F")
_DEEP = ("I", "I;16", "I;16B", "I;16L")


def read_images(folder: Path, image_size: Sequence[int] | None = None) -> Rows:
    """All PNG and JPEG images below a folder, in the order of their paths.

    uint8 (n, h, w) where all are grey, (n, h, w, 3) where one is coloured; uint16 where all are grey and one
    has 16 bits. Transparent parts become white. The first level of sub-folders gives the labels.

    Parameters
    ----------
    folder : Path
    image_size : (height, width), optional
        Every image is resized to it. Without it all must have one size.

    Raises
    ------
    DataFormatError
        No images; a file that is damaged, no image, or larger than `MAX_PIXELS`.
    DataError
        Images of different sizes.
    """
    size = None if image_size is None else _checked_size(image_size)
    paths = _image_paths(folder)
    if not paths:
        raise DataFormatError(f"{folder} holds no PNG or JPEG images; give a folder that does.")
    modes = [_mode(path, folder) for path in paths]
    grey = all(mode in _GREY for mode in modes)
    deep = grey and any(mode in _DEEP for mode in modes)
    images: np.ndarray | None = None
    for i, path in enumerate(paths):
        pixels = _pixels(path, folder, size, grey=grey, deep=deep)
        if images is None:
            images = np.empty((len(paths), *pixels.shape), np.uint16 if deep else np.uint8)
        if pixels.shape != images.shape[1:]:
            raise DataError(
                f"The images in {folder} differ in size: {paths[0].relative_to(folder)} has "
                f"{by(images.shape[1:3])} and {path.relative_to(folder)} has {by(pixels.shape[:2])} "
                "(height x width); resize them with --image-size (in Python: image_size=(height, width))."
            )
        images[i] = pixels
    assert images is not None
    height, width = images.shape[1:3]
    return Rows(
        images.reshape(len(images), -1),
        image_shape=(height, width, 1 if grey else 3),
        layout="hw" if grey else "hwc",
        labels=_labels(paths, folder),
        source=folder.name or str(folder),
        first_row=1,
    )


def holds_images(folder: Path) -> bool:
    """Whether an image lies in the folder or below it."""
    return any(_is_image(name) for _, _, names in os.walk(folder) for name in names)


def _checked_size(image_size: Sequence[int]) -> tuple[int, int]:
    try:
        height, width = (int(n) for n in image_size)
    except (TypeError, ValueError):
        height = width = 0
    if min(height, width) < 1 or height * width > MAX_PIXELS:
        raise SettingError(f"image_size={image_size!r} must be (height, width) in pixels, for example (28, 28).")
    return height, width


def _is_image(name: str) -> bool:
    return name.casefold().endswith(IMAGE_ENDINGS) and not name.startswith(".")


def _image_paths(folder: Path) -> list[Path]:
    paths: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]  # os.walk enters those left here
        paths += (Path(place, name) for name in names if _is_image(name))
    return sorted(path for path in paths if path.is_file())


def _labels(paths: list[Path], folder: Path) -> np.ndarray | None:
    parts = [path.relative_to(folder).parts for path in paths]
    if all(len(part) == 1 for part in parts):
        return None
    return np.array([part[0] if len(part) > 1 else "" for part in parts])


def _mode(path: Path, folder: Path) -> str:
    with _opened(path, folder) as image:
        return image.mode


def _opened(path: Path, folder: Path) -> Image.Image:
    """The image with its header read and its pixels not yet decoded."""
    from PIL import Image

    name = path.relative_to(folder)
    too_large = f"{name} in {folder} has more than {MAX_PIXELS} pixels; shrink it or take it out of the folder."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged EXIF is no news: only the pixels count
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(path)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataFormatError(too_large) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise DataFormatError(
            f"{name} in {folder} cannot be read as an image; mend it or take it out of the folder."
        ) from error
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise DataFormatError(too_large)
    return image


def _pixels(path: Path, folder: Path, size: tuple[int, int] | None, *, grey: bool, deep: bool) -> np.ndarray:
    with _opened(path, folder) as image:
        try:
            image.load()
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise DataFormatError(
                f"{path.relative_to(folder)} in {folder} is damaged or cut short; mend it or take it out."
            ) from error
        upright = _upright(image)
    if deep:
        return _grey_16_bit(upright, size)
    if upright.mode in _DEEP:
        upright = _as_image(np.asarray(upright).astype(np.float64) / 257)
    upright = _over_white(upright).convert("L" if grey else "RGB")
    return np.asarray(upright if size is None else upright.resize((size[1], size[0]), _smooth()))


def _upright(image: Image.Image) -> Image.Image:
    from PIL import ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF raises many kinds of error, and the pixels are whole
        return image.copy()


def _grey_16_bit(image: Image.Image, size: tuple[int, int] | None) -> np.ndarray:
    if image.mode not in _DEEP:
        pixels = np.asarray(_over_white(image).convert("L")).astype(np.float32) * 257
    else:
        pixels = np.asarray(image).astype(np.float32)
    if size is not None:
        from PIL import Image

        pixels = np.asarray(Image.fromarray(pixels).resize((size[1], size[0]), _smooth()))
    return np.rint(pixels).clip(0, 65535).astype(np.uint16)


def _as_image(pixels: np.ndarray) -> Image.Image:
    from PIL import Image

    return Image.fromarray(np.rint(pixels).clip(0, 255).astype(np.uint8))


def _over_white(image: Image.Image) -> Image.Image:
    from PIL import Image

    if image.mode not in ("RGBA", "LA", "PA", "La", "RGBa", "P") and "transparency" not in image.info:
        return image
    coloured = image.convert("RGBA")
    white = Image.new("RGBA", coloured.size, "white")
    return Image.alpha_composite(white, coloured).convert("RGB")


def _smooth() -> Image.Resampling:
    from PIL import Image

    return Image.Resampling.BILINEAR

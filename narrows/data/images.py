"""Folders of PNG and JPEG images as Rows."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

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
_SHOWN = 5
_DEEP = ("I", "I;16", "I;16B", "I;16L")


def read_images(
    folder: Path, image_size: Sequence[int] | None = None, *, unreadable: Literal["stop", "skip"] = "stop"
) -> Rows:
    """All PNG and JPEG images below a folder, in the order of their paths.

    uint8 (n, h, w) where all are grey, (n, h, w, 3) where one is coloured; uint16 where all are grey and one
    has 16 bits. Transparent parts become white. The first level of sub-folders gives the labels.

    Parameters
    ----------
    folder : Path
    image_size : (height, width), optional
        Every image is resized to it. Without it all must have one size.
    unreadable : {"stop", "skip"}, default "stop"
        Whether a file that is damaged, no image, or larger than `MAX_PIXELS` is an error, or is left out with a note.

    Raises
    ------
    DataFormatError
        No images; an unreadable file.
    DataError
        Images of different sizes.
    """
    size = None if image_size is None else _checked_size(image_size)
    paths = _image_paths(folder)
    if not paths:
        raise DataFormatError(f"{folder} holds no PNG or JPEG images; give a folder that does.")
    modes, bad = _modes(paths, folder, unreadable)
    paths = list(modes)
    grey = all(mode in _GREY for mode in modes.values())
    deep = grey and any(mode in _DEEP for mode in modes.values())
    images: np.ndarray | None = None
    kept: list[Path] = []
    for path in paths:
        try:
            pixels = _pixels(path, folder, size, grey=grey, deep=deep)
        except DataFormatError:
            if unreadable == "stop":
                raise
            bad.append(path)
            continue
        if images is None:
            images = np.empty((len(paths), *pixels.shape), np.uint16 if deep else np.uint8)
        if pixels.shape != images.shape[1:]:
            raise DataError(
                f"The images in {folder} differ in size: {kept[0].relative_to(folder)} has "
                f"{by(images.shape[1:3])} and {path.relative_to(folder)} has {by(pixels.shape[:2])} "
                "(height x width); resize them with --image-size (in Python: image_size=(height, width))."
            )
        images[len(kept)] = pixels
        kept.append(path)
    if images is None:
        raise DataFormatError(f"None of the {len(bad)} images in {folder} can be read; give a folder of whole ones.")
    images = images[: len(kept)]
    height, width = images.shape[1:3]
    return Rows(
        images.reshape(len(images), -1),
        image_shape=(height, width, 1 if grey else 3),
        layout="hw" if grey else "hwc",
        labels=_labels(kept, folder),
        notes=_left_out(bad, folder),
        source=folder.name or str(folder),
        first_row=1,
    )


def holds_images(folder: Path) -> bool:
    """Whether an image lies in the folder or below it."""
    return any(_is_image(name) for _, _, names in os.walk(folder) for name in names)


def common_size(folder: Path, *, longest: int) -> tuple[int, int] | None:
    """A (height, width) for all images below a folder, neither side above `longest`; None where they have one already.

    The median of their heights and of their widths, shrunk. Unreadable files do not count.
    """
    sizes = []
    for path in _image_paths(folder):
        with suppress(DataFormatError), _opened(path, folder) as image:
            sizes.append((image.height, image.width))
    if not sizes or (len(set(sizes)) == 1 and max(sizes[0]) <= longest):
        return None
    height, width = (float(side) for side in np.median(sizes, axis=0))
    shrink = min(1.0, longest / max(height, width))
    return max(1, round(height * shrink)), max(1, round(width * shrink))


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


def _modes(paths: list[Path], folder: Path, unreadable: Literal["stop", "skip"]) -> tuple[dict[Path, str], list[Path]]:
    """The mode of every readable image, and the unreadable files."""
    modes, bad = {}, []
    for path in paths:
        try:
            modes[path] = _mode(path, folder)
        except DataFormatError:
            if unreadable == "stop":
                raise
            bad.append(path)
    return modes, bad


def _left_out(bad: list[Path], folder: Path) -> tuple[str, ...]:
    if not bad:
        return ()
    names = ", ".join(str(path.relative_to(folder)) for path in bad[:_SHOWN]) + (", ..." if len(bad) > _SHOWN else "")
    files = "1 file that is no whole image was" if len(bad) == 1 else f"{len(bad)} files that are no whole images were"
    return (f"{files} left out: {names}.",)


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

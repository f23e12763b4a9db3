"""Folders of images as Rows."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Literal

import numpy as np

from narrows.data.readers.image_file import (
    IMAGE_ENDINGS,
    MAX_PIXELS,
    Depth,
    Header,
    deep_pixels,
    has_transparency,
    is_image_file,
    is_unsigned,
    over_ground,
    read_header,
    upright_image,
    upright_size,
)
from narrows.data.readers.transparency import Vanishing, choose_ground
from narrows.data.rows import Rows, size_text
from narrows.data.schema.pixel_range import natural_white
from narrows.errors import DataError, DataFormatError, SettingError

if TYPE_CHECKING:
    from PIL import Image

# Files that often accompany images; they are skipped without a note.
_SIDE_ENDINGS = (
    *(
        ".txt",
        ".csv",
        ".tsv",
        ".json",
        ".jsonl",
        ".xml",
        ".yaml",
        ".yml",
        ".toml",
        ".ini",
        ".cfg",
        ".md",
        ".rst",
        ".log",
    ),
    *(".html", ".htm", ".css", ".js", ".py", ".ipynb", ".sh", ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".url", ".lnk"),
    *(".db", ".npy", ".npz", ".parquet", ".pkl", ".mat", ".zip", ".gz", ".tar", ".lock", ".md5", ".sha256", ".tfw"),
)
_SIDE_NAMES = ("readme", "licence", "license", "copying", "notice", "authors", "version", "changelog", "makefile")
_COPIES = (".bak", ".tmp", ".part", ".orig")
_SHOWN = 5
_DTYPES: dict[Depth, type] = {"8 bits": np.uint8, "16 bits": np.uint16, "whole": np.int64, "float": np.float32}


def read_images(
    folder: Path, image_size: Sequence[int] | None = None, *, unreadable: Literal["stop", "skip"] = "stop"
) -> Rows:
    """Return all images below a folder, in the order of their paths.

    uint8 (n, h, w) where all are grey, (n, h, w, 3) where one is coloured; uint16 where all are grey and one
    has 16 bits; int64 or float32 where all have such numbers. The first of several pages or frames is read.
    Transparent parts become white, or black or grey where images would vanish on white. The first level of sub-folders
    gives the labels. ``notes`` name the skipped files.

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
        Images of different sizes, or of numbers that have no unit in common.
    """
    size = None if image_size is None else _checked_size(image_size)
    paths, others = image_paths(folder)
    if not paths:
        raise DataFormatError(_no_images(folder, others))
    headers, bad = _headers(paths, folder, unreadable)
    if not headers:
        raise _none_whole(bad, folder)
    image_format = _image_format(headers, folder)
    result = _read_all(list(headers), folder, image_format, size, unreadable)
    bad += result.bad
    ground = choose_ground(result.vanishing)
    if ground.brightness != image_format.ground:
        image_format = replace(image_format, ground=ground.brightness)
        result = _read_all(result.kept, folder, image_format, size, unreadable)
    if not result.kept:
        raise _none_whole(bad, folder)
    height, width = result.images.shape[1:3]
    kept = {path: headers[path] for path in result.kept}
    return Rows(
        result.images.reshape(len(kept), -1),
        image_shape=(height, width, image_format.channels),
        layout="hw" if image_format.channels == 1 else "hwc",
        labels=_labels(result.kept, folder),
        notes=(
            *_others_note(others, len(paths), folder),
            *_left_out(bad, folder),
            *_header_notes(kept, image_format),
            *ground.notes,
        ),
        source=folder.name or str(folder),
        first_row=1,
    )


def holds_images(folder: Path) -> bool:
    """Return whether a file that is named as an image lies in the folder or below it."""
    return any(is_image_name(name) for _, _, names in os.walk(folder) for name in names)


def common_size(folder: Path, *, longest: int) -> tuple[int, int] | None:
    """Return a (height, width) for all images of a folder, at most `longest`; None if they share one already.

    It is the median of their heights and of their widths, reduced. Unreadable files do not count.
    """
    sizes = []
    for path in image_paths(folder)[0]:
        with suppress(DataFormatError):
            sizes.append(upright_size(path, folder))
    if not sizes or (len(set(sizes)) == 1 and max(sizes[0]) <= longest):
        return None
    height, width = (float(side) for side in np.median(sizes, axis=0))
    shrink = min(1.0, longest / max(height, width))
    return max(1, round(height * shrink)), max(1, round(width * shrink))


# -- which files


def _checked_size(image_size: Sequence[int]) -> tuple[int, int]:
    try:
        height, width = (int(n) for n in image_size)
    except (TypeError, ValueError):
        height = width = 0
    if min(height, width) < 1 or height * width > MAX_PIXELS:
        raise SettingError(f"image_size={image_size!r} must be (height, width) in pixels, for example (28, 28).")
    return height, width


def is_image_name(name: str) -> bool:
    """Return whether a file of this name is read as an image."""
    return name.casefold().endswith(IMAGE_ENDINGS) and not name.startswith(".")


def is_beside(path: PurePath) -> bool:
    """Return whether a file of this name is certainly not an image."""
    name, ending = path.name.casefold(), path.suffix.casefold()
    return name.startswith((".", "~")) or ending in _SIDE_ENDINGS or (not ending and name.startswith(_SIDE_NAMES))


def image_paths(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the images below a folder, and the files that may be images but cannot be read."""
    paths: list[Path] = []
    others: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]  # os.walk enters those left here
        for path in (Path(place, name) for name in names):
            if not path.is_file() or (not is_image_name(path.name) and is_beside(path)):
                continue
            is_copy = path.suffix.casefold() in _COPIES or path.name.endswith("~")
            is_image = is_image_name(path.name) or (not is_copy and is_image_file(path, folder))
            (paths if is_image else others).append(path)
    return sorted(paths), sorted(others)


def _labels(paths: list[Path], folder: Path) -> np.ndarray | None:
    parts = [path.relative_to(folder).parts for path in paths]
    if all(len(part) == 1 for part in parts):
        return None
    return np.array([part[0] if len(part) > 1 else "" for part in parts])


def _headers(
    paths: list[Path], folder: Path, unreadable: Literal["stop", "skip"]
) -> tuple[dict[Path, Header], list[Path]]:
    """Return the header of every readable image, and the unreadable files."""
    headers, bad = {}, []
    for path in paths:
        try:
            headers[path] = read_header(path, folder)
        except DataFormatError:
            if unreadable == "stop":
                raise
            bad.append(path)
    return headers, bad


# -- the common format


@dataclass(frozen=True)
class _Format:
    """Common format of the images of a folder."""

    channels: int
    depth: Depth
    white: float
    """White of the grey images of 16 bits, where coloured ones bring them down to 8."""
    ground: int = 255


@dataclass
class _ReadImages:
    images: np.ndarray = field(default_factory=lambda: np.empty(0))
    kept: list[Path] = field(default_factory=list)
    bad: list[Path] = field(default_factory=list)
    vanishing: list[Vanishing] = field(default_factory=list)


def _image_format(headers: dict[Path, Header], folder: Path) -> _Format:
    n_channels = max(header.channels for header in headers.values())
    first = {header.depth: path for path, header in reversed(headers.items())}
    odd: Depth | None = "float" if "float" in first else "whole" if "whole" in first else None
    if odd is not None and len(first) > 1:
        other = next(path for depth, path in first.items() if depth != odd)
        numbers = "floats" if odd == "float" else "whole numbers of 32 bits"
        raise DataError(
            f"The pixels of {first[odd].relative_to(folder)} in {folder} are {numbers}, those of "
            f"{other.relative_to(folder)} are not; convert all images to one pixel type."
        )
    if n_channels == 1:
        return _Format(1, odd or ("16 bits" if "16 bits" in first else "8 bits"), 65535.0)
    deep = [path for path, header in headers.items() if header.depth == "16 bits"]
    largest = 0.0
    for path in deep:
        with suppress(DataFormatError):
            largest = max(largest, float(deep_pixels(upright_image(path, folder)).max()))
    return _Format(n_channels, "8 bits", natural_white(largest))


def _read_all(
    paths: list[Path],
    folder: Path,
    image_format: _Format,
    size: tuple[int, int] | None,
    unreadable: Literal["stop", "skip"],
) -> _ReadImages:
    result = _ReadImages()
    shallow: list[int] = []  # images of 8 bits among those of 16
    for path in paths:
        try:
            image = upright_image(path, folder)
            if has_transparency(image):
                result.vanishing.append(Vanishing.of(image))
            pixels = _pixels(image, path, folder, image_format, size)
        except DataFormatError:
            if unreadable == "stop":
                raise
            result.bad.append(path)
            continue
        if not result.kept:
            result.images = np.empty((len(paths), *pixels.shape), _DTYPES[image_format.depth])
        if pixels.shape != result.images.shape[1:]:
            raise DataError(
                f"The images in {folder} differ in size: {result.kept[0].relative_to(folder)} has "
                f"{size_text(result.images.shape[1:3])} and {path.relative_to(folder)} has "
                f"{size_text(pixels.shape[:2])} "
                "(height x width); resize them with --image-size (in Python: image_size=(height, width))."
            )
        if image_format.depth == "16 bits" and pixels.dtype == np.uint8:
            shallow.append(len(result.kept))
        result.images[len(result.kept)] = pixels
        result.kept.append(path)
    result.images = result.images[: len(result.kept)]
    _to_one_unit(result.images, shallow)
    return result


def _to_one_unit(images: np.ndarray, shallow: list[int]) -> None:
    """Bring images of 8 bits to the white of those of 16 among which they are, in place."""
    if not shallow:
        return
    is_deep = np.ones(len(images), bool)
    is_deep[shallow] = False
    white = natural_white(max((float(images[i].max()) for i in np.flatnonzero(is_deep)), default=65535.0))
    for i in shallow:
        images[i] = np.rint(images[i] * (white / 255))


def _pixels(
    image: Image.Image, path: Path, folder: Path, image_format: _Format, size: tuple[int, int] | None
) -> np.ndarray:
    """Return pixels (h, w), or (h, w, channels) in a coloured folder: uint8, or a deep file's own numbers."""
    is_deep = image.mode == "F" or image.mode.startswith("I")
    if is_deep and image_format.depth != "8 bits":
        pixels = deep_pixels(image, unsigned=image_format.depth == "whole" and is_unsigned(path, folder))
        return pixels if size is None else _resized(pixels, size, image_format.depth)
    if is_deep:
        image = _as_image(deep_pixels(image).astype(np.float64) * (255 / image_format.white))
    image = over_ground(image, image_format.ground).convert("L" if image_format.channels == 1 else "RGB")
    return np.asarray(image if size is None else _scaled(image, size))


def _resized(pixels: np.ndarray, size: tuple[int, int], depth: Depth) -> np.ndarray:
    from PIL import Image

    resized = np.asarray(_scaled(Image.fromarray(pixels.astype(np.float32)), size))
    return resized if depth == "float" else np.rint(resized).astype(np.int64)


def _scaled(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    from PIL import Image

    return image.resize((size[1], size[0]), Image.Resampling.BILINEAR)


def _as_image(pixels: np.ndarray) -> Image.Image:
    from PIL import Image

    return Image.fromarray(np.rint(pixels).clip(0, 255).astype(np.uint8))


# -- messages and notes


def _no_images(folder: Path, others: list[Path]) -> str:
    held = f", only files that it does not ({_endings(others)})" if others else ""
    return f"{folder} holds no images that narrows reads{held}; give a folder of PNG, JPEG, TIFF or WebP images."


def _none_whole(bad: list[Path], folder: Path) -> DataFormatError:
    if len(bad) == 1:
        return DataFormatError(f"{bad[0].name} is damaged and cannot be read as an image; give an undamaged one.")
    return DataFormatError(f"None of the {len(bad)} images in {folder} can be read; give a folder of undamaged images.")


def _endings(paths: list[Path]) -> str:
    counted = Counter(path.suffix.casefold() or "no ending" for path in paths)
    listed = [ending for ending, _ in counted.most_common(_SHOWN)]
    return ", ".join(listed) + (", ..." if len(counted) > _SHOWN else "")


def _others_note(others: list[Path], n_images: int, folder: Path) -> tuple[str, ...]:
    if not others:
        return ()
    n, is_one = len(others), len(others) == 1
    return (
        f"{n} of {n + n_images} files in {folder.name or folder} {'is not an image' if is_one else 'are not images'} "
        f"that narrows reads ({_endings(others)}) and {'was' if is_one else 'were'} left out.",
    )


def _left_out(bad: list[Path], folder: Path) -> tuple[str, ...]:
    if not bad:
        return ()
    names = ", ".join(str(path.relative_to(folder)) for path in bad[:_SHOWN]) + (", ..." if len(bad) > _SHOWN else "")
    images = "1 damaged image was" if len(bad) == 1 else f"{len(bad)} damaged images were"
    return (f"{images} left out: {names}.",)


def _header_notes(headers: dict[Path, Header], image_format: _Format) -> list[str]:
    """Return a sentence for each part of the files that is not in the rows."""
    all_of = list(headers.values())
    notes = []
    n = sum(header.has_more for header in all_of)
    if n:
        notes.append(f"{n} of {len(all_of)} images have more than one page or frame; the first of each was read.")
    n = sum(header.is_cut or (header.depth == "16 bits" and image_format.depth == "8 bits") for header in all_of)
    if n:
        notes.append(f"{n} of {len(all_of)} images have 16 bits a channel and were read with 8.")
    n = sum(header.n_dropped > 0 for header in all_of)
    if n:
        notes.append(
            f"{n} of {len(all_of)} images have more bands than were read; an array in an .npy file can hold all."
        )
    return notes

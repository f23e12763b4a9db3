"""Images of any size as rows: patches of one size, from which a network learns that then takes whole images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from narrows.data.readers.picture import picture_paths, read_picture
from narrows.data.rows import Rows
from narrows.errors import DataError, SettingError

MOST_PATCHES = 5000
_FEWEST_IMAGES = 10  # of which whole ones can be held out


def read_patches(source: Path, size: int, *, most: int = MOST_PATCHES, seed: int = 0) -> Rows:
    """Return square patches of an image file, or of all images below a folder.

    Each image is cut into patches that do not overlap, from a corner drawn at random. If there are more than `most`,
    each image gives a share of them that grows with its area, drawn at random. Of ten images or more, the number of
    the image is the group of a patch, so that a fit holds out whole images. Grey images among coloured ones are left
    out with a note; transparency is left out.

    Parameters
    ----------
    source : Path
    size : int
        Height and width of a patch in pixels, even.
    most : int, default=5000
    seed : int, default=0

    Returns
    -------
    Rows
        float32 of shape (n, size, size[, 3]) in [0, 1].

    Raises
    ------
    SettingError
        The size is not an even number from 8.
    DataFormatError
        No image, or one that cannot be read.
    DataError
        All images are smaller than a patch.
    """
    if isinstance(size, bool) or not hasattr(size, "__index__") or int(size) < 8 or int(size) % 2:
        raise SettingError(f"patch_size={size!r} must be an even number of pixels from 8, such as 40.")
    folder = source if source.is_dir() else source.parent
    paths = picture_paths(source)
    areas = np.zeros(len(paths))
    is_coloured = np.zeros(len(paths), bool)
    notes = []
    for i, path in enumerate(paths):
        picture = read_picture(path, folder)
        height, width, channels = picture.pixels.shape
        areas[i], is_coloured[i] = (height // size) * (width // size), channels == 3
        notes += [picture.note] if picture.note else []
    used = is_coloured if is_coloured.any() else np.ones(len(paths), bool)
    shares = np.where(used, areas, 0)
    if not shares.any():
        raise DataError(f"Every image of {source} is smaller than a patch of {size}x{size} pixels; use a smaller size.")
    if not used.all():
        n = int((~used).sum())
        notes.append(f"{n} of {len(paths)} images are grey among coloured ones and were left out.")
    shares = np.ceil(shares * min(1.0, most / shares.sum())).astype(int)
    rng = np.random.default_rng(seed)
    found = [_cut(read_picture(paths[i], folder).floats, size, shares[i], rng) for i in np.flatnonzero(shares)]
    patches = np.concatenate(found)
    groups = np.repeat(np.arange(len(found)), [len(part) for part in found])
    return Rows(
        patches.reshape(len(patches), -1),
        image_shape=(size, size, patches.shape[3]),
        layout="hw" if patches.shape[3] == 1 else "hwc",
        groups=groups if len(found) >= _FEWEST_IMAGES else None,
        notes=(*notes, f"Cut {len(found)} images into {len(patches):,} patches of {size}x{size} pixels."),
        source=source.name or str(source),
        first_row=1,
    )


def _cut(image: np.ndarray, size: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return n patches (n, size, size, channels) of an image (height, width, channels) that do not overlap."""
    height, width, channels = image.shape
    top, left = (int(rng.integers(side % size + 1)) for side in (height, width))
    rows, columns = height // size, width // size
    grid = image[top : top + rows * size, left : left + columns * size]
    patches = grid.reshape(rows, size, columns, size, channels).swapaxes(1, 2).reshape(-1, size, size, channels)
    return patches[np.sort(rng.permutation(len(patches))[:n])]

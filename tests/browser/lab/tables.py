"""Rows for the tests of the page."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Pixels in [0, 1] (1797, 64) and which digit each is, from scikit-learn itself."""
    X, y = load_digits(return_X_y=True)
    return np.asarray(X, float) / 16, np.asarray(y)


def two_kinds(path: Path, *, label: bool = True) -> Path:
    """300 rows of five related measures; 270 are of one kind, and 30, of another, break the relation between them."""
    rng = np.random.default_rng(0)
    size = rng.normal(size=300)
    noise = rng.normal(scale=0.1, size=(300, 4))
    columns = np.column_stack([170 + 10 * size, 65 + 12 * (size + noise[:, 0]), 42 + 2 * (size + noise[:, 1]),
                               90 + 8 * (size + noise[:, 2]), 25 + 3 * (-size + noise[:, 3])])  # fmt: skip
    odd = np.arange(300) % 10 == 9
    columns[odd, 1] = 65 - 12 * (size[odd] + np.sign(size[odd]))
    names = ["height", "weight", "shoe", "leg", "spare"] + (["kind"] if label else [])
    lines = [",".join(names)]
    for row, anomalous in zip(columns, odd, strict=True):
        lines.append(",".join([*(f"{v:.2f}" for v in row), *(["odd" if anomalous else "usual"] if label else [])]))
    path.write_text("\n".join(lines) + "\n")
    return path


def coloured_squares(folder: Path) -> Path:
    """60 images of 12x10 pixels in two sub-folders: a red or a blue square somewhere on grey."""
    rng = np.random.default_rng(0)
    for name, colour in (("blue", (40, 90, 230)), ("red", (220, 50, 40))):
        (folder / name).mkdir(parents=True)
        for i in range(30):
            image = np.full((12, 10, 3), 128, np.uint8)
            top, left = rng.integers(0, 7), rng.integers(0, 5)
            image[top : top + 5, left : left + 5] = colour
            Image.fromarray(image).save(folder / name / f"{i:02}.png")
    return folder


def first_images(source: Path, target: Path, n_images: dict[str, int]) -> Path:
    """A folder with the first images of each part of a set in IDX files, and their labels."""
    target.mkdir(parents=True)
    for part, n in n_images.items():
        for kind, header, size in (("images-idx3", 16, 28 * 28), ("labels-idx1", 8, 1)):
            content = gzip.decompress((source / f"{part}-{kind}-ubyte.gz").read_bytes())
            start = content[:4] + n.to_bytes(4, "big") + content[8:header]
            (target / f"{part}-{kind}-ubyte").write_bytes(start + content[header : header + n * size])
    return target


def penguins_with_dates(source: Path, path: Path) -> Path:
    """The penguins, each with a day on which it was seen and a price, which is far from normally distributed."""
    rng = np.random.default_rng(0)
    first, *rows = source.read_text().splitlines()
    days = np.datetime64("2007-11-01") + rng.integers(0, 761, len(rows))
    days[0] = np.datetime64("2009-12-01")
    prices = np.exp(rng.normal(3, 1.2, len(rows)))
    lines = [f"{row},{day},{price:.2f}" for row, day, price in zip(rows, days, prices, strict=True)]
    path.write_text("\n".join([f"{first},seen,price", *lines]) + "\n")
    return path

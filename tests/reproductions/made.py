"""A few made images in MNIST's place."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np

from narrows.data import curves
from narrows.reproductions import Result, Setup, reproduction

SETUP = Setup(quick=True, max_rows=40, max_epochs=2)


def idx(array: np.ndarray) -> bytes:
    """An array of bytes as an IDX file."""
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_mnist(folder: Path) -> None:
    """Forty images to learn from and forty to measure on, of ten classes, where MNIST is looked for."""
    (folder / "mnist").mkdir()
    images = (255 * curves(80, 0)).astype(np.uint8)
    labels = (np.arange(80) % 10).astype(np.uint8)
    for start, part in (("train", slice(0, 40)), ("t10k", slice(40, 80))):
        (folder / "mnist" / f"{start}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images[part])))
        (folder / "mnist" / f"{start}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels[part])))


def results(name: str) -> list[Result]:
    """The results of a whole paper in seconds."""
    return [record for record in reproduction(name).run(SETUP) if isinstance(record, Result)]

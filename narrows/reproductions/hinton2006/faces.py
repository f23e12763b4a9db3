"""Patches of Olivetti faces through 625-2000-1000-500-30, with linear input and output units (Fig. 2C)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from narrows.data import Rows, read
from narrows.errors import DataError
from narrows.reproductions.experiment import Experiment, Record, Result, Setup
from narrows.reproductions.hinton2006.comparison import UNIT, Baseline, Method, compare, paper_network
from narrows.reproductions.paper_data import TrainTest

SIZES = (2000, 1000, 500, 30)
SIDE = 25
HOW_TO_GET_FACES = (
    "the Olivetti faces, 10 images of each of 40 people in this order, as an NPY file of (400, height, width) or a "
    "folder with a sub-folder for each person: "
    "numpy.save('faces.npy', sklearn.datasets.fetch_olivetti_faces().images)"
)
_TASK = "Faces, 30 numbers"
_PATCHES, _TEST_SHARE = 414, 0.25  # per image; of the people
_MAX_ANGLE, _SCALES = 90.0, (1.4, 1.8)


def _run(setup: Setup) -> Iterator[Record]:
    if "faces" not in setup.paths:
        yield Result(_TASK, "all", None, UNIT, 126, "Fig. 2C", note=f"not run; --faces PATH: {HOW_TO_GET_FACES}")
        return
    faces, people = read_faces(setup.paths["faces"])
    n = max(1, setup.rows(_PATCHES * len(faces), quick=40 * len(faces)) // len(faces))
    x, owner = patches(faces, n, setup.seed), np.repeat(people, n)
    names = np.unique(people)
    is_test = np.isin(owner, names[-max(1, round(_TEST_SHARE * len(names))) :])
    mean = x[~is_test].mean(axis=0)
    spread = float(np.sqrt(x[~is_test].var(axis=0).mean()))
    data = TrainTest((x[~is_test] - mean) / spread, (x[is_test] - mean) / spread)
    note = f"{len(data.train):,} patches of {len(names)} people" if setup.quick or len(names) != 40 else ""
    plain = {"loss": "mse", "scale": "none", "output_activation": "linear"}
    methods = [
        Method(
            "Muon from random weights",
            paper_network(
                SIZES, setup.seed, **plain, activation="silu", batch_size=512, epochs=setup.epochs(20, quick=3)
            ),
            note=note,
        ),
        Method(
            "RBMs, then L-BFGS",
            paper_network(
                SIZES,
                setup.seed,
                **plain,
                pretrain="rbm",
                pretrain_epochs=setup.epochs(50, quick=2),
                optimizer="lbfgs",
                batch_size=1000,
                epochs=setup.epochs(20, quick=1),
            ),
            126,
            "Fig. 2C",
            note,
        ),
    ]
    yield from compare(
        _TASK,
        "faces-30",
        data,
        methods,
        pca=[Baseline(30, 135, "Fig. 2C")],
        logistic=[],
        logistic_epochs=0,
        seed=setup.seed,
        shape=(SIDE, SIDE),
        brightness=lambda rows: rows * spread + mean,
    )


def read_faces(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return grey images (n, height, width) in [0, 1], and the person of each (n,).

    Raises DataError if the file or folder contains no grey images of one size, DataNotFoundError if it does not exist.
    """
    rows: Rows = read(str(path) if path.exists() else path)
    if rows.image_shape is None or rows.image_shape[2] != 1:
        raise DataError(f"{path} holds no grey images; --faces takes {HOW_TO_GET_FACES}.")
    x = np.asarray(rows.block(), np.float32).reshape(len(rows), *rows.image_shape[:2])
    people = np.arange(len(x)) // 10 if rows.labels is None else rows.labels
    if len(np.unique(people)) < 2:
        raise DataError(f"{path} holds the faces of one person only; --faces takes {HOW_TO_GET_FACES}.")
    return x / (255 if x.max() > 1 else 1), people


def patches(faces: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Return `n` patches of every face, rotated by up to 90°, enlarged 1.4 to 1.8 times and sampled at 25 x 25 points.

    Faces (m, height, width) -> float32 (m * n, 625), ordered by face.
    """
    m, height, width = faces.shape
    rng = np.random.default_rng(seed)
    angle = np.deg2rad(rng.uniform(-_MAX_ANGLE, _MAX_ANGLE, (m, n, 1, 1)))
    # Enlarging and cropping equals sampling 25 x 25 points in a window of 1/scale.
    side = min(height, width) / rng.uniform(*_SCALES, (m, n, 1, 1))
    grid = (np.arange(SIDE) - (SIDE - 1) / 2) / SIDE
    out = np.empty((m, n, SIDE * SIDE), np.float32)
    for i, face in enumerate(faces):
        down, across = side[i] * grid[:, None], side[i] * grid[None, :]
        rows = (height - 1) / 2 + np.cos(angle[i]) * down - np.sin(angle[i]) * across
        columns = (width - 1) / 2 + np.sin(angle[i]) * down + np.cos(angle[i]) * across
        out[i] = _bilinear(face, rows, columns).reshape(n, -1)
    return out.reshape(m * n, -1)


def _bilinear(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Interpolate bilinearly; points outside have the values of the edge."""
    rows, columns = (np.clip(place, 0, size - 1) for place, size in zip((rows, columns), image.shape, strict=True))
    top, left = (
        np.minimum(place.astype(int), size - 2) for place, size in zip((rows, columns), image.shape, strict=True)
    )
    down, aside = rows - top, columns - left
    above = image[top, left] * (1 - aside) + image[top, left + 1] * aside
    below = image[top + 1, left] * (1 - aside) + image[top + 1, left + 1] * aside
    return above * (1 - down) + below * down


FACES = Experiment("faces", "Faces through 625-2000-1000-500-30", _run)

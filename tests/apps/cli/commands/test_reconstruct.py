"""Reconstructions, as tables, arrays and images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest
from PIL import Image

import narrows
from narrows.data import read


def size_of(path: str) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_reconstruct_keeps_columns_and_types(shell, tabular: Path, table: Path) -> None:
    assert shell("reconstruct", tabular, table, "-o", "rebuilt.parquet").status == 0
    found = pyarrow.parquet.read_table("rebuilt.parquet")
    given = pyarrow.csv.read_csv(table)
    assert found.schema.equals(given.schema)
    assert found["name"].equals(given["name"])


def test_reconstruct_keeps_the_shape_of_images(shell, models: Path) -> None:
    assert shell("reconstruct", models / "plain", "digits", "-o", "rebuilt.npy").status == 0
    np.testing.assert_array_equal(np.load("rebuilt.npy"), narrows.load(models / "plain").reconstruct(read("digits")))


@pytest.mark.slow
def test_reconstruct_writes_a_sheet_or_a_folder_of_images(shell, models: Path) -> None:
    assert shell("reconstruct", models / "plain", "digits", "-o", "sheet.png").status == 0
    assert size_of("sheet.png")[0] > 8 * 40
    assert shell("reconstruct", models / "plain", "digits", "-o", "folder").status == 0
    assert len(list(Path("folder").rglob("*.png"))) == 1797
    assert len(list(Path("folder", "3").glob("*.png"))) == 183


def test_floats_beyond_1_are_drawn_in_their_own_range(shell, quick) -> None:
    images = np.random.default_rng(0).uniform(0, 4000, size=(30, 8, 8))
    np.save("images.npy", images)
    assert shell("fit", "images.npy", "-o", "m", *quick).status == 0
    assert shell("reconstruct", "m", "images.npy", "-o", "folder").status == 0
    pixels = np.array([pixels_of(path) for path in sorted(Path("folder").glob("*.png"))])
    assert 60 < pixels.mean() < 195

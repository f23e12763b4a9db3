"""The rows of a source, and the Python code that reads the same."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from narrows.apps.viewer import datasets
from narrows.apps.viewer.datasets import Source, load, python_of
from tests.browser.lab.tables import coloured_squares


def fashion(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """Thirty random images in place of Fashion-MNIST."""
    rng = np.random.default_rng(0)
    place = folder / "sets" / "fashion-mnist"
    place.mkdir(parents=True)
    for part, n in (("train", 20), ("t10k", 10)):
        for kind, magic, shape in (("images-idx3", 2051, (n, 28, 28)), ("labels-idx1", 2049, (n,))):
            head = b"".join(size.to_bytes(4, "big") for size in (magic, *shape))
            values = rng.integers(0, 10, shape, dtype=np.uint8)
            (place / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(head + values.tobytes()))
    monkeypatch.setenv("NARROWS_DATA", str(folder / "sets"))
    return Source.of("fashion-mnist")


def damaged_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """Coloured squares, one of which is no whole image."""
    path = coloured_squares(folder / "squares")
    (path / "red" / "cut.png").write_bytes((path / "red" / "00.png").read_bytes()[:60])
    return Source.of(str(path), image_size=(6, 5))


def long_table(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """A table of more rows than the page shows."""
    monkeypatch.setattr(datasets, "MOST_ROWS", 30)
    rng = np.random.default_rng(0)
    lines = [f"{x:.3f},{y:.3f},{'ab'[i % 3 == 0]}" for i, (x, y) in enumerate(rng.normal(size=(90, 2)))]
    path = folder / "long.csv"
    path.write_text("\n".join(["x,y,kind", *lines]) + "\n")
    return Source.of(str(path), label="kind")


@pytest.mark.parametrize("make", [fashion, damaged_folder, long_table])
def test_the_python_of_a_source_reads_the_rows_of_the_page(
    make: Callable[[Path, pytest.MonkeyPatch], Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make(tmp_path, monkeypatch)
    shown, names = load(source), {}
    exec(python_of(source), names)
    again = names["rows"]
    assert again.labels.astype(str).tolist() == shown.labels.astype(str).tolist()
    assert again.image_shape == shown.image_shape
    for j in range(shown.n_columns) if shown.image_shape is None else ():
        assert np.array_equal(again.column(j), shown.column(j))
    if shown.image_shape is not None:
        assert np.array_equal(again.block(), shown.block())

"""The rows of a saved model of the fixtures as JSON, and their scores from `narrows score`."""

from __future__ import annotations

import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from narrows.apps.cli import main
from tests.apps.service.client import SAVED, saved


def records(name: str) -> list[Any]:
    """Return the rows as JSON values: objects, or lists of numbers."""
    (path,) = (SAVED / name).glob("rows.*")
    if path.suffix == ".parquet":
        return [{key: _plain(cell) for key, cell in row.items()} for row in pq.read_table(path).to_pylist()]
    stored = np.load(path)
    return stored[stored.files[0]].tolist()


def arrow_rows(name: str) -> pa.Table:
    return pq.read_table(SAVED / name / "rows.parquet")


def scores_of_the_shell(name: str, folder: Path, rows: Path | None = None) -> np.ndarray:
    """Return what `narrows score` writes for the rows of a fixture, or other rows: (n, k)."""
    (path,) = (SAVED / name).glob("rows.*") if rows is None else (rows,)
    output = folder / f"{name}.npy"
    assert main(["score", str(saved(name)), str(path), "-o", str(output), "--quiet", "--force"]) == 0
    return np.load(output)


def _plain(cell: Any) -> Any:
    if hasattr(cell, "isoformat"):
        return cell.isoformat()
    return float(cell) if isinstance(cell, decimal.Decimal) else cell

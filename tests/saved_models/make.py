"""Fit and save the models of `cases.py`: ``python -m tests.saved_models.make`` writes the folder `models`.

The folder holds what an earlier version saved, and `test_load.py` proves that this version still reads it. So do not
run this again for a case that is there, which would replace the proof by a copy of today's code: without arguments it
writes only cases that have no folder yet. A case that was added is written in the version that can first save it.

Each folder has `model` (what `save` wrote), `rows.csv`, `rows.parquet` or `rows.npz` (rows that the fit did not see),
and `answers.npz` (what the saved model answered about them).
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch

from tests.saved_models.answers import answers, read_rows
from tests.saved_models.cases import CASES, N_NEW, Case, N, write_rows

MODELS = Path(__file__).parent / "models"


def main(folder: Path = MODELS) -> None:
    """Write the cases that `folder` does not hold."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    for name, case in CASES.items():
        if not (folder / name).exists():
            print(f"{name}: {make(name, case, folder / name)} bytes")


def make(name: str, case: Case, folder: Path) -> int:
    """Write one case; returns its size in bytes."""
    write_rows(case.rows(N_NEW, 1), folder)
    with tempfile.TemporaryDirectory() as temporary:
        X = case.rows(N, 0)
        model = case.fit(case.model(), write_rows(X, Path(temporary)) if isinstance(X, str) else X)
    model.save(folder / "model")
    np.savez_compressed(folder / "answers.npz", **answers(model, read_rows(folder)))
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(*map(Path, sys.argv[1:]))

"""Scores in a folder of Parquet files that are judged together: rewritten file by file, with one file in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narrows.data import RemotePath
from narrows.estimators import AnomalyDetector, ScoreFile, above_all
from narrows.ray.model_worker import N_INVALID

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder


def judge_together(model: Autoencoder | AnomalyDetector, folder: RemotePath) -> None:
    """Rewrite the score files of a folder with the results that depend on all rows, in the order of the file names.

    These are a detector's alarms under a budget or Benjamini-Hochberg, and the scores of rows with invalid cells, which
    are above all others.
    """
    from pyarrow import parquet

    files = sorted(folder.rglob(), key=lambda file: file.path)
    is_detector = isinstance(model, AnomalyDetector)
    names = ["score"] if is_detector else [n for n in ("reconstruction_error", "elbo") if n in _names(files[0])]
    columns = _in_files(files, [*names, *([] if is_detector else [N_INVALID])])
    alarms = model.alarms_in_parts(columns["score"]) if isinstance(model, AnomalyDetector) else None
    if alarms is None:
        columns = {n: above_all(columns[n], columns[N_INVALID], sign=-1 if n == "elbo" else 1) for n in names}
    start = 0
    for file in files:
        with file.open() as opened:
            table = parquet.read_table(opened)
        stop = start + table.num_rows
        found = {name: columns[name].between(start, stop) for name in names}
        if alarms is not None:
            found = {"anomaly": alarms(found["score"]).astype(np.float64)}
        for name, values in found.items():
            table = table.set_column(table.column_names.index(name), name, [values])
        if N_INVALID in table.column_names:
            table = table.drop_columns([N_INVALID])
        with folder.filesystem.open_output_stream(file.path) as stream:
            parquet.write_table(table, stream)
        start = stop


def _in_files(files: list[RemotePath], names: list[str]) -> dict[str, ScoreFile]:
    """Return columns of Parquet files, one below the other, in temporary files."""
    from pyarrow import parquet

    columns = {name: ScoreFile() for name in names}
    for file in files:
        with file.open() as opened:
            table = parquet.read_table(opened, columns=names)
        for name, values in columns.items():
            values.add(table[name].to_numpy())
    return columns


def _names(file: RemotePath) -> list[str]:
    from pyarrow import parquet

    with file.open() as opened:
        return parquet.read_schema(opened).names

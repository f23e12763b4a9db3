"""Scores in a folder of Parquet files that are judged together: rewritten file by file, with one file in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narrows.data import RemotePath
from narrows.estimators import AnomalyDetector, ScoreFile, above_all
from narrows.ray.actor import N_INVALID

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder


def judge_together(model: Autoencoder | AnomalyDetector, folder: RemotePath) -> None:
    """Give the scores in the files of a folder, in the order of their names, what depends on all of them.

    A detector's alarms under a budget or Benjamini-Hochberg, and the place above all others of rows with invalid cells.
    """
    from pyarrow import parquet

    files = sorted(folder.rglob(), key=lambda file: file.path)
    is_detector = isinstance(model, AnomalyDetector)
    names = ["score"] if is_detector else [n for n in ("reconstruction_error", "elbo") if n in _names(files[0])]
    columns = {name: ScoreFile() for name in (*names, *([] if is_detector else [N_INVALID]))}
    for file in files:
        with file.open() as opened:
            table = parquet.read_table(opened, columns=list(columns))
        for name, values in columns.items():
            values.add(table[name].to_numpy())
    if isinstance(model, AnomalyDetector):
        alarms = model.alarms_in_parts(columns["score"])
    else:
        columns = {n: above_all(columns[n], columns[N_INVALID], sign=-1 if n == "elbo" else 1) for n in names}
    start = 0
    for file in files:
        with file.open() as opened:
            table = parquet.read_table(opened)
        stop = start + table.num_rows
        if is_detector:
            found = {"anomaly": alarms(columns["score"].between(start, stop)).astype(np.float64)}
        else:
            found = {name: columns[name].between(start, stop) for name in names}
            table = table.drop_columns([N_INVALID])
        for name, values in found.items():
            place = table.column_names.index(name)
            table = table.set_column(place, name, [values])
        with folder.filesystem.open_output_stream(file.path) as stream:
            parquet.write_table(table, stream)
        start = stop


def _names(file: RemotePath) -> list[str]:
    from pyarrow import parquet

    with file.open() as opened:
        return parquet.read_schema(opened).names

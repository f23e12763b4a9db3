"""Score, encode, reconstruct and impute tables with Ray Data."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from narrows.data import Missing
from narrows.errors import OutputError, SettingError
from narrows.estimators import AnomalyDetector
from narrows.estimators.anomaly.alarm_rules import JUDGE_TOGETHER
from narrows.ray.judging import judge_together
from narrows.ray.model_worker import N_INVALID, Job, ModelWorker, Operation
from narrows.ray.ray_session import ray_data, running
from narrows.ray.result_folder import datasink, folder_of_results, n_rows_of
from narrows.ray.row_files import RowFiles, in_order

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

    Model = Autoencoder | AnomalyDetector | str | os.PathLike[str]
    Source = str | os.PathLike[str]
    Errors = Literal["stop", "flag"]


def score(
    model: Model,
    source: Source,
    output: Source,
    *,
    label: str | None = None,
    missing: Missing | None = None,
    errors: Errors = "stop",
    workers: int | None = None,
    force: bool = False,
) -> int:
    """Write the anomaly scores of all rows of a table as a folder of Parquet files; return the number of rows.

    The columns are those of ``narrows score``. A budget of alarms, Benjamini-Hochberg, and cells that do not fit
    their column (``errors="flag"``) need the scores of all rows: then this process reads the scores, eight bytes a
    row, once more and writes the files again.

    Parameters
    ----------
    model : Autoencoder, AnomalyDetector, or path of a saved one
    source : str or path
        A CSV or Parquet file, a folder or a pattern of them, or their address; as for `narrows.scan`. Files are read
        in the order of their names. Each CSV file is read by one worker, Parquet files in parts.
    output : str or path
        A folder, or its address, such as ``s3://bucket/scores``. All machines of a cluster must be able to write it.
        The order of the names of its files is that of the rows.
    label : name, optional
        A column of the table that is written next to the scores.
    missing : {"mask", "error", "mean"}, optional
        How to treat missing values; default: as in the fit.
    errors : {"stop", "flag"}, default "stop"
        How to treat a cell of another type than its column.
    workers : int, optional
        Number of copies of the model. Default: one less than the cores of the cluster.
    force : bool, default False
        Replace a folder of this machine that holds nothing but Parquet files.

    Raises
    ------
    MissingExtraError
    DataNotFoundError, DataFormatError, DataError
        As for `narrows.scan`.
    OutputExistsError, OutputError
    """
    job = Job("score", "", label, missing, errors)
    return _run(model, source, output, job, workers, force)


def encode(
    model: Model,
    source: Source,
    output: Source,
    *,
    label: str | None = None,
    missing: Missing | None = None,
    errors: Errors = "stop",
    workers: int | None = None,
    force: bool = False,
) -> int:
    """Write the codes of all rows; parameters and errors are those of `score`."""
    return _run(model, source, output, Job("encode", "", label, missing, errors), workers, force)


def reconstruct(
    model: Model,
    source: Source,
    output: Source,
    *,
    missing: Missing | None = None,
    errors: Errors = "stop",
    workers: int | None = None,
    force: bool = False,
) -> int:
    """Write the reconstructions of all rows; parameters and errors are those of `score`."""
    return _run(model, source, output, Job("reconstruct", "", None, missing, errors), workers, force)


def impute(
    model: Model,
    source: Source,
    output: Source,
    *,
    errors: Errors = "stop",
    workers: int | None = None,
    force: bool = False,
) -> int:
    """Write all columns of all rows with missing values filled; parameters and errors are those of `score`."""
    return _run(model, source, output, Job("impute", "", None, None, errors), workers, force)


def _run(model: Model, source: Source, output: Source, job: Job, workers: int | None, force: bool) -> int:
    ray_data()
    if workers is not None and workers < 1:
        raise SettingError(f"workers must be a whole number from 1, got {workers!r}.")
    files = _files_of(model)
    rows = RowFiles.of(source)
    job = replace(job, source=rows.path.name, is_text=not rows.is_parquet)
    worker = ModelWorker(files, job)
    _check_operation(worker.model, job.operation)
    rows = rows.typed(worker.model.schema_)
    schema = worker(rows.head()).schema
    with folder_of_results(output, force) as folder:
        with running() as ray, in_order():
            most = workers or max(1, int(ray.cluster_resources().get("CPU", 2)) - 1)
            rows.dataset().map_batches(
                ModelWorker,
                fn_constructor_kwargs={"model": ray.put(files), "job": job, "schema": schema},
                batch_format="pyarrow",
                batch_size=rows.batch_size,
                compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most),
                num_cpus=1,
            ).write_datasink(datasink(folder))
        n_rows = n_rows_of(folder.rglob())
        if rows.is_parquet and n_rows != (expected := n_rows_of(rows.files)):
            raise OutputError(
                f"{output} holds {n_rows:,} of {expected:,} rows; not all machines write to the same folder, or a file "
                "has changed meanwhile: give a folder that all machines share."
            )
        by_all = isinstance(worker.model, AnomalyDetector) and worker.model.threshold in JUDGE_TOGETHER
        if by_all or N_INVALID in schema.names:
            judge_together(worker.model, folder)
    return n_rows


def _check_operation(model: Any, operation: Operation) -> None:
    from narrows.errors import ModelError

    if isinstance(model, AnomalyDetector):
        if operation != "score":
            raise ModelError("An anomaly detector only scores rows.")
    elif operation == "reconstruct" and not model.network_.compresses:
        raise ModelError("This model is a denoiser without a code, which does not reconstruct tables.")


def _files_of(model: Model) -> dict[str, bytes]:
    """Return the files of a saved model by their names within its folder; a fitted one is saved first."""
    from narrows.estimators import load

    if isinstance(model, str | os.PathLike):
        load(model)  # a damaged model is a sentence here, not in a worker
        folder = Path(model)
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    with tempfile.TemporaryDirectory(prefix="narrows-") as place:
        model.save(Path(place, "model"))
        return _files_of(Path(place, "model"))

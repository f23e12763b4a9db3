"""Work on a batch of rows: the model is loaded once, and each batch becomes a table of results."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from narrows.data import Missing, Rows, as_table, column_of, fill_table, reading_options, table_rows, typed_table
from narrows.errors import DataError, MissingValuesError, NotNumericError

if TYPE_CHECKING:
    import pyarrow as pa

Operation = Literal["score", "encode", "reconstruct", "impute"]

N_INVALID = "_n_invalid"
"""A column of `score` with ``errors="flag"``, for the judgement of all rows together."""


@dataclass(frozen=True)
class Job:
    """Operation on each batch.

    Parameters
    ----------
    operation : {"score", "encode", "reconstruct", "impute"}
    source : str
        Name of the rows in messages.
    label : str or None
    missing : {"mask", "error", "mean"} or None
    errors : {"stop", "flag"}
    is_text : bool
        Whether the rows come from CSV files, whose types are inferred.
    """

    operation: Operation
    source: str
    label: str | None = None
    missing: Missing | None = None
    errors: Literal["stop", "flag"] = "stop"
    is_text: bool = False


class ModelWorker:
    """A loaded model that turns tables of rows into tables of results; Ray keeps one in each actor.

    Parameters
    ----------
    model : dict of str to bytes, or a reference of Ray to one
        The files of a saved model.
    job : Job
    schema : pyarrow.Schema, optional
        That of the results.
    """

    def __init__(self, model: Any, job: Job, schema: pa.Schema | None = None) -> None:
        from narrows.estimators import load

        files: dict[str, bytes] = model
        if not isinstance(model, dict):
            files = importlib.import_module("ray").get(model)
        with tempfile.TemporaryDirectory(prefix="narrows-") as folder:
            for name, content in files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            loaded = load(folder)
        self._job, self._schema = job, schema
        self._model = loaded if job.missing in (None, loaded.schema_.missing) else loaded.with_missing(job.missing)

    @property
    def model(self) -> Any:
        """The loaded model."""
        return self._model

    def __call__(self, table: pa.Table) -> pa.Table:
        """Return the results of a table of rows."""
        answers: dict[Operation, Callable[[pa.Table, Rows], pa.Table]] = {
            "score": self._scores,
            "encode": self._codes,
            "reconstruct": self._reconstruction,
            "impute": self._filled,
        }
        try:
            found = answers[self._job.operation](table, self._rows(table))
        except (NotNumericError, MissingValuesError) as error:
            raise type(error)(f"{error} (The rows are counted within a part of {self._job.source}.)") from error
        try:
            return found if self._schema is None else found.cast(self._schema)
        except (ValueError, NotImplementedError) as error:  # Arrow's errors are such
            raise DataError(
                f"A part of {self._job.source} has columns of other types than its first rows: {error}."
            ) from error

    def _rows(self, table: pa.Table) -> Rows:
        """Return the rows of a table in the form of the fit."""
        schema, job = self._model.schema_, self._job
        known = set(table.column_names)
        wanted = {column_of(name, known) for name in schema.names or ()}
        columns = [name for name in table.column_names if name in wanted] or None
        options = reading_options(schema=schema, errors=job.errors)
        rows = table_rows(table, job.source, columns=columns, label=job.label, options=options)
        return schema.align(rows)

    def _scores(self, _: pa.Table, rows: Rows) -> pa.Table:
        import numpy as np

        from narrows.estimators import AnomalyDetector
        from narrows.estimators.anomaly.verdicts import scores_of, verdicts

        scores = scores_of(self._model, rows)
        if isinstance(self._model, AnomalyDetector):
            scores = verdicts(self._model, scores["score"])  # those rules that judge rows together are applied later
        block = np.column_stack(list(scores.values()))
        table = as_table(Rows(block, names=tuple(scores), labels=rows.labels), "table")
        if self._job.errors == "flag" and not isinstance(self._model, AnomalyDetector):
            table = table.append_column(N_INVALID, [rows.n_invalid.astype(np.int32)])
        return table

    def _codes(self, _: pa.Table, rows: Rows) -> pa.Table:
        names = tuple(str(name) for name in self._model.get_feature_names_out())
        return as_table(Rows(self._model.transform(rows), names=names, labels=rows.labels), "table")

    def _reconstruction(self, _: pa.Table, rows: Rows) -> pa.Table:
        from narrows.insight import reconstruct_floats

        schema = self._model.schema_
        answer = reconstruct_floats(self._model, schema.encode(rows))
        return as_table(schema.decode_rows(answer, like=rows if schema.ignored_columns else None), "table")

    def _filled(self, table: pa.Table, rows: Rows) -> pa.Table:
        filled = self._model.impute_rows(rows)
        return fill_table(typed_table(table, rows) if self._job.is_text else table, rows, filled)

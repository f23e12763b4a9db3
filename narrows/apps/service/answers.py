"""Operations of the service on rows: their results as named columns, equal to those of the shell's commands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from narrows.apps.service.request_errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from narrows.data import Rows

OPERATIONS = ("score", "encode", "reconstruct", "explain")
MOST_EXPLAINED = 1000
N_REASONS = 3
BULK_ROWS = 64
"""Requests of more rows pass through the network by themselves, in pieces."""


@dataclass(eq=False)
class Work:
    """One request for one operation on rows, and its results.

    Parameters
    ----------
    model : Autoencoder or AnomalyDetector
    operation : one of `OPERATIONS`
    rows : Rows
        In the form of the model.
    n_reasons : int
    floats : ndarray of shape (n, n_floats) or None
        The encoded rows, if they are already known.
    together : bool
        Whether the rows may be scored with those of other requests.
    """

    model: Any
    operation: str
    rows: Rows
    n_reasons: int = N_REASONS
    floats: np.ndarray | None = None
    together: bool = False
    results: dict[str, Any] = field(default_factory=dict)


def prepare(work: Work, *, together: bool) -> None:
    """Check and encode the rows of a request.

    Raises the errors of its operation. together : whether the model answers rows of several requests at once, each as
    alone to the bit.
    """
    from narrows.estimators import AnomalyDetector
    from narrows.estimators.encoded_rows import encode_checked

    check_operation(work.model, work.operation)
    if work.operation == "explain" and len(work.rows) > MOST_EXPLAINED:
        raise RequestError(f"A request may explain at most {MOST_EXPLAINED:,} rows; send several requests.", 413)
    if work.operation == "explain":
        return
    work.together = together and len(work.rows) <= BULK_ROWS
    if isinstance(work.model, AnomalyDetector):
        work.floats = work.model.encode_rows(work.rows, units=False)  # a service shows no warnings
    elif work.together:
        work.floats = encode_checked(work.model, work.rows, within_density=work.operation == "score")


def carry_out(works: list[Work]) -> None:
    """Compute the results of prepared requests for one model and one operation."""
    together = [work for work in works if work.together]
    for work in works:
        if not work.together:
            work.results = _alone(work)
    if together:
        _carry_out_together(together)


def _carry_out_together(works: list[Work]) -> None:
    import numpy as np

    from narrows.estimators import AnomalyDetector

    model, operation = works[0].model, works[0].operation
    floats = np.concatenate([work.floats for work in works if work.floats is not None])
    if isinstance(model, AnomalyDetector):
        from narrows.estimators.anomaly.verdicts import verdicts_of_calls

        for work, found in zip(works, verdicts_of_calls(model, [work.rows for work in works], floats), strict=True):
            work.results = found
        return
    results = _of_floats(model, operation, floats)
    start = 0
    for work in works:
        here = slice(start, start + len(work.rows))
        work.results = {name: values[here] for name, values in results.items()}
        if operation == "reconstruct":
            work.results = _decoded(model, work.rows, work.results["floats"])
        start = here.stop


def check_operation(model: Any, operation: str) -> None:
    """Raise RequestError where a model has no such operation."""
    from narrows.estimators import AnomalyDetector

    if operation in ("encode", "reconstruct") and isinstance(model, AnomalyDetector):
        raise RequestError(f"An anomaly detector has no operation {operation!r}; use score or explain.")


def _alone(work: Work) -> dict[str, Any]:
    from narrows.estimators import AnomalyDetector

    model, rows = work.model, work.rows
    if work.operation == "explain":
        return {"reasons": _explained(model, rows, work.n_reasons)}
    if isinstance(model, AnomalyDetector):
        from narrows.estimators.anomaly.verdicts import verdicts_of_calls

        assert work.floats is not None
        return verdicts_of_calls(model, [rows], work.floats)[0]
    if work.operation == "encode":
        return {"code": model.transform(rows)}
    if work.operation == "reconstruct":
        from narrows.data import Rows
        from narrows.estimators.encoded_rows import reconstructions_of_floats

        floats = reconstructions_of_floats(model, model.state_.encode(rows))
        assert isinstance(rows, Rows)
        return _decoded(model, rows, floats)
    from narrows.estimators.encoded_rows import has_elbo

    found = {"reconstruction_error": model.reconstruction_error(rows)}
    return found | ({"elbo": model.elbo(rows)} if has_elbo(model) else {})


def _of_floats(model: Any, operation: str, floats: np.ndarray) -> dict[str, np.ndarray]:
    from narrows.estimators import encoded_rows

    if operation == "score":
        return encoded_rows.scores_of_floats(model, floats)
    if operation == "encode":
        return {"code": encoded_rows.codes_of_floats(model, floats)}
    return {"floats": encoded_rows.reconstructions_of_floats(model, floats)}


def _decoded(model: Any, rows: Rows, floats: np.ndarray) -> dict[str, Any]:
    """Return the reconstruction: a column for each of the model, or one array of images or numbers."""
    from narrows.data import is_block

    schema = model.schema_
    decoded = schema.decode_rows(floats, like=rows)
    if is_block(schema):
        return {"reconstruction": decoded.block()}
    return {name: decoded.column(i) for i, name in enumerate(schema.feature_names) if i in set(schema.learned_columns)}


def _explained(model: Any, rows: Rows, n: int) -> list[list[dict[str, Any]]]:
    """Return the reasons of each row: a detector's, or the columns with the largest parts of the error."""
    from narrows.estimators import AnomalyDetector

    if isinstance(model, AnomalyDetector):
        found = model.explain(rows, n=n)
    else:
        from narrows.estimators.anomaly.explanations import reasons
        from narrows.estimators.encoded_rows import reconstructions_of_floats

        errors = model.reconstruction_error(rows, per_feature=True).astype("float64").clip(0)
        floats = reconstructions_of_floats(model, model.state_.encode(rows))
        found = reasons(model.schema_, rows, floats, errors, n)
    return [[reason.to_dict() for reason in of_row] for of_row in found]


def as_records(results: dict[str, Any], n: int) -> list[dict[str, Any]]:
    """Return results as one JSON object for each row."""
    columns = {name: _plain(values) for name, values in results.items()}
    return [{name: values[i] for name, values in columns.items()} for i in range(n)]


def as_arrow(results: dict[str, Any]) -> pa.Table:
    """Return results as an Arrow table; codes are lists, and reasons JSON texts."""
    import json

    import pyarrow as pa

    columns = {}
    for name, values in results.items():
        if name == "reasons":
            columns[name] = pa.array([json.dumps(of_row) for of_row in values])
        elif getattr(values, "ndim", 1) > 1:
            flat = pa.array(values.reshape(len(values), -1).ravel())
            columns[name] = pa.FixedSizeListArray.from_arrays(flat, values[0].size)
        else:
            columns[name] = pa.array(values, from_pandas=True)
    return pa.table(columns)


def _plain(values: Any) -> list[Any]:
    import numpy as np

    from narrows.formatting import json_safe

    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return [None if np.isnat(value) else str(value) for value in values]
    if isinstance(values, np.ndarray) and values.dtype.kind == "O":
        return [value if value is None or isinstance(value, bool | int | float) else str(value) for value in values]
    return json_safe(values)

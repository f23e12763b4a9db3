"""`narrows score`: anomaly scores of rows, and the columns that explain them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from narrows.apps.cli.common_options import (
    Data,
    Errors,
    Force,
    ImageSize,
    Json,
    Label,
    MissingAtUse,
    Model,
    Quiet,
    SetPart,
    output_option,
)
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.model_loading import with_missing
from narrows.apps.cli.output_paths import check_rows_path
from narrows.apps.cli.result_writing import write_chunks, write_rows
from narrows.formatting import counted, number

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from narrows.apps.cli.invalid_cells import InvalidCells
    from narrows.data import Rows
    from narrows.estimators import AnomalyDetector, Reason, Surprise

    Reasons = dict[int, tuple[Reason, ...]]

_SHOWN, _EXPLAINED = 5, 1000


def score(
    model: Model,
    data: Data,
    output: Annotated[
        Path | None,
        output_option(
            "OUT",
            help="Output file with one line per row: .csv, .parquet, .npy or .npz. Default: print a summary only.",
        ),
    ] = None,
    explain: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Write also the N columns that contribute most to the score, for the 5 % of rows with the highest "
            "scores, but for at least 1,000 rows.",
            show_default=False,
        ),
    ] = None,
    part: SetPart = None,
    label: Label = None,
    image_size: ImageSize = None,
    missing: MissingAtUse = None,
    errors: Errors = "stop",
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write an anomaly score for every row of DATA.

    A model of [bold]narrows fit[/bold] gives the reconstruction error, a variational model
    also the ELBO. With --explain it also gives the surprise, which gives all
    columns the same weight and compares each row with the other rows of DATA:
    the surprise of a row depends on DATA. A detector of [bold]narrows detect[/bold] gives
    its score, the p-value, and 1 for an anomaly; they do not depend on the
    other rows. Rows with a cell of the wrong type for its column come first.

    Row numbers start at 1, without the header; with --json at 0. With --label, a
    column of two classes, the quality of the scores is printed too.

    Example: [bold]narrows score detector new.csv --explain 3 -o scores.csv[/bold]
    """
    messages = Messages(as_json, quiet)
    if output is not None:
        check_rows_path(output, data, force=force, numbers=True)
        _check_holds_text(output, explain)

    from narrows.apps.cli.inputs import chunks_for_model
    from narrows.estimators import AnomalyDetector, Surprise, load

    fitted = with_missing(load(model), missing)
    is_detector = isinstance(fitted, AnomalyDetector)
    surprise = Surprise(fitted) if explain is not None and not is_detector else None
    chunks = chunks_for_model(
        fitted, data, part=part, label=label, image_size=image_size, missing=missing, messages=messages, errors=errors
    )
    scored = _score_all(fitted, chunks, surprise)
    n_shown = _SHOWN if output is None else max(_EXPLAINED, len(scored) // 20)
    anomalous = scored.most_anomalous(n_shown)
    reasons: Reasons = {}
    if explain is not None:
        explained = _explained(fitted if surprise is None else surprise, chunks, anomalous, explain)
        n_reasons = min(explain, fitted.schema_.n_columns)
        tables = _tables(scored, explained, n_reasons, reasons)
        if output is None:
            for _ in tables:
                pass
        else:
            import pyarrow as pa

            output = write_chunks(output, [pa.concat_tables(tables)], messages=messages, force=force)
    elif output is not None:
        from narrows.data import Rows

        columns = Rows(scored.block(), names=tuple(scored.scores), labels=scored.labels)
        output = write_rows(output, columns, messages=messages, force=force)
    unit = "" if is_detector else fitted.loss_unit_
    shown = [] if explain is None else anomalous[:_SHOWN].tolist()
    messages.result(
        {"output": None if output is None else str(output), **_as_json(scored, unit, shown, reasons, explain)},
        *_as_text(scored, unit, shown, reasons),
        *([] if output is None else [f"Wrote {counted(len(scored), 'score')} to {output}."]),
    )


@dataclass
class _Scored:
    """Scores of all rows, and what is needed to print them.

    Parameters
    ----------
    scores : dict of str to ndarray of shape (n,)
        The first column, or "surprise", ranks the rows.
    labels : ndarray of shape (n,) or None
    row_numbers : ndarray of shape (n,)
        Number of each row in DATA, from 0.
    first_row : int
        Number of row 0 in messages.
    invalid : InvalidCells
    changed : Counter
        By column that was constant during fit, the number of rows with another value.
    unknown : Counter
        By column, the number of rows with a level that no row of the fit has.
    """

    scores: dict[str, np.ndarray]
    labels: np.ndarray | None
    row_numbers: np.ndarray
    first_row: Literal[0, 1]
    invalid: InvalidCells
    changed: Counter[str]
    unknown: Counter[str]

    def __len__(self) -> int:
        return len(self.row_numbers)

    @property
    def ranking(self) -> np.ndarray:
        """The scores (n,) that rank the rows."""
        return self.scores.get("surprise", next(iter(self.scores.values())))

    def most_anomalous(self, n: int) -> np.ndarray:
        """Return the indices of the n rows with the highest scores, highest first."""
        import numpy as np

        return np.argsort(-self.ranking, kind="stable")[:n]

    def block(self) -> np.ndarray:
        """Return all scores as columns (n, k)."""
        import numpy as np

        return np.column_stack(list(self.scores.values()))


def _score_all(fitted: Any, chunks: Iterable[Rows], surprise: Surprise | None) -> _Scored:
    import numpy as np

    from narrows.apps.cli.inputs import joined_labels
    from narrows.apps.cli.invalid_cells import InvalidCells
    from narrows.estimators import AnomalyDetector, above_all
    from narrows.estimators.anomaly.verdicts import verdicts

    is_detector = isinstance(fitted, AnomalyDetector)
    found: list[dict[str, np.ndarray]] = []
    first_row: Literal[0, 1] = 0
    labels, row_numbers, n_invalid = [], [], []
    changed: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    invalid = InvalidCells()
    for rows in chunks:
        found.append(_scores(fitted, rows))
        labels.append(rows.labels)
        row_numbers.append(np.arange(len(rows)) if rows.row_numbers is None else rows.row_numbers)
        n_invalid.append(rows.n_invalid)
        first_row = rows.first_row
        invalid.add(rows)
        if not is_detector:  # a detector's scores include changed constants
            changed.update(_changed(fitted, rows))
        unknown.update(_unknown(fitted, rows))
        if surprise is not None:
            surprise.add(rows)
    scores = {name: np.concatenate([of[name] for of in found]) for name in found[0]}
    if is_detector:
        scores = verdicts(fitted, scores["score"])
    else:
        counts = np.concatenate(n_invalid)
        # A low ELBO means an anomaly.
        scores = {n: -above_all(-x, counts) if n == "elbo" else above_all(x, counts) for n, x in scores.items()}
        if surprise is not None:
            scores["surprise"] = surprise.scores()
    return _Scored(scores, joined_labels(labels), np.concatenate(row_numbers), first_row, invalid, changed, unknown)


def _spread(scores: np.ndarray) -> dict[str, float]:
    import numpy as np

    return {
        "mean": float(scores.mean(dtype="float64")),
        "median": float(np.median(scores)),
        "max": float(scores.max()),
    }


def _as_json(scored: _Scored, unit: str, shown: list[int], reasons: Reasons, explain: int | None) -> dict[str, object]:
    from narrows.apps.cli.rendering import with_old_names
    from narrows.insight import quality_by_labels

    result: dict[str, object] = {
        "rows": len(scored),
        "unit": unit,
        **{name: _spread(scores) for name, scores in scored.scores.items()},
    }
    if "anomaly" in scored.scores:
        result["alarms"] = int(scored.scores["anomaly"].sum())
    if explain is not None:
        result["most_anomalous"] = [
            {
                "row": int(scored.row_numbers[i]),
                "score": float(scored.ranking[i]),
                "reasons": [reason.to_dict() for reason in reasons[i]],
            }
            for i in shown
        ]
    quality = quality_by_labels(scored.labels, scored.ranking)
    if quality is not None:
        result["quality"] = quality.to_dict()
    result["invalid_cells"] = scored.invalid.to_dict()
    result["unknown_levels"] = dict(scored.unknown)
    if unit:
        result["changed"] = dict(scored.changed)
    return with_old_names(result)


def _as_text(scored: _Scored, unit: str, shown: list[int], reasons: Reasons) -> list[str]:
    from narrows.apps.cli.rendering import quality_sentence
    from narrows.data import row_name
    from narrows.estimators.anomaly.explanations import in_words
    from narrows.insight import quality_by_labels

    lines = []
    for name, scores in scored.scores.items():
        values = [f"{word} {number(value)}" for word, value in _spread(scores).items()]
        lines.append(f"{name}: {', '.join(values)}")
    if "anomaly" in scored.scores:
        n_alarms = int(scored.scores["anomaly"].sum())
        lines.append(f"{counted(n_alarms, 'alarm')} among {counted(len(scored), 'row')}.")
    lines += [f"  {row_name(int(scored.row_numbers[i]), scored.first_row)}: {in_words(reasons[i])}" for i in shown]
    quality = quality_by_labels(scored.labels, scored.ranking)
    if quality is not None:
        lines.append(quality_sentence(quality))
    for name, n in scored.changed.most_common():
        rows = counted(n, "row")
        lines.append(f"{name} was constant during fit and has another value in {rows}; the error does not include it.")
    for name, n in scored.unknown.most_common():
        lines.append(f"{name} has a level that no row of the fit has in {counted(n, 'row')}.")
    if scored.invalid.n_cells:
        lines.append(str(scored.invalid))
    if "surprise" in scored.scores:
        lines.append("(surprise: compared with the other rows of this file)")
    if unit:
        lines.append(f"(reconstruction error: {unit})")
    return lines


def _scores(fitted: Any, rows: Rows) -> dict[str, np.ndarray]:
    """Return the columns to write; the first one ranks the rows."""
    from narrows.estimators import AnomalyDetector
    from narrows.estimators.encoded_rows import has_elbo

    if isinstance(fitted, AnomalyDetector):
        return {"score": -fitted.score_samples(rows)}
    scores = {"reconstruction_error": fitted.reconstruction_error(rows)}
    if has_elbo(fitted):
        scores["elbo"] = fitted.elbo(rows)
    return scores


def _changed(fitted: Any, rows: Rows) -> dict[str, int]:
    """Return the number of rows with another value, by column that was constant during fit; without zeros."""
    schema = fitted.schema_
    columns, differs = schema.changed_constants(rows)
    return {schema.feature_names[i]: int(n) for i, n in zip(columns, differs.sum(axis=0), strict=True) if n}


def _unknown(fitted: Any, rows: Rows) -> dict[str, int]:
    """Return the number of rows with a level that no row of the fit has, by column; without zeros."""
    schema = fitted.schema_
    levels = schema.unknown_levels(rows)
    counts = levels.found.sum(axis=0)
    return {schema.feature_names[i]: int(n) for i, n in zip(levels.columns, counts, strict=True) if n}


def _explained(
    judge: AnomalyDetector | Surprise, chunks: Iterable[Rows], at: np.ndarray, n: int
) -> Iterator[tuple[slice, Reasons]]:
    """Yield for every chunk the slice of its rows among all, and the reasons of its rows that are in `at`."""
    import numpy as np

    start, at = 0, np.sort(at)
    for rows in chunks:
        here = at[(at >= start) & (at < start + len(rows))]
        reasons = judge.explain(rows.take(here - start), n=n) if len(here) else []
        yield slice(start, start + len(rows)), dict(zip(here.tolist(), reasons, strict=True))
        start += len(rows)


def _tables(scored: _Scored, explained: Iterable[tuple[slice, Reasons]], n: int, kept: Reasons) -> Iterator[pa.Table]:
    """Yield a table for every chunk; put the reasons of the most anomalous rows into `kept`."""
    from narrows.data import label_column

    labels = None if scored.labels is None else label_column(scored.labels)
    shown = set(scored.most_anomalous(_SHOWN).tolist())
    for place, reasons in explained:
        kept.update({i: why for i, why in reasons.items() if i in shown})
        yield _table(scored.scores, place, reasons, n, labels)


def _table(scores: dict[str, np.ndarray], place: slice, reasons: Reasons, n: int, labels: pa.Array | None) -> pa.Table:
    """Return some rows as a table: their scores, n columns of reasons as text, and the labels."""
    import numpy as np

    from narrows.data import Rows, as_table

    size = place.stop - place.start
    columns = {name: values[place] for name, values in scores.items()}
    for k in range(n):
        texts = columns[f"reason_{k + 1}"] = np.full(size, None, dtype=object)
        texts[[i - place.start for i in reasons]] = [str(why[k]) for why in reasons.values()]
    table = as_table(Rows(tuple(columns.values()), names=tuple(columns)), "table")
    for i in range(len(scores), len(columns)):  # a chunk without reasons has text columns too
        table = table.set_column(i, table.column_names[i], table.column(i).cast("string"))
    return table if labels is None else table.append_column("label", labels[place])


def _check_holds_text(output: Path, explain: int | None) -> None:
    from narrows.errors import OutputError

    if explain is not None and output.suffix.lower() not in (".csv", ".parquet"):
        raise OutputError(f"{output} would hold reasons, which are text; use .csv or .parquet.")

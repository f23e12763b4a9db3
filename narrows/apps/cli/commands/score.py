"""`narrows score`: anomaly scores of rows, and the columns that explain them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    Ray,
    SetPart,
    output_option,
)
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.model_loading import with_missing
from narrows.apps.cli.output_paths import check_rows_path
from narrows.apps.cli.result_writing import write_chunks, write_rows
from narrows.apps.cli.scored_rows import ScoredRows, lines_of, result_of, score_all
from narrows.apps.cli.with_ray import use_ray
from narrows.formatting import counted

if TYPE_CHECKING:
    import pyarrow as pa

    from narrows.apps.cli.scored_rows import Reasons
    from narrows.data import Rows
    from narrows.estimators import AnomalyDetector, Surprise

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
            "scores, and for at least 1,000 rows.",
            show_default=False,
        ),
    ] = None,
    part: SetPart = None,
    label: Label = None,
    image_size: ImageSize = None,
    missing: MissingAtUse = None,
    errors: Errors = "stop",
    ray: Ray = False,
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
    if ray:
        unused = {"--explain": explain, "--part": part, "--image-size": image_size}
        use_ray(
            "score",
            model,
            data,
            output,
            messages,
            force=force,
            unused=unused,
            label=label,
            missing=missing,
            errors=errors,
        )
        return
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
    scored = score_all(fitted, chunks, surprise)
    shown: dict[int, int] = {}
    reasons: Reasons = {}
    if explain is not None:
        n_reasons = min(explain, fitted.schema_.n_columns)
        shown = dict.fromkeys(scored.ranking.places_of_largest(_SHOWN), 0)
        n_explained = _SHOWN if output is None else max(_EXPLAINED, len(scored) // 20)
        explained = _explained(fitted if surprise is None else surprise, chunks, scored, explain, n_explained)
        tables = _tables(scored, explained, n_reasons, reasons, shown)
        if output is not None:
            output = write_chunks(output, tables, messages=messages, force=force)
        for _ in tables:
            pass
    elif output is not None:
        output = _written(output, scored, messages, force=force)
    unit = "" if is_detector else fitted.loss_unit_
    messages.result(
        {"output": None if output is None else str(output), **result_of(scored, unit, shown, reasons)},
        *lines_of(scored, unit, shown, reasons),
        *([] if output is None else [f"Wrote {counted(len(scored), 'score')} to {output}."]),
    )


def _written(output: Path, scored: ScoredRows, messages: Messages, *, force: bool) -> Path:
    """Write the scores; tables chunk by chunk."""
    from narrows.data import Rows, as_table, is_written_in_chunks, label_column

    names = tuple(scored.files)
    if not is_written_in_chunks(output):
        whole = Rows(scored.block(), names=names, labels=scored.labels)
        return write_rows(output, whole, messages=messages, force=force)
    labels = None if scored.labels is None else label_column(scored.labels)

    def tables() -> Iterator[pa.Table]:
        start = 0
        for block in scored.blocks():
            table = as_table(Rows(block, names=names), output.suffix.lower())
            yield table if labels is None else table.append_column("label", labels[start : start + len(block)])
            start += len(block)

    return write_chunks(output, tables(), messages=messages, force=force)


def _explained(
    judge: AnomalyDetector | Surprise, chunks: Iterable[Rows], scored: ScoredRows, n: int, n_rows: int
) -> Iterator[tuple[slice, Reasons, dict[int, int]]]:
    """Yield for every chunk the slice of its rows among all, and reasons and row numbers of the `n_rows` worst rows."""
    import numpy as np

    start, most_anomalous = 0, scored.ranking.largest(n_rows)
    for rows in chunks:
        place = slice(start, start + len(rows))
        here = np.flatnonzero(most_anomalous.next(scored.ranking.between(place.start, place.stop)))
        reasons = judge.explain(rows.take(here), n=n) if len(here) else []
        at = (start + here).tolist()
        row_numbers = {i: rows.row_number(k) for i, k in zip(at, here.tolist(), strict=True)}
        yield place, dict(zip(at, reasons, strict=True)), row_numbers
        start = place.stop


def _tables(
    scored: ScoredRows,
    explained: Iterable[tuple[slice, Reasons, dict[int, int]]],
    n: int,
    kept: Reasons,
    shown: dict[int, int],
) -> Iterator[pa.Table]:
    """Yield a table for every chunk; put reasons and row numbers of the most anomalous rows into `kept`, `shown`."""
    from narrows.data import label_column

    labels = None if scored.labels is None else label_column(scored.labels)
    for place, reasons, row_numbers in explained:
        kept.update({i: why for i, why in reasons.items() if i in shown})
        shown.update({i: row for i, row in row_numbers.items() if i in shown})
        yield _table(scored, place, reasons, n, labels)


def _table(scored: ScoredRows, place: slice, reasons: Reasons, n: int, labels: pa.Array | None) -> pa.Table:
    """Return some rows as a table: their scores, n columns of reasons as text, and the labels."""
    import numpy as np

    from narrows.data import Rows, as_table

    size = place.stop - place.start
    columns = {name: scores.between(place.start, place.stop) for name, scores in scored.files.items()}
    for k in range(n):
        texts = columns[f"reason_{k + 1}"] = np.full(size, None, dtype=object)
        texts[[i - place.start for i in reasons]] = [str(why[k]) for why in reasons.values()]
    table = as_table(Rows(tuple(columns.values()), names=tuple(columns)), "table")
    for i in range(len(scored.files), len(columns)):  # a chunk without reasons has text columns too
        table = table.set_column(i, table.column_names[i], table.column(i).cast("string"))
    return table if labels is None else table.append_column("label", labels[place])


def _check_holds_text(output: Path, explain: int | None) -> None:
    from narrows.errors import OutputError

    if explain is not None and output.suffix.lower() not in (".csv", ".parquet"):
        raise OutputError(f"{output} would hold reasons, which are text; use .csv or .parquet.")

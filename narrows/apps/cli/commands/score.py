"""`narrows score`: how strange every row is, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
)
from narrows.apps.cli.messages import Voice, counted, number
from narrows.apps.cli.model_loading import with_missing
from narrows.apps.cli.output_paths import check_rows_path
from narrows.apps.cli.rescue import write_chunks, write_rows

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from narrows.data import Rows
    from narrows.estimators import AnomalyDetector, Reason, Surprise

    Told = dict[int, tuple[Reason, ...]]

_SHOWN, _EXPLAINED = 5, 1000


def score(
    model: Model,
    data: Data,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="One line per row: .csv, .parquet, .npy or .npz; left out, the summary alone.",
            rich_help_panel="Output",
            show_default=False,
        ),
    ] = None,
    explain: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Also name the N columns that make a row strange, of the strangest 5 % of rows and at least 1,000.",
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
    """Write how strange every row of DATA is.

    A model of narrows fit gives the reconstruction error, the ELBO where it is variational, and with --explain the
    surprise, which weighs the columns alike and compares a row with the others of DATA: among other rows it is another
    number. A detector of narrows detect gives its score, the p-value, and 1 for an anomaly, whatever rows are asked
    together. A row with a cell that is not what its column holds is stranger than all without.

    Rows count from 1, without any header; with --json from 0.

    With --label, a column of two classes, it also says how well the rarer one is found.

    Example: [bold]narrows score detector new.csv --explain 3 -o scores.csv[/bold]
    """
    voice = Voice(as_json, quiet)
    if output is not None:
        check_rows_path(output, data, force=force, numbers=True)
        _check_holds_text(output, explain)

    import numpy as np

    import narrows
    from narrows.apps.cli.chunked_input import chunks_for_model, joined_labels
    from narrows.apps.cli.rendering import quality_told
    from narrows.apps.cli.strange_cells import StrangeCells
    from narrows.data import Rows, label_column, row_name
    from narrows.estimators import Surprise, above_all
    from narrows.insight import quality_by_labels

    fitted = with_missing(narrows.load(model), missing)
    is_detector = isinstance(fitted, narrows.AnomalyDetector)
    beside = Surprise(fitted) if explain is not None and not is_detector else None
    chunks = chunks_for_model(
        fitted, data, part=part, label=label, image_size=image_size, missing=missing, voice=voice, errors=errors
    )
    found: list[dict[str, np.ndarray]] = []
    labels, places, n_strange, rows = [], [], [], None
    changed: Counter[str] = Counter()
    strange = StrangeCells()
    for rows in chunks:
        found.append(_scores(fitted, rows))
        labels.append(rows.labels)
        places.append(np.arange(len(rows)) if rows.places is None else rows.places)
        n_strange.append(rows.n_strange)
        strange.add(rows)
        if not is_detector:  # whose scores count this
            changed.update(_changed(fitted, rows))
        if beside is not None:
            beside.add(rows)
    assert rows is not None
    scores = {name: np.concatenate([of[name] for of in found]) for name in found[0]}
    place_of = np.concatenate(places)
    labels, n_rows = joined_labels(labels), sum(len(next(iter(of.values()))) for of in found)
    del found
    if is_detector:
        scores |= _judged(fitted, scores["score"])
    else:
        counts = np.concatenate(n_strange)
        # Of the ELBO less is stranger.
        scores = {n: -above_all(-x, counts) if n == "elbo" else above_all(x, counts) for n, x in scores.items()}
        if beside is not None:
            scores["surprise"] = beside.scores()
    unit = "" if is_detector else fitted.loss_unit_
    main = scores.get("surprise", next(iter(scores.values())))
    strangest = np.argsort(-main, kind="stable")[: _SHOWN if output is None else max(_EXPLAINED, n_rows // 20)]
    shown = strangest[:_SHOWN].tolist()
    reasons: Told = {}
    if explain is not None:
        explained = _explained(fitted if beside is None else beside, chunks, strangest, explain)
        n_reasons = min(explain, fitted.schema_.n_columns)
        column = None if labels is None else label_column(labels)

        def tables() -> Iterator[pa.Table]:
            for place, told in explained:
                reasons.update({i: told[i] for i in shown if i in told})
                yield _table(scores, place, told, n_reasons, column)

        if output is None:
            for _ in tables():
                pass
        else:
            import pyarrow as pa

            output = write_chunks(output, [pa.concat_tables(tables())], voice=voice, force=force)
    elif output is not None:
        columns = Rows(np.column_stack(list(scores.values())), names=tuple(scores), labels=labels)
        output = write_rows(output, columns, voice=voice, force=force)
    spread = {
        name: {"mean": float(x.mean(dtype="float64")), "median": float(np.median(x)), "max": float(x.max())}
        for name, x in scores.items()
    }
    lines = [
        f"{name}: mean {number(s['mean'])}, median {number(s['median'])}, max {number(s['max'])}"
        for name, s in spread.items()
    ]
    result: dict[str, Any] = {
        "output": None if output is None else str(output),
        "rows": n_rows,
        "unit": unit,
        **spread,
    }
    if "anomaly" in scores:
        result["alarms"] = int(scores["anomaly"].sum())
        lines.append(f"{counted(result['alarms'], 'alarm')} among {counted(n_rows, 'row')}.")
    if explain is not None:
        lines += [f"  {row_name(int(place_of[i]), rows.first_row)}: {'; '.join(map(str, reasons[i]))}" for i in shown]
        result["strangest"] = [
            {
                "row": int(place_of[i]),
                "score": float(main[i]),
                "reasons": [reason.to_dict() for reason in reasons[i]],
            }
            for i in shown
        ]
    quality = quality_by_labels(labels, main)
    if quality is not None:
        result["quality"] = quality.to_dict()
        lines.append(quality_told(quality))
    lines += [
        f"{name} was constant at the fit and has another value in {counted(n, 'row')}, which the error does not count."
        for name, n in changed.most_common()
    ]
    result["strange_cells"] = strange.to_dict()
    if strange.n_cells:
        lines.append(str(strange))
    if "surprise" in scores:
        lines.append("(surprise: compared with the other rows of this file)")
    if unit:
        result["changed"] = dict(changed)
        lines.append(f"(reconstruction error: {unit})")
    if output is not None:
        lines.append(f"Wrote {counted(n_rows, 'score')} to {output}.")
    voice.result(result, *lines)


def _scores(fitted: Any, rows: Rows) -> dict[str, np.ndarray]:
    """The columns to write, the one that ranks rows first."""
    import narrows

    if isinstance(fitted, narrows.AnomalyDetector):
        return {"score": -fitted.score_samples(rows)}
    scores = {"reconstruction_error": fitted.reconstruction_error(rows)}
    network = fitted.network_
    if hasattr(fitted, "elbo") and network.likelihood.is_density and network.code.floats_per_component > 1:
        scores["elbo"] = fitted.elbo(rows)
    return scores


def _changed(fitted: Any, rows: Rows) -> dict[str, int]:
    """In how many rows each column that was constant at the fit has another value; columns without any are left out."""
    schema = fitted.schema_
    columns, differs = schema.changed_constants(rows)
    return {schema.feature_names[i]: int(n) for i, n in zip(columns, differs.sum(axis=0), strict=True) if n}


def _judged(detector: AnomalyDetector, scores: np.ndarray) -> dict[str, np.ndarray]:
    """What a detector makes of the scores of all rows; some thresholds judge them together."""
    from narrows.estimators import p_values

    return {
        "p_value": p_values(scores, detector.calibration_scores_),
        "anomaly": detector.alarms(scores).astype("int8"),
    }


def _explained(
    judge: AnomalyDetector | Surprise, chunks: Iterable[Rows], at: np.ndarray, n: int
) -> Iterator[tuple[slice, Told]]:
    """Chunk by chunk, where its rows are among all, and the reasons of those that are among `at`."""
    import numpy as np

    start, at = 0, np.sort(at)
    for rows in chunks:
        here = at[(at >= start) & (at < start + len(rows))]
        told = judge.explain(rows.take(here - start), n=n) if len(here) else []
        yield slice(start, start + len(rows)), dict(zip(here.tolist(), told, strict=True))
        start += len(rows)


def _table(scores: dict[str, np.ndarray], place: slice, told: Told, n: int, labels: pa.Array | None) -> pa.Table:
    """Some of the rows: their scores, texts for those that have reasons, and the labels."""
    import numpy as np

    from narrows.data import Rows, as_table

    size = place.stop - place.start
    columns = {name: values[place] for name, values in scores.items()}
    for k in range(n):
        texts = columns[f"reason_{k + 1}"] = np.full(size, None, dtype=object)
        texts[[i - place.start for i in told]] = [str(reasons[k]) for reasons in told.values()]
    table = as_table(Rows(tuple(columns.values()), names=tuple(columns)), "table")
    for i in range(len(scores), len(columns)):  # of a chunk without reasons, too, they are texts
        table = table.set_column(i, table.column_names[i], table.column(i).cast("string"))
    return table if labels is None else table.append_column("label", labels[place])


def _check_holds_text(output: Path, explain: int | None) -> None:
    from narrows.errors import OutputError

    if explain is not None and output.suffix.lower() not in (".csv", ".parquet"):
        raise OutputError(f"{output} would hold reasons, which are text; use .csv or .parquet.")

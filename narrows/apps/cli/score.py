"""`narrows score`: how strange every row is, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from narrows.apps.cli.options import Data, Force, ImageSize, Json, Label, MissingAtUse, Model, Quiet, SetPart
from narrows.apps.cli.output import check_rows_path
from narrows.apps.cli.voice import Voice, counted, number

if TYPE_CHECKING:
    import numpy as np

    from narrows.data import Rows
    from narrows.estimators import AnomalyDetector, Reason

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
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write how strange every row of DATA is.

    A model of narrows fit gives the reconstruction error, the ELBO where it is variational, and with --explain the
    surprise, which weighs the columns alike; a detector of narrows detect gives its score, the p-value, and 1 for an
    anomaly. With --label, a column of two classes, it also says how
    well the rarer one is found.

    Example: [bold]narrows score detector new.csv --explain 3 -o scores.csv[/bold]
    """
    voice = Voice(as_json, quiet)
    if output is not None:
        check_rows_path(output, data, force=force, numbers=True)
        _check_holds_text(output, explain)

    import numpy as np

    import narrows
    from narrows.apps.cli.sources import chunks_for_model, joined_labels
    from narrows.apps.cli.tables import quality_told
    from narrows.data import write
    from narrows.estimators import surprise
    from narrows.insight import quality_by_labels

    fitted = narrows.load(model)
    found: list[dict[str, np.ndarray]] = []
    labels, rows = [], None
    for rows in chunks_for_model(
        fitted,
        data,
        part=part,
        label=label,
        image_size=image_size,
        missing=missing,
        voice=voice,
        whole=explain is not None,  # a reason compares a row with all others
    ):
        found.append(_scores(fitted, rows))
        labels.append(rows.labels)
    assert rows is not None
    scores = {name: np.concatenate([of[name] for of in found]) for name in found[0]}
    labels, n_rows = joined_labels(labels), sum(len(next(iter(of.values()))) for of in found)
    unit = ""
    if isinstance(fitted, narrows.AnomalyDetector):
        scores |= _judged(fitted, scores["score"])
    else:
        unit = fitted.loss_unit_
        if explain is not None:
            scores["surprise"] = surprise(fitted, rows)
    main = scores.get("surprise", next(iter(scores.values())))
    n_explained = _SHOWN if output is None else max(_EXPLAINED, n_rows // 20)
    strangest = np.argsort(-main, kind="stable")[:n_explained]
    reasons = None
    if explain is not None:
        told = _reasons(fitted, rows, strangest, explain)
        reasons = dict(zip(strangest.tolist(), told, strict=True))
    if output is not None:
        write(output, _table(scores, reasons, labels), force=force)
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
    if reasons is not None:
        shown = strangest[:_SHOWN].tolist()
        lines += [f"  {rows.row_name(i)}: {'; '.join(map(str, reasons[i]))}" for i in shown]
        result["strangest"] = [
            {"row": i, "score": float(main[i]), "reasons": [reason.to_dict() for reason in reasons[i]]} for i in shown
        ]
    quality = quality_by_labels(labels, main)
    if quality is not None:
        result["quality"] = quality.to_dict()
        lines.append(quality_told(quality))
    if unit:
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


def _judged(detector: AnomalyDetector, scores: np.ndarray) -> dict[str, np.ndarray]:
    """What a detector makes of the scores of all rows; some thresholds judge them together."""
    from narrows.estimators import p_values

    return {
        "p_value": p_values(scores, detector.calibration_scores_),
        "anomaly": detector.alarms(scores).astype("int8"),
    }


def _reasons(fitted: Any, rows: Rows, at: np.ndarray, n: int) -> list[tuple[Reason, ...]]:
    import narrows
    from narrows.estimators import explain_reconstruction

    if isinstance(fitted, narrows.AnomalyDetector):
        return fitted.explain(rows.take(at), n=n)
    return explain_reconstruction(fitted, rows, n=n, at=at)


def _table(scores: dict[str, np.ndarray], reasons: dict[int, tuple[Reason, ...]] | None, labels: Any) -> Rows:
    """One row of numbers for each row, and texts for those that have reasons."""
    import numpy as np

    from narrows.data import Rows

    if reasons is None:
        return Rows(np.column_stack(list(scores.values())), names=tuple(scores), labels=labels)
    columns = dict(scores)
    for k in range(len(next(iter(reasons.values())))):
        texts = np.full(len(next(iter(scores.values()))), None, dtype=object)
        texts[list(reasons)] = [str(told[k]) for told in reasons.values()]
        columns[f"reason_{k + 1}"] = texts
    return Rows(tuple(columns.values()), names=tuple(columns), container="pyarrow", labels=labels)


def _check_holds_text(output: Path, explain: int | None) -> None:
    from narrows.errors import OutputError

    if explain is not None and output.suffix.lower() not in (".csv", ".parquet"):
        raise OutputError(f"{output} would hold reasons, which are text; use .csv or .parquet.")

"""`narrows detect`: fit an anomaly detector, and show the most anomalous rows with reasons."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from narrows.apps.cli import signals
from narrows.apps.cli.checkpoints import EVERY, CheckpointEvery, Resume, checkpointed
from narrows.apps.cli.common_options import (
    Data,
    Force,
    Json,
    Quiet,
    data_option,
    output_option,
)
from narrows.apps.cli.fit_options import check_detector_options
from narrows.apps.cli.fit_reading import FitReading, with_reading
from narrows.apps.cli.inputs import Source, data_name, names_in, read_for_fit
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.result_writing import save
from narrows.formatting import counted, duration, number

if TYPE_CHECKING:
    import numpy as np

    from narrows.apps.cli.invalid_cells import InvalidCells
    from narrows.data import Rows
    from narrows.estimators import AnomalyDetector, Reason, ScoreFile

Threshold = Literal["contamination", "conformal", "benjamini-hochberg", "budget"]

_ALARMS = "Alarms"
_SHOWN = 5


@dataclass(frozen=True)
class _Judged:
    """Scores and labels of all rows of DATA (n,), the number of alarms, and the most anomalous rows with reasons."""

    scores: ScoreFile
    labels: np.ndarray | None
    n_alarms: int
    anomalous: list[tuple[int, str, float, tuple[Reason, ...]]]
    """(row counted from 0, its name, its score, its reasons)"""
    invalid: InvalidCells


@with_reading
def detect(
    data: Data,
    *,
    output: Annotated[
        Path | None,
        output_option(
            "MODEL",
            help="Folder for the detector. Default: the name of DATA with -detector added, in the current folder.",
        ),
    ] = None,
    threshold: Annotated[
        Threshold,
        typer.Option(
            metavar="NAME",
            help="Rule that sets the threshold: a fixed share of alarms (contamination), a rate of false alarms among "
            "normal rows (conformal), a rate of false alarms among all alarms (benjamini-hochberg), or a fixed number "
            "of alarms (budget).",
            rich_help_panel=_ALARMS,
        ),
    ] = "contamination",
    contamination: Annotated[
        str,
        typer.Option(
            metavar="X",
            help="Share of the training rows, from 0 to 0.5, that are alarms, for --threshold contamination; auto "
            "estimates it, and says whether the rows seem clean.",
            rich_help_panel=_ALARMS,
        ),
    ] = "0.1",
    alpha: Annotated[
        float,
        typer.Option(
            metavar="X",
            help="Allowed rate of false alarms, from 0 to 1, for --threshold conformal or benjamini-hochberg.",
            rich_help_panel=_ALARMS,
        ),
    ] = 0.01,
    budget: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Number of alarms, for --threshold budget.", rich_help_panel=_ALARMS, show_default=False
        ),
    ] = None,
    novelty: Annotated[
        bool,
        typer.Option(
            "--novelty",
            help="Assume that all rows of DATA are normal (novelty detection). Default: some may be anomalies.",
        ),
    ] = False,
    reading: FitReading,
    categorical: Annotated[
        str | None, data_option(metavar="A,B", help="Names of number columns whose values are categories.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Seed of all random numbers; the same seed gives the same detector. Default: a random seed.",
            show_default=False,
        ),
    ] = None,
    checkpoint_every: CheckpointEvery = EVERY,
    resume: Resume = False,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fit an anomaly detector to DATA, save it, and show the most anomalous rows with reasons.

    With --label, a column of two classes, the quality of the scores is
    printed too, with the rarer class as anomalies; labels are not used in
    training.

    Row numbers start at 1, without the header; with --json at 0. If a table is
    read in chunks, the detector is fitted to a random sample of it, and all
    rows are scored.

    Example: [bold]narrows detect table.csv -o detector --threshold conformal --alpha 0.01[/bold]
    """
    messages = Messages(as_json, quiet)
    path = output or Path(f"{data_name(data)}-detector")
    from narrows.estimators import AnomalyDetector

    detector = AnomalyDetector(
        threshold=threshold,
        contamination=_share(contamination),
        alpha=alpha,
        budget=budget,
        missing=reading.missing_in_model,
        categorical=tuple(names_in(categorical) or ()),
        random_state=seed,
        novelty=novelty,
    )
    check_detector_options(detector)
    with checkpointed(path, every=checkpoint_every, resume=resume, force=force, messages=messages) as (kept, replaces):
        source = read_for_fit(data, reading, messages=messages)
        start = time.perf_counter()
        detector.fit(source.rows, checkpoint=kept)
        seconds = time.perf_counter() - start
        path = save(detector, path, force=replaces, messages=messages)
    signals.check()
    from narrows.data import ignored_columns_message

    aside = ignored_columns_message(detector.schema_, source.rows.source, place="shell")
    if aside is not None:
        messages.info(aside)
    if len(source.rows) < len(source.whole):
        messages.info(f"Scoring all {len(source.whole):,} rows of {source.rows.source} ...")
    judged = _judged(detector, source)
    from narrows.insight import quality_by_labels

    quality = None if judged.labels is None else quality_by_labels(judged.labels, judged.scores.all())
    result = _as_json(detector, source, judged)
    result = {"model": str(path), **result} | ({} if quality is None else {"quality": quality.to_dict()})
    lines = _as_text(detector, source, judged, seconds)
    if quality is not None:
        from narrows.apps.cli.rendering import quality_sentence

        lines.append(quality_sentence(quality))
    messages.result(result, *lines, f"Saved as {path}.")


def _share(text: str) -> float | Literal["auto"]:
    if text == "auto":
        return text
    try:
        return float(text)
    except ValueError:
        from narrows.errors import SettingError

        message = f"--contamination must be a number above 0 and at most 0.5, or auto, got {text!r}."
        raise SettingError(message) from None


def _as_json(detector: AnomalyDetector, source: Source, judged: _Judged) -> dict[str, object]:
    from narrows.apps.cli.rendering import with_old_names

    result = {
        "rows": len(source.whole),
        "fitted_rows": len(source.rows),
        "judged_rows": len(judged.scores),
        "calibration_rows": len(detector.calibration_scores_),
        "threshold": detector.threshold_,
        "alarms": judged.n_alarms,
        "seed": detector.seed_,
        **({"regime": detector.regime_.to_dict()} if detector.contamination == "auto" else {}),
        "most_anomalous": [
            {"row": row, "score": score, "reasons": [reason.to_dict() for reason in reasons]}
            for row, _, score, reasons in judged.anomalous
        ],
        "invalid_cells": judged.invalid.to_dict(),
    }
    return with_old_names(result)


def _as_text(detector: AnomalyDetector, source: Source, judged: _Judged, seconds: float) -> list[str]:
    from narrows.estimators.anomaly.explanations import in_words

    n_rows, n_fitted = len(source.whole), len(source.rows)
    fitted, among = counted(n_rows, "row"), ""
    if n_fitted < n_rows:
        fitted, among = f"Fitted to a random sample of {n_fitted:,} of {fitted}", " among all of them"
    lines = [
        f"{fitted} in {duration(seconds)}; {counted(judged.n_alarms, 'alarm')}{among}{_by(detector)}.",
        "The most anomalous rows:",
        *[f"  {name}, score {number(score)}: {in_words(why)}" for _, name, score, why in judged.anomalous],
    ]
    if detector.contamination == "auto":
        lines.insert(1, f"The rows seem {detector.regime_.name}: {detector.regime_.reason}")
    return [*lines, str(judged.invalid)] if judged.invalid.n_cells else lines


def _judged(detector: AnomalyDetector, source: Source) -> _Judged:
    """Score all rows of DATA."""
    import numpy as np

    from narrows.apps.cli.inputs import joined_labels
    from narrows.apps.cli.invalid_cells import InvalidCells
    from narrows.estimators import ScoreFile

    scores, labels, invalid = ScoreFile(), [], InvalidCells()
    found: list[tuple[float, Rows]] = []
    for rows, of_rows in _scored(detector, source):
        scores.add(of_rows)
        labels.append(rows.labels)
        invalid.add(rows)
        top = np.argsort(-of_rows, kind="stable")[:_SHOWN]
        chosen = rows.take(top)
        found += [(float(of_rows[i]), chosen.take(slice(k, k + 1))) for k, i in enumerate(top.tolist())]
        found = sorted(found, key=lambda one: -one[0])[:_SHOWN]
    if len(scores) == len(detector.labels_):
        n_alarms = int(detector.labels_.sum())
    else:
        alarms = detector.alarms_in_parts(scores)
        n_alarms = sum(int(alarms(part).sum()) for part in scores.parts())
    return _Judged(
        scores,
        joined_labels(labels),
        n_alarms,
        [(row.row_number(0), row.row_name(0), score, detector.explain(row)[0]) for score, row in found],
        invalid,
    )


def _scored(detector: AnomalyDetector, source: Source) -> Iterator[tuple[Rows, np.ndarray]]:
    from narrows.data import RowStream

    if isinstance(source.whole, RowStream) and len(source.rows) < len(source.whole):
        for rows in source.whole.chunks():
            yield rows, -detector.score_samples(rows)
    else:
        yield source.rows, detector.decision_scores_


def _by(detector: AnomalyDetector) -> str:
    """Return the end of the sentence on the alarms: how their threshold was set."""
    by = counted(len(detector.calibration_scores_), "row")
    if detector.threshold == "budget":
        return ", the number of --budget"
    if detector.threshold == "benjamini-hochberg":
        return f", at most {detector.alpha:.0%} of them false on average, calibrated on {by}"
    return f" above a score of {number(detector.threshold_)}, calibrated on {by}"

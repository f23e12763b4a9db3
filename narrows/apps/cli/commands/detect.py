"""`narrows detect`: an anomaly detector for a table, and which of its rows are strange, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from narrows.apps.cli import signals
from narrows.apps.cli.common_options import (
    Columns,
    Data,
    Force,
    Ignore,
    ImageSize,
    Json,
    KeepNa,
    Label,
    MissingAtFit,
    NaValues,
    Quiet,
    Types,
)
from narrows.apps.cli.fit_options import check_detector_options
from narrows.apps.cli.inputs import Source, cell_settings, data_name, names_in, read_for_fit
from narrows.apps.cli.messages import Voice, counted, duration, number
from narrows.apps.cli.output_paths import check_model_path
from narrows.apps.cli.rescue import save

if TYPE_CHECKING:
    import numpy as np

    from narrows import AnomalyDetector
    from narrows.apps.cli.strange_cells import StrangeCells
    from narrows.data import Rows
    from narrows.estimators import Reason

Threshold = Literal["contamination", "conformal", "benjamini-hochberg", "budget"]

_DATA, _OUTPUT, _ALARMS = "Data", "Output", "Alarms"
_SHOWN = 5
_MOST_JUDGED = 1_000_000  # rows read in chunks that are all judged after the fit, at some ten thousand a second


@dataclass(frozen=True)
class _Judged:
    """Scores and labels of rows (n,), how many of them are alarms, and the strangest, with the reasons of each."""

    scores: np.ndarray
    labels: np.ndarray | None
    n_alarms: int
    strangest: list[tuple[int, str, float, tuple[Reason, ...]]]
    """(row counted from 0, its name, its score, its reasons)"""
    strange: StrangeCells


def detect(
    data: Data,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="MODEL",
            help="Folder for the detector; left out, DATA's name and -detector, here.",
            rich_help_panel=_OUTPUT,
            show_default=False,
        ),
    ] = None,
    threshold: Annotated[
        Threshold,
        typer.Option(
            metavar="NAME",
            help="What an alarm is: a share of the rows, a promised rate of false alarms, a promised share of false "
            "alarms among the alarms, or a number of rows. (contamination, conformal, benjamini-hochberg, budget)",
            rich_help_panel=_ALARMS,
        ),
    ] = "contamination",
    contamination: Annotated[
        float, typer.Option(metavar="X", help="The share of rows alarmed.", rich_help_panel=_ALARMS)
    ] = 0.1,
    alpha: Annotated[
        float,
        typer.Option(metavar="X", help="The rate promised (conformal, benjamini-hochberg).", rich_help_panel=_ALARMS),
    ] = 0.01,
    budget: Annotated[
        int | None,
        typer.Option(metavar="N", help="The rows alarmed (budget).", rich_help_panel=_ALARMS, show_default=False),
    ] = None,
    columns: Columns = None,
    ignore: Ignore = None,
    label: Label = None,
    image_size: ImageSize = None,
    missing: MissingAtFit = "mask",
    types: Types = None,
    na_values: NaValues = None,
    keep_na: KeepNa = False,
    categorical: Annotated[
        str | None, typer.Option(metavar="A,B", help="Columns that are categories.", rich_help_panel=_DATA)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same number gives the same detector.", show_default=False)
    ] = None,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn what is usual in DATA, save the detector, and show the strangest rows and why they are strange.

    With --label, a column of two classes of which the rarer is the anomalous one, it also says how well they are found;
    it does not learn from them.

    Rows count from 1, without any header; with --json from 0. Of a table that is read in chunks a sample is learned
    from, and up to a million rows are judged; for more, [bold]narrows score[/bold] judges all.

    Example: [bold]narrows detect table.csv -o detector --threshold conformal --alpha 0.01[/bold]
    """
    voice = Voice(as_json, quiet)
    path = output or Path(f"{data_name(data)}-detector")
    check_model_path(path, force=force)
    from narrows import AnomalyDetector

    detector = AnomalyDetector(
        threshold=threshold,
        contamination=contamination,
        alpha=alpha,
        budget=budget,
        missing="mask" if missing == "drop" else missing,
        categorical=tuple(names_in(categorical) or ()),
        random_state=seed,
    )
    check_detector_options(detector)
    source = read_for_fit(
        data,
        columns=columns,
        ignore=ignore,
        label=label,
        image_size=image_size,
        missing=missing,
        voice=voice,
        cells=cell_settings(types, na_values, keep_na),
    )

    import time

    from narrows.apps.cli.rendering import quality_told
    from narrows.data import ignored_columns_message
    from narrows.insight import quality_by_labels

    start = time.perf_counter()
    detector.fit(source.rows)
    seconds = time.perf_counter() - start
    path = save(detector, path, force=force, voice=voice)
    signals.check()
    aside = ignored_columns_message(detector.schema_, source.rows.source, place="shell")
    if aside is not None:
        voice.remark(aside)
    judged = _judged(detector, source)
    n_rows, n_fitted, n_judged = len(source.whole), len(source.rows), len(judged.scores)
    result: dict[str, object] = {
        "model": str(path),
        "rows": n_rows,
        "fitted_rows": n_fitted,
        "judged_rows": n_judged,
        "calibration_rows": len(detector.calibration_scores_),
        "threshold": detector.threshold_,
        "alarms": judged.n_alarms,
        "seed": detector.seed_,
        "strangest": [
            {"row": row, "score": score, "reasons": [reason.to_dict() for reason in reasons]}
            for row, _, score, reasons in judged.strangest
        ],
        "strange_cells": judged.strange.to_dict(),
    }
    which = counted(n_rows, "row")
    if n_fitted < n_rows:
        which = f"Learned from {n_fitted:,} of {which}, drawn at random,"
    among = "" if n_fitted == n_rows else " among all of them" if n_judged == n_rows else f" among the {n_judged:,}"
    lines = [
        f"{which} in {duration(seconds)}; {counted(judged.n_alarms, 'alarm')}{among}{_by(detector)}.",
        "The strangest rows:" if n_judged == n_rows else f"The strangest of the {n_judged:,} rows:",
        *[f"  {name}, score {number(score)}: {'; '.join(map(str, why))}" for _, name, score, why in judged.strangest],
    ]
    if judged.strange.n_cells:
        lines.append(str(judged.strange))
    if n_judged < n_rows:
        lines.append(f"narrows score {path} {data} judges all {n_rows:,}.")
    quality = quality_by_labels(judged.labels, judged.scores)
    if quality is not None:
        result["quality"] = quality.to_dict()
        lines.append(quality_told(quality))
    voice.result(result, *lines, f"Saved as {path}.")


def _judged(detector: AnomalyDetector, source: Source) -> _Judged:
    """All rows of DATA where that does not take long, else those of the fit."""
    import numpy as np

    from narrows.apps.cli.chunked_input import joined_labels
    from narrows.apps.cli.strange_cells import StrangeCells

    scores, labels, found, strange = [], [], [], StrangeCells()
    for rows, of_rows in _scored(detector, source):
        scores.append(of_rows)
        labels.append(rows.labels)
        strange.add(rows)
        top = np.argsort(-of_rows, kind="stable")[:_SHOWN]
        chosen = rows.take(top)
        found += [(float(of_rows[i]), chosen.take(slice(k, k + 1))) for k, i in enumerate(top.tolist())]
    found.sort(key=lambda one: -one[0])
    every = np.concatenate(scores)
    fitted_alone = len(every) == len(detector.labels_)
    return _Judged(
        every,
        joined_labels(labels),
        int(detector.labels_.sum() if fitted_alone else detector.alarms(every).sum()),
        [(row.place(0), row.row_name(0), score, detector.explain(row)[0]) for score, row in found[:_SHOWN]],
        strange,
    )


def _scored(detector: AnomalyDetector, source: Source) -> Iterator[tuple[Rows, np.ndarray]]:
    from narrows.data import RowStream

    whole = source.whole
    if isinstance(whole, RowStream) and len(source.rows) < len(whole) <= _MOST_JUDGED:
        for rows in whole.chunks():
            yield rows, -detector.score_samples(rows)
    else:
        yield source.rows, detector.decision_scores_


def _by(detector: AnomalyDetector) -> str:
    """What the alarms of a fit went by."""
    by = counted(len(detector.calibration_scores_), "row")
    if detector.threshold == "budget":
        return ", as many as the budget"
    if detector.threshold == "benjamini-hochberg":
        return f", at most {detector.alpha:.0%} of them false on average, judged by {by}"
    return f" above a score of {number(detector.threshold_)}, set by {by}"

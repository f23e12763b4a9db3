"""`narrows detect`: an anomaly detector for a table, and which of its rows are strange, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from narrows.apps.cli import stopping
from narrows.apps.cli.keeping import save
from narrows.apps.cli.options import Columns, Data, Force, Ignore, ImageSize, Json, Label, MissingAtFit, Quiet
from narrows.apps.cli.output import check_model_path
from narrows.apps.cli.sources import data_name, names_in, read_for_fit
from narrows.apps.cli.voice import Voice, counted, duration, number

if TYPE_CHECKING:
    from narrows import AnomalyDetector

Threshold = Literal["contamination", "conformal", "benjamini-hochberg", "budget"]

_DATA, _OUTPUT, _ALARMS = "Data", "Output", "Alarms"
_SHOWN = 5


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

    Example: [bold]narrows detect table.csv -o detector --threshold conformal --alpha 0.01[/bold]
    """
    voice = Voice(as_json, quiet)
    path = output or Path(f"{data_name(data)}-detector")
    check_model_path(path, force=force)
    source = read_for_fit(
        data, columns=columns, ignore=ignore, label=label, image_size=image_size, missing=missing, voice=voice
    )

    import time

    import numpy as np

    from narrows import AnomalyDetector
    from narrows.apps.cli.tables import quality_told
    from narrows.insight import quality_by_labels

    detector = AnomalyDetector(
        threshold=threshold,
        contamination=contamination,
        alpha=alpha,
        budget=budget,
        missing="mask" if missing == "drop" else missing,
        categorical=tuple(names_in(categorical) or ()),
        random_state=seed,
    )
    start = time.perf_counter()
    detector.fit(source.rows)
    seconds = time.perf_counter() - start
    path = save(detector, path, force=force, voice=voice)
    stopping.check()
    scores = detector.decision_scores_
    strangest = np.argsort(-scores, kind="stable")[:_SHOWN]
    why = detector.explain(source.rows.take(strangest))
    n_alarms = int(detector.labels_.sum())
    result: dict[str, object] = {
        "model": str(path),
        "rows": len(scores),
        "calibration_rows": len(detector.calibration_scores_),
        "threshold": detector.threshold_,
        "alarms": n_alarms,
        "seed": detector.seed_,
        "strangest": [
            {"row": int(i), "score": float(scores[i]), "reasons": [reason.to_dict() for reason in reasons]}
            for i, reasons in zip(strangest, why, strict=True)
        ],
    }
    lines = [
        f"{counted(len(scores), 'row')} in {duration(seconds)}; {counted(n_alarms, 'alarm')}{_by(detector)}.",
        "The strangest rows:",
        *[
            f"  {source.rows.row_name(int(i))}, score {number(float(scores[i]))}: {'; '.join(map(str, reasons))}"
            for i, reasons in zip(strangest, why, strict=True)
        ],
    ]
    quality = quality_by_labels(source.rows.labels, scores)
    if quality is not None:
        result["quality"] = quality.to_dict()
        lines.append(quality_told(quality))
    voice.result(result, *lines, f"Saved as {path}.")


def _by(detector: AnomalyDetector) -> str:
    """What the alarms of a fit went by."""
    by = counted(len(detector.calibration_scores_), "row")
    if detector.threshold == "budget":
        return ", as many as the budget"
    if detector.threshold == "benjamini-hochberg":
        return f", at most {detector.alpha:.0%} of them false on average, judged by {by}"
    return f" above a score of {number(detector.threshold_)}, set by {by}"

"""Tables and sentences of results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from narrows.formatting import counted, duration, number

if TYPE_CHECKING:
    from rich.table import Table

    from narrows.insight import DetectionQuality, Diagnosis, FitSummary

_HELD_OUT = {
    "test": "the test set of the dataset",
    "validation": "held out of training",
    "training": "the training rows",
}
_OLD_NAMES = {"strangest": "most_anomalous", "strange_cells": "invalid_cells"}
_HOW = {"random": ", drawn at random", "groups": " as whole groups", "last": ", the last ones"}


def facts(summary: FitSummary) -> Table:
    """Return a table of rows, columns, parameters, epochs and time."""
    table = _table(headings=False)
    table.add_column(style="dim")
    table.add_column()
    table.add_row("rows", f"{summary.rows:,}")
    table.add_row("columns", _columns(summary))
    table.add_row("code", f"{counted(summary.n_components, 'number')} per row")
    table.add_row("parameters", f"{summary.parameters:,}")
    table.add_row("training", f"{counted(summary.epochs, 'epoch')} ({summary.stopped}), {duration(summary.seconds)}")
    table.add_row("device", f"{summary.device}, {summary.precision}, seed {summary.seed}")
    return table


def _columns(summary: FitSummary) -> str:
    """Return for example "19: 12 numeric, 4 categories, 1 date; ignored: year (constant)"."""
    counts = Counter(summary.kinds.values())
    words = (
        f"{summary.columns:,}" + (": " if counts else "") + ", ".join(_of_kind(n, word) for word, n in counts.items())
    )
    if summary.left_out:
        words += "; ignored: " + ", ".join(f"{name} ({why})" for name, why in summary.left_out.items())
    return words


def _of_kind(n: int, word: str) -> str:
    if word == "numeric":
        return f"{n:,} {word}"
    return f"{n:,} categories" if word == "category" and n > 1 else counted(n, word)


def errors(summary: FitSummary) -> Table:
    """Return a table of the errors of the model, of PCA and of the mean row, on the same rows."""
    table = _table()
    for heading in ("", "squared error per row", "per feature", "R²"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, error in _squared_errors(summary).items():
        r2 = f"{1 - error / summary.mean_squared_error:.3f}" if summary.mean_squared_error else ""
        style = "bold" if name == "model" else None
        table.add_row(name, number(error), number(error / summary.floats), r2, style=style)
    return table


def measured_on(summary: FitSummary) -> str:
    """Return a sentence on the rows that the errors were measured on."""
    how = "" if summary.held_out_by is None else _HOW.get(summary.held_out_by, "")
    return f"On {counted(summary.held_out_rows, 'row')}: {_HELD_OUT[summary.held_out]}{how}"


def notes(summary: FitSummary) -> list[str]:
    """Return the loss if it is not the squared error, the ELBO, and the notes of the summary."""
    lines = []
    if summary.loss != "mse":
        each = (
            f"{number(summary.error_per_row)} {summary.unit} per row ({number(summary.error_per_feature)} per feature)"
        )
        lines.append(f"Reconstruction, in the model's loss: {each}.")
    if len(summary.loss_parts) > 1:
        whole = number(sum(summary.loss_parts.values()))
        parts = " + ".join(f"{name.replace('_', ' ')} {number(value)}" for name, value in summary.loss_parts.items())
        lines.append(f"The loss of training: {parts} = {whole} {summary.unit} per row.")
    if summary.elbo is not None:
        lines.append(f"ELBO: {number(summary.elbo)} nats per row.")
    return [*lines, *summary.notes]


def verdicts(found: Diagnosis) -> list[str]:
    """Return the headline of a diagnosis, and a line for each finding that is not good."""
    lines = [f"Diagnosis: {found.headline}"]
    words = {"unknown": "unknown", "watch": "look", "bad": "WRONG"}
    lines += [f"  {words[f.verdict]}: {f.question} {f.figure}." for f in found.findings if f.verdict in words]
    return lines


def quality_sentence(quality: DetectionQuality) -> str:
    """Return how well scores separate the rarer class, in two sentences."""
    return (
        f"The rarer class, {quality.n_anomalies:,} of {quality.n_rows:,} rows: AUROC {quality.auroc:.3f}, average "
        f"precision {quality.average_precision:.3f}, {quality.precision_at_k:.0%} of the {quality.n_anomalies:,} "
        f"highest scores. Alarms above {number(quality.best_threshold)} make the fewest errors: "
        f"{counted(quality.misses, 'missed row')}, {counted(quality.false_alarms, 'false alarm')}."
    )


def comparison(summaries: Mapping[str, FitSummary]) -> Table:
    """Return a table of several models on the same rows, each with PCA of the same number of components."""
    table = _table()
    first = next(iter(summaries.values()))
    table.title = f"Squared error per row, on {first.held_out_rows:,} rows that no model was trained on"
    for heading in ("model", "code", "parameters", "epochs", "time", "error", "PCA's error"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for name, s in summaries.items():
        cells = (str(s.n_components), f"{s.parameters:,}", str(s.epochs), duration(s.seconds))
        measured = (number(s.squared_error), number(s.pca_squared_error))
        table.add_row(name, *cells, *measured)
    return table


def _squared_errors(summary: FitSummary) -> dict[str, float]:
    return {
        "model": summary.squared_error,
        f"PCA, {counted(summary.pca_components, 'component')}": summary.pca_squared_error,
        "the mean row": summary.mean_squared_error,
    }


def with_old_names(result: dict[str, object]) -> dict[str, object]:
    """Return the JSON of a command with the entries that had other names in the last release, under both names."""
    old = {old: result[new] for old, new in _OLD_NAMES.items() if new in result}
    return result | old


def _table(*, headings: bool = True) -> Table:
    from rich import box
    from rich.table import Table

    return Table(
        box=box.SIMPLE_HEAD if headings else None,
        show_header=headings,
        show_edge=False,
        pad_edge=False,
        title_style="",
        title_justify="left",
    )

"""`narrows report`: one HTML page about a fitted model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from narrows.apps.cli.common_options import (
    Data,
    Force,
    ImageSize,
    Json,
    LabelAtUse,
    MissingAtUse,
    Model,
    Quiet,
    SetPart,
    output_option,
)
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.model_loading import load_autoencoder
from narrows.apps.cli.output_paths import check_file_path
from narrows.apps.cli.result_writing import write_content

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder


def report(
    model: Model,
    data: Data,
    output: Annotated[
        Path,
        output_option("PAGE", help="HTML file to write.", show_default=True),
    ] = Path("report.html"),
    part: SetPart = None,
    label: LabelAtUse = None,
    image_size: ImageSize = None,
    missing: MissingAtUse = None,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write an HTML report on the model and DATA: diagnosis, figures, and how to repeat the fit.

    The report is one file that can be read offline. DATA is the data of the
    fit, or new data.

    Example: [bold]narrows report digits-plain digits -o report.html[/bold]
    """
    messages = Messages(as_json, quiet)

    check_file_path(output, (".html", ".htm"), data, force=force)

    from narrows.apps.cli.inputs import read_with_classes
    from narrows.apps.report import report as report_page
    from narrows.insight import diagnose

    fitted = load_autoencoder(model, missing=missing)
    if label is None and fitted.label_column_ is None and (label := _class_column(fitted, data)) is not None:
        messages.info(f"Column {label!r} is taken for the classes; --label names another one.")
    rows = read_with_classes(
        fitted, data, part=part, label=label, image_size=image_size, missing=missing, messages=messages
    )
    found = diagnose(fitted, rows)
    page = report_page(fitted, rows, diagnosis=found).encode(errors="backslashreplace")
    output = write_content(output, page, subject="the page is", messages=messages, force=force)
    messages.result(
        {"output": str(output), "rows": len(rows), "diagnosis": found.to_dict()}, found.headline, f"Wrote {output}."
    )


def _class_column(fitted: Autoencoder, data: str) -> str | None:
    """Return a column with a usual name for classes, which the model has not learned; None if there is none."""
    from narrows.apps.viewer.datasets import Source, with_guessed_label

    learned = fitted.schema_.names
    source = Source.of(data)
    if learned is None or source.is_set or not Path(source.where).is_file():
        return None
    found = with_guessed_label(source).label
    return None if found in learned else found

"""`narrows sweep`: held-out error against the size of the code, the depth, or the number of rows."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from narrows.apps.cli import signals
from narrows.apps.cli.common_options import (
    Data,
    Force,
    Json,
    Quiet,
    RayForFits,
    output_option,
)
from narrows.apps.cli.fit_options import VariantName, estimator_from_options, with_parameters
from narrows.apps.cli.fit_reading import FitReading, with_reading
from narrows.apps.cli.inputs import read_for_fit
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.output_paths import check_file_path
from narrows.apps.cli.result_writing import write_content
from narrows.apps.cli.with_ray import fits_with_ray

if TYPE_CHECKING:
    from narrows.insight import Sweep

_SWEEP = "Sweep"
_WORDS = {"n_components": "n_components", "n-components": "n_components", "depth": "depth", "share": "share"}
_PICTURES, _TABLES = (".png", ".svg", ".pdf"), (".csv", ".json")


@with_parameters
@with_reading
def sweep(
    data: Data,
    *,
    over: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Setting to vary: size of the code, number of hidden layers, or share of the training rows. "
            "(n-components, depth, share)",
            rich_help_panel=_SWEEP,
        ),
    ] = "n-components",
    values: Annotated[
        str | None,
        typer.Option(
            metavar="1,2,4",
            help="Values of the setting. Default: a range that suits DATA.",
            rich_help_panel=_SWEEP,
            show_default=False,
        ),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help="Number of fits for each value, each with another seed.", rich_help_panel=_SWEEP
        ),
    ] = 1,
    output: Annotated[
        Path | None,
        output_option(
            "OUT",
            help="Output file: a figure (.png, .svg, .pdf) or the numbers (.csv, .json). Default: print the "
            "numbers only.",
        ),
    ] = None,
    variant: VariantName = "plain",
    reading: FitReading,
    ray: RayForFits = False,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
    **parameters: object,
) -> None:
    """Fit models with different values of one setting, and compare their errors with those of PCA.

    All errors are measured on the same held-out rows. The knee is marked:
    the value after which the error falls only slowly. Ctrl-C and SIGTERM end
    the sweep; finished values are kept.

    [bold]narrows sweep digits -o sweep.png[/bold]
    [bold]narrows sweep table.csv --over share --seeds 3[/bold]
    """
    messages = Messages(as_json, quiet)
    parameter = _WORDS.get(over)
    if parameter is None:
        raise typer.BadParameter(f"{over!r} is not n-components, depth or share.", param_hint="--over")
    given = None if values is None else _numbers(values)
    if output is not None:
        check_file_path(output, _PICTURES + _TABLES, data, force=force)
    seed = parameters.pop("random_state", None)
    model = estimator_from_options(variant, {**parameters, "missing": reading.missing_in_model})
    source = read_for_fit(data, reading, messages=messages)

    from narrows.errors import NarrowsError
    from narrows.insight import plan_sweep

    plan = plan_sweep(
        model,
        source.rows,
        over=parameter,  # pyright: ignore[reportArgumentType]
        values=given,
        n_seeds=seeds,
        random_state=seed if isinstance(seed, int) else 0,
        test=source.test,
    )
    points = []
    try:
        with fits_with_ray(ray):
            for point in plan.points():
                points.append(point)
                done = f"{len(points)} of {len(plan.values)}"
                messages.info(f"{done}: {over} {point.label}, held-out error {sum(point.held_out) / seeds:.4g}")
                signals.check()
    except KeyboardInterrupt:
        if not points:
            raise
        messages.info(f"{signals.interrupted()} after {len(points)} of {len(plan.values)} values.")
    except NarrowsError as error:
        if not points:
            raise
        messages.info(f"The sweep ended after {len(points)} of {len(plan.values)} values: {error}")
    found = plan.result(tuple(points))
    if output is not None:
        content = _file(found, output.suffix.lower())
        output = write_content(output, content, subject="the sweep is", messages=messages, force=force)
    written = [] if output is None else [f"Wrote {output}."]
    messages.result({"output": None if output is None else str(output), **found.to_dict()}, str(found), *written)


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a list of numbers such as 1,2,4.", param_hint="--values") from None


def _file(found: Sweep, ending: str) -> bytes:
    if ending == ".json":
        return (json.dumps(found.to_dict(), indent=2) + "\n").encode()
    if ending == ".csv":
        import csv

        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(["value", "label", "seed", "held_out", "training", "pca", "mean_row", "rows", "parameters"])
        for p in found.points:
            for i, (held_out, training) in enumerate(zip(p.held_out, p.training, strict=True)):
                writer.writerow(
                    [f"{p.value:g}", p.label, i, held_out, training, p.pca, p.mean_row, p.n_rows, p.n_parameters]
                )
        return text.getvalue().encode()
    from narrows.insight.figures import SweepDisplay
    from narrows.insight.payloads import sweep_curve

    drawn = io.BytesIO()
    SweepDisplay(sweep_curve(found)).figure().savefig(drawn, format=ending[1:], dpi=160)
    return drawn.getvalue()

"""`narrows sweep`: held-out error against the size of the code, the depth, or the number of rows."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from narrows.apps.cli.fit_options import VariantName, estimator_from_options, with_parameters
from narrows.apps.cli.inputs import cell_settings, read_for_fit
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.output_paths import check_file_path, write_file
from narrows.apps.cli.result_writing import write_or_rescue

if TYPE_CHECKING:
    from narrows.insight import Sweep

_SWEEP, _OUTPUT = "Sweep", "Output"
_WORDS = {"n_components": "n_components", "n-components": "n_components", "depth": "depth", "share": "share"}
_PICTURES, _TABLES = (".png", ".svg", ".pdf"), (".csv", ".json")


@with_parameters
def sweep(
    data: Data,
    over: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What to vary: size of the code, number of hidden layers, or share of the rows. "
            "(n-components, depth, share)",
            rich_help_panel=_SWEEP,
        ),
    ] = "n-components",
    values: Annotated[
        str | None,
        typer.Option(
            metavar="1,2,4", help="Values. Default: a suitable range.", rich_help_panel=_SWEEP, show_default=False
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, metavar="N", help="Number of fits for each value.", rich_help_panel=_SWEEP)
    ] = 1,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="Figure (.png, .svg, .pdf) or numbers (.csv, .json).",
            rich_help_panel=_OUTPUT,
            show_default=False,
        ),
    ] = None,
    variant: VariantName = "plain",
    columns: Columns = None,
    ignore: Ignore = None,
    label: Label = None,
    image_size: ImageSize = None,
    missing: MissingAtFit = "mask",
    types: Types = None,
    na_values: NaValues = None,
    keep_na: KeepNa = False,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
    **parameters: object,
) -> None:
    """Fit several models with one setting varied, and compare their errors with PCA; the knee is marked.

    All errors are measured on the same held-out rows. Ctrl-C and SIGTERM end
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
    model = estimator_from_options(variant, {**parameters, "missing": None if missing == "drop" else missing})
    source = read_for_fit(
        data,
        columns=columns,
        ignore=ignore,
        label=label,
        image_size=image_size,
        missing=missing,
        messages=messages,
        cells=cell_settings(types, na_values, keep_na),
    )

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
        output = write_or_rescue(
            output,
            lambda path, force: write_file(path, content, force=force),
            subject="the sweep is",
            messages=messages,
            force=force,
        )
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

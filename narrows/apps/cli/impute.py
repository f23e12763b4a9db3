"""`narrows impute`: the gaps of a table, filled with what the model expects there."""

from __future__ import annotations

from narrows.apps.cli.options import Data, Force, Json, Label, Model, Output, Quiet
from narrows.apps.cli.output import check_rows_path
from narrows.apps.cli.voice import Voice, counted


def impute(
    model: Model,
    data: Data,
    output: Output,
    label: Label = None,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write DATA with its gaps filled with what the model expects; what is there stays exactly as given.

    Columns that the fit set aside keep their gaps. A model that learned to fill gaps does it best:

    [bold]narrows fit penguins.csv -o m --variant denoising --corruption masking[/bold]
    [bold]narrows impute m penguins.csv -o filled.csv[/bold]
    """
    voice = Voice(as_json, quiet)

    check_rows_path(output, data, force=force)

    import narrows
    from narrows.apps.cli.sources import read_for_model
    from narrows.data import as_rows, write

    fitted = narrows.load(model)
    rows = read_for_model(fitted, data, part=None, label=label, image_size=None, missing=None, voice=voice)
    filled = as_rows(fitted.impute(rows))
    write(output, filled, labels=rows.labels, pixel_range=fitted.schema_.pixel_range, force=force)
    before, after = rows.n_gaps, filled.n_gaps
    cells = {name: n - after[name] for name, n in before.items() if n > after[name]}
    told = ", ".join(f"{name} {n:,}" for name, n in cells.items())
    voice.result(
        {"output": str(output), "rows": len(rows), "filled": cells, "left": sum(after.values())},
        f"Filled {counted(sum(cells.values()), 'gap')} of {counted(len(rows), 'row')} in {output}"
        + (f": {told}." if told else "."),
    )

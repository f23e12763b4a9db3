"""`narrows impute`: the gaps of a table, filled with what the model expects there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from narrows.apps.cli.models import load_autoencoder
from narrows.apps.cli.options import Data, Force, Json, Model, Output, Quiet
from narrows.apps.cli.output import check_rows_path
from narrows.apps.cli.voice import Voice, counted

if TYPE_CHECKING:
    from narrows.data import Rows


def impute(
    model: Model,
    data: Data,
    output: Output,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write DATA with its gaps filled with what the model expects; what is there stays exactly as given.

    Columns that the model does not know stay as they are. A model that learned to fill gaps does it best:

    [bold]narrows fit penguins.csv -o m --variant denoising --corruption masking[/bold]
    [bold]narrows impute m penguins.csv -o filled.csv[/bold]
    """
    voice = Voice(as_json, quiet)

    check_rows_path(output, data, force=force)

    from narrows.apps.cli.sources import read_for_model
    from narrows.data import as_rows, write

    fitted = load_autoencoder(model)
    rows = read_for_model(fitted, data, part=None, image_size=None, missing=None, voice=voice)
    filled = as_rows(fitted.impute(rows))
    write(output, _beside_others(filled, data), pixel_range=fitted.schema_.pixel_range, force=force)
    before, after = rows.n_gaps, filled.n_gaps
    cells = {name: n - after[name] for name, n in before.items() if n > after[name]}
    told = ", ".join(f"{name} {n:,}" for name, n in cells.items())
    left = sum(after.values())
    voice.result(
        {"output": str(output), "rows": len(rows), "filled": cells, "left": left},
        f"Filled {counted(sum(cells.values()), 'gap')} of {counted(len(rows), 'row')} in {output}"
        + (f": {told}." if told else "."),
        *([f"{counted(left, 'gap')} left, in columns that the fit set aside."] if left else []),
    )


def _beside_others(filled: Rows, data: str) -> Rows:
    """All columns of DATA in their order, those that the model knows as they were filled."""
    from narrows.data import read

    whole = read(data)
    if whole.names is None or filled.names is None:
        return filled
    of_model = {name: i for i, name in enumerate(filled.names)}
    sources = [(filled, of_model[name]) if name in of_model else (whole, i) for i, name in enumerate(whole.names)]
    return replace(
        whole,
        values=tuple(rows.column(i) for rows, i in sources),
        types=tuple(rows.column_type(i) for rows, i in sources),
    )

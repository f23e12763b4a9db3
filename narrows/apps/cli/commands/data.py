"""`narrows data`: list and download the datasets that narrows knows by name."""

from __future__ import annotations

from typing import Annotated

import typer

from narrows.apps.cli.common_options import Json
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.repeated_options import Command

data_app = typer.Typer(
    help="List and download datasets that narrows knows by name.", no_args_is_help=True, rich_markup_mode="rich"
)


@data_app.command("list", cls=Command)
def list_sets(as_json: Json = False) -> None:
    """List the datasets: name, number of rows, description, and folder."""
    from rich import box
    from rich.table import Table

    from narrows.data import SETS, find_set

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("name", "rows", "description", "folder"):
        table.add_column(heading, overflow="fold")
    found = {}
    for name, known in SETS.items():
        folder = find_set(name) if known.files else "with scikit-learn"
        found[name] = {"rows": known.n_rows, "what": known.description, "where": folder and str(folder)}
        where = str(folder) if folder else f"not here: narrows data fetch {name}"
        table.add_row(name, f"{known.n_rows:,}", known.description, where)
    Messages(as_json).result(found, table)


@data_app.command("fetch", cls=Command)
def fetch(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Name of a dataset; narrows data list shows the names.", show_default=False
        ),
    ],
    as_json: Json = False,
) -> None:
    """Download a dataset and check it against its published checksum."""
    from narrows.data import SETS, fetch_set, find_set
    from narrows.errors import DataNotFoundError

    if name not in SETS:
        raise DataNotFoundError(f"There is no dataset named {name!r}; the datasets are {', '.join(SETS)}.")
    messages = Messages(as_json)
    if not SETS[name].files:
        messages.result({"name": name, "where": None}, f"{name} comes with scikit-learn: there is nothing to fetch.")
        return
    if find_set(name) is None:
        messages.info(f"Downloading {name} …")
    folder = fetch_set(name)
    messages.result({"name": name, "where": str(folder)}, f"{name} is in {folder}.")

"""The option --ray: a command on many cores or machines."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from narrows.apps.cli.messages import Messages
from narrows.formatting import counted

if TYPE_CHECKING:
    from narrows.ray.model_worker import Operation


def use_ray(
    operation: Operation,
    model: Path,
    data: str,
    output: Path | None,
    messages: Messages,
    *,
    force: bool,
    unused: Mapping[str, object],
    **settings: Any,
) -> None:
    """Run an operation of `narrows.ray`, and print its result.

    Parameters
    ----------
    operation : {"score", "encode", "reconstruct", "impute"}
    model, data, output, messages, force
        As in the commands.
    unused : dict
        Options that have no effect with --ray, which are refused if given.
    settings : further arguments of the operation
    """
    given = [name for name, value in unused.items() if value is not None]
    if settings.get("missing") == "drop":
        given.append("--missing drop")
    if given:
        raise typer.BadParameter(f"it cannot be used with {' and '.join(given)}; leave one out.", param_hint="--ray")
    if output is None:
        raise typer.BadParameter("it needs an --output, a folder of Parquet files.", param_hint="--ray")
    from narrows import ray

    messages.info(f"Reading {data} with Ray ...")
    n_rows = getattr(ray, operation)(model, data, output, force=force, **settings)
    place = ray.address_of(output)
    messages.result({"output": place, "rows": n_rows}, f"Wrote {counted(n_rows, 'row')} to the folder {place}.")


def fits_with_ray(is_wanted: bool) -> AbstractContextManager[None]:
    """Return a context in which independent fits run on the cores of Ray, or one that changes nothing."""
    if not is_wanted:
        return nullcontext()
    from narrows.ray import joblib_backend

    return joblib_backend()

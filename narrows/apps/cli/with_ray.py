"""The option --ray: a command on many cores or machines."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
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
    with ray_messages_on_stderr():
        n_rows = getattr(ray, operation)(model, data, output, force=force, **settings)
    place = ray.address_of(output)
    messages.result({"output": place, "rows": n_rows}, f"Wrote {counted(n_rows, 'row')} to the folder {place}.")


@contextmanager
def fits_with_ray(is_wanted: bool) -> Iterator[None]:
    """Run independent fits in the block on the cores of Ray, if that is wanted."""
    if not is_wanted:
        yield
        return
    from narrows.ray import joblib_backend

    with ray_messages_on_stderr(), joblib_backend():
        yield


@contextmanager
def ray_messages_on_stderr() -> Iterator[None]:
    """Redirect standard output, to which Ray prints warnings, in the block: it holds the result of a command alone."""
    with redirect_stdout(sys.stderr):
        yield

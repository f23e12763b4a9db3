"""`narrows fit`: fit an autoencoder, save it, and print its errors."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from narrows.apps.cli import signals
from narrows.apps.cli.checkpoints import EVERY, CheckpointEvery, Resume, checkpointed, resume_hint
from narrows.apps.cli.common_options import (
    Data,
    Force,
    Group,
    InMemory,
    Json,
    Quiet,
    RayWorkers,
    RowHashes,
    Time,
    output_option,
)
from narrows.apps.cli.exit_codes import explain
from narrows.apps.cli.fit_options import VariantName, estimator_from_options, with_parameters
from narrows.apps.cli.fit_reading import FitReading, with_reading
from narrows.apps.cli.inputs import Source, data_name, read_for_fit
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.result_writing import save
from narrows.apps.cli.worker_processes import n_local_workers, rank_and_size, worker_group

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder
    from narrows.insight import Diagnosis


@with_parameters
@with_reading
def fit(
    data: Data,
    *,
    output: Annotated[
        Path | None,
        output_option(
            "MODEL",
            help="Folder for the model. Default: the name of DATA and the variant, such as digits-plain, in the "
            "current folder.",
        ),
    ] = None,
    variant: VariantName = "plain",
    reading: FitReading,
    group: Group = None,
    time: Time = None,
    in_memory: InMemory = None,
    checkpoint_every: CheckpointEvery = EVERY,
    resume: Resume = False,
    ray: RayWorkers = None,
    row_hashes: RowHashes = True,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
    **parameters: object,
) -> None:
    """Fit an autoencoder to DATA and save it.

    Options that are not given have the defaults of the variant. Ctrl-C and
    SIGTERM end the training early; the model is saved with its weights so far.
    A training of more than a minute can be resumed after any end, even a power
    cut, with the same command and --resume. Under torchrun all processes train
    together; the first one writes and prints. With --ray 4 four workers of Ray do.

    [bold]narrows fit digits[/bold]
    [bold]narrows fit table.csv -o model --ignore id --missing mean[/bold]
    """
    messages = Messages(as_json, quiet or rank_and_size()[0] > 0)
    path = output or Path(f"{data_name(data)}-{variant}")
    if group is not None and time is not None:
        raise typer.BadParameter("--group and --time both choose the rows to hold out; use only one of them.")
    if ray is not None and rank_and_size()[1] > 1:
        raise typer.BadParameter("it starts workers by itself; use it without torchrun.", param_hint="--ray")
    with worker_group() as workers, ExitStack() as stack:
        with workers.together():
            is_first = workers.is_first
            kept, replaces = stack.enter_context(
                checkpointed(
                    path, every=checkpoint_every, resume=resume, force=force, messages=messages, is_first=is_first
                )
            )
            model = estimator_from_options(variant, {**parameters, "missing": reading.missing_in_model})
            source = read_for_fit(
                data,
                reading,
                group=group,
                time=time,
                messages=messages,
                in_memory=in_memory,
                n_workers=ray or n_local_workers(),
                patches=model.network == "residual",
            )

        from narrows.apps.cli.fit_progress import train

        seconds = train(model, source.whole, messages=messages, checkpoint=kept, ray_workers=ray)
        if not is_first:
            return
        path = save(model, path, force=replaces, messages=messages, row_hashes=row_hashes)
    if model.interrupted_ and (hint := resume_hint(kept)):
        messages.info(hint)
    signals.check()
    _report(model, path, source, variant=variant, seconds=seconds, row_hashes=row_hashes, messages=messages)


def _report(
    model: Autoencoder,
    path: Path,
    source: Source,
    *,
    variant: str,
    seconds: float,
    row_hashes: bool,
    messages: Messages,
) -> None:
    """Write the result of the fit, with the diagnosis, which is also added to the card of the saved model."""
    from narrows.apps.cli.rendering import errors, facts, measured_on, notes, verdicts
    from narrows.data import how_to_keep
    from narrows.estimators.saving.model_folder import write_card
    from narrows.insight import summarise

    summary = summarise(model, source.rows, source.test, seconds=seconds)
    keep = how_to_keep(model.schema_)  # the table names the columns and the reasons
    if keep is not None:
        messages.info(keep)
    found = _diagnosed(model, source.rows, messages)
    if found is not None:
        with suppress(OSError):  # the model is saved, with a card that lacks the diagnosis
            write_card(path, model.card(found, row_hashes=row_hashes))
    messages.result(
        {
            "model": str(path),
            "variant": variant,
            **summary.to_dict(),
            "diagnosis": None if found is None else found.to_dict(),
        },
        *([found.denoising_warning] if found is not None and found.denoising_warning else []),
        facts(summary),
        "",
        measured_on(summary),
        errors(summary),
        *notes(summary),
        *([] if found is None else verdicts(found)),
        f"Saved as {path}.",
    )


def _diagnosed(model: Autoencoder, rows: Rows, messages: Messages) -> Diagnosis | None:
    """Return the diagnosis of the saved model, or None if it fails: a failure here must not fail the fit."""
    from narrows.insight import diagnose

    if len(rows) < 4:
        return None
    try:
        return diagnose(model, rows)
    except KeyboardInterrupt:
        messages.info("The diagnosis was interrupted; the model is saved.")
    except Exception as error:
        if os.environ.get("NARROWS_DEBUG"):
            raise
        messages.info(f"The diagnosis failed, but the model is saved: {explain(error)[0]}")
    return None

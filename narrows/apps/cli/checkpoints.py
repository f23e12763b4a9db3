"""The checkpoint of a command that trains: MODEL.checkpoint, next to the model that it saves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from narrows.apps.cli import signals
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.output_paths import check_model_path

if TYPE_CHECKING:
    from narrows.estimators.saving.checkpoint import Checkpointing

CheckpointEvery = Annotated[
    float,
    typer.Option(
        "--checkpoint-every",
        metavar="SECONDS",
        min=0,
        help="Seconds between two checkpoints, from which --resume goes on; 0 writes one after each epoch. They are "
        "kept in the folder MODEL.checkpoint until the model is saved.",
        rich_help_panel="Output",
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        metavar="",
        help="Continue from MODEL.checkpoint with the same data and options; without a checkpoint, start afresh.",
        rich_help_panel="Output",
    ),
]
EVERY = 60.0


@contextmanager
def checkpointed(
    path: Path, *, every: float, resume: bool, force: bool, messages: Messages, is_first: bool = True
) -> Iterator[tuple[Checkpointing, bool]]:
    """Reserve the name of a model during the block; yield its checkpoint, and whether a model there is replaced.

    Of several workers the first one alone writes; for the others nothing is checked or reserved.

    Raises
    ------
    OutputExistsError
        There is a model at `path`, or a checkpoint that is not to be resumed, and `force` is not given.
    OutputError
        The parent folder does not exist or cannot be written.
    """
    from narrows.data import reserved
    from narrows.errors import OutputExistsError

    folder = path.with_name(f"{path.name}.checkpoint")
    if not is_first:
        from narrows.estimators.saving.checkpoint import Checkpointing

        yield Checkpointing(folder, every, resume), False
        return
    is_there = os.path.lexists(folder)
    replaces = force or (resume and _is_unfinished(path))
    check_model_path(path, force=replaces)
    if is_there and not resume:
        _make_room(folder, force=force)
    from narrows.estimators.saving.checkpoint import Checkpointing

    if resume and not is_there:
        messages.info(f"There is no {folder}; the training begins.")
    try:
        with reserved(path) as mark, signals.removing(mark):
            yield Checkpointing(folder, every, resume), replaces
    except KeyboardInterrupt:
        if os.path.lexists(folder):
            signals.note_written(f"{folder} is kept; the same command with --resume goes on from it")
        raise
    except FileExistsError as error:
        if isinstance(error, OutputExistsError) or error.filename != str(path.absolute()):
            raise
        raise OutputExistsError(
            f"{path} is in use: {error.strerror}; wait until it is free, or choose another --output."
        ) from error


def resume_hint(checkpoint: Checkpointing) -> str:
    """Return how to go on with a training that ended early; "" without a checkpoint."""
    if not checkpoint.path.exists():
        return ""
    return f"The same command with --resume goes on from {checkpoint.path}."


def make_room_for_trainings(folder: Path, *, resume: bool, force: bool) -> None:
    """Remove the checkpoint of an earlier run unless it is resumed; raises OutputExistsError as `checkpointed`."""
    if os.path.lexists(folder) and not resume:
        _make_room(folder, force=force)


def _make_room(folder: Path, *, force: bool) -> None:
    """Remove the checkpoint of an earlier fit if `force` says so, else raise OutputExistsError."""
    from narrows.errors import OutputExistsError
    from narrows.estimators.saving.checkpoint_folder import is_checkpoint, remove_checkpoint

    if not is_checkpoint(folder):
        raise OutputExistsError(f"{folder} exists and is not a checkpoint of narrows; choose another --output.")
    if not force:
        raise OutputExistsError(
            f"{folder} holds an unfinished training; use --resume to continue it, or --force to start again."
        )
    remove_checkpoint(folder)


def _is_unfinished(path: Path) -> bool:
    """Return whether a model was saved from a training that ended early, so that a resumed one replaces it."""
    if not path.is_dir():
        return False
    from narrows.estimators.saving.model_folder import is_interrupted

    return is_interrupted(path)

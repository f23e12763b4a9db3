"""Writing of results, which are never lost: if the requested path cannot be written, another one is used."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from narrows.apps.cli import signals
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.output_paths import write_file

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from narrows.data import Rows
    from narrows.estimators import AnomalyDetector, Autoencoder

_MOST_NAMES = 1000


def save(
    model: Autoencoder | AnomalyDetector, path: Path, *, force: bool, messages: Messages, **settings: bool
) -> Path:
    """Save a model as `path`, or in another place if that fails; return the path.

    settings : further arguments of the model's `save`.
    """

    def write(place: Path, overwrite: bool) -> None:
        model.save(place, overwrite=overwrite, **settings)

    return write_or_rescue(path, write, subject="the model is", messages=messages, force=force, is_folder=True)


def write_rows(
    path: Path,
    rows: object,
    *,
    messages: Messages,
    force: bool,
    labels: np.ndarray | None = None,
    image_shape: Sequence[int] | None = None,
    pixel_range: tuple[float, float] | None = None,
) -> Path:
    """Write rows with `narrows.data.write` to `path`, or to another place if that fails; return the path."""
    from narrows.data import write as write_data

    def write(place: Path, force: bool) -> None:
        write_data(place, rows, labels=labels, image_shape=image_shape, pixel_range=pixel_range, force=force)

    return write_or_rescue(path, write, subject="the result is", messages=messages, force=force)


def write_content(path: Path, content: bytes, *, subject: str, messages: Messages, force: bool) -> Path:
    """Write one file to `path`, or to another place if that fails; return the path."""

    def write(place: Path, force: bool) -> None:
        write_file(place, content, force=force)

    return write_or_rescue(path, write, subject=subject, messages=messages, force=force)


def write_chunks(
    path: Path, chunks: Iterable[Rows | pa.Table], *, messages: Messages, force: bool, as_text: bool = False
) -> Path:
    """Write chunks with `narrows.data.write_chunks` to `path`, or to another place if that fails; return the path.

    Chunks that were written are no longer in memory. They are kept if another program took the name in the meantime,
    and lost if the disk is full.
    """
    from narrows.data import write_chunks as write

    rest = iter(chunks)
    first = list(islice(rest, 2))
    if len(first) < 2:
        whole = partial(write, chunks=first, as_text=as_text)
        return write_or_rescue(
            path,
            lambda place, force: whole(place, force=force),
            subject="the result is",
            messages=messages,
            force=force,
        )
    places = [path]

    def rescue(finished: Path, error: OSError) -> None:
        for other in _other_places(path, is_folder=False):
            with suppress(OSError):
                shutil.move(finished, other)
                places.append(other)
                messages.shortfall(_message(path, error, "the result is", other))
                return
        raise error

    write(path, chain(first, rest), as_text=as_text, force=force, rescue=rescue)
    signals.note_written(f"the result is saved as {places[-1]}")
    return places[-1]


def write_or_rescue(
    path: Path,
    write: Callable[[Path, bool], object],
    *,
    subject: str,
    messages: Messages,
    force: bool = False,
    is_folder: bool = False,
) -> Path:
    """Call `write(path, force)`; if that fails, write under another name and print it. Return the path.

    The other names are NAME-2, NAME-3, ... in the same folder, then in the current folder, then NAME in a new temporary
    folder. No existing file is replaced there. Ctrl-C and SIGTERM wait until the result is written.

    Parameters
    ----------
    path : path
        The requested path.
    write : callable
        Called as write(path, replace); writes whole or not at all, and raises OSError if it fails.
    subject : str
        Start of the message with the path, such as "the model is".
    messages : Messages
    force : bool, default=False
    is_folder : bool, default=False
        The name has no extension to keep.

    Raises
    ------
    OSError
        The first error, if no other place can be written either.
    """
    with signals.undisturbed():
        try:
            write(path, force)
            signals.note_written(f"{subject} saved as {path}")
            return path
        except OSError as error:
            for other in _other_places(path, is_folder):
                with suppress(OSError):
                    write(other, False)
                    signals.note_written(f"{subject} saved as {other}")
                    messages.shortfall(_message(path, error, subject, other))
                    return other
            raise


def _message(path: Path, error: OSError, subject: str, other: Path) -> str:
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if isinstance(error, FileExistsError):
        problem = f"{path} was created by another program in the meantime"
    elif cause.strerror:
        problem = f"{path} could not be written ({cause.strerror})"
    else:
        problem = str(error).rstrip(".")
    return f"{problem}; {subject} saved as {other}."


def _other_places(path: Path, is_folder: bool) -> Iterator[Path]:
    """Yield free names to write to instead, one in each folder."""
    seen = set()
    for folder in (path.parent, Path()):
        if folder.is_dir() and folder.resolve() not in seen:
            seen.add(folder.resolve())
            yield from _free(folder, path, is_folder)
    try:
        private = Path(tempfile.mkdtemp(prefix="narrows-"))
    except OSError:
        return
    yield private / path.name
    with suppress(OSError):  # removes the folder unless it was used
        private.rmdir()


def _free(folder: Path, path: Path, is_folder: bool) -> Iterator[Path]:
    """Yield the first of NAME (in another folder only), NAME-2, NAME-3, ... that does not exist."""
    stem, ending = (path.name, "") if is_folder else (path.stem, path.suffix)
    names = [f"{stem}-{i}{ending}" for i in range(2, _MOST_NAMES)]
    for name in names if folder == path.parent else [path.name, *names]:
        if not os.path.lexists(folder / name):
            yield folder / name
            return

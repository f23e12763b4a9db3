"""Results that are never thrown away: what cannot be written where it was asked for is written elsewhere."""

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

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from narrows.data import Rows
    from narrows.estimators import AnomalyDetector, Autoencoder

_MOST_NAMES = 1000


def save(model: Autoencoder | AnomalyDetector, path: Path, *, force: bool, messages: Messages) -> Path:
    """Save a model as `path`, or elsewhere where that fails; returns where it is."""

    def write(place: Path, overwrite: bool) -> None:
        model.save(place, overwrite=overwrite)

    return kept(path, write, what="the model is", messages=messages, force=force, is_folder=True)


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
    """`narrows.data.writers.write`, or elsewhere where that fails; returns where they are."""
    from narrows.data import write as write_data

    def write(place: Path, force: bool) -> None:
        write_data(place, rows, labels=labels, image_shape=image_shape, pixel_range=pixel_range, force=force)

    return kept(path, write, what="the result is", messages=messages, force=force)


def write_chunks(
    path: Path, chunks: Iterable[Rows | pa.Table], *, messages: Messages, force: bool, as_text: bool = False
) -> Path:
    """`narrows.data.write_chunks`, or elsewhere where that fails; returns where they are.

    Of several chunks the ones that are written are no longer in memory: they are kept where the name was taken
    meanwhile, and lost where the disk is full.
    """
    from narrows.data import write_chunks as write

    rest = iter(chunks)
    first = list(islice(rest, 2))
    if len(first) < 2:
        whole = partial(write, chunks=first, as_text=as_text)
        return kept(
            path, lambda place, force: whole(place, force=force), what="the result is", messages=messages, force=force
        )
    places = [path]

    def rescue(finished: Path, error: OSError) -> None:
        for other in _other_places(path, is_folder=False):
            with suppress(OSError):
                shutil.move(finished, other)
                places.append(other)
                messages.shortfall(_told(path, error, "the result is", other))
                return
        raise error

    write(path, chain(first, rest), as_text=as_text, force=force, rescue=rescue)
    signals.note_written(f"the result is saved as {places[-1]}")
    return places[-1]


def kept(
    path: Path,
    write: Callable[[Path, bool], object],
    *,
    what: str,
    messages: Messages,
    force: bool = False,
    is_folder: bool = False,
) -> Path:
    """Call `write(path, force)`; where that fails, write under another name, and say where. Returns where it is.

    The other names are NAME-2, NAME-3, ... in the same folder; then in the current folder, then in a new one among the
    temporary files. Nothing is replaced there. Ctrl-C and SIGTERM wait until it is written.

    Parameters
    ----------
    path : path
        What was asked for.
    write : function of a path and of whether what is there may be replaced
        Writes whole or not at all; OSError where it fails.
    what : str
        "the model is", for the sentence that says where.
    messages : Messages
    force : bool, default=False
    is_folder : bool, default=False
        The name has no ending that must stay last.

    Raises
    ------
    OSError
        What failed first, where it can be written nowhere.
    """
    with signals.undisturbed():
        try:
            write(path, force)
            signals.note_written(f"{what} saved as {path}")
            return path
        except OSError as error:
            for other in _other_places(path, is_folder):
                with suppress(OSError):
                    write(other, False)
                    signals.note_written(f"{what} saved as {other}")
                    messages.shortfall(_told(path, error, what, other))
                    return other
            raise


def _told(path: Path, error: OSError, what: str, other: Path) -> str:
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if isinstance(error, FileExistsError):
        problem = f"{path} was taken by something else meanwhile"
    elif cause.strerror:
        problem = f"{path} could not be written ({cause.strerror})"
    else:
        problem = str(error).rstrip(".")
    return f"{problem}; {what} saved as {other}."


def _other_places(path: Path, is_folder: bool) -> Iterator[Path]:
    """Where to write instead: names that are free, one in each folder that is there."""
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
    with suppress(OSError):  # that did not go either
        private.rmdir()


def _free(folder: Path, path: Path, is_folder: bool) -> Iterator[Path]:
    """The first of NAME (elsewhere), NAME-2, NAME-3, ... that is not there."""
    stem, ending = (path.name, "") if is_folder else (path.stem, path.suffix)
    names = [f"{stem}-{i}{ending}" for i in range(2, _MOST_NAMES)]
    for name in names if folder == path.parent else [path.name, *names]:
        if not os.path.lexists(folder / name):
            yield folder / name
            return

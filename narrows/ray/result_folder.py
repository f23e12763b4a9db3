"""A folder of Parquet files with results, on this machine or at an address."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narrows.data import Location, RemotePath, location, whole_folder
from narrows.errors import OutputError, OutputExistsError
from narrows.ray.ray_session import ray_data

if TYPE_CHECKING:
    import pyarrow as pa

_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]+):/+(?=[^/])", re.IGNORECASE)


@contextmanager
def folder_of_results(output: str | os.PathLike[str], force: bool) -> Iterator[RemotePath]:
    """Give the folder to write to; one of this machine appears under its name whole or not at all.

    Raises
    ------
    OutputExistsError, OutputError
    """
    from pyarrow.fs import LocalFileSystem

    place = location(address_of(output))
    local = place.local if isinstance(place, RemotePath) else place
    if local is None:
        assert isinstance(place, RemotePath)
        if next(place.rglob(), None) is not None:
            raise OutputExistsError(f"{place} holds files already; choose another name.")
        yield place
        return
    check_local_folder(local, force=force)
    with whole_folder(local, replace=force) as folder:
        yield RemotePath(LocalFileSystem(), str(folder.absolute()), str(local))


def address_of(output: str | os.PathLike[str]) -> str:
    """Return an output as text; of an address, a Path has kept one slash of two.

    >>> from pathlib import PurePosixPath
    >>> address_of(PurePosixPath("s3://bucket/scores"))
    's3://bucket/scores'
    """
    slashes = {"file": ":///"}
    return _SCHEME.sub(lambda found: found[1] + slashes.get(found[1].lower(), "://"), os.fspath(output))


def check_local_folder(path: Path, *, force: bool) -> None:
    """Raise OutputExistsError or OutputError unless a folder of Parquet files can be written as `path`."""
    if path.exists() and (not path.is_dir() or any(p.suffix != ".parquet" for p in path.iterdir())):
        raise OutputExistsError(f"{path} is not a folder of Parquet files, so it is not replaced; choose another name.")
    if path.exists() and not force and any(path.iterdir()):
        raise OutputExistsError(f"{path} is already there; use --force (in Python: force=True) to replace it.")
    if not path.absolute().parent.is_dir():
        raise OutputError(f"There is no folder {path.absolute().parent} to write {path.name} in; make it first.")


def datasink(folder: RemotePath) -> Any:
    """Return the sink of Ray that writes each block of a dataset as a Parquet file of the folder.

    The names of the files and the rows in them are in the order of the dataset. Ray's own Parquet sink changes the
    order of rows where a block has several chunks, since it lets threads of Arrow write them.
    """

    class PartFiles(ray_data().Datasink[None]):
        def write(self, blocks: Iterable[pa.Table], ctx: Any) -> None:
            import pyarrow as pa
            from pyarrow import parquet

            if not (tables := [block for block in blocks if block.num_rows]):
                return
            path = f"{folder.path}/part-{ctx.task_idx:08}.parquet"
            with folder.filesystem.open_output_stream(path) as stream:
                parquet.write_table(pa.concat_tables(tables), stream)

    return PartFiles()


def n_rows_of(files: Iterable[Location]) -> int:
    """Return the number of rows of Parquet files, from their footers."""
    from pyarrow import parquet

    n = 0
    for file in files:
        with file.open("rb") as opened:
            n += parquet.read_metadata(opened).num_rows
    return n

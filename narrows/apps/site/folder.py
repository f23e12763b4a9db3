"""The static folder: page, scripts, runtime and runs; written whole or not at all, or as a ZIP file."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from narrows.apps.site.run_files import File, RunFiles
from narrows.apps.site.run_networks import MOST_BYTES
from narrows.apps.site.runtime import Runtime
from narrows.apps.viewer import bundle
from narrows.apps.viewer.queries import Queries
from narrows.apps.viewer.runs import Run
from narrows.data import whole_folder
from narrows.errors import OutputError, OutputExistsError, SettingError
from narrows.formatting import json_safe
from narrows.version import __version__

_INDEX = "data/site.json"
_MOST_IN_ALL = 32 << 20
"""Limit in bytes for the networks of all runs."""
_ENTRY, _STYLE = "site/static-page.js", "site/site.css"


@dataclass(frozen=True, eq=False)
class Site:
    """The content of a static page.

    Parameters
    ----------
    runs : list of Run
        Finished runs with rows, in the order of their numbers.
    datasets : list of dict
        Descriptions of their datasets.
    queries : Queries
        Answers queries about them.
    opening : dict of str to list of str
        The runs that the views "denoise" and "anomaly" open on: the run in view, and one to compare with.
    """

    runs: list[Run]
    datasets: list[dict[str, Any]]
    queries: Queries
    opening: dict[str, list[str]] = field(default_factory=dict)


def check_target(target: Path, *, force: bool) -> None:
    """Raise unless a page can be written into a folder.

    Raises
    ------
    OutputExistsError
        The folder is not empty and `force` is not given, or it holds something else than an exported page.
    OutputError
        The folder above it does not exist.
    """
    if os.path.lexists(target):
        if target.is_symlink() or not target.is_dir() or target.resolve() == Path.cwd():
            raise OutputExistsError(f"{target} is a file, a link or the current folder; choose another --export.")
        if any(target.iterdir()) and not (target / _INDEX).is_file():
            raise OutputExistsError(f"{target} exists and is not an exported page; choose another --export.")
        if any(target.iterdir()) and not force:
            raise OutputExistsError(f"{target} is already there; use --force to replace it, or another --export.")
    if not target.absolute().parent.is_dir():
        raise OutputError(f"There is no folder {target.absolute().parent} to write {target.name} in; create it first.")


def write_site(target: Path, site: Site, runtime: Runtime, *, force: bool = False) -> int:
    """Write the folder, whole or not at all; return its size in bytes.

    Raises
    ------
    OutputExistsError, OutputError
        See `check_target`, and for a full disk.
    SettingError
        There is no run, or too few rows.
    """
    check_target(target, force=force)
    size = 0
    try:
        with whole_folder(target, replace=force) as folder:
            for path, content in site_files(site, runtime):
                file = folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
                size += len(content)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{target} could not be written ({error.strerror or error}).") from error
    return size


def zipped_site(site: Site, runtime: Runtime, name: str) -> bytes:
    """Return the folder, called `name`, as a ZIP file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in site_files(site, runtime):
            archive.writestr(f"{name}/{path}", content)
    return made.getvalue()


def site_files(site: Site, runtime: Runtime) -> Iterator[File]:
    """Yield the path and the content of every file of the folder."""
    if not site.runs:
        raise SettingError("There is no finished run to export; train one first.")
    yield from _page_files()
    yield from runtime.files("runtime")
    most = min(MOST_BYTES, _MOST_IN_ALL // len(site.runs))
    runs, about, samples = [], {}, {}
    for run in site.runs:
        made = RunFiles(run, site.queries, most, samples.get(run.dataset))
        samples[run.dataset] = made.samples
        yield from made.files()
        runs.append(made.state())
        about[run.id] = made.about
    shown = {run.dataset for run in site.runs}
    state = {
        "version": __version__,
        "status": "ready",
        "message": None,
        "opened": site.runs[-1].dataset,
        "datasets": [one for one in site.datasets if one["id"] in shown],
        "offered": [],
        "runs": runs,
    }
    index = {"state": state, "runs": about, "opening": site.opening}
    yield _INDEX, json.dumps(json_safe(index), separators=(",", ":"), allow_nan=False).encode()


def _page_files() -> Iterator[File]:
    static = files("narrows.apps.viewer") / "static"
    yield "index.html", (static / "site/static-page.html").read_bytes()
    for path in (*bundle.modules(_ENTRY), *bundle.STYLES, _STYLE):
        yield f"static/{path}", (static / path).read_bytes()

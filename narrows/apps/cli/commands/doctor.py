"""`narrows doctor`: this machine, the versions, and the arithmetic that trainings use here."""

from __future__ import annotations

import importlib.metadata
from typing import Any

from narrows.apps.cli.common_options import Json
from narrows.apps.cli.messages import Messages

_OPTIONAL = {
    "pandas": "frames of pandas",
    "polars": "frames of polars",
    "python-calamine": "Excel files",
    "anywidget": "narrows.explore in a notebook",
}


def doctor(as_json: Json = False) -> None:
    """Show what narrows found on this machine: processor, threads, precision, versions and folders."""
    from narrows.estimators import machine_report

    found = {**machine_report(), "optional": {name: _version(name) for name in _OPTIONAL}}
    Messages(as_json).result(found, _table(found))


def _table(found: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(overflow="fold")
    large = f"{found['precision']} ({found['precision_reason']})"
    writable = "" if found["cache_is_writable"] else " (cannot be written: downloads and measurements are not kept)"
    rows = {
        "narrows": found["narrows"],
        "Python": found["python"],
        "torch": found["torch"],
        "NumPy": found["numpy"],
        "scikit-learn": found["scikit-learn"],
        "Processor": found["processor"],
        "Cores that may be used": found["cores"],
        "Threads of torch": f"{found['threads']}, which {found['waiting_threads']} while they wait",
        "Load of the last minute": "unknown" if found["load"] is None else found["load"],
        "GPU": found["gpu"],
        "Large matrix products": large,
        "Cache folder": f"{found['cache_folder']}{writable}",
        **{
            f"{name} (for {use})": found["optional"][name] or f"not installed: pip install {name}"
            for name, use in _OPTIONAL.items()
        },
    }
    for name, value in rows.items():
        table.add_row(name, str(value))
    return table


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None

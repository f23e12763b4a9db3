from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

SLOW_FOLDERS = ("acceptance", "browser", "examples")
LONG_FOLDER = "browser/lab/lessons"
"""Its files take minutes each: begun first, none of them is left to one process at the end."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves the slow folders out of a fast session before they are imported."""
    slow = [Path(__file__).parent / name for name in SLOW_FOLDERS]
    return True if config.option.markexpr == "not slow" and collection_path in slow else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks all tests of the slow folders, so that no file of theirs must, and begins with the long ones."""
    here = Path(__file__).parent
    items.sort(key=lambda item: not item.path.is_relative_to(here / LONG_FOLDER))
    slow = [here / name for name in SLOW_FOLDERS]
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in slow):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def signals_arrive() -> None:
    """Stops ignoring Ctrl-C and SIGHUP, as tests in the background or under `nohup` and their children would."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder with real sets: what NARROWS_DATA names, else ../shared/data beside the repository."""
    result = os.environ.get("NARROWS_DATA")
    folder = Path(result) if result else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        reason = f"no data sets in {folder}; set NARROWS_DATA to a folder that holds them"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder

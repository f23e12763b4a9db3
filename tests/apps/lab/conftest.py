from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.lab.client import Served, served

SMALL = {"hidden_layer_sizes": [16], "epochs": 3, "batch_size": 128}
"""A training that takes a moment."""


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read from or written to the user's own cache."""
    monkeypatch.setenv("NARROWS_LAB", str(tmp_path / "lab"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A page on the digits, whose first run is done; trainings run in threads."""
    with served(tmp_path_factory.mktemp("lab")) as lab:
        with lab.ready() as page:
            page.until_state("r1", "done")
        yield lab

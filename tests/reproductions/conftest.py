from __future__ import annotations

import pytest

from tests.reproductions.made import write_mnist


@pytest.fixture
def made_mnist(tmp_path, monkeypatch) -> None:
    """Forty made images in MNIST's place."""
    write_mnist(tmp_path)
    monkeypatch.setenv("NARROWS_DATA", str(tmp_path))

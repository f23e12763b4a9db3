"""What each view teaches on MNIST."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.chromium import Chromium
from tests.browser.lab.lessons.checks import LONG
from tests.browser.lab.lessons.large_sets import check_large_set, let_find


@pytest.mark.timeout(3 * LONG)
@pytest.mark.mnist
def test_mnist_teaches_every_view(
    chromium: Chromium, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_find("mnist", data_folder, tmp_path, monkeypatch)
    check_large_set(chromium, tmp_path, "mnist", clusters=0.9, lead=1.5, kinds=("masking", "salt-and-pepper"))

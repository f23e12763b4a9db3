from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.chromium import Chromium, opened


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with opened() as browser:
        yield browser

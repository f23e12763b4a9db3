from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Chromium
from tests.browser.lab.serving import Lab, lab_page, served_digits, until


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """With no runs but r1 and those that the tests of a file start."""
    with served_digits(tmp_path_factory, "r1") as running:
        yield running


@pytest.fixture
def page(chromium: Chromium, lab: Lab) -> Iterator[Page]:
    with lab_page(chromium, lab, "view=training&run=r1") as opened_page:
        until(opened_page, "training", "d.ready === 'true'")
        yield opened_page

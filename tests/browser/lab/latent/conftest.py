from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Chromium
from tests.browser.lab.serving import Lab, lab_page, until


@pytest.fixture
def page(chromium: Chromium, lab: Lab) -> Iterator[Page]:
    with lab_page(chromium, lab, "view=latent&run=r1") as opened_page:
        until(opened_page, "latent", "d.ready === 'true' && d.points === '1797'")
        yield opened_page

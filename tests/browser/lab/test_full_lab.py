"""A page that the lab has no place for."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from playwright.sync_api import expect
from websockets.sync.client import connect

from narrows.apps.lab.connections import MOST_PAGES
from tests.browser.axe import grave
from tests.browser.chromium import Chromium
from tests.browser.lab.serving import lab_page, served_digits, until

pytestmark = pytest.mark.slow


def test_a_page_too_many_says_so_and_connects_once_there_is_a_place(
    chromium: Chromium, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with served_digits(tmp_path_factory, "r1") as lab, ExitStack() as others:
        for _ in range(MOST_PAGES):
            others.enter_context(connect(lab.address.replace("http", "ws") + "/ws")).recv()
        with lab_page(chromium, lab, "view=flow&run=r1") as page:
            refused = page.locator("[data-waiting=refused]")
            expect(refused).to_contain_text(f"The lab serves {MOST_PAGES} pages at most")
            expect(refused).to_contain_text("Close one of them")
            assert not grave(page)
            others.close()
            until(page, "flow", "d.ready === 'true'")

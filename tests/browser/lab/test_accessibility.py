"""What axe-core finds: nothing that is serious or critical, in any view, light or dark, on images or a table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.axe import grave
from tests.browser.chromium import Chromium
from tests.browser.lab.serving import Lab, lab_page, served, train_on_the_data, until
from tests.browser.lab.tables import two_kinds

VIEWS = ("flow", "latent", "training", "denoise", "anomaly")
SHEETS = ("Data", "Settings", "Runs")


@pytest.fixture(scope="module")
def table(chromium: Chromium, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("table")
    with served(folder, str(two_kinds(folder / "people.csv")), "--label", "kind") as running:
        with lab_page(chromium, running, "view=flow") as page:
            train_on_the_data(page, running)
        yield running


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("rows", ["lab", "table"])
def test_nothing_grave_in_any_view(chromium: Chromium, request: pytest.FixtureRequest, rows: str, scheme: str) -> None:
    with lab_page(chromium, request.getfixturevalue(rows), "view=flow&run=r1", scheme=scheme) as page:
        for i, view in enumerate(VIEWS):
            page.keyboard.press(str(i + 1))
            until(page, view, "d.ready === 'true'")
            page.evaluate("() => { for (const folded of document.querySelectorAll('details')) folded.open = true; }")
            assert grave(page) == [], view


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_grave_in_what_opens_above_the_page(chromium: Chromium, lab: Lab, scheme: str) -> None:
    with lab_page(chromium, lab, "view=latent&run=r1&overlay=tiles&pca=1", scheme=scheme) as page:
        until(page, "latent", "d.ready === 'true' && d.overlay === 'tiles' && d.pca === 'true'")
        assert grave(page) == []
        page.locator("[data-action=data]").click()
        for name in SHEETS:
            page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()
            assert grave(page) == [], name
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        page.get_by_role("dialog", name="Keys and help").wait_for()
        assert grave(page) == []


def test_nothing_grave_on_a_narrow_page(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "view=flow&run=r1", width=360) as page:
        for i, view in enumerate(VIEWS):
            page.keyboard.press(str(i + 1))
            until(page, view, "d.ready === 'true'")
            assert grave(page) == [], view


def test_a_fault_would_be_found(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "view=training&run=r1") as page:
        until(page, "training", "d.ready === 'true'")
        page.evaluate("() => document.querySelector('.lab-main').append(document.createElement('button'))")
        assert [fault.split(":")[0] for fault in grave(page)] == ["critical button-name"]

"""What axe-core finds on a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def grave(page: Page, part: str | None = None) -> list[str]:
    """What axe-core calls serious or critical, with the elements; of a selector's part of the page, or all of it."""
    found = Axe().run(page, context=part).response["violations"]
    return [
        f"{one['impact']} {one['id']}: {node['html'][:160]} ({node['failureSummary']})"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]

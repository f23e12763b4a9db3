"""The probe on the map of the codes, and the pictures of what it points at."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import Page

from tests.browser.lab.serving import Lab, data, until

DECODED = "[data-picture=decoded]"
NEAREST = "[data-picture=nearest]"


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """A place on the map, from shares of its width and height to pixels of the page."""
    box = page.locator(".map").first.bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def hover(page: Page, x: float, y: float) -> np.ndarray:
    """Points at a place and waits for its picture; the code there."""
    before = data(page, "latent", "z")
    page.mouse.move(*at(page, x, y))
    until(page, "latent", f"d.z !== '{before}'")
    return settled(page)


def settled(page: Page) -> np.ndarray:
    """The code that is held, once its picture and the nearest row's are drawn."""
    until(
        page,
        "latent",
        f"document.querySelector('{DECODED}').dataset.z === d.z && "
        f"(d.row === '' || document.querySelector('{NEAREST}').dataset.row === d.row)",
    )
    return np.array([float(v) for v in data(page, "latent", "z").split(",")])


def of_model(lab: Lab, run: str, z: np.ndarray) -> np.ndarray:
    decoded = np.asarray(lab.model(run).inverse_transform(z[None].astype(np.float32)))
    return np.round(255 * np.clip(decoded, 0, 1)).reshape(8, 8)


def name_on_the_map(page: Page, cls: int) -> dict[str, float]:
    """Where a class's name stands; asked at one blow, since names are made again with every frame."""
    selector = f".maps figure:first-child text.class-name[data-class='{cls}']"
    page.wait_for_selector(selector, state="attached")
    return page.evaluate("(name) => document.querySelector(name).getBoundingClientRect().toJSON()", selector)

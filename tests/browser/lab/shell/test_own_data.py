"""Data of one's own in the lab."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.chromium import Chromium
from tests.browser.lab.serving import Lab, run_in_view, until, until_true
from tests.browser.lab.tables import two_kinds
from tests.browser.surfaces import VIEWS


def test_a_table_of_ones_own_is_shown_labelled_and_learned(page: Page, lab: Lab, tmp_path: Path) -> None:
    page.get_by_role("button", name="digits").click()
    page.locator("[data-input=file]").set_input_files(two_kinds(tmp_path / "people.csv"))
    card = page.locator("[data-dataset]", has_text="people.csv")
    expect(card).to_have_attribute("aria-checked", "true")
    expect(card).to_contain_text("300 rows")
    expect(page.locator(".preview-table th")).to_contain_text(["height", "weight", "shoe", "leg", "spare", "kind"])
    page.locator("[data-input=label]").select_option("kind")
    expect(page.locator("[data-about=data]")).to_contain_text("odd (30)")
    page.get_by_role("button", name="Train on people.csv").click()
    until_true(page, "() => document.querySelector('.lab-header').dataset.run !== 'r1'")
    run = lab.wait(run_in_view(page), "done")
    assert run["kind"] == "table"
    assert run["n_floats"] == 5
    for i, view in enumerate(VIEWS):
        page.keyboard.press(str(i + 1))
        until(page, view, "d.ready === 'true'")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view


def test_a_folder_of_images_is_learned_with_its_sub_folders_as_classes(page: Page, lab: Lab, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name, low in (("dark", 0), ("light", 120)):
        (tmp_path / "stones" / name).mkdir(parents=True)
        for i in range(24):
            grey = rng.integers(low, low + 120, size=(10, 12), dtype=np.uint8)
            Image.fromarray(grey).save(tmp_path / "stones" / name / f"{i}.png")
    page.get_by_role("button", name="digits").click()
    page.locator("[data-input=folder]").set_input_files(tmp_path / "stones")
    card = page.locator("[data-dataset]", has_text="stones")
    expect(card).to_have_attribute("aria-checked", "true")
    expect(card).to_contain_text("48 images of 10×12, 2 classes")
    expect(page.locator(".preview-images canvas")).to_have_count(12)
    page.get_by_role("button", name="Train on stones").click()
    until_true(page, "() => document.querySelector('.lab-header').dataset.run !== 'r1'")
    assert lab.wait(run_in_view(page), "done")["shape"] == [10, 12, 1]
    page.keyboard.press("2")
    until(page, "latent", "d.ready === 'true' && d.points === '48'")
    expect(page.locator(".legend .chip")).to_contain_text(["dark", "light"])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "empty.csv"),
        ("one.csv", b"a,b\n1,2\n", "single row"),
        ("broken.npy", b"\x93NUMPY not really", "broken.npy"),
    ],
)
def test_a_broken_file_is_refused_with_a_sentence(
    chromium: Chromium, lab: Lab, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    n = len(lab.state()["datasets"])
    page = chromium.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.goto(f"{lab.address}/?test=1#view=training&run=r1")
        until(page, "training", "d.ready === 'true'")
        page.locator("[data-action=data]").click()
        page.locator("[data-input=file]").set_input_files(tmp_path / name)
        error = page.locator("[data-upload-error]")
        expect(error).to_be_visible()
        expect(error).to_contain_text(words)
        assert "Traceback" not in error.inner_text()
        assert len(lab.state()["datasets"]) == n
        assert errors == []
    finally:
        page.close()

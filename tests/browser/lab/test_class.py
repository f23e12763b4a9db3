"""A class in the browser: the teacher trains, and a pupil explores and changes nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.apps.lab.prepared import copy_runs
from tests.browser.axe import grave
from tests.browser.chromium import Chromium
from tests.browser.lab.serving import free_port, run_in_view, until, until_true

WHY_NOT = "Your teacher trains; you can explore."


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of the teacher and that of the pupils, of a class on the digits; r1 is finished."""
    home = copy_runs(tmp_path_factory, tmp_path_factory.mktemp("class"), "r1")
    at = ["--host", "0.0.0.0", "--class", "--port", str(free_port())]
    command = [sys.executable, "-m", "narrows", "lab", "digits", "--no-browser", *at]
    environment = {**os.environ, "NARROWS_LAB": str(home), "OMP_NUM_THREADS": "1"}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().split()[4], server.stdout.readline().split()[2]
    finally:
        server.terminate()
        server.communicate(timeout=60)


@pytest.fixture
def teacher(chromium: Chromium, addresses: tuple[str, str]) -> Iterator[Page]:
    yield from opened(chromium, addresses[0])


@pytest.fixture
def pupil(chromium: Chromium, addresses: tuple[str, str]) -> Iterator[Page]:
    yield from opened(chromium, addresses[1])


def opened(chromium: Chromium, address: str) -> Iterator[Page]:
    """The page at an address, as its token opens it; at a good end it complained of nothing."""
    complaints: list[str] = []
    # The same server; without https, Chromium complains of the headers of any other name.
    address = re.sub("//[^:/]+:", "//127.0.0.1:", address)
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        page.goto(address)
        page.goto(f"{address.partition('?')[0]}?test=1#view=flow")
        until(page, "flow", "d.ready === 'true'")
        yield page
        assert not complaints
    finally:
        page.close()


def runs_of(page: Page) -> str:
    """The words of the button that counts the runs."""
    return page.locator("[data-action=runs]").inner_text()


def show(page: Page, view: str) -> None:
    page.locator(f"[data-tab={view}]").click()
    until(page, view, "d.ready === 'true'")


def test_a_pupils_page_says_why_it_only_explores_and_starts_nothing_by_itself(teacher: Page, pupil: Page) -> None:
    before = runs_of(teacher)
    expect(pupil.get_by_text(WHY_NOT)).to_be_visible()
    for action in ("train", "step", "stop", "settings"):
        expect(pupil.locator(f"[data-action={action}]")).to_be_hidden()
    for key in (" ", ".", "s"):
        pupil.keyboard.press(key)
    for view in ("latent", "training", "denoise", "anomaly", "flow"):
        show(pupil, view)
        assert grave(pupil) == [], view
    pupil.locator("[data-action=data]").click()
    expect(pupil.get_by_text("Drop your own data here")).to_be_hidden()
    expect(pupil.get_by_role("button", name="Train on")).to_have_count(0)
    pupil.get_by_role("button", name="Runs", exact=True).click()
    expect(pupil.get_by_role("button", name="Remove run 1")).to_be_hidden()
    pupil.keyboard.press("Escape")
    assert runs_of(teacher) == before


def test_a_pupil_sees_the_teachers_run_until_another_is_chosen_and_returns_to_it(teacher: Page, pupil: Page) -> None:
    teacher.get_by_role("button", name="Train again").click()
    until_true(teacher, "() => document.querySelector('.lab-header').dataset.run !== 'r1'")
    run = run_in_view(teacher)
    until_true(pupil, "(run) => document.querySelector('.lab-header').dataset.run === run", run)
    pupil.locator("[data-action=runs]").click()
    pupil.locator(".run-item[data-run=r1] .run-choose").click()
    until_true(pupil, "() => document.querySelector('.lab-header').dataset.run === 'r1'")
    pupil.get_by_role("button", name="Show your teacher's run").click()
    until_true(pupil, "(run) => document.querySelector('.lab-header').dataset.run === run", run)
    expect(pupil.get_by_role("button", name="Show your teacher's run")).to_be_hidden()


def test_a_pupil_sees_the_example_of_a_view_once_the_teacher_has_opened_it(teacher: Page, pupil: Page) -> None:
    show(pupil, "denoise")
    show(teacher, "denoise")
    until_true(teacher, "() => location.hash.includes('denoise-run=')")
    run = run_in_view(teacher)
    until_true(pupil, "(run) => document.querySelector('.lab-header').dataset.run === run", run)


def test_the_code_for_pupils_holds_their_address_and_is_shown_as_text_too(
    teacher: Page, addresses: tuple[str, str]
) -> None:
    teacher.get_by_role("button", name="Show the address as a code").click()
    until_true(teacher, "() => document.querySelector('.address-code').naturalWidth > 100")
    dialog = teacher.get_by_role("dialog", name="Open this page on another machine")
    expect(dialog).to_contain_text(addresses[1])
    expect(dialog).to_contain_text("Pupils explore; only the teacher's page trains.")
    assert "run" not in (teacher.locator(".address-code").get_attribute("src") or "").partition("state=")[2]
    assert grave(teacher) == []

"""A long training: neither the server nor the page keeps more and more."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import CDPSession

from tests.browser.chromium import PATIENCE, Chromium
from tests.browser.lab.serving import Lab, lab_page, served, until

pytestmark = pytest.mark.slow

EPOCHS = 1200
SERVER_MB, PAGE_MB = 12, 1
"""What the second half may add: the history, the pictures and the weights of 600 epochs are 1 MB."""


def resident_mb(process: int) -> float:
    found = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=True)
    return int(found.stdout) / 1024


def heap_mb(browser: CDPSession) -> float:
    """The objects of the page that are in use."""
    for _ in range(2):  # what a first pass frees may hold on to more
        browser.send("HeapProfiler.collectGarbage")
    return browser.send("Runtime.getHeapUsage")["usedSize"] / 1e6


def wait_for_epoch(lab: Lab, run: str, epoch: int) -> None:
    end = time.monotonic() + PATIENCE / 1000
    while (found := lab.run(run))["epoch"] < epoch:
        assert found["state"] in ("preparing", "running"), found
        assert time.monotonic() < end, found
        time.sleep(0.02)


def test_the_second_half_of_a_long_training_adds_nothing_to_what_server_and_page_keep(
    chromium: Chromium, tmp_path: Path
) -> None:
    t = np.linspace(0, 2, 80)
    table = np.stack([t, np.sin(t), np.cos(t)], axis=1)
    np.savetxt(tmp_path / "curve.csv", table, delimiter=",", header="t,sine,cosine", comments="", fmt="%.6f")
    slow = {"n_components": 1, "hidden_layer_sizes": [4], "epochs": EPOCHS, "learning_rate": 1e-4}
    with served(tmp_path, str(tmp_path / "curve.csv")) as lab, lab_page(chromium, lab, "view=training") as page:
        until(page, "training", "d.ready === 'true'")
        lab.wait("r1", "done")
        run = lab.start("curve", **slow)
        browser = page.context.new_cdp_session(page)
        page.goto(f"{lab.address}/?test=1#view=training&run={run}")
        wait_for_epoch(lab, run, EPOCHS // 2)
        until(page, "training", f"Number(d.epoch) >= {EPOCHS // 2}")
        middle = [resident_mb(lab.process.pid), heap_mb(browser)]
        lab.wait(run, "done")
        until(page, "training", f"d.epoch === '{EPOCHS}'")
        end = [resident_mb(lab.process.pid), heap_mb(browser)]
    assert end[0] - middle[0] < SERVER_MB, (middle, end)
    assert end[1] - middle[1] < PAGE_MB, (middle, end)

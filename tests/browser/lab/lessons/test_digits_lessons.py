"""What each view teaches on the digits."""

from __future__ import annotations

import pytest

from tests.browser.chromium import Chromium
from tests.browser.lab.lessons.checks import (
    LONG,
    begin_map,
    check_clusters,
    check_denoising,
    check_flow,
    check_other_noise,
    check_training,
)
from tests.browser.lab.serving import lab_page, served_digits


@pytest.mark.timeout(3 * LONG)
def test_the_digits_teach_every_view(chromium: Chromium, tmp_path_factory: pytest.TempPathFactory) -> None:
    with served_digits(tmp_path_factory, "r1") as lab, lab_page(chromium, lab, "view=flow") as page:
        check_flow(page, lab, "r1")
        check_training(page, lab, "r1")
        begin_map(page)
        check_denoising(page, lab)
        for kind in ("masking", "salt-and-pepper"):
            check_other_noise(page, lab, kind)
        check_clusters(page, lab, at_least=0.85)

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.lab.serving import Lab, served_digits


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """On digits, for all tests that do not mind one another's runs."""
    with served_digits(tmp_path_factory.mktemp("lab")) as running:
        yield running

from __future__ import annotations

from collections.abc import Iterator

import pytest

from narrows.apps.service.routes import Limits
from tests.apps.service.client import Service, named, serving

MODELS = ("mixed", "detector_mixed", "mixed_variational", "detector_images", "images_uint8", "plain", "csv_german")


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of several models of the fixtures, under their own names."""
    paths = named([(name, name) for name in MODELS], tmp_path_factory.mktemp("served"))
    with serving(*paths, limits=Limits(wait=60)) as service:
        yield service

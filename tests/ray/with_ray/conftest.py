"""Tests that need Ray: all are slow, and where Ray is missing each file is skipped."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

REASON = "Ray is in the extra ray"
MARKS = (
    pytest.mark.slow,
    pytest.mark.usefixtures("ray_session"),
    pytest.mark.filterwarnings("ignore"),  # of Ray and its dependencies
)


class NeedsRay(pytest.Module):
    """A file of tests that is imported after Ray."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Ray and its dependencies
            for name in ("ray.data", "ray.train.torch", "ray.util.joblib"):
                pytest.importorskip(name, reason=REASON)
        return super().collect()


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module:
    """Make every file of this folder one that needs Ray."""
    module = NeedsRay.from_parent(parent, path=module_path)
    for mark in MARKS:
        module.add_marker(mark)
    return module


@pytest.fixture(scope="session")
def ray_session() -> Iterator[None]:
    """A session of Ray on two cores of this machine, for all tests."""
    import ray

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_AUTH_MODE", "disabled")  # else Ray writes a token into the home folder
        environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(
            address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1"
        )
        yield
        ray.shutdown()

"""The fixtures of the lab's tests."""

from tests.apps.lab.conftest import lab, own_home

__all__ = ["lab", "own_home"]

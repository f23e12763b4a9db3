"""narrows: autoencoders for real tables and images.

The names below and the sub-packages, such as ``narrows.insight``, are imported when first used, so that
``import narrows`` stays fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from narrows.estimators.variants import VARIANTS
from narrows.machine import let_threads_sleep
from narrows.version import __version__

let_threads_sleep()

_HOME = {
    "AnomalyDetector": "narrows.estimators",
    "diagnose": "narrows.insight",
    "explore": "narrows.apps.notebook.explore",
    "impute": "narrows.insight",
    "inspect": "narrows.data",
    "load": "narrows.estimators",
    "read": "narrows.data",
    "report": "narrows.apps.report",
    "scan": "narrows.data",
    "windows": "narrows.data",
    **dict.fromkeys(VARIANTS.values(), "narrows.estimators"),
}

_PACKAGES = ("apps", "data", "estimators", "insight", "mlflow", "model", "ray", "reproductions", "training")

__all__ = ["__version__", *sorted(_HOME)]  # pyright: ignore[reportUnsupportedDunderAll]

if TYPE_CHECKING:
    from narrows.apps.notebook.explore import explore as explore
    from narrows.apps.report import report as report
    from narrows.data import inspect as inspect
    from narrows.data import read as read
    from narrows.data import scan as scan
    from narrows.data import windows as windows
    from narrows.estimators import AnomalyDetector as AnomalyDetector
    from narrows.estimators import Autoencoder as Autoencoder
    from narrows.estimators import ContractiveAutoencoder as ContractiveAutoencoder
    from narrows.estimators import DenoisingAutoencoder as DenoisingAutoencoder
    from narrows.estimators import SparseAutoencoder as SparseAutoencoder
    from narrows.estimators import VariationalAutoencoder as VariationalAutoencoder
    from narrows.estimators import load as load
    from narrows.insight import diagnose as diagnose
    from narrows.insight import impute as impute


def __getattr__(name: str) -> object:
    if name in _PACKAGES:
        return importlib.import_module(f"narrows.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'narrows' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, *_PACKAGES]

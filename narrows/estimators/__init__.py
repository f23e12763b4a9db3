"""The scikit-learn estimators, saving and loading.

The names below are imported when first used: `variants` and `parameters` are read without PyTorch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from narrows.estimators.variants import VARIANT_MODULES, VARIANTS

_HOME = {
    "AnomalyDetector": "narrows.estimators.anomaly",
    "Epoch": "narrows.training",
    "LayerEpoch": "narrows.training",
    "Reason": "narrows.estimators.anomaly",
    "ScoreFile": "narrows.estimators.anomaly",
    "Surprise": "narrows.estimators.anomaly",
    "VARIANTS": "narrows.estimators.variants",
    "Workers": "narrows.training",
    "above_all": "narrows.estimators.anomaly",
    "benjamini_hochberg": "narrows.estimators.anomaly",
    "explain_reconstruction": "narrows.estimators.anomaly",
    "load": "narrows.estimators.saving.loading",
    "machine_report": "narrows.estimators.environment",
    "make_estimator": "narrows.estimators.variants",
    "p_values": "narrows.estimators.anomaly",
    "plain_value": "narrows.estimators.anomaly",
    "surprise": "narrows.estimators.anomaly",
    "variant_class": "narrows.estimators.variants",
    "variant_classes": "narrows.estimators.variants",
    "verdicts_in_files": "narrows.estimators.anomaly",
    **{VARIANTS[name]: module for name, module in VARIANT_MODULES.items()},
}

__all__ = sorted(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]

if TYPE_CHECKING:
    from narrows.estimators.anomaly import AnomalyDetector as AnomalyDetector
    from narrows.estimators.anomaly import Reason as Reason
    from narrows.estimators.anomaly import ScoreFile as ScoreFile
    from narrows.estimators.anomaly import Surprise as Surprise
    from narrows.estimators.anomaly import above_all as above_all
    from narrows.estimators.anomaly import benjamini_hochberg as benjamini_hochberg
    from narrows.estimators.anomaly import explain_reconstruction as explain_reconstruction
    from narrows.estimators.anomaly import p_values as p_values
    from narrows.estimators.anomaly import plain_value as plain_value
    from narrows.estimators.anomaly import surprise as surprise
    from narrows.estimators.anomaly import verdicts_in_files as verdicts_in_files
    from narrows.estimators.autoencoder import Autoencoder as Autoencoder
    from narrows.estimators.contractive import ContractiveAutoencoder as ContractiveAutoencoder
    from narrows.estimators.denoising import DenoisingAutoencoder as DenoisingAutoencoder
    from narrows.estimators.environment import machine_report as machine_report
    from narrows.estimators.saving.loading import load as load
    from narrows.estimators.sparse import SparseAutoencoder as SparseAutoencoder
    from narrows.estimators.variants import VARIANTS as VARIANTS
    from narrows.estimators.variants import make_estimator as make_estimator
    from narrows.estimators.variants import variant_class as variant_class
    from narrows.estimators.variants import variant_classes as variant_classes
    from narrows.estimators.variational import VariationalAutoencoder as VariationalAutoencoder
    from narrows.training import Epoch as Epoch
    from narrows.training import LayerEpoch as LayerEpoch
    from narrows.training import Workers as Workers


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'narrows.estimators' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__

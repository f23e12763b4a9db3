"""What people call: the scikit-learn estimators, saving and loading."""

from narrows.estimators.anomaly import (
    AnomalyDetector,
    Reason,
    Surprise,
    above_all,
    benjamini_hochberg,
    explain_reconstruction,
    p_values,
    plain_value,
    surprise,
)
from narrows.estimators.autoencoder import Autoencoder
from narrows.estimators.persistence import load
from narrows.estimators.variants import ContractiveAutoencoder, DenoisingAutoencoder, SparseAutoencoder
from narrows.estimators.variational import VariationalAutoencoder
from narrows.training import Epoch, LayerEpoch

VARIANTS: dict[str, type[Autoencoder]] = {
    estimator.variant: estimator
    for estimator in (
        Autoencoder,
        DenoisingAutoencoder,
        SparseAutoencoder,
        ContractiveAutoencoder,
        VariationalAutoencoder,
    )
}

__all__ = [
    "VARIANTS",
    "AnomalyDetector",
    "Autoencoder",
    "ContractiveAutoencoder",
    "DenoisingAutoencoder",
    "Epoch",
    "LayerEpoch",
    "Reason",
    "SparseAutoencoder",
    "Surprise",
    "VariationalAutoencoder",
    "above_all",
    "benjamini_hochberg",
    "explain_reconstruction",
    "load",
    "p_values",
    "plain_value",
    "surprise",
]

"""What people call: the scikit-learn estimators, saving and loading."""

from narrows.estimators.autoencoder import Autoencoder
from narrows.estimators.persistence import load
from narrows.estimators.variants import ContractiveAutoencoder, DenoisingAutoencoder, SparseAutoencoder
from narrows.estimators.variational import VariationalAutoencoder

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
    "Autoencoder",
    "ContractiveAutoencoder",
    "DenoisingAutoencoder",
    "SparseAutoencoder",
    "VariationalAutoencoder",
    "load",
]

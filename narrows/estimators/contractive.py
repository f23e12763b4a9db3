"""The contractive autoencoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from narrows.estimators.autoencoder import Autoencoder
from narrows.model import Penalty


@dataclass(eq=False, repr=False, kw_only=True)
class ContractiveAutoencoder(Autoencoder):
    """An autoencoder whose code changes little when the input changes a little (Rifai et al. 2011).

    The weights are tied, because with an independent decoder the encoder could avoid the penalty by making its
    weights smaller while those of the decoder become larger.

    Parameters
    ----------
    penalty : "contractive" or Contractive, default="contractive"
        Weight times the squared Frobenius norm of the Jacobian of the code with respect to the input.
    tied_weights : bool, default=True
    **others
        Parameters of `Autoencoder`.

    Examples
    --------
    >>> from narrows import ContractiveAutoencoder, read
    >>> digits = read("digits")
    >>> model = ContractiveAutoencoder(hidden_layer_sizes=(), n_components=32, epochs=3, random_state=0)
    >>> model.fit_transform(digits).shape
    (1797, 32)
    """

    penalty: str | Penalty | list[str | Penalty] | None = "contractive"
    tied_weights: bool = True

    variant: ClassVar[str] = "contractive"

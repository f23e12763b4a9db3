"""Encoders learned one layer at a time from ordinary autoencoders."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.reproductions.experiment import Progress
from narrows.reproductions.timed_fit import fitting

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder
    from narrows.model import Linear


def sigmoid_layer(n_units: int, **settings: Any) -> Autoencoder:
    """An autoencoder of one sigmoid layer with tied weights, on cross-entropy, for data in [0, 1].

    The optimizer is Adam at a rate at which few passes do, and every row is trained on; `settings` go first.
    """
    from narrows.estimators import Autoencoder

    ours: dict[str, Any] = {
        "n_components": n_units,
        "hidden_layer_sizes": (),
        "code_activation": "sigmoid",
        "tied_weights": True,
        "scale": "none",
        "output_activation": "sigmoid",
        "loss": "bce",
        "optimizer": "adam",
        "learning_rate": 1e-2,
        "validation_fraction": 0,
        "early_stopping": False,
    }
    return Autoencoder(**ours | settings)


def encoder_layer(model: Autoencoder) -> Linear:
    """The layer of a fitted autoencoder that has one."""
    from narrows.model import MLP

    encoder = model.network_.encoder
    assert isinstance(encoder, MLP)
    (layer,) = encoder.linears
    return layer


def greedy(
    make: Callable[[int], Autoencoder], sizes: Sequence[int], x: np.ndarray, title: str
) -> Generator[Progress, None, tuple[list[Linear], float]]:
    """Fit `make(n_units)` to x, the next one to its codes, and so on; the layers from the input up, and the seconds.

    Bengio et al. 2007; with noise on the input of each, the stacked denoising autoencoders of Vincent et al. 2010.
    """
    layers: list[Linear] = []
    seconds = 0.0
    for i, n_units in enumerate(sizes):
        model = make(n_units)
        seconds += yield from fitting(model, x, f"{title}: layer {i + 1} of {len(sizes)}")
        layers.append(encoder_layer(model))
        if i + 1 < len(sizes):
            x = model.transform(x)
    return layers, seconds

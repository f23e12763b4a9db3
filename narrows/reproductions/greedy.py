"""Greedy layer-wise training of encoders with autoencoders of one layer."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.reproductions.experiment import Progress
from narrows.reproductions.timed_fit import fit_with_progress

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder
    from narrows.model import Linear


def sigmoid_layer(n_units: int, **settings: Any) -> Autoencoder:
    """Return an autoencoder of one sigmoid layer with tied weights and cross-entropy, for data in [0, 1].

    The optimizer is Adam with a large learning rate, and no rows are held out; `settings` override these.
    """
    from narrows.estimators import Autoencoder

    defaults: dict[str, Any] = {
        "n_components": n_units,
        "hidden_layer_sizes": (),
        "code_activation": "sigmoid",
        "tied_weights": True,
        "scale": "none",
        "output_activation": "sigmoid",
        "loss": "bce",
        "linear_path": "off",
        "optimizer": "adam",
        "learning_rate": 1e-2,
        "validation_fraction": 0,
        "early_stopping": False,
    }
    return Autoencoder(**defaults | settings)


def encoder_layer(model: Autoencoder) -> Linear:
    """Return the encoder layer of a fitted autoencoder of one layer."""
    from narrows.model import MLP

    encoder = model.network_.encoder
    assert isinstance(encoder, MLP)
    (layer,) = encoder.linears
    return layer


def greedy(
    make: Callable[[int], Autoencoder], sizes: Sequence[int], x: np.ndarray, title: str
) -> Generator[Progress, None, tuple[list[Linear], float]]:
    """Fit `make(n_units)` to x, the next to its codes, and so on; returns the layers from the input up, and seconds.

    Bengio et al. 2007; with corrupted inputs, the stacked denoising autoencoders of Vincent et al. 2010.
    """
    layers: list[Linear] = []
    seconds = 0.0
    for i, n_units in enumerate(sizes):
        model = make(n_units)
        seconds += yield from fit_with_progress(model, x, f"{title}: layer {i + 1} of {len(sizes)}")
        layers.append(encoder_layer(model))
        if i + 1 < len(sizes):
            x = model.transform(x)
    return layers, seconds

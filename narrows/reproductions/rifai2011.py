"""Contractive and other autoencoders of one layer on MNIST: Jacobian, saturation, and error of a classifier.

Rifai, Vincent, Muller, Glorot & Bengio 2011, section 5.1: 1000 sigmoid units with tied weights and cross-entropy; the
encoder is then fine-tuned as the hidden layer of a classifier. The paper's numbers are quoted from memory. The paper
chose all settings on held-out images; the settings here are the round numbers below.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.reproductions import pictures
from narrows.reproductions.experiment import Experiment, Record, Reproduction, Result, Setup
from narrows.reproductions.greedy import encoder_layer, sigmoid_layer
from narrows.reproductions.paper_data import pixels
from narrows.reproductions.timed_fit import fit_with_progress

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

N_UNITS = 1000
_TASK, _SOURCE = "MNIST, 1000 units", "Table 1, quoted from memory"


@dataclass(frozen=True)
class Method:
    """Settings of `sigmoid_layer`, and the paper's test error (%), Jacobian norm (in 1e-4) and saturation (%)."""

    name: str
    picture: str
    paper: tuple[float, float, float]
    settings: dict[str, Any] = field(default_factory=dict)


METHODS = (
    Method("autoencoder", "plain", (1.78, 17.5, 49.9)),
    Method("with weight decay", "decayed", (1.68, 5.00, 13.0), {"optimizer": "adamw", "weight_decay": 0.1}),
    Method("denoising, 30 % masked", "masked", (1.57, 7.87, 68.2), {"corruption": "masking", "level": 0.3}),
    Method("denoising, gaussian 0.3", "gaussian", (1.18, 0.86, 17.8), {"corruption": "gaussian", "level": 0.3}),
    Method("contractive", "contractive", (1.14, 0.73, 86.4), {"penalty": "contractive", "penalty_weight": 1.0}),
)


def jacobian_norms(model: Autoencoder, x: np.ndarray) -> np.ndarray:
    """Return the Frobenius norm ‖∂h/∂x‖ of one sigmoid layer for each row: (n,) (eq. 6)."""
    squares = encoder_layer(model).weight.detach().double().square().sum(1).numpy()
    h = model.transform(x).astype(np.float64)
    return np.sqrt(np.square(h * (1 - h)) @ squares)


def saturation(codes: np.ndarray) -> float:
    """Return the percentage of activations (n, k) below 0.05 or above 0.95."""
    return 100 * float(((codes < 0.05) | (codes > 0.95)).mean())


def _run(setup: Setup) -> Iterator[Record]:
    import torch

    from narrows.reproductions.fine_tuning import classifier, fine_tune, percent_wrong

    data = pixels("mnist").first(setup.rows(60_000, quick=6000), setup.rows(10_000, quick=10_000))
    assert data.train_labels is not None
    assert data.test_labels is not None
    few = f"{len(data.train):,} of 60,000 training images" if setup.quick else ""
    plain_norm = None
    for method in METHODS:
        model = sigmoid_layer(
            N_UNITS,
            **{
                "batch_size": 100 if setup.quick else 500,
                "epochs": setup.epochs(15, quick=8),
                "random_state": setup.seed,
                **method.settings,
            },
        )
        seconds = yield from fit_with_progress(model, data.train, f"{_TASK}: {method.name}")
        norm = float(jacobian_norms(model, data.test).mean())
        plain_norm = plain_norm or norm
        generator = torch.Generator().manual_seed(setup.seed)
        network = classifier([encoder_layer(model)], 10, generator)
        seconds += yield from fine_tune(
            network,
            data.train,
            data.train_labels,
            epochs=setup.epochs(20, quick=10),
            generator=generator,
            title=f"{_TASK}: {method.name}, fine-tuning",
            rate=4e-3,
            batch_size=50 if setup.quick else 200,
        )
        wrong, paper_norm, saturated = method.paper
        error = percent_wrong(network, data.test, data.test_labels)
        yield Result(_TASK, method.name, error, "% wrong", wrong, _SOURCE, seconds, few)
        unit, paper = "Jacobian norm, autoencoder = 1", paper_norm / METHODS[0].paper[1]
        note = f"{norm:.3g} against {plain_norm:.3g}; the paper, on another scale, {paper_norm}e-4 against 17.5e-4"
        yield Result(_TASK, method.name, norm / plain_norm, unit, round(paper, 3), _SOURCE, None, note)
        yield Result(_TASK, method.name, saturation(model.transform(data.test)), "% saturated", saturated, _SOURCE)
        weight = encoder_layer(model).weight.detach().numpy()[:100]
        caption = f"MNIST: weights of 100 of the 1000 units, {method.name}"
        yield pictures.filters(f"filters-{method.picture}", caption, weight)


REPRODUCTION = Reproduction(
    "rifai2011",
    "Rifai, Vincent, Muller, Glorot & Bengio 2011, Contractive auto-encoders (ICML)",
    (Experiment("mnist", "One layer in five ways on MNIST", _run),),
)

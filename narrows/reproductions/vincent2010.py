"""Stacked denoising autoencoders on MNIST: three layers trained one by one without labels, then fine-tuned.

Vincent, Larochelle, Lajoie, Bengio & Manzagol 2010, section 6.3: sigmoid layers with tied weights and cross-entropy,
each trained on the codes of the layer below with masking noise. The noise levels are the paper's; the layers have 1000
units each, where the paper searched from 1000 to 3000, and training takes few epochs of Adam, where the paper searched
for the number of epochs of stochastic gradient descent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from narrows.reproductions import pictures
from narrows.reproductions.experiment import Experiment, Record, Reproduction, Result, Setup
from narrows.reproductions.greedy import greedy, sigmoid_layer
from narrows.reproductions.paper_data import TrainTest, pixels

if TYPE_CHECKING:
    import torch

    from narrows.model import Linear

SIZES = (1000, 1000, 1000)
_UNIT, _SOURCE = "% wrong", "Table 3"


@dataclass(frozen=True)
class Method:
    """An initialisation: layers trained with masking noise of `level`, 0 for none; random weights if it is None."""

    name: str
    picture: str
    level: float | None
    paper: float | None = None


def add_background(x: np.ndarray, seed: int) -> np.ndarray:
    """Return images (n, d) in [0, 1] on uniform noise, the maximum of both (Larochelle et al. 2007)."""
    return np.maximum(x, np.random.default_rng(seed).random(x.shape, np.float32))


def _digits(setup: Setup) -> Iterator[Record]:
    data = pixels("mnist").first(setup.rows(60_000, quick=6000), setup.rows(10_000, quick=10_000))
    few = f"{len(data.train):,} of 60,000 training images" if setup.quick else ""
    methods = [
        Method("denoising autoencoders, 25 % masked", "denoising", 0.25, 1.28),
        Method("autoencoders", "plain", 0.0, 1.40),
        Method("random weights", "random", None),
    ]
    yield from _compare("MNIST", "mnist", data, methods, setup, few, rate=2e-3)


def _background(setup: Setup) -> Iterator[Record]:
    clean = pixels("mnist").first(setup.rows(10_000, quick=6000), setup.rows(10_000, quick=10_000))
    train, test = add_background(clean.train, setup.seed), add_background(clean.test, setup.seed + 1)
    data = TrainTest(train, test, clean.train_labels, clean.test_labels)
    note = "generated from MNIST, not the paper's images; 10,000 test images, the paper 50,000"
    few = f"{len(train):,} of 10,000 training images; " if setup.quick else ""
    methods = [
        Method("denoising autoencoders, 40 % masked", "denoising", 0.40, 10.30),
        Method("autoencoders", "plain", 0.0, 11.28),
        Method("random weights", "random", None),
    ]
    yield from _compare("MNIST on noise (bg-rand)", "background", data, methods, setup, few + note, rate=5e-4)


def _compare(
    task: str,
    name: str,
    data: TrainTest,
    methods: list[Method],
    setup: Setup,
    note: str,
    *,
    rate: float,
) -> Iterator[Record]:
    """Yield a result for each method. rate : learning rate of fine-tuning."""
    import torch

    from narrows.reproductions.fine_tuning import classifier, fine_tune, percent_wrong

    assert data.train_labels is not None
    assert data.test_labels is not None
    for method in methods:
        generator = torch.Generator().manual_seed(setup.seed)
        title = f"{task}, {method.name}"
        if method.level is None:
            layers, seconds = _random_layers(data.train.shape[1], generator), 0.0
        else:
            make = partial(
                sigmoid_layer,
                **({"corruption": "masking", "level": method.level} if method.level else {}),
                batch_size=500 if _is_large(data) else 100,
                epochs=setup.epochs(12, quick=5),
                random_state=setup.seed,
            )
            layers, seconds = yield from greedy(make, SIZES, data.train, title)
            weight = layers[0].weight.detach().numpy()[:100]
            caption = f"{task}: weights of 100 units of layer 1, {method.name}"
            yield pictures.filters(f"{name}-{method.picture}", caption, weight)
        network = classifier(layers, 10, generator)
        seconds += yield from fine_tune(
            network,
            data.train,
            data.train_labels,
            epochs=setup.epochs(20, quick=10),
            generator=generator,
            title=f"{title}: fine-tuning",
            rate=rate,
            batch_size=200 if _is_large(data) else 50,
        )
        wrong = percent_wrong(network, data.test, data.test_labels)
        yield Result(task, method.name, wrong, _UNIT, method.paper, _SOURCE if method.paper else "", seconds, note)


def _random_layers(n_floats: int, generator: torch.Generator) -> list[Linear]:
    """Return layers with random weights."""
    from narrows.model import Linear

    layers = [Linear(n_in, n_out) for n_in, n_out in pairwise((n_floats, *SIZES))]
    for layer in layers:
        layer.initialise(generator)
    return layers


def _is_large(data: TrainTest) -> bool:
    """Return whether large batches still make enough steps."""
    return len(data.train) > 20_000


REPRODUCTION = Reproduction(
    "vincent2010",
    "Vincent, Larochelle, Lajoie, Bengio & Manzagol 2010, Stacked denoising autoencoders (JMLR 11:3371-3408)",
    (
        Experiment("mnist", "Three layers on MNIST", _digits),
        Experiment("background", "Three layers on 10,000 digits before noise", _background),
    ),
)

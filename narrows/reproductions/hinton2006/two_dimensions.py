"""MNIST through 784-1000-500-250-2 (Fig. 3): two-dimensional codes, and the accuracy of nearest neighbours on them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from narrows.insight import PCABaseline
from narrows.model import Warped
from narrows.reproductions.experiment import Experiment, Record, Result, Setup
from narrows.reproductions.hinton2006 import figures
from narrows.reproductions.hinton2006.comparison import Method, fit, paper_network, result
from narrows.reproductions.paper_data import TrainTest, pixels

SIZES = (1000, 500, 250, 2)
NEIGHBOURS = 10
_TASK = "MNIST, 2 numbers"
_UNIT = f"accuracy of {NEIGHBOURS} nearest neighbours"
_DRAWN = 5000


def _run(setup: Setup) -> Iterator[Record]:
    data = pixels("mnist").first(setup.rows(60_000, quick=8000), setup.rows(10_000, quick=10_000))
    assert data.test_labels is not None
    few = f"{len(data.train):,} of 60,000 training images" if setup.quick else ""
    pca = PCABaseline.fit(data.train, 2)
    codes = {"PCA": [(part - pca.mean) @ pca.components.T for part in (data.train, data.test)]}
    yield Result(_TASK, "PCA, 2 components", float(pca.squared_error(data.test).mean()), "squared error per image")
    yield Result(_TASK, "PCA, 2 components", _accuracy(data, *codes["PCA"]), _UNIT)
    muon = {"activation": "silu", "loss": "mse", "batch_size": 250 if setup.quick else 512}
    methods = [
        Method(
            "RBMs, then Adam",
            paper_network(
                SIZES,
                setup.seed,
                pretrain="rbm",
                pretrain_epochs=setup.epochs(50, quick=5),
                optimizer="adam",
                batch_size=100,
                epochs=setup.epochs(60, quick=10),
            ),
            note=few,
        ),
        Method(
            "Muon, warped images to originals",
            paper_network(
                SIZES,
                setup.seed,
                **muon,
                weight_decay=0.25,
                # The code need not represent the warp of an image and its noise.
                corruption=Warped(
                    (28, 28, 1), degrees=12, stretch=0.12, shear=0.3, shift=1, noise=0.4, target="original"
                ),
                epochs=setup.epochs(90, quick=15),
            ),
            note=few,
        ),
    ]
    if not setup.quick:  # for comparison
        plain = paper_network(SIZES, setup.seed, **muon, weight_decay=0.5, epochs=60)
        methods.insert(1, Method("Muon from random weights", plain))
    for method in methods:
        fitted = yield from fit(method, data, _TASK)
        model = method.model
        codes[method.name] = [model.transform(part) for part in (data.train, data.test)]
        yield result(_TASK, fitted)
        accuracy = _accuracy(data, *codes[method.name])
        yield Result(_TASK, method.name, accuracy, _UNIT, None, "Fig. 3 is a picture", fitted.seconds, few)
    shown = {method: test[:_DRAWN] for method, (_, test) in codes.items()}
    yield figures.maps("mnist-2", _TASK, shown, data.test_labels[:_DRAWN])


def _accuracy(data: TrainTest, train: np.ndarray, test: np.ndarray) -> float:
    """Return the accuracy of classifying test codes by their nearest training codes."""
    from sklearn.neighbors import KNeighborsClassifier

    found = KNeighborsClassifier(min(NEIGHBOURS, len(train))).fit(train, data.train_labels)
    return float(found.score(test, data.test_labels))


MNIST_2 = Experiment("mnist2", "MNIST through 784-1000-500-250-2", _run)

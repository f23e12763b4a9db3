"""MNIST through 784-1000-500-250-30 (Fig. 2B): squared error per image on the 10,000 test images."""

from __future__ import annotations

from collections.abc import Iterator

from narrows.reproductions.frame import Experiment, Record, Result, Setup

_UNIT = "squared error per image"


def _run(setup: Setup) -> Iterator[Record]:
    from narrows.estimators import Autoencoder
    from narrows.insight import pca_reconstruction_error
    from narrows.reproductions.sets import pixels
    from narrows.reproductions.training import fitting

    task = "MNIST, 30 numbers"
    data = pixels("mnist").first(setup.rows(60_000, quick=10_000), 10_000)
    pca = float(pca_reconstruction_error(data.train, data.test, 30).mean())
    yield Result(task, "PCA", pca, _UNIT, 13.87, "Fig. 2B")
    model = Autoencoder(
        n_components=30,
        hidden_layer_sizes=(1000, 500, 250),
        batch_size=512,
        epochs=setup.epochs(80, quick=8),
        validation_fraction=0,
        early_stopping=False,
        random_state=setup.seed,
    )
    seconds = yield from fitting(model, data.train, f"{task}, Muon from random weights")
    error = float(model.reconstruction_error(data.test).mean())
    yield Result(task, "Muon from random weights", error, _UNIT, None, "", seconds)


MNIST_30 = Experiment("mnist30", "MNIST, 30 numbers", _run)

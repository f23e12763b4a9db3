"""MNIST through 784-1000-500-250-30 (Fig. 2B), trained with four methods."""

from __future__ import annotations

from collections.abc import Iterator

from narrows.model import GaussianNoise, Warped
from narrows.reproductions.experiment import Experiment, Record, Setup
from narrows.reproductions.hinton2006.comparison import Baseline, Method, compare, paper_network
from narrows.reproductions.paper_data import pixels

SIZES = (1000, 500, 250, 30)


def _run(setup: Setup) -> Iterator[Record]:
    data = pixels("mnist").first(setup.rows(60_000, quick=8000), setup.rows(10_000, quick=10_000))
    few = f"{len(data.train):,} of 60,000 training images; " if setup.quick else ""
    varied = "noise" if setup.quick else "warped images and noise"
    pretrained = {"pretrain": "rbm", "pretrain_epochs": setup.epochs(50, quick=5)}
    adam = {"optimizer": "adam", "batch_size": 100, "epochs": setup.epochs(60, quick=8)}
    methods = [
        Method("RBMs, then Adam", paper_network(SIZES, setup.seed, **pretrained, **adam), note=few.rstrip("; ")),
        Method("Adam from random weights", paper_network(SIZES, setup.seed, **adam), note=few.rstrip("; ")),
        Method(
            "RBMs, then L-BFGS",
            paper_network(
                SIZES, setup.seed, **pretrained, optimizer="lbfgs", batch_size=1000, epochs=setup.epochs(20, quick=2)
            ),
            3.00,
            "Fig. 2B",
            few + "the paper: 200 epochs of conjugate gradients",
        ),
        Method(
            "Muon from random weights",
            paper_network(
                SIZES,
                setup.seed,
                activation="silu",
                loss="mse",
                # A quick run is too short to learn from warped images.
                corruption=GaussianNoise(0.1) if setup.quick else Warped((28, 28, 1), share=0.7, noise=0.05),
                weight_decay=0.5 if setup.quick else 0.25,
                batch_size=250 if setup.quick else 512,
                epochs=setup.epochs(150, quick=10),
            ),
            note=few + f"SiLU units, squared error, {varied} on the input; Martens 2010 reached 2.28",
        ),
    ]
    yield from compare(
        "MNIST, 30 numbers",
        "mnist-30",
        data,
        methods,
        pca=[Baseline(30, 13.87, "Fig. 2B")],
        logistic=[Baseline(30, 8.01, "Fig. 2B")],
        logistic_epochs=setup.epochs(30, quick=20),
        seed=setup.seed,
    )


MNIST_30 = Experiment("mnist30", "MNIST through 784-1000-500-250-30", _run)

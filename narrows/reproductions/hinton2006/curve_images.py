"""Curves through 784-400-200-100-50-25-6 (Fig. 2A): images generated from six numbers, and a code of six."""

from __future__ import annotations

from collections.abc import Iterator

from narrows.data import curves
from narrows.reproductions.experiment import Experiment, Record, Setup
from narrows.reproductions.hinton2006.comparison import Baseline, Method, compare, paper_network
from narrows.reproductions.paper_data import TrainTest

SIZES = (400, 200, 100, 50, 25, 6)


def _run(setup: Setup) -> Iterator[Record]:
    n_train, n_test = setup.rows(20_000, quick=4000), setup.rows(10_000, quick=2000)
    x = curves(n_train + n_test, setup.seed).reshape(n_train + n_test, -1)
    data = TrainTest(x[:n_train], x[n_train:])
    few = f"{n_train:,} of 20,000 training curves; " if setup.quick else ""
    pretrained = {"pretrain": "rbm", "pretrain_epochs": setup.epochs(50, quick=20)}
    methods = [
        Method(
            "Muon from random weights",
            paper_network(
                SIZES,
                setup.seed,
                activation="silu",
                weight_decay=0.02,
                batch_size=100 if setup.quick else 500,
                epochs=setup.epochs(250, quick=40),
            ),
            note=few + "SiLU units; Hessian-free optimisation (Martens 2010) reached 0.20",
        ),
        Method(
            "RBMs, then L-BFGS",
            paper_network(
                SIZES,
                setup.seed,
                **pretrained,
                optimizer="lbfgs",
                batch_size=1000,
                epochs=setup.epochs(60, quick=20),
            ),
            1.44,
            "Fig. 2A",
            few + "the paper: 200 epochs of conjugate gradients",
        ),
        Method(
            "RBMs, then Adam",
            paper_network(
                SIZES, setup.seed, **pretrained, optimizer="adam", batch_size=100, epochs=setup.epochs(100, quick=40)
            ),
            note=few.rstrip("; "),
        ),
    ]
    yield from compare(
        "Curves, 6 numbers",
        "curves",
        data,
        methods,
        pca=[Baseline(6), Baseline(18, 5.90, "Fig. 2A")],
        logistic=[Baseline(6, 7.64, "Fig. 2A"), Baseline(18, 2.45, "Fig. 2A")],
        logistic_epochs=setup.epochs(60, quick=100),
        seed=setup.seed,
    )


CURVES = Experiment("curves", "Curves through 784-400-200-100-50-25-6", _run)

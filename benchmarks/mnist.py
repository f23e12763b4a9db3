"""2. How soon does the deep net reach the paper's error, 3.00 per MNIST test image?"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.contenders import Task, installed, perceptron
from benchmarks.report import LINES, Report
from benchmarks.rounds import alternate, middle
from benchmarks.rows import pixels
from narrows import Autoencoder

_TASK = Task((1000, 500, 250), 30, epochs=1, batch=None)
TARGET, _MARKS = 3.00, (30, 60)

Curve = list[tuple[float, float]]


def reports(rounds: int, quick: bool) -> list[Report]:
    """The curves of squared error per test image over seconds of training; evaluation stops the clock."""
    x, test, what = pixels(3000 if quick else 60_000, 10_000)
    limit = 3.0 if quick else 62.0
    contenders = {
        "narrows (muon), 15 epochs, batch 512": partial(_narrows, x, optimizer="muon", epochs=15, batch_size=512),
        "narrows (adam), batch 512": partial(_narrows, x, optimizer="adam", epochs=60, batch_size=512),
        "textbook PyTorch loop, batch 128": partial(_textbook, x),
        "scikit-learn MLPRegressor, batch 200": partial(_regressor, x),
    }
    if installed("pyod"):
        contenders["PyOD AutoEncoder, same net, batch 128"] = partial(_pyod, x)
    curves = alternate({name: partial(_timed, begin, test, limit) for name, begin in contenders.items()}, rounds)
    rows = [[name, _first(of), *(_at(of, mark) for mark in _MARKS)] for name, of in curves.items()]

    def draw(axes: Any) -> None:
        for (name, of), colour in zip(curves.items(), LINES, strict=False):
            for i, curve in enumerate(of):
                label = name if i == 0 else None
                axes.plot(*zip(*curve, strict=True), linewidth=0.9, label=label, color=colour)
        axes.axhline(TARGET, color="black", linewidth=0.8, linestyle="--")
        axes.annotate("the paper, 3.00", (0, TARGET), xytext=(2, 3), textcoords="offset points", fontsize=8)
        axes.set(yscale="log", xlabel="seconds of training", ylabel="squared error per test image")
        axes.legend(frameon=False, fontsize=8)

    return [
        Report(
            "mnist",
            "MNIST through 784-1000-500-250-30: squared error per test image over time",
            ("contender", "seconds to 3.00", "after 30 s", "after 60 s"),
            rows,
            {"curves": curves, "limit": limit, "data": what},
            draw,
            (
                f"{len(x):,} training images and {len(test):,} test images of {what}; the median of {rounds} runs (the "
                f"lowest and highest in brackets), each ended after {limit:.0f} s, contenders alternating.",
                "A schedule that falls to zero reaches its error at its end; a longer one is lower and later.",
                "PyOD runs epoch by epoch through its own `train`, without the scores with which its `fit` ends.",
            ),
        )
    ]


def muon_curve(epochs: int, *, quick: bool = False) -> Curve:
    """Return (seconds of training, squared error per test image) after every epoch of the deep net with Muon."""
    x, test, _ = pixels(3000 if quick else 60_000, 10_000)
    return _curve(_narrows(x, optimizer="muon", epochs=epochs, batch_size=512), test, math.inf)


def _timed(begin: Callable[[], Iterator[Any]], test: np.ndarray, limit: float) -> Curve:
    return _curve(begin(), test, limit)


def _curve(epochs: Iterator[Any], test: np.ndarray, limit: float) -> Curve:
    """(seconds of training, error) after every epoch."""
    curve, spent = [], 0.0
    while spent < limit:
        start = time.perf_counter()
        reconstruct = next(epochs, None)
        spent += time.perf_counter() - start
        if reconstruct is None:
            break
        error = float(np.square(reconstruct(test) - test).sum(axis=1).mean())
        curve.append((spent, error))
    return curve


def _narrows(x: np.ndarray, **settings: Any) -> Iterator[Any]:
    model = Autoencoder(
        hidden_layer_sizes=_TASK.hidden,
        n_components=_TASK.n_components,
        validation_fraction=0.0,
        early_stopping=False,
        random_state=0,
        **settings,
    )
    for _ in model.fit_epochs(x):
        yield model.reconstruct


def _textbook(x: np.ndarray) -> Iterator[Any]:
    torch.manual_seed(0)
    model = perceptron(x.shape[1], _TASK)
    optimizer = torch.optim.Adam(model.parameters())
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(x))
    loader = torch.utils.data.DataLoader(dataset, batch_size=128, shuffle=True)

    def reconstruct(rows: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return model(torch.from_numpy(rows)).numpy()

    for _ in itertools.count():
        for (rows,) in loader:
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(model(rows), rows)
            loss.backward()
            optimizer.step()
            loss.item()
        yield reconstruct


def _pyod(x: np.ndarray) -> Iterator[Any]:
    from pyod.models.auto_encoder import AutoEncoder
    from pyod.utils.torch_utility import TorchDataset

    model = AutoEncoder(
        preprocessing=False,
        epoch_num=1,
        hidden_neuron_list=[*_TASK.hidden, _TASK.n_components],
        batch_norm=False,
        dropout_rate=0.0,
        verbose=0,
    )
    model.data_num, model.feature_size = x.shape
    model.build_model()
    model.training_prepare()
    loader = torch.utils.data.DataLoader(TorchDataset(X=x), batch_size=128, shuffle=True, drop_last=True)

    def reconstruct(rows: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return model.model(torch.from_numpy(rows)).numpy()

    for _ in itertools.count():
        model.train(loader)
        yield reconstruct


def _regressor(x: np.ndarray) -> Iterator[Any]:
    from sklearn.neural_network import MLPRegressor

    model = MLPRegressor(hidden_layer_sizes=_TASK.widths, batch_size=200, random_state=0)
    for _ in itertools.count():
        model.partial_fit(x, x)
        yield model.predict


def _first(curves: list[Curve]) -> str:
    reached = [next((seconds for seconds, error in curve if error <= TARGET), math.inf) for curve in curves]
    return _told(reached, ".0f") if math.isfinite(middle(reached)) else "not reached"


def _at(curves: list[Curve], mark: float) -> str:
    """The error after the last epoch that ended by the mark."""
    return _told([[error for seconds, error in curve if seconds <= mark][-1] for curve in curves], ".2f")


def _told(values: list[float], form: str) -> str:
    return f"{middle(values):{form}} ({min(values):{form}} to {max(values):{form}})"

"""The comparison of PCA, logistic PCA and several ways to train networks of one shape on one data set."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from narrows.estimators import Autoencoder, Epoch
from narrows.insight import PCABaseline, squared_error
from narrows.reproductions.experiment import Progress, Record, Result
from narrows.reproductions.hinton2006 import figures
from narrows.reproductions.kept_trainings import KeptLoop, checkpoint_of_fit, seconds_before
from narrows.reproductions.paper_data import TrainTest
from narrows.reproductions.timed_fit import progress_of, stop_if_interrupted

UNIT = "squared error per image"
_N_CURVE = 1000  # test images of the learning curve


@dataclass(frozen=True, eq=False)
class Method:
    """A network with its training settings, and the paper's error."""

    name: str
    model: Autoencoder
    paper: float | None = None
    source: str = ""
    note: str = ""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A method after its training.

    Parameters
    ----------
    learning_curve : ndarray of shape (epochs, 2)
        Seconds of training so far, and the squared error per image on the first 1000 test images.
    seconds, error : float
        Training time; squared error per image on all test images.
    """

    method: Method
    learning_curve: np.ndarray = field(repr=False)
    seconds: float = 0.0
    error: float = 0.0


@dataclass(frozen=True)
class Baseline:
    """PCA or logistic PCA with `n_components`, and the paper's error."""

    n_components: int
    paper: float | None = None
    source: str = ""


def paper_network(sizes: Sequence[int], seed: int, **others: object) -> Autoencoder:
    """Return the paper's network: sigmoid layers of these sizes, a linear code, cross-entropy, no held-out rows."""
    settings = {
        "n_components": sizes[-1],
        "hidden_layer_sizes": tuple(sizes[:-1]),
        "activation": "sigmoid",
        "scale": "none",
        "loss": "bce",
        "linear_path": "off",
        "validation_fraction": 0,
        "early_stopping": False,
        "random_state": seed,
    }
    return Autoencoder(**(settings | others))  # pyright: ignore[reportArgumentType]


def logistic_pca(n_components: int, seed: int, epochs: int) -> Autoencoder:
    """Return a network with a linear encoder, a linear code and a sigmoid output, without hidden layers."""
    return paper_network((n_components,), seed, optimizer="adam", learning_rate=3e-3, batch_size=200, epochs=epochs)


def compare(
    task: str,
    name: str,
    data: TrainTest,
    methods: Sequence[Method],
    *,
    pca: Sequence[Baseline],
    logistic: Sequence[Baseline],
    logistic_epochs: int,
    seed: int,
    shape: tuple[int, int] = (28, 28),
    brightness: Callable[[np.ndarray], np.ndarray] = lambda rows: 1 - rows,
) -> Iterator[Record]:
    """Yield a result for each baseline and method on the test images, and two pictures named after `name`.

    brightness : maps rows to pixels, 0 for black and 1 for white.
    """
    some = data.test[: figures.N_IMAGES]
    rebuilt: dict[str, np.ndarray] = {"": some}
    for baseline in pca:
        start = time.perf_counter()
        found = PCABaseline.fit(data.train, baseline.n_components)
        seconds = time.perf_counter() - start
        label = f"PCA, {baseline.n_components} components"
        error = float(found.squared_error(data.test).mean())
        yield Result(task, label, error, UNIT, baseline.paper, baseline.source, seconds)
        centred = some - found.mean
        rebuilt[f"{label}: {error:.2f}"] = centred @ found.components.T @ found.components + found.mean
    for baseline in logistic:
        model = logistic_pca(baseline.n_components, seed, logistic_epochs)
        label = f"logistic PCA, {baseline.n_components} components"
        method = Method(label, model, baseline.paper, baseline.source, "the encoder is linear")
        fitted = yield from fit(method, data, task)
        yield result(task, fitted)
        rebuilt[f"{label}: {fitted.error:.2f}"] = model.reconstruct(some)
    done: list[Fitted] = []
    for method in methods:
        fitted = yield from fit(method, data, task)
        done.append(fitted)
        yield result(task, fitted)
        rebuilt[f"{method.name}: {fitted.error:.2f}"] = method.model.reconstruct(some)
    pictures = {caption: brightness(rows) for caption, rows in rebuilt.items()}
    yield figures.images(f"{name}-images", task, pictures, shape)
    yield figures.learning_curves(
        f"{name}-training",
        task,
        {f.method.name: f.learning_curve for f in done},
        {f.method.name: f.method.paper for f in done},
    )


def fit(method: Method, data: TrainTest, task: str) -> Generator[Progress, None, Fitted]:
    """Train a method, with a record for each epoch; the time of measuring is not counted."""
    title, model = f"{task}, {method.name}", method.model
    yield Progress(title)
    start, where = time.perf_counter(), checkpoint_of_fit()
    kept = KeptLoop(title)
    epochs = model.start_fit(data.train, checkpoint=where)
    curve = _kept_curve(kept, model, data.test)
    seconds = seconds_before(model)
    for record in epochs:
        seconds += time.perf_counter() - start
        if isinstance(record, Epoch):
            curve.append((seconds, _test_error(model, data.test)))
            kept.keep(lambda: {"curve": torch.tensor(curve, dtype=torch.float64)}, is_due=True)
        yield progress_of(model, record, title, f"test error {curve[-1][1]:.4g}" if curve else "")
        start = time.perf_counter()
    stop_if_interrupted(model)
    error = float(squared_error(model, data.test).mean())
    return Fitted(method, np.array(curve), seconds, error)


def _test_error(model: Autoencoder, test: np.ndarray) -> float:
    return float(squared_error(model, test[:_N_CURVE]).mean())


def _kept_curve(kept: KeptLoop, model: Autoencoder, test: np.ndarray) -> list[tuple[float, float]]:
    """Return the learning curve up to the epoch at which a fit is resumed; its last point may have to be measured."""
    n, state = len(model.history_), kept.state()
    curve = [] if state is None else [(float(at), float(error)) for at, error in state["curve"][:n]]
    if len(curve) == n - 1:  # killed between the checkpoint and the curve
        curve.append((seconds_before(model), _test_error(model, test)))
    return curve


def result(task: str, fitted: Fitted) -> Result:
    """Return the result of a fitted method."""
    m = fitted.method
    return Result(task, m.name, fitted.error, UNIT, m.paper, m.source, fitted.seconds, m.note)

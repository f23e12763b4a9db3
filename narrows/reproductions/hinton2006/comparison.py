"""One data set through nets of one shape: PCA and logistic PCA, the paper's way to train, and ours."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from narrows.estimators import Autoencoder, Epoch
from narrows.insight import PCABaseline, squared_error
from narrows.reproductions.experiment import Progress, Record, Result
from narrows.reproductions.hinton2006 import figures
from narrows.reproductions.paper_data import TrainTest
from narrows.reproductions.timed_fit import passed, stop_if_interrupted

UNIT = "squared error per image"
_WATCHED = 1000  # test images on which the course of a training is drawn


@dataclass(frozen=True, eq=False)
class Contender:
    """A way to train a net, and what the paper reports for it."""

    method: str
    model: Autoencoder
    paper: float | None = None
    source: str = ""
    note: str = ""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A contender after its training.

    Parameters
    ----------
    course : ndarray of shape (epochs, 2)
        Seconds of training so far, and the squared error per image on the first 1000 test images.
    seconds, error : float
        Of the whole training; per image on all test images.
    """

    contender: Contender
    course: np.ndarray = field(repr=False)
    seconds: float = 0.0
    error: float = 0.0


@dataclass(frozen=True)
class Linear:
    """A yardstick: PCA or logistic PCA with `n_components`, and the paper's error."""

    n_components: int
    paper: float | None = None
    source: str = ""


def net(sizes: Sequence[int], seed: int, **others: object) -> Autoencoder:
    """The paper's net: logistic layers of these sizes down to a linear code, cross-entropy, no row held out."""
    given = {
        "n_components": sizes[-1],
        "hidden_layer_sizes": tuple(sizes[:-1]),
        "activation": "sigmoid",
        "scale": "none",
        "loss": "bce",
        "validation_fraction": 0,
        "early_stopping": False,
        "random_state": seed,
    }
    return Autoencoder(**(given | others))  # pyright: ignore[reportArgumentType]


def logistic_pca(n_components: int, seed: int, epochs: int) -> Autoencoder:
    """A linear code behind a logistic output, without hidden layers (the encoder is linear, too)."""
    return net((n_components,), seed, optimizer="adam", learning_rate=3e-3, batch_size=200, epochs=epochs)


def compare(
    task: str,
    name: str,
    data: TrainTest,
    contenders: Sequence[Contender],
    *,
    pca: Sequence[Linear],
    logistic: Sequence[Linear],
    logistic_epochs: int,
    seed: int,
    shape: tuple[int, int] = (28, 28),
    brightness: Callable[[np.ndarray], np.ndarray] = lambda rows: 1 - rows,
) -> Iterator[Record]:
    """Results of every yardstick and contender on the test images, and two pictures called after `name`.

    brightness : rows as one looks at them, 0 for black and 1 for white.
    """
    rebuilt: dict[str, np.ndarray] = {"": data.test}
    for yardstick in pca:
        start = time.perf_counter()
        found = PCABaseline.fit(data.train, yardstick.n_components)
        seconds = time.perf_counter() - start
        method = f"PCA, {yardstick.n_components} components"
        error = float(found.squared_error(data.test).mean())
        yield Result(task, method, error, UNIT, yardstick.paper, yardstick.source, seconds)
        shown = data.test[: figures.SHOWN] - found.mean
        rebuilt[f"{method}: {error:.2f}"] = shown @ found.components.T @ found.components + found.mean
    for yardstick in logistic:
        method = f"logistic PCA, {yardstick.n_components} components"
        model = logistic_pca(yardstick.n_components, seed, logistic_epochs)
        contender = Contender(method, model, yardstick.paper, yardstick.source, "the encoder is linear")
        fitted = yield from fit(contender, data, task)
        yield result(task, fitted)
        rebuilt[f"{method}: {fitted.error:.2f}"] = model.reconstruct(data.test[: figures.SHOWN])
    done: list[Fitted] = []
    for contender in contenders:
        fitted = yield from fit(contender, data, task)
        done.append(fitted)
        yield result(task, fitted)
        rebuilt[f"{contender.method}: {fitted.error:.2f}"] = contender.model.reconstruct(data.test[: figures.SHOWN])
    pictures = {caption: brightness(rows[: figures.SHOWN]) for caption, rows in rebuilt.items()}
    yield figures.images(f"{name}-images", task, pictures, shape)
    yield figures.courses(
        f"{name}-training",
        task,
        {f.contender.method: f.course for f in done},
        {f.contender.method: f.contender.paper for f in done},
    )


def fit(contender: Contender, data: TrainTest, task: str) -> Generator[Progress, None, Fitted]:
    """Train a contender with a record for each pass; measuring does not count as training time."""
    title, model = f"{task}, {contender.method}", contender.model
    yield Progress(title)
    course: list[tuple[float, float]] = []
    seconds, start = 0.0, time.perf_counter()
    for record in model.fit_epochs(data.train):
        seconds += time.perf_counter() - start
        if isinstance(record, Epoch):
            course.append((seconds, float(squared_error(model, data.test[:_WATCHED]).mean())))
        yield passed(model, record, title, f"test error {course[-1][1]:.4g}" if course else "")
        start = time.perf_counter()
    stop_if_interrupted(model)
    error = float(squared_error(model, data.test).mean())
    return Fitted(contender, np.array(course), seconds, error)


def result(task: str, fitted: Fitted) -> Result:
    """The line of a contender."""
    c = fitted.contender
    return Result(task, c.method, fitted.error, UNIT, c.paper, c.source, fitted.seconds, c.note)

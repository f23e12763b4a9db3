"""k-sparse autoencoders on MNIST, evaluated by a softmax regression on their features.

Makhzani & Frey 2014 (arXiv 2013), sections 2 and 4.4: 1000 linear units of which the k largest are kept, tied weights,
a linear output, squared error; k decreases to its value over the first half of the training, so that few units die.
The features of a row are its alpha k largest activations; the weights are frozen, and only a softmax layer learns the
digits. The paper's numbers are quoted from memory.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import numpy as np

from narrows.reproductions import pictures
from narrows.reproductions.experiment import Experiment, Progress, Record, Reproduction, Result, Setup
from narrows.reproductions.greedy import encoder_layer
from narrows.reproductions.kept_trainings import checkpoint_of_fit, seconds_before
from narrows.reproductions.paper_data import TrainTest, pixels
from narrows.reproductions.timed_fit import stop_if_interrupted

if TYPE_CHECKING:
    from narrows.estimators import SparseAutoencoder

N_UNITS, ALPHA = 1000, 3
PAPER = {40: 1.54, 25: 1.35, 10: 2.10}
"""k -> % wrong."""

_TASK, _UNIT, _SOURCE = "MNIST, fixed features", "% wrong", "Table 2, quoted from memory"
_FIRST_K, _N_STAGES = 100, 4  # k decreases from the first number in this many stages
_BATCH = 4096


def k_schedule(k: int) -> list[int]:
    """Return the numbers of active units before k is reached, in descending order; empty if k is large."""
    return sorted({int(n) for n in np.geomspace(_FIRST_K, k, _N_STAGES + 1) if n > k}, reverse=True)


def features(model: SparseAutoencoder, x: np.ndarray, n_active: int) -> np.ndarray:
    """Return the `n_active` largest activations of each row, all others 0: float32 (n, n_components)."""
    import torch

    from narrows.model import TopK

    code, network = TopK(min(n_active, model.n_components_)), model.network_
    with torch.inference_mode():
        return np.concatenate([code.point(network.encode(torch.from_numpy(rows))) for rows in _chunks(x)])


def _run(setup: Setup) -> Iterator[Record]:
    data = pixels("mnist").first(setup.rows(60_000, quick=10_000), setup.rows(10_000, quick=10_000))
    few = f"{len(data.train):,} of 60,000 training images" if setup.quick else ""
    _, wrong = yield from _softmax_error(data.train, data.test, data, setup, "raw pixels")
    yield Result(_TASK, "raw pixels", wrong, _UNIT, 7.20, _SOURCE, None, few)
    for k in (25,) if setup.quick else PAPER:
        method = f"k-sparse, k = {k}"
        model, seconds = yield from _fit(k, data.train, setup, f"{_TASK}: {method}")
        train, test = (features(model, x, ALPHA * k) for x in (data.train, data.test))
        classifying, wrong = yield from _softmax_error(train, test, data, setup, method)
        dead = int((train.max(axis=0) <= 0).sum())
        note = "; ".join(filter(None, (few, f"{dead} of {N_UNITS} units never active" if dead else "")))
        yield Result(_TASK, method, wrong, _UNIT, PAPER[k], _SOURCE, seconds + classifying, note)
        weight = encoder_layer(model).weight.detach().numpy()
        yield pictures.filters(f"filters-{k}", f"MNIST: weights of 100 of the 1000 units, k = {k}", weight[:100])


def _fit(k: int, x: np.ndarray, setup: Setup, title: str) -> Generator[Progress, None, tuple[SparseAutoencoder, float]]:
    """Return the autoencoder and its training time; half of the epochs decrease k, the other half keep it."""
    from narrows.estimators import SparseAutoencoder

    epochs = setup.epochs(20, quick=16)
    model = SparseAutoencoder(
        penalty=None,
        code="top-k",
        n_components=N_UNITS,
        hidden_layer_sizes=(),
        tied_weights=True,
        scale="none",
        output_activation="linear",
        loss="mse",
        optimizer="adam",
        batch_size=100 if setup.quick else 250,
        validation_fraction=0,
        early_stopping=False,
        warm_start=True,
        random_state=setup.seed,
    )
    stages = k_schedule(k)
    passes = [(n_kept, max(1, epochs // 2 // len(stages))) for n_kept in stages] + [(k, epochs - epochs // 2)]
    for n_kept, n in passes:
        model.set_params(k=n_kept, epochs=n)
        for _ in model.fit_epochs(x, checkpoint=checkpoint_of_fit()):
            words = f"loss {model.history_[-1].loss:.4g}, keeping {n_kept}"
            yield Progress(title, len(model.history_), sum(n for _, n in passes), words)
        stop_if_interrupted(model)
    return model, seconds_before(model)


def _softmax_error(
    train: np.ndarray, test: np.ndarray, data: TrainTest, setup: Setup, title: str
) -> Generator[Progress, None, tuple[float, float]]:
    """Return the training time of a softmax regression on features, and its error on the test rows in per cent."""
    import torch

    from narrows.model import MLP, Linear
    from narrows.reproductions.fine_tuning import fine_tune, percent_wrong

    assert data.train_labels is not None
    assert data.test_labels is not None
    generator = torch.Generator().manual_seed(setup.seed)
    scale = np.float32(1 / train.std())
    softmax = MLP([Linear(train.shape[1], 10)], "sigmoid", "linear")
    softmax.initialise(generator, 0.1)
    seconds = yield from fine_tune(
        softmax,
        train * scale,
        data.train_labels,
        epochs=setup.epochs(40, quick=40),
        generator=generator,
        title=f"{_TASK}: a softmax on {title}",
        batch_size=200,
    )
    return seconds, percent_wrong(softmax, test * scale, data.test_labels)


def _chunks(x: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(x), _BATCH):
        yield x[start : start + _BATCH]


REPRODUCTION = Reproduction(
    "makhzani2013",
    "Makhzani & Frey 2014, k-sparse autoencoders (ICLR; arXiv:1312.5663)",
    (Experiment("mnist", "k-sparse autoencoders on MNIST, a softmax on their features", _run),),
)

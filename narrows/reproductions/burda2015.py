"""A variational autoencoder with one stochastic layer on MNIST, and its likelihood of the test images.

Burda, Grosse & Salakhutdinov 2016 (arXiv 2015), section 5.1: 50 latent units, encoder and decoder of two layers of 200
tanh units, pixels binarised again whenever an image is used. The paper trained for 3,280 epochs of Adam in batches of
20; this reproduction trains for 300 epochs of Muon.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import numpy as np

from narrows.reproductions import pictures
from narrows.reproductions.experiment import Experiment, Progress, Record, Reproduction, Result, Setup
from narrows.reproductions.paper_data import pixels
from narrows.reproductions.timed_fit import fit_with_progress

if TYPE_CHECKING:
    from narrows.estimators import VariationalAutoencoder

LATENTS, HIDDEN = 50, (200, 200)
ACTIVE = 1e-2
"""A unit is active if the variance of its posterior mean over the images exceeds this (section 5.2)."""

_TASK, _METHOD, _SOURCE = "MNIST, dynamic binarisation", "VAE, one layer, k = 1", "Table 1"
_BATCH = 1000  # rows of the estimate; more do not fit into the processor's cache


def binarise(x: np.ndarray, seed: int) -> np.ndarray:
    """Return pixels (n, d) drawn as 0 or 1 with the probabilities `x`."""
    rng = np.random.default_rng(seed)
    return (rng.random(x.shape, np.float32) < x).astype(np.float32)


def active_units(codes: np.ndarray) -> int:
    """Return the number of active units, from posterior means (n, k)."""
    return int((codes.var(axis=0, dtype=np.float64) > ACTIVE).sum())


def _run(setup: Setup) -> Iterator[Record]:
    from narrows.estimators import VariationalAutoencoder
    from narrows.model import Binarised

    data = pixels("mnist").first(setup.rows(60_000, quick=10_000), setup.rows(10_000, quick=1000))
    k = 1000 if setup.quick else 5000
    test = binarise(data.test, setup.seed)
    model = VariationalAutoencoder(
        n_components=LATENTS,
        hidden_layer_sizes=HIDDEN,
        activation="tanh",
        scale="none",
        corruption=Binarised(),
        optimizer="muon",
        learning_rate=0.007,
        weight_decay=0.0,
        batch_size=100 if setup.quick else 500,
        epochs=setup.epochs(300, quick=60),
        validation_fraction=0,
        early_stopping=False,
        random_state=setup.seed,
    )
    seconds = yield from fit_with_progress(model, data.train, f"{_TASK}: VAE")
    few = f"{len(data.train):,} of 60,000 training and {len(test):,} of 10,000 test images; " if setup.quick else ""
    note = f"{few}{model.epochs_} epochs of Muon, the paper 3,280 of Adam"
    likelihoods = yield from _likelihoods(model, test, k)
    unit = f"NLL in nats, {k} samples"
    yield Result(_TASK, _METHOD, -float(likelihoods.mean()), unit, 86.76, _SOURCE, seconds, note)
    yield Result(_TASK, _METHOD, -float(model.score(test)), "-ELBO in nats", None, "", seconds, few.rstrip("; "))
    codes = model.transform(test)
    yield Result(_TASK, _METHOD, active_units(codes), f"active units of {LATENTS}", 19, _SOURCE, seconds)
    yield pictures.unit_variances("activity", codes.var(axis=0), ACTIVE)
    drawn = model.sample(100, random_state=setup.seed)
    yield pictures.grey_images("samples", "MNIST: images from the prior of the variational autoencoder", drawn)


def _likelihoods(model: VariationalAutoencoder, test: np.ndarray, k: int) -> Generator[Progress, None, np.ndarray]:
    """Estimate log p of each image (n,) in nats, with `k` samples from its posterior."""
    title, found = f"{_TASK}: likelihood of the test images", []
    for start in range(0, len(test), _BATCH):
        yield Progress(title, start, len(test))
        found.append(model.log_likelihood(test[start : start + _BATCH], k=k))
    yield Progress(title, len(test), len(test))
    return np.concatenate(found)


REPRODUCTION = Reproduction(
    "burda2015",
    "Burda, Grosse & Salakhutdinov 2016, Importance weighted autoencoders (ICLR; arXiv:1509.00519)",
    (Experiment("vae", "A variational autoencoder on MNIST, its test likelihood", _run),),
)

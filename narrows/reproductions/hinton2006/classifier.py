"""MNIST through 784-500-500-2000-10: pre-trained without labels, then fine-tuned with them."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from narrows.model import MLP, Linear
from narrows.reproductions.frame import Experiment, Progress, Record, Result, Setup
from narrows.reproductions.sets import Parts, pixels
from narrows.training import RBM, ContrastiveDivergence, train_rbm
from narrows.training.first_order import Adam
from narrows.training.flat import FlatParameters
from narrows.training.precision import product_dtype

SIZES = (784, 500, 500, 2000)
_TASK, _UNIT, _N_CLASSES = "MNIST, classes", "% wrong", 10
_BATCH, _RATE, _WIDEST = 100, 1e-3, 500 * 2000


def _run(setup: Setup) -> Iterator[Record]:
    data = pixels("mnist").first(setup.rows(60_000, quick=8000), setup.rows(10_000, quick=10_000))
    few = f"{len(data.train):,} of 60,000 training images; " if setup.quick else ""
    epochs = setup.epochs(30, quick=6)
    for method, layer_epochs, paper in (
        ("RBMs, then Adam", setup.epochs(50, quick=4), 1.2),
        ("Adam from random weights", 0, 1.6),
    ):
        generator = torch.Generator().manual_seed(setup.seed)
        network = MLP([Linear(n_in, n_out) for n_in, n_out in pairwise((*SIZES, _N_CLASSES))], "sigmoid", "linear")
        network.initialise(generator, 0.1)
        x = torch.from_numpy(data.train)
        seconds = 0.0
        if layer_epochs:
            seconds += yield from _pretrained(network, x, layer_epochs, generator)
        seconds += yield from _fine_tuned(network, x, data, epochs, generator, f"{_TASK}, {method}")
        note = few + ("the paper: conjugate gradients" if layer_epochs else "")
        yield Result(_TASK, method, 100 * _wrong(network, data), _UNIT, paper, "p. 507", seconds, note.rstrip("; "))


def _pretrained(network: MLP, x: Tensor, epochs: int, generator: torch.Generator) -> Generator[Progress, None, float]:
    """Write a stack of binary RBMs into all layers but the last; returns the seconds."""
    start, hidden = time.perf_counter(), network.linears[:-1]
    for i, layer in enumerate(hidden):
        rbm = RBM.drawn(layer.in_features, layer.out_features, generator=generator)
        how = ContrastiveDivergence(epochs=epochs)
        for record in train_rbm(rbm, x, how, generator=generator, layer=(i + 1, len(hidden))):
            words = f"layer {i + 1} of {len(hidden)}, error {record.error:.4g}"
            yield Progress(f"{_TASK}: pre-training", record.number, epochs, words)
        with torch.no_grad():
            layer.weight.copy_(rbm.weight)
            layer.bias.copy_(rbm.hidden_bias)
            x = torch.cat([rbm.hidden_mean(part) for part in x.split(8192)])
    return time.perf_counter() - start


def _fine_tuned(
    network: MLP, x: Tensor, data: Parts, epochs: int, generator: torch.Generator, title: str
) -> Generator[Progress, None, float]:
    """Train on the labels, the rate falling to zero; returns the seconds."""
    start = time.perf_counter()
    y = torch.from_numpy(np.asarray(data.train_labels, np.int64))
    flat = FlatParameters(list(network.parameters()))
    optimizer = Adam(flat.values, flat.gradients, weight_decay=0.0, decoupled=False)
    dtype = product_dtype("auto", x.device, rows=_BATCH, inputs=_WIDEST, outputs=1)
    n_batches = -(-len(x) // _BATCH)
    for epoch in range(epochs):
        total = 0.0
        with flat.attached():
            for i, rows in enumerate(torch.randperm(len(x), generator=generator).split(_BATCH)):
                flat.gradients.zero_()
                with torch.autocast("cpu", dtype, enabled=dtype is not torch.float32):
                    loss = cross_entropy(network(x[rows]).float(), y[rows])
                loss.backward()
                optimizer.step(_RATE * (1 - (epoch + i / n_batches) / epochs))
                total += loss.detach() * len(rows)
        yield Progress(title, epoch + 1, epochs, f"loss {float(total) / len(x):.4g}")
    return time.perf_counter() - start


@torch.no_grad()
def _wrong(network: MLP, data: Parts) -> float:
    """The share of test images that are given another class than theirs."""
    answers = torch.cat([network(part).argmax(1) for part in torch.from_numpy(data.test).split(4096)])
    return float((answers.numpy() != data.test_labels).mean())


CLASSIFIER = Experiment("classifier", "MNIST through 784-500-500-2000-10, to its classes", _run)

"""MNIST through 784-500-500-2000-10: pre-trained without labels, then fine-tuned with them."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from itertools import pairwise

import torch
from torch import Tensor

from narrows.model import MLP, Linear
from narrows.reproductions.experiment import Experiment, Progress, Record, Result, Setup
from narrows.reproductions.fine_tuning import fine_tune, percent_wrong
from narrows.reproductions.kept_trainings import KeptLoop, identity_of
from narrows.reproductions.paper_data import pixels
from narrows.training import RBM, ContrastiveDivergence, train_rbm
from narrows.training.run_state import overwrite

SIZES = (784, 500, 500, 2000)
_NAMES = ("weight", "visible", "hidden", "weight_velocity", "visible_velocity", "hidden_velocity")
_TASK, _UNIT, _N_CLASSES = "MNIST, classes", "% wrong", 10


def _run(setup: Setup) -> Iterator[Record]:
    data = pixels("mnist").first(setup.rows(60_000, quick=8000), setup.rows(10_000, quick=10_000))
    assert data.train_labels is not None
    assert data.test_labels is not None
    few = f"{len(data.train):,} of 60,000 training images; " if setup.quick else ""
    epochs = setup.epochs(30, quick=6)
    for method, layer_epochs, paper in (
        ("RBMs, then Adam", setup.epochs(50, quick=4), 1.2),
        ("Adam from random weights", 0, 1.6),
    ):
        generator = torch.Generator().manual_seed(setup.seed)
        network = MLP([Linear(n_in, n_out) for n_in, n_out in pairwise((*SIZES, _N_CLASSES))], "sigmoid", "linear")
        network.initialise(generator, 0.1)
        seconds = 0.0
        if layer_epochs:
            seconds += yield from _pretrained(network, torch.from_numpy(data.train), layer_epochs, generator)
        seconds += yield from fine_tune(
            network, data.train, data.train_labels, epochs=epochs, generator=generator, title=f"{_TASK}, {method}"
        )
        note = few + ("the paper: conjugate gradients" if layer_epochs else "")
        wrong = percent_wrong(network, data.test, data.test_labels)
        yield Result(_TASK, method, wrong, _UNIT, paper, "p. 507", seconds, note.rstrip("; "))


def _pretrained(network: MLP, x: Tensor, epochs: int, generator: torch.Generator) -> Generator[Progress, None, float]:
    """Pre-train all layers but the last as a stack of binary RBMs; returns the seconds."""
    start, hidden = time.perf_counter(), network.linears[:-1]
    for i, layer in enumerate(hidden):
        rbm = RBM.drawn(layer.in_features, layer.out_features, generator=generator)
        how = ContrastiveDivergence(epochs=epochs)
        velocity = [torch.zeros_like(rbm.weight), torch.zeros_like(rbm.visible_bias), torch.zeros_like(rbm.hidden_bias)]
        kept = KeptLoop(identity_of(x, layer=i, epochs=epochs))
        n_done = _restored(kept.state(), rbm, velocity, generator)
        layer_of = (i + 1, len(hidden))
        for record in train_rbm(rbm, x, how, generator=generator, layer=layer_of, velocity=velocity, n_done=n_done):
            kept.keep(
                lambda r=rbm, v=velocity, n=record.number: _state(r, v, generator, n), is_due=record.number == epochs
            )
            words = f"layer {i + 1} of {len(hidden)}, error {record.error:.4g}"
            yield Progress(f"{_TASK}: pre-training", record.number, epochs, words)
        with torch.no_grad():
            layer.weight.copy_(rbm.weight)
            layer.bias.copy_(rbm.hidden_bias)
            x = torch.cat([rbm.hidden_mean(part) for part in x.split(8192)])
    return time.perf_counter() - start


def _state(rbm: RBM, velocity: list[Tensor], generator: torch.Generator, n_done: int) -> dict[str, Tensor]:
    tensors = [rbm.weight, rbm.visible_bias, rbm.hidden_bias, *velocity]
    return {**dict(zip(_NAMES, tensors, strict=True)), "generator": generator.get_state(), "n": torch.tensor(n_done)}


def _restored(state: dict[str, Tensor] | None, rbm: RBM, velocity: list[Tensor], generator: torch.Generator) -> int:
    """Restore what `_state` returned, and return the number of epochs that are done."""
    if state is None:
        return 0
    tensors = [rbm.weight, rbm.visible_bias, rbm.hidden_bias, *velocity]
    overwrite(dict(zip(_NAMES, tensors, strict=True)), {name: state[name] for name in _NAMES})
    generator.set_state(state["generator"])
    return int(state["n"])


CLASSIFIER = Experiment("classifier", "MNIST through 784-500-500-2000-10, to its classes", _run)

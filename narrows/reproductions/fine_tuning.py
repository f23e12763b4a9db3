"""Supervised fine-tuning of sigmoid layers that were trained without labels."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from narrows.model import MLP, Linear
from narrows.reproductions.experiment import Progress
from narrows.reproductions.kept_trainings import KeptLoop, identity_of
from narrows.training.first_order import Adam
from narrows.training.flat_parameters import FlatParameters
from narrows.training.precision import product_dtype
from narrows.training.run_state import below, overwrite

_BATCH = 4096


def classifier(layers: Sequence[Linear], n_classes: int, generator: torch.Generator) -> MLP:
    """Return a classifier: copies of `layers`, each with a sigmoid, and a new output layer of logits."""
    sizes = [(layer.in_features, layer.out_features) for layer in layers]
    network = MLP([Linear(n_in, n_out) for n_in, n_out in [*sizes, (sizes[-1][1], n_classes)]], "sigmoid", "linear")
    network.initialise(generator, 0.1)
    with torch.no_grad():
        for new, old in zip(network.linears, layers, strict=False):
            new.weight.copy_(old.weight)
            new.bias.copy_(old.bias)
    return network


def fine_tune(
    network: MLP,
    x: np.ndarray,
    labels: np.ndarray,
    *,
    epochs: int,
    generator: torch.Generator,
    title: str,
    rate: float = 1e-3,
    batch_size: int = 100,
    weight_decay: float = 0.0,
) -> Generator[Progress, None, float]:
    """Train all layers by Adam on cross-entropy with a learning rate that falls to 0; returns the seconds.

    x : float32 (n, d). labels : (n,), from 0. weight_decay : decoupled (AdamW).
    """
    start = time.perf_counter()
    rows, classes = torch.from_numpy(x), torch.from_numpy(np.asarray(labels, np.int64))
    flat = FlatParameters(list(network.parameters()))
    optimizer = Adam(flat.values, flat.gradients, weight_decay=weight_decay, decoupled=True)
    widest = max(layer.in_features * layer.out_features for layer in network.linears)
    dtype = product_dtype("auto", rows.device, rows=batch_size, inputs=widest, outputs=1)
    n_batches = -(-len(rows) // batch_size)
    kept = KeptLoop(identity_of(x, classes, title=title, epochs=epochs, rate=rate, batch=batch_size))
    state, n_done, seconds = kept.state(), 0, 0.0
    if state is not None:
        n_done, seconds = int(state["n_done"]), float(state["seconds"])
        _restore(state, flat, optimizer, generator)
    for epoch in range(n_done, epochs):
        total = torch.zeros(())
        with flat.attached():
            for i, chosen in enumerate(torch.randperm(len(rows), generator=generator).split(batch_size)):
                flat.gradients.zero_()
                with torch.autocast("cpu", dtype, enabled=dtype is not torch.float32):
                    loss = cross_entropy(network(rows[chosen]).float(), classes[chosen])
                loss.backward()
                optimizer.step(rate * (1 - (epoch + i / n_batches) / epochs))
                total += loss.detach() * len(chosen)
        so_far = seconds + time.perf_counter() - start
        kept.keep(lambda n=epoch + 1, s=so_far: _state(n, s, flat, optimizer, generator), is_due=epoch + 1 == epochs)
        yield Progress(title, epoch + 1, epochs, f"loss {float(total) / len(rows):.4g}")
    return seconds + time.perf_counter() - start


def _state(
    n_done: int, seconds: float, flat: FlatParameters, optimizer: Adam, generator: torch.Generator
) -> dict[str, Tensor]:
    return {
        "n_done": torch.tensor(n_done),
        "seconds": torch.tensor(seconds, dtype=torch.float64),
        "values": flat.values.detach().clone(),
        "generator": generator.get_state(),
        **{f"optimizer.{name}": value for name, value in optimizer.state().items()},
    }


def _restore(state: dict[str, Tensor], flat: FlatParameters, optimizer: Adam, generator: torch.Generator) -> None:
    with flat.attached():
        overwrite({"values": flat.values}, {"values": state["values"]})
    optimizer.load(below(state, "optimizer."))
    generator.set_state(state["generator"])


@torch.inference_mode()
def percent_wrong(network: MLP, x: np.ndarray, labels: np.ndarray) -> float:
    """Return the percentage of misclassified rows."""
    predicted: list[Tensor] = [network(part).argmax(1) for part in torch.from_numpy(x).split(_BATCH)]
    return 100 * float((torch.cat(predicted).numpy() != labels).mean())

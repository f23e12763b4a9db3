"""3. What share of the machine's arithmetic does a training step of the deep net reach?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
import torch

from benchmarks.report import Report, bars, product_rate
from benchmarks.rounds import alternate, middle, seconds
from benchmarks.rows import pixels
from narrows import Autoencoder

_HIDDEN, _CODE, _BATCH = (1000, 500, 250), 30, 1000
_WIDTHS = (784, *_HIDDEN, _CODE, *_HIDDEN[::-1], 784)


def reports(rounds: int, quick: bool) -> list[Report]:
    """FLOP/s of the step, of its products alone, and of square products, in float32 and bfloat16."""
    x, _, _ = pixels(3000 if quick else 10_000)
    measured = measure("float32", x, rounds) | measure("bfloat16", x, rounds)
    rates = {name: middle(values) for name, values in measured.items()}

    def share(name: str, of: str) -> str:
        dtype = name.rsplit(", ", 1)[1]
        return f"{rates[name] / rates[of + ', ' + dtype]:.2f}"

    rows = [
        [
            name,
            f"{rate / 1e9:,.0f}",
            share(name, "the step's products alone"),
            share(name, "one product 1000 x 1000 x 1000"),
            share(name, "one product 2048 x 2048 x 2048"),
        ]
        for name, rate in rates.items()
    ]
    return [
        Report(
            "flops",
            "Deep net 784-1000-500-250-30, batch 1000: GFLOP/s reached",
            ("what", "GFLOP/s", "share of its products", "share of 1000³", "share of 2048³"),
            rows,
            {"flop_per_second": measured, "flop_per_row": _FLOP_PER_ROW},
            lambda axes: bars(axes, list(rates), [rate / 1e9 for rate in rates.values()], "GFLOP/s (more is better)"),
            (
                f"A row takes {_FLOP_PER_ROW / 1e6:.1f} million operations: two for each weight forwards, two "
                "for its gradient, two for the gradient of its input, which the first layer does not need.",
                "A step is all of a batch's work: gathering it, forward, loss, backward, Adam. Products alone write "
                "into kept memory that the caches hold.",
            ),
        )
    ]


def measure(precision: str, x: np.ndarray, rounds: int) -> dict[str, list[float]]:
    """Return the FLOP/s of the step, of its products alone, and of square products, in each round."""
    dtype = getattr(torch, precision)
    contenders: dict[str, Callable[[], float]] = {
        f"narrows' training step, {precision}": partial(_step, x, precision),
        f"the step's products alone, {precision}": _products(dtype),
        f"one product 1000 x 1000 x 1000, {precision}": partial(product_rate, 1000, dtype),
        f"one product 2048 x 2048 x 2048, {precision}": partial(product_rate, 2048, dtype),
    }
    return alternate(contenders, rounds)


_FLOP_PER_ROW = sum(6 * a * b for a, b in pairwise(_WIDTHS)) - 2 * _WIDTHS[0] * _WIDTHS[1]


def _step(x: object, precision: str) -> float:
    model = Autoencoder(
        hidden_layer_sizes=_HIDDEN,
        n_components=_CODE,
        activation="relu",
        optimizer="adam",
        batch_size=_BATCH,
        precision=precision,
        epochs=4,
        validation_fraction=0.0,
        early_stopping=False,
        random_state=0,
    ).fit(x)
    return middle([epoch.rows_per_second for epoch in model.history_[1:]]) * _FLOP_PER_ROW


def _products(dtype: torch.dtype) -> Callable[[], float]:
    weights = [torch.randn(b, a).to(dtype) for a, b in pairwise(_WIDTHS)]
    values = [torch.randn(_BATCH, width).to(dtype) for width in _WIDTHS]
    answers = [torch.empty_like(value) for value in values]
    gradients = [torch.empty_like(weight) for weight in weights]

    def once() -> None:
        for i, weight in enumerate(weights):
            torch.mm(values[i], weight.t(), out=answers[i + 1])
        for i in reversed(range(len(weights))):
            torch.mm(values[i + 1].t(), values[i], out=gradients[i])
            if i:
                torch.mm(values[i + 1], weights[i], out=answers[i])

    return lambda: _FLOP_PER_ROW * _BATCH / middle(seconds(once, 10))

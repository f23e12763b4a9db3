"""Rows per second, training and scoring, beside a textbook PyTorch loop on the same network.

    make bench

Contenders alternate in one run; medians of five are printed, and the ratio within each pair: machines are noisy.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time

import numpy as np
import torch
from torch import nn

from narrows import Autoencoder

# name: columns, hidden layers, components, batch, rows
NETS = {
    "table 30-64-32-8": (30, (64, 32), 8, 128, 20_000),
    "middle 784-128-32": (784, (128,), 32, 128, 20_000),
    "deep 784-1000-500-250-30": (784, (1000, 500, 250), 30, 1000, 10_000),
}
REPEATS = 5


def textbook(x: np.ndarray, sizes: list[int], batch: int) -> float:
    """Seconds of one epoch of the loop that tutorials copy: DataLoader, Adam, `.item()` in every step."""
    widths = sizes + sizes[-2::-1]
    layers: list[nn.Module] = []
    for a, b in itertools.pairwise(widths):
        layers += [nn.Linear(a, b), nn.SiLU()]
    model = nn.Sequential(*layers[:-1], nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters())
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(x))
    loader = torch.utils.data.DataLoader(dataset, batch_size=batch, shuffle=True)
    start = time.perf_counter()
    total = 0.0
    for (rows,) in loader:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(rows), rows)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return time.perf_counter() - start


def narrows_epoch(
    x: np.ndarray, hidden: tuple[int, ...], k: int, batch: int, optimizer: str
) -> tuple[float, Autoencoder]:
    """Seconds of one epoch of ours."""
    model = Autoencoder(
        hidden_layer_sizes=hidden,
        n_components=k,
        batch_size=batch,
        epochs=1,
        optimizer=optimizer,
        validation_fraction=0.0,
        random_state=0,
    ).fit(x)
    return len(x) / model.history_[0].rows_per_second, model


def scoring(model: Autoencoder, x: np.ndarray) -> float:
    """Seconds to score every row."""
    start = time.perf_counter()
    model.reconstruction_error(x)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--optimizers", default="adam,muon")
    arguments = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}")
    heads = ("narrows rows/s", "textbook rows/s", "ratio", "scoring rows/s")
    print(f"{'network':26} {'optimizer':10}" + "".join(f"{head:>17}" for head in heads))
    for name, (d, hidden, k, batch, n) in NETS.items():
        x = np.random.default_rng(0).random((n, d), dtype=np.float32)
        for optimizer in arguments.optimizers.split(","):
            ours, theirs, scores = [], [], []
            for _ in range(REPEATS):
                seconds, model = narrows_epoch(x, hidden, k, batch, optimizer)
                ours.append(seconds)
                theirs.append(textbook(x, [d, *hidden, k], batch))
                scores.append(scoring(model, x))
            ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
            fast, slow, score = (n / statistics.median(seconds) for seconds in (ours, theirs, scores))
            print(f"{name:26} {optimizer:10}{fast:17,.0f}{slow:17,.0f}{ratio:17.2f}{score:17,.0f}", flush=True)


if __name__ == "__main__":
    main()

"""How many cores a step is worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from narrows.model import AutoencoderNetwork

_OPERATIONS_PER_THREAD = 1e8


def threads_for(network: AutoencoderNetwork, batch_size: int) -> int:
    """Threads for one training step on the CPU, at most as many as torch has now.

    Below about a tenth of a billion operations each, threads wait for one another longer than they work; on a
    machine where other programs run, many times longer.
    """
    operations = 6 * batch_size * sum(multiply_adds(network))
    return max(1, min(torch.get_num_threads(), round(operations / _OPERATIONS_PER_THREAD)))


def multiply_adds(network: AutoencoderNetwork) -> list[int]:
    """How many multiplications one row takes for each parameter of a network, forwards."""
    positions = 1
    if network.image_shape is not None:
        height, width, _ = network.image_shape
        positions = -(-height * width // 4)  # a kernel is applied once for each output of its first stride
    return [p.numel() * (positions if p.ndim == 4 else 1) for p in network.parameters()]


@contextmanager
def limited_threads(n: int) -> Iterator[None]:
    """Run with `n` threads, and put the number back."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)

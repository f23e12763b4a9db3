"""The arithmetic of a training step: the number of threads, and the products that run in bfloat16."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from narrows.model import AutoencoderNetwork
from narrows.training.bfloat16 import bfloat16_pays

PRECISIONS = ("auto", "float32", "bfloat16")

OPERATIONS_PER_THREAD = 1e8
# Multiply-adds below which a bfloat16 product gains nothing: its call alone takes as long.
_WORTH_IT = 30_000_000


def product_dtype(precision: str, device: torch.device, *, rows: int, inputs: int, outputs: int) -> torch.dtype:
    """Return the type in which rows of `inputs` floats are multiplied into `outputs`, forwards and backwards.

    precision : "float32"; "bfloat16", wherever the product is large enough to gain; "auto", the same where
        `bfloat16_pays`.
    """
    if precision == "float32" or rows * inputs * outputs < _WORTH_IT:
        return torch.float32
    return torch.bfloat16 if precision == "bfloat16" or bfloat16_pays(device) else torch.float32


def threads_for(network: AutoencoderNetwork, batch_size: int) -> int:
    """Return the number of threads for one training step on the CPU, at most as many as torch has now.

    Below about a tenth of a billion operations each, threads wait for one another longer than they work; on a
    machine where other programs run, many times longer.
    """
    operations = 6 * batch_size * sum(multiply_adds(network))
    return max(1, min(torch.get_num_threads(), round(operations / OPERATIONS_PER_THREAD)))


def multiply_adds(network: AutoencoderNetwork) -> list[int]:
    """Return the multiplications of one row for each parameter of a network in a forward pass."""
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

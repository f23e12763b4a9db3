"""Standard normal noise that depends only on the values of a row and a counter.

Scores need draws from the posterior. Taken from here, a row has the same score in every call and in every
company, and the draws of different rows are still independent.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

# Odd constants of splitmix64 (Steele, Lea & Flood 2014), as signed 64-bit numbers.
_GOLDEN = 0x9E3779B97F4A7C15 - 2**64
_MIX_1 = 0xBF58476D1CE4E5B9 - 2**64
_MIX_2 = 0x94D049BB133111EB - 2**64


class RowNoise:
    """Noise for rows x, float32 of shape (n, d); `draw(i)` returns draw number i, of shape (n, width)."""

    def __init__(self, x: Tensor, width: int, *, stream: int) -> None:
        places = torch.arange(1, x.shape[1] + 1, device=x.device)
        # +0.0 makes a negative zero the zero that it equals.
        bits = (x + 0.0).contiguous().view(torch.int32).long()
        self._keys = _mix((bits * _mix(places + (stream << 32))).sum(dim=1))[:, None]
        self._width = width

    def draw(self, i: int) -> Tensor:
        """Return noise that is independent for every row, `i` and component."""
        counters = torch.arange(1, self._width + 1, device=self._keys.device) + i * self._width
        words = _mix(self._keys + counters * _GOLDEN)
        uniform = (_shift(words, 11).double() + 0.5) * 2.0**-53
        return (math.sqrt(2) * torch.erfinv(2 * uniform - 1)).float()


def _mix(words: Tensor) -> Tensor:
    """Return the finaliser of splitmix64, in which every bit of the input changes about half of the output's."""
    words = (words ^ _shift(words, 30)) * _MIX_1
    words = (words ^ _shift(words, 27)) * _MIX_2
    return words ^ _shift(words, 31)


def _shift(words: Tensor, n: int) -> Tensor:
    """Return the logical right shift; that of torch keeps the sign."""
    return (words >> n) & ((1 << (64 - n)) - 1)

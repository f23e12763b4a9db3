"""Which products of a training step run in bfloat16."""

from __future__ import annotations

import torch

PRECISIONS = ("auto", "float32", "bfloat16")

# Multiply-adds below which a bfloat16 product gains nothing: its call alone takes as long.
_WORTH_IT = 30_000_000


def bfloat16_pays(device: torch.device) -> bool:
    """Whether the processor multiplies bfloat16 in hardware, several times faster than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # Asked by name, since these are not public; a torch without them gets float32.
    asked = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return device.type == "cpu" and any(supported is not None and supported() for supported in asked)


def product_dtype(precision: str, device: torch.device, *, rows: int, inputs: int, outputs: int) -> torch.dtype:
    """The type in which rows of `inputs` floats are multiplied into `outputs`, forwards and backwards.

    precision : "float32"; "bfloat16", wherever the product is large enough to gain; "auto", the same on a
        processor that has bfloat16 in hardware.
    """
    if precision == "float32" or rows * inputs * outputs < _WORTH_IT:
        return torch.float32
    return torch.bfloat16 if precision == "bfloat16" or bfloat16_pays(device) else torch.float32

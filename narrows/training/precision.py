"""The type of matrix products: bfloat16 where it is faster than float32, by the kind of processor, or measured once."""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

from narrows.machine import cache_folder, cpu_flags, cpu_info, processor

PRECISIONS = ("auto", "float32", "bfloat16")

# Multiply-adds from which on a bfloat16 product gains more than its call and its conversions take: where a product has
# nothing to set up (AMD's instructions), and where it has (AMX's tiles).
_FEW, _MANY = 4_000_000, 30_000_000
# Weights of a convolution kernel from which on it gains where no AMX does the products: 16 x 32 channels lose 5 %,
# 32 x 64 channels gain 15 %, at every batch size.
_WIDE_KERNEL = 10_000
_ROUNDS, _MOST_SECONDS = 5, 0.2
_LARGE, _SMALL = (1000, 784, 1000), (128, 256, 128)  # rows, inputs, outputs of a layer
_GAIN = 1.25  # the conversions of the operands take part of what the product saves


@dataclass(frozen=True)
class Bfloat16:
    """Whether bfloat16 products are faster on a device, and how that is known.

    Parameters
    ----------
    pays : bool
        For large products.
    reason : str
    smallest : int
        Multiply-adds from which on a product is large.
    smallest_kernel : int
        Weights from which on a convolution is.
    """

    pays: bool
    reason: str
    smallest: int = _MANY
    smallest_kernel: int = _WIDE_KERNEL


def product_dtype(
    precision: str, device: torch.device, *, rows: int, inputs: int, outputs: int, kernel: int | None = None
) -> torch.dtype:
    """Return the type in which rows of `inputs` floats are multiplied into `outputs`, forwards and backwards.

    precision : "float32"; "bfloat16", wherever the product is large enough to gain; "auto", the same where
        `bfloat16_pays`.
    kernel : weights of the largest kernel of a network with convolutions.
    """
    if precision == "float32" or not is_large(rows * inputs * outputs, device):
        return torch.float32
    if precision == "bfloat16":
        return torch.bfloat16
    is_narrow = kernel is not None and kernel < bfloat16_on(device).smallest_kernel
    return torch.bfloat16 if bfloat16_pays(device) and not is_narrow else torch.float32


def is_large(multiply_adds: int, device: torch.device) -> bool:
    """Return whether a product of this size gains by bfloat16, where large ones do."""
    return multiply_adds >= _FEW and multiply_adds >= bfloat16_on(device).smallest


def bfloat16_pays(device: torch.device) -> bool:
    """Return whether the device multiplies bfloat16 clearly faster than float32."""
    return bfloat16_on(device).pays


def bfloat16_on(device: torch.device) -> Bfloat16:
    """Decide for a device: CUDA with bfloat16 and AMX, and AMD's AVX-512 BF16, pay; Intel's without AMX does not.

    Processors of other kinds that have bfloat16 instructions are measured with a large and a small product, once for
    each processor, version of torch and number of threads; the result is kept in ``bfloat16.json`` of the cache folder.
    """
    if device.type == "cuda":
        pays = torch.cuda.is_bf16_supported(including_emulation=False)
        return Bfloat16(
            pays, "the GPU computes in bfloat16" if pays else "the GPU only emulates bfloat16", smallest_kernel=0
        )
    if device.type != "cpu":
        return Bfloat16(False, f"not tried on {device.type}")
    # Looked up by name, since these are not public.
    amx, avx512 = (_torch_says(name) for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"))
    if amx:
        return Bfloat16(True, "a processor with AMX", smallest_kernel=0)
    vendor = cpu_info().get("vendor_id", "")
    if avx512 and vendor == "AuthenticAMD":
        return Bfloat16(True, "an AMD processor with AVX512_BF16", _FEW)
    if vendor == "GenuineIntel":
        return Bfloat16(False, "an Intel processor without AMX, which multiplies float32 faster")
    if avx512 or _may_have_bfloat16():
        return _measured(torch.get_num_threads())
    return Bfloat16(False, "a processor without bfloat16 products")


def _torch_says(name: str) -> bool:
    supported = getattr(torch.cpu, name, None)
    return supported is not None and bool(supported())


def _may_have_bfloat16() -> bool:
    """Return whether an ARM processor has bfloat16 instructions; on macOS, which does not say, all may have them."""
    return "bf16" in cpu_flags() or (platform.system() == "Darwin" and platform.machine() == "arm64")


@cache
def _measured(n_threads: int) -> Bfloat16:
    """Return the result of an earlier process, or measure and keep it."""
    key = f"{processor()}, torch {torch.__version__}, {n_threads} threads"
    path = cache_folder() / "bfloat16.json"
    try:
        large, small = map(float, json.loads(path.read_text("utf-8"))[key])
    except (OSError, ValueError, KeyError, TypeError):
        large, small = ratios = measured_ratios()
        _keep(path, key, ratios)
    reason = f"measured: {large:.2g} times the speed of float32, {small:.2g} times for small products"
    return Bfloat16(large >= _GAIN, reason, _FEW if min(large, small) >= _GAIN else _MANY)


def _keep(path: Path, key: str, ratios: tuple[float, float]) -> None:
    """Add ratios to the file; a folder that cannot be written only means to measure again."""
    try:
        try:
            kept = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            kept = {}
        kept = {**(kept if isinstance(kept, dict) else {}), key: [round(ratio, 3) for ratio in ratios]}
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        partial.write_text(json.dumps(kept, indent=1), "utf-8")
        os.replace(partial, path)
    except OSError:
        pass


def measured_ratios() -> tuple[float, float]:
    """Return how many times as fast as in float32 a layer multiplies in bfloat16: a large one, and a small one."""
    return _ratio(*_LARGE), _ratio(*_SMALL)


def _ratio(rows: int, inputs: int, outputs: int) -> float:
    """Return the time of a product in float32 over that in bfloat16 with its conversions; best of alternated rounds."""
    generator = torch.Generator().manual_seed(0)
    x, weight = torch.rand(rows, inputs, generator=generator), torch.rand(inputs, outputs, generator=generator)
    low = torch.bfloat16

    def in_bfloat16() -> None:
        torch.mm(x.to(low), weight.to(low)).float()

    ways = (lambda: torch.mm(x, weight), in_bfloat16)
    best = [float("inf")] * 2
    with torch.inference_mode():
        for way in ways:
            way()  # the first product sets the kernel up
        end = time.perf_counter() + _MOST_SECONDS
        for _ in range(_ROUNDS):
            for i, way in enumerate(ways):
                start = time.perf_counter()
                way()
                best[i] = min(best[i], time.perf_counter() - start)
            if time.perf_counter() > end:
                break
    return best[0] / best[1]

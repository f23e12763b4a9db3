"""What the numbers were measured on."""

from __future__ import annotations

import datetime
import platform
from pathlib import Path

import torch


def describe_machine() -> dict[str, str | int]:
    """Processor, cores, threads and versions, for the head of every table."""
    return {
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "date": datetime.date.today().isoformat(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")]
    features = [name for name in ("amx_bf16", "avx512_bf16", "avx512f", "avx2") if name in text]
    return f"{names[0] if names else platform.processor()} ({features[0] if features else 'no vector unit known'})"

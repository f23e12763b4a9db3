"""Description of the machine on which results were measured."""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path

from narrows.version import __version__


def machine() -> dict[str, str | int]:
    """Return processor, cores, threads, versions and date."""
    import numpy as np
    import sklearn
    import torch

    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "threads": torch.get_num_threads(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "narrows": __version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
        "date": datetime.date.today().isoformat(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")]
    features = [name for name in ("amx_bf16", "avx512_bf16", "avx512f", "avx2") if name in text]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name} ({features[0]})" if features else name

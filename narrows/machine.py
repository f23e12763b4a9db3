"""This machine: processor, cores, versions, and the cache folder."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from narrows.version import __version__

CPUINFO, CGROUP = Path("/proc/cpuinfo"), Path("/sys/fs/cgroup")
# memory limits of a container on Linux
MEMORY_LIMITS = (CGROUP / "memory.max", CGROUP / "memory/memory.limit_in_bytes")
# Long enough for the next product of a training to come, on a quiet machine.
_SPINS = 10_000
_FEATURES = ("amx_bf16", "avx512_bf16", "avx512f", "avx2", "sve", "bf16")


def machine() -> dict[str, str | int]:
    """Return processor, cores, threads, versions and date."""
    import datetime
    import platform

    import numpy as np
    import sklearn
    import torch

    return {
        "processor": processor(),
        "cores": available_cores(),
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


def processor() -> str:
    """Return the model of the processor, with its best vector instructions in parentheses."""
    import platform

    found = cpu_info()
    name = found.get("model name") or platform.processor() or platform.machine()
    flags = cpu_flags()
    features = [feature for feature in _FEATURES if feature in flags]
    return f"{name} ({features[0]})" if features else name


def cpu_flags() -> set[str]:
    """Return the instruction sets of the processor by Linux's names; empty on other systems."""
    found = cpu_info()
    return set((found.get("flags") or found.get("Features") or "").split())


@cache
def cpu_info() -> dict[str, str]:
    """Return the fields of the first processor in /proc/cpuinfo; empty where there is no such file."""
    try:
        lines = CPUINFO.read_text().split("\n\n", 1)[0].splitlines()
    except OSError:
        return {}
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def let_threads_sleep() -> None:
    """Set OpenMP's wait policy to sleep unless the user has set one; call it before torch is imported.

    A thread of GNU OpenMP spins for a millisecond or more, on a core that another program, or the thread it waits for,
    could use: next to two busy programs, two threads then train up to a hundred times more slowly than one.
    """
    if "torch" not in sys.modules and not os.environ.keys() & {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}:
        os.environ["GOMP_SPINCOUNT"] = str(_SPINS)


def available_cores() -> int:
    """Return the number of cores that this process may use: by its affinity, and by the quota of its control group."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        cores = os.cpu_count() or 1
    quota = _cgroup_quota()
    return cores if quota is None else max(1, min(cores, round(quota)))


def _cgroup_quota() -> float | None:
    """Return the cores that the control group of this process allows, version 2 or 1; None without a limit."""
    try:
        limit, period = (CGROUP / "cpu.max").read_text().split()
        return None if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError):
        pass
    try:
        limit, period = ((CGROUP / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return None if int(limit) <= 0 else int(limit) / int(period)
    except (OSError, ValueError):
        return None


def memory() -> int:
    """Return the memory of this machine or container in bytes; a very large number if it is not known."""
    found = [1 << 62]
    with suppress(AttributeError, ValueError, OSError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for limit in MEMORY_LIMITS:
        with suppress(ValueError, OSError):  # "max" means no limit
            found.append(int(limit.read_text()))
    return min(found)


def cache_folder() -> Path:
    """Return the folder of downloaded datasets and of measurements: ``$NARROWS_CACHE``, else the user's."""
    if own := os.environ.get("NARROWS_CACHE"):
        return Path(own)
    if xdg := os.environ.get("XDG_CACHE_HOME"):
        return Path(xdg) / "narrows"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "narrows" / "Cache"
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "narrows"

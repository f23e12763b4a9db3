"""The machine and the arithmetic of trainings on it, for people and for benchmarks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from narrows.machine import cache_folder, machine
from narrows.training import bfloat16_on


def machine_report() -> dict[str, Any]:
    """Return the facts of `machine`, the load, how threads wait, the precision of large products, and the cache folder.

    load : programs that ran or waited for a core in the last minute; None where the system does not say.
    waiting_threads : "spin briefly", "spin" (which takes a core that another program could use) or "sleep".
    precision, precision_reason : of large matrix products with ``precision="auto"``, and why.
    """
    bfloat16 = bfloat16_on(torch.device("cpu"))
    return {
        **machine(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "waiting_threads": _waiting(),
        "precision": "bfloat16" if bfloat16.pays else "float32",
        "precision_reason": bfloat16.reason,
        "cache_folder": str(cache_folder()),
        "cache_is_writable": _is_writable(cache_folder()),
    }


def _waiting() -> str:
    """Return how threads of GNU OpenMP wait, by the settings that it read when torch was loaded."""
    policy = os.environ.get("OMP_WAIT_POLICY", "").upper()
    if policy in ("ACTIVE", "PASSIVE"):
        return {"ACTIVE": "spin", "PASSIVE": "sleep"}[policy]
    return "spin briefly" if "GOMP_SPINCOUNT" in os.environ else "spin"


def _is_writable(folder: Path) -> bool:
    """Return whether the folder, or the nearest one above it that exists, can be written."""
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK)

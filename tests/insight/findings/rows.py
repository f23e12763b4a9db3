"""Rows and evidence for the tests of the findings."""

from __future__ import annotations

from typing import Any

import numpy as np

from narrows import Autoencoder
from narrows.data import as_rows
from narrows.insight.findings import (
    Evidence,
)

_RNG = np.random.default_rng(0)
ROWS = (_RNG.standard_normal((400, 3)) @ _RNG.standard_normal((3, 8))).astype(np.float32)
"""400 rows of eight columns and three factors."""


def evidence(model: Autoencoder, rows: Any = ROWS) -> Evidence:
    floats = model.schema_.encode(as_rows(rows))
    return Evidence(model, floats[:200], floats[200:], known_is_training=True)

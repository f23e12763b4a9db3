"""Imports of every training: workers are forked from a process that has imported this module.

No import computes or starts a thread, except the allocator of Arrow, so that forking is safe.
"""

from __future__ import annotations

import os
import signal
import warnings

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # or NumPy and SciPy start threads at import
signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of the group; the server ends them
warnings.simplefilter("ignore")

import sklearn.datasets  # noqa: E402, F401
import torch  # noqa: E402, F401

import narrows.apps.lab.run_settings  # noqa: E402
import narrows.estimators  # noqa: E402
import narrows.insight.payloads  # noqa: E402, F401

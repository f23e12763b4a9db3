"""What every training needs, imported ahead of it: workers are forked from a process that has imported this module.

Nothing here computes or, Arrow's allocator apart, starts a thread, so that a fork is safe.
"""

from __future__ import annotations

import os
import signal
import warnings

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # else NumPy and SciPy start threads as they are imported
signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the server says when to end
warnings.simplefilter("ignore")

import sklearn.datasets  # noqa: E402, F401
import torch  # noqa: E402, F401

import narrows.apps.lab.run_settings  # noqa: E402
import narrows.estimators  # noqa: E402
import narrows.insight.payloads  # noqa: E402, F401

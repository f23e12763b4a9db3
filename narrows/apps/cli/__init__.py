"""The command line, such as `narrows fit mnist -o m`.

No module here imports NumPy, PyTorch or scikit-learn before work begins, so that `narrows --help` is fast.
"""

from __future__ import annotations

from narrows.apps.cli.app import main

__all__ = ["main"]

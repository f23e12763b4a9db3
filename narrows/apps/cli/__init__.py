"""The command line: `narrows fit mnist -o m`, and what follows from it.

No module here imports NumPy, torch or scikit-learn before work begins, so that `narrows --help` answers at once.
"""

from __future__ import annotations

from narrows.apps.cli.app import main

__all__ = ["main"]

"""`python -m narrows` is the command `narrows`."""

from __future__ import annotations

import sys

from narrows.apps.cli import main

if __name__ == "__main__":
    sys.exit(main())

"""The version of narrows; below every other module, so that each may read it."""

__version__ = "0.1.0"

"""The report: one HTML file, readable offline, that says what a model learned."""

from narrows.apps.report.page import report

__all__ = ["report"]

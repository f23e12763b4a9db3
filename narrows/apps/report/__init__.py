"""The report: one HTML file about a fitted model, readable offline."""

from narrows.apps.report.page import report

__all__ = ["report"]

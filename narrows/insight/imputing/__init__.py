"""Missing cells filled by the method that fills hidden cells best, measured column by column."""

from __future__ import annotations

from narrows.insight.imputing.imputation import Imputation, impute
from narrows.insight.imputing.report import ColumnScores, ImputationReport, hidden_cells, imputation_report

__all__ = ["ColumnScores", "Imputation", "ImputationReport", "hidden_cells", "imputation_report", "impute"]

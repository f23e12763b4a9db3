"""Missing cells filled by the method that fills hidden cells best, measured column by column."""

from __future__ import annotations

from narrows.insight.imputing.imputation import Imputation, check_imputing, impute, impute_rows
from narrows.insight.imputing.report import ColumnScores, ImputationReport

__all__ = ["ColumnScores", "Imputation", "ImputationReport", "check_imputing", "impute", "impute_rows"]

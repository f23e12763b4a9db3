"""Anomaly detection: scores, thresholds with error guarantees, and explanations."""

from narrows.estimators.anomaly.detector import AnomalyDetector
from narrows.estimators.anomaly.explanations import Reason, plain_value
from narrows.estimators.anomaly.score_file import ScoreFile
from narrows.estimators.anomaly.surprise import Surprise, above_all, explain_reconstruction, surprise
from narrows.estimators.anomaly.thresholds import benjamini_hochberg, p_values
from narrows.estimators.anomaly.verdicts import verdicts_in_files

__all__ = [
    "AnomalyDetector",
    "Reason",
    "ScoreFile",
    "Surprise",
    "above_all",
    "benjamini_hochberg",
    "explain_reconstruction",
    "p_values",
    "plain_value",
    "surprise",
    "verdicts_in_files",
]

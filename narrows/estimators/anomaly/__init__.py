"""Anomaly detection: scores, thresholds with error guarantees, and explanations."""

from narrows.estimators.anomaly.detector import AnomalyDetector
from narrows.estimators.anomaly.explanations import Reason, plain_value
from narrows.estimators.anomaly.surprise import Surprise, above_all, explain_reconstruction, surprise
from narrows.estimators.anomaly.thresholds import benjamini_hochberg, p_values

__all__ = [
    "AnomalyDetector",
    "Reason",
    "Surprise",
    "above_all",
    "benjamini_hochberg",
    "explain_reconstruction",
    "p_values",
    "plain_value",
    "surprise",
]

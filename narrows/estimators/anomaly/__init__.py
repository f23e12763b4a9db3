"""Anomaly detection: scores, thresholds that keep their promise, and reasons."""

from narrows.estimators.anomaly.detector import AnomalyDetector
from narrows.estimators.anomaly.reasons import Reason, explain_reconstruction, plain_value, surprise
from narrows.estimators.anomaly.thresholds import benjamini_hochberg, p_values

__all__ = [
    "AnomalyDetector",
    "Reason",
    "benjamini_hochberg",
    "explain_reconstruction",
    "p_values",
    "plain_value",
    "surprise",
]

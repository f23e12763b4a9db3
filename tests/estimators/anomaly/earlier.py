"""The default detector of a table as earlier versions fitted it, which saved ones still are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from narrows import AnomalyDetector, Autoencoder
from narrows.data import Schema, as_rows
from narrows.estimators.anomaly.default_scorer import DefaultScorer
from narrows.estimators.anomaly.detector_state import Scoring


def earlier_detector(X: Any) -> AnomalyDetector:
    """Return a fitted detector whose score is the larger of reconstruction and distance."""
    small = Autoencoder(epochs=1, hidden_layer_sizes=(2,), n_components=1, device="cpu")
    detector = AnomalyDetector(small, random_state=0).fit(X)
    rows = as_rows(X)
    schema = Schema.learn(rows, scale="standard")
    floats, every = schema.encode(rows), np.arange(len(rows))
    scorer, parts = DefaultScorer.fit(floats, every, near=every, n_members=8, trim=0.2, seed=0)
    scoring = Scoring(schema, scorer, scorer.combination(parts, floats))
    scores = scoring.combination.combined(parts)
    scoring = replace(scoring, change=float(scores.max() - np.median(scores)))
    detector._state = replace(detector.state_, scoring=scoring, decision_scores=scores + scoring.of_cells(rows))
    return detector

"""The files of a saved detector, with one additional folder for each autoencoder of the user."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from torch import Tensor

from narrows.data import Schema
from narrows.data.kinds import Category
from narrows.errors import ModelDamagedError, ModelVersionError
from narrows.estimators.anomaly.alarm_rules import AlarmRule
from narrows.estimators.anomaly.calibration import Calibration
from narrows.estimators.anomaly.default_scorer import DefaultScorer
from narrows.estimators.anomaly.detector_state import DetectorState, Scoring
from narrows.estimators.anomaly.estimator_scorer import EstimatorScorer, Score, check_likelihood
from narrows.estimators.anomaly.regime import Regime
from narrows.estimators.anomaly.scorer import Scorer
from narrows.estimators.anomaly.table_scorer import TableScorer
from narrows.estimators.anomaly.tails import Combination, ScaledParts
from narrows.estimators.autoencoder import Autoencoder
from narrows.estimators.saving import saved_values
from narrows.estimators.saving.card_front_matter import front_matter
from narrows.estimators.saving.model_folder import MEMBER_PREFIX, seal, versions
from narrows.estimators.saving.persistence import describe

_LEAST_UNIT = 1e-30  # of a score; those of a fit are from 1e-9


def files_of(estimator: str, params: Mapping[str, Any], state: DetectorState) -> dict[str, bytes]:
    """Return the files of a fitted detector by name.

    Parameters
    ----------
    estimator : str
        Class name.
    params : mapping
        Constructor parameters.
    state : DetectorState
    """
    scoring, scorer = state.scoring, state.scoring.scorer
    arrays = {
        "decision_scores_": state.decision_scores,
        "calibration_scores_": state.calibration.scores,
        "labels_": state.labels.astype(np.int64),
    }
    if state.calibration.weight is not None:
        arrays["calibration_weight_"] = state.calibration.weight
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
    tensors |= {f"schema.{name}": torch.from_numpy(array.copy()) for name, array in scoring.schema.arrays().items()}
    if isinstance(scoring.combination, ScaledParts):
        tensors["scale_"] = torch.from_numpy(np.ascontiguousarray(scoring.combination.scale))
    if len(scoring.unknown):
        tensors["unknown_"] = torch.from_numpy(scoring.unknown)
    tensors |= {f"scorer.{name}": value for name, value in scorer.tensors().items()}
    fitted = {
        "threshold_": state.threshold,
        "offset_": state.offset,
        "change_": scoring.change,
        **({"linear_": scoring.combination.linear} if isinstance(scoring.combination, ScaledParts) else {}),
        "seed_": state.seed,
        "n_features_in_": scoring.schema.n_columns,
    }
    regime = {} if state.regime is None else {"regime_": state.regime.to_dict()}
    about = {
        "estimator": estimator,
        "parameters": {_saved_name(name): describe(value) for name, value in params.items() if name != "estimator"},
        "fitted": {name: describe(value) for name, value in fitted.items()} | dict(scorer.facts()) | regime,
        "schema": scoring.schema.describe(),
    }
    files = {
        f"{MEMBER_PREFIX}{i}/{name}": content
        for i, model in enumerate(scorer.models)
        for name, content in model.to_files().items()
    }
    return files | seal(tensors, [], about, _card(state, params["threshold"]))


def read_detector(
    path: Path, about: Mapping[str, Any], tensors: Mapping[str, Tensor], load_member: Callable[[Path], Any]
) -> tuple[dict[str, Any], DetectorState]:
    """Return the constructor parameters and the state of a saved detector.

    Parameters
    ----------
    path : Path
    about : mapping
        The contents of its narrows.json.
    tensors : mapping
    load_member : callable
        Loads the folder of an autoencoder.

    Raises
    ------
    ModelVersionError, ModelDamagedError
    KeyError, TypeError, ValueError, RuntimeError
        The contents contradict themselves.
    """
    fitted = about["fitted"]
    if "change_" not in fitted and "members" not in fitted:  # its threshold is not valid for the present scores
        raise ModelVersionError(
            f"The detector {path} was saved by an earlier version of narrows with other scores; fit it again."
        )
    schema = Schema.restore(about["schema"], _below(tensors, "schema."))
    if "members" in fitted:
        scorer: Scorer = _estimator_scorer(path, fitted, tensors, schema, load_member)
    else:
        scorer = _default_scorer(tensors, schema)
    scores = saved_values.array(tensors, "decision_scores_", "float", (None,))
    calibration = saved_values.array(tensors, "calibration_scores_", "float", (None,))
    labels = saved_values.array(tensors, "labels_", "int", scores.shape)
    if not len(calibration):
        raise ValueError("no row sets the threshold")
    weight = None
    if "calibration_weight_" in tensors:
        weight = saved_values.array(tensors, "calibration_weight_", "float", calibration.shape)
        if not (weight > 0).all():
            raise ValueError("a calibration row has no weight")
    combination = _combination(tensors, fitted, scorer)
    n_categories = sum(isinstance(kind, Category) for kind in schema.kinds)
    unknown = np.zeros(0)
    if "unknown_" in tensors:
        unknown = saved_values.array(tensors, "unknown_", "float", (n_categories,))
    scoring = Scoring(schema, scorer, combination, saved_values.real(fitted, "change_", default=0.0), unknown)
    threshold, offset = (saved_values.real(fitted, name, is_finite=False) for name in ("threshold_", "offset_"))
    seed = saved_values.whole(fitted, "seed_")
    regime = Regime.restore(fitted["regime_"]) if "regime_" in fitted else None
    state = DetectorState(scoring, seed, scores, labels, Calibration(calibration, weight), threshold, offset, regime)
    estimator = scorer.models[0] if scorer.models else None
    given = {_present_name(name): value for name, value in about["parameters"].items()}
    params = {**given, "categorical": tuple(about["parameters"]["categorical"]), "estimator": estimator}
    of_rule = {field.name: params[field.name] for field in fields(AlarmRule) if field.name in params}
    return params, replace(state, rule=AlarmRule(**of_rule) if len(of_rule) == len(fields(AlarmRule)) else None)


def _saved_name(name: str) -> str:
    return "score" if name == "method" else name  # its name when the first detectors were saved


def _present_name(name: str) -> str:
    return "method" if name == "score" else name


def _combination(tensors: Mapping[str, Tensor], fitted: Mapping[str, Any], scorer: Scorer) -> Combination:
    if isinstance(scorer, TableScorer):
        return scorer.tails
    scale = saved_values.array(tensors, "scale_", "float", (2, len(scorer.names)))
    linear = saved_values.real(fitted, "linear_", default=0.0)
    if not (scale[1] > _LEAST_UNIT).all() or not (linear == 0 or linear > _LEAST_UNIT):
        raise ValueError("a score has no unit")
    return ScaledParts(scale, linear)


def _estimator_scorer(
    path: Path,
    fitted: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    schema: Schema,
    load_member: Callable[[Path], Any],
) -> EstimatorScorer:
    n_members, score = saved_values.whole(fitted, "members", least=1), fitted["score"]
    models = [_member(path / f"{MEMBER_PREFIX}{i}", schema, load_member) for i in range(n_members)]
    if score == "auto" or score not in get_args(Score):
        raise ValueError("the score is unknown")
    check_likelihood(models[0], score)
    tails = None
    if schema.image_shape is None:
        tails = saved_values.array(tensors, "scorer.tails", "float", (1 + schema.n_columns, None))
    means, precisions = [], []
    for i, model in enumerate(models):
        k = model.n_components_
        means.append(saved_values.array(tensors, f"scorer.code_mean.{i}", "float", (k,)))
        precisions.append(saved_values.array(tensors, f"scorer.code_precision.{i}", "float", (k, k)))
    return EstimatorScorer(models, score, tails, means, precisions)


def _default_scorer(tensors: Mapping[str, Tensor], schema: Schema) -> DefaultScorer | TableScorer:
    own = {name.removeprefix("scorer."): t for name, t in tensors.items() if name.startswith("scorer.")}
    if "tails.values" in own:
        return TableScorer.restore(schema, own)
    scorer = DefaultScorer.restore(own, schema.image_shape)
    if scorer.references.shape[1] != schema.n_floats:
        raise ValueError("the reference rows do not fit the schema")
    return scorer


def _member(path: Path, schema: Schema, load_member: Callable[[Path], Any]) -> Autoencoder:
    if path.is_symlink() or not path.is_dir():
        raise ModelDamagedError(f"The detector {path.parent} has lost its {path.name}; restore it or fit again.")
    model = load_member(path)
    if not isinstance(model, Autoencoder) or model.schema_.describe() != schema.describe():
        raise ModelDamagedError(f"{path} is not the model that its detector was saved with; restore it or fit again.")
    return model


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): t.numpy() for name, t in tensors.items() if name.startswith(prefix)}


def _card(state: DetectorState, threshold: str) -> str:
    n_rows, n_columns = len(state.decision_scores), state.scoring.schema.n_columns
    kind = "tabular" if state.scoring.schema.image_shape is None else "images"
    head = front_matter("AnomalyDetector", ("anomaly-detection", kind), versions()["narrows"])
    regime = "" if state.regime is None else f"\nIts rows seem {state.regime.name}: {state.regime.reason}\n"
    return f"""{head}
# AnomalyDetector

Fitted by narrows {versions()["narrows"]} on {n_rows:,} rows of {n_columns} columns, of which
{int(state.labels.sum()):,} are anomalies by its threshold ({threshold}), set by the scores of
{len(state.calibration.scores):,} rows.
{regime}{state.scoring.scorer.card_note()}
```python
import narrows

detector = narrows.load("path/of/this/folder")
detector.predict(X)  # -1 for anomalies, 1 for the rest
detector.explain(X)  # why
```
"""

"""A detector on disk: the folder of a model, with one folder more for each network of the user's own."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import torch
from torch import Tensor

from narrows.data import Schema
from narrows.errors import ModelDamagedError, ModelVersionError
from narrows.estimators import persistence
from narrows.estimators.anomaly.default_scorer import TrimmedEnsemble
from narrows.estimators.anomaly.estimator_scorer import FittedMembers, Score
from narrows.estimators.autoencoder import Autoencoder

if TYPE_CHECKING:
    from narrows.estimators.anomaly.detector import AnomalyDetector

_ARRAYS = ("decision_scores_", "calibration_scores_", "scale_")
_PLAIN = {"threshold_": 0.0, "offset_": 0.0, "change_": 0.0, "linear_": 0.0, "seed_": 0, "n_features_in_": 0}


def save(detector: AnomalyDetector, path: str | PathLike[str], *, overwrite: bool) -> None:
    """Write a fitted detector, whole or not at all."""
    scorer = detector.scorer_
    tensors = {name: torch.from_numpy(np.ascontiguousarray(getattr(detector, name))) for name in _ARRAYS}
    tensors["labels_"] = torch.from_numpy(detector.labels_.astype(np.int64))
    tensors |= {f"schema.{name}": torch.from_numpy(array.copy()) for name, array in detector.schema_.arrays().items()}
    files: dict[str, bytes] = {}
    fitted: dict[str, Any] = {name: persistence.describe(getattr(detector, name)) for name in _PLAIN}
    if isinstance(scorer, TrimmedEnsemble):
        tensors |= {f"scorer.{name}": value for name, value in scorer.tensors().items()}
    else:
        fitted["score"] = scorer.score
        fitted["members"] = len(scorer.models)
        if scorer.tails is not None:
            tensors["scorer.tails"] = torch.from_numpy(scorer.tails)
        for i, model in enumerate(scorer.models):
            tensors[f"scorer.code_mean.{i}"] = torch.from_numpy(scorer.code_mean[i])
            tensors[f"scorer.code_precision.{i}"] = torch.from_numpy(scorer.code_precision[i])
            member = persistence.files_of(model)
            files |= {f"{persistence.MEMBER}{i}/{name}": content for name, content in member.items()}
    about = {
        "estimator": type(detector).__name__,
        "parameters": {
            name: persistence.describe(value)
            for name, value in detector.get_params(deep=False).items()
            if name != "estimator"
        },
        "fitted": fitted,
        "schema": detector.schema_.describe(),
    }
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    files |= persistence.sealed(tensors, [], about, _card(detector))
    persistence.write_folder(Path(path), files, overwrite=overwrite)


def restore(path: Path, about: dict[str, Any], tensors: dict[str, Tensor], own: dict[str, Any]) -> AnomalyDetector:
    """The detector that was saved; KeyError, TypeError, ValueError or RuntimeError where it contradicts itself.

    own : what `narrows.load` was given for networks of the user's own.
    """
    from narrows.estimators.anomaly.detector import AnomalyDetector

    fitted = about["fitted"]
    if "change_" not in fitted:
        if "members" not in fitted:  # its threshold is one of other scores
            raise ModelVersionError(
                f"The detector {path} is of an earlier narrows, whose scores were others; fit it again."
            )
        fitted = {**fitted, "change_": 0.0}
    fitted = {"linear_": 0.0, **fitted}
    schema = Schema.restore(about["schema"], _below(tensors, "schema."))
    if "members" in fitted:
        models = [_member(path / f"{persistence.MEMBER}{i}", schema, own) for i in range(int(fitted["members"]))]
        if not models or fitted["score"] not in get_args(Score):
            raise ValueError("it says that it has no member, or a score that there is none of")
        arrays = _below(tensors, "scorer.")
        scorer: TrimmedEnsemble | FittedMembers = FittedMembers(
            models,
            fitted["score"],
            arrays.get("tails"),
            [arrays[f"code_mean.{i}"] for i in range(len(models))],
            [arrays[f"code_precision.{i}"] for i in range(len(models))],
        )
        estimator = models[0]
    else:
        scorer = TrimmedEnsemble.restore(
            {n.removeprefix("scorer."): t for n, t in tensors.items() if n.startswith("scorer.")}, schema.image_shape
        )
        estimator = None
        if scorer.references.shape[1] != schema.n_floats:
            raise ValueError("the reference rows do not fit the schema")
    parameters = {**about["parameters"], "categorical": tuple(about["parameters"]["categorical"])}
    detector = AnomalyDetector(estimator, **parameters)
    detector._check_settings()
    for name in _PLAIN:
        setattr(detector, name, type(_PLAIN[name])(fitted[name]))
    for name in (*_ARRAYS, "labels_"):
        setattr(detector, name, tensors[name].numpy())
    detector.schema_, detector.scorer_ = schema, scorer
    if schema.names is not None:
        detector.feature_names_in_ = np.asarray(schema.names, dtype=object)
    return detector


def _member(path: Path, schema: Schema, own: dict[str, Any]) -> Autoencoder:
    if path.is_symlink() or not path.is_dir():
        raise ModelDamagedError(f"The detector {path.parent} has lost its {path.name}; restore it or fit again.")
    model = persistence.load(path, **own)
    if not isinstance(model, Autoencoder) or model.schema_.describe() != schema.describe():
        raise ModelDamagedError(f"{path} is not the model that its detector was saved with; restore it or fit again.")
    return model


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): t.numpy() for name, t in tensors.items() if name.startswith(prefix)}


def _card(detector: AnomalyDetector) -> str:
    n = len(detector.decision_scores_)
    versions = persistence.versions()
    kept = ""
    if isinstance(detector.scorer_, TrimmedEnsemble):
        kept = (
            f"\nIt holds {len(detector.scorer_.references):,} of the rows of the fit, scaled, since new rows are "
            "compared with them: share it only with whom you would share the data.\n"
        )
    return f"""# AnomalyDetector

Fitted by narrows {versions["narrows"]} on {n:,} rows of {detector.schema_.n_columns} columns, of which
{int(detector.labels_.sum()):,} are anomalies by its threshold ({detector.threshold}), set by the scores of
{len(detector.calibration_scores_):,} rows.
{kept}
```python
import narrows

detector = narrows.load("path/of/this/folder")
detector.predict(X)  # -1 for anomalies, 1 for the rest
detector.explain(X)  # why
```
"""

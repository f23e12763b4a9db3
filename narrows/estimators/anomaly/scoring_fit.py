"""The fit of a detector's scorer: of the default score, of autoencoders, or of another library's estimator."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
from sklearn.base import clone

from narrows.data import Rows, Schema
from narrows.errors import IdleParameterWarning, warn
from narrows.estimators.anomaly.calibration import CalibrationSplit
from narrows.estimators.anomaly.default_scorer import DefaultScorer
from narrows.estimators.anomaly.detector_state import Scoring
from narrows.estimators.anomaly.estimator_scorer import EstimatorScorer
from narrows.estimators.anomaly.kept_parts import KeptParts
from narrows.estimators.anomaly.regime import Regime
from narrows.estimators.anomaly.scorer import Scorer
from narrows.estimators.anomaly.table_scorer import TableScorer, encoded
from narrows.estimators.anomaly.weights import of
from narrows.estimators.anomaly.wrapped_scorer import WrappedScorer, fit_weighted
from narrows.estimators.autoencoder import Autoencoder
from narrows.estimators.fitting.parallel import in_parallel
from narrows.estimators.saving.checkpoint import Checkpointing

_MOST_SCALED = 5000
_DEFAULT_MEMBERS, _DEFAULT_TRIM = 8, 0.2


@dataclass(frozen=True, eq=False)
class FittedScoring:
    """A fitted score, and the parts (n, p) of all rows of the fit.

    Parameters
    ----------
    scoring : Scoring
    parts : ndarray of shape (n, p)
    unseen : ndarray of shape (n, p)
        The parts that new rows like them would have.
    """

    scoring: Scoring
    parts: np.ndarray
    unseen: np.ndarray

    def regime(self, split: CalibrationSplit) -> Regime:
        """Return whether the rows of the fit seem clean."""
        usable = split.usable
        return Regime.of(self.unseen[usable], self.scoring.scorer.names, of(split.weight, usable))


@dataclass(frozen=True, eq=False)
class ScoringFit:
    """The inputs of the fit of a scorer.

    Parameters
    ----------
    who : str
        Class name of the detector, for messages.
    params : mapping
        Constructor parameters of the detector.
    rows : Rows
    split : CalibrationSplit
    seed : int
    is_strict : bool
        Whether nothing may be learned from the other rows, as a guarantee requires.
    checkpoint : Checkpointing or None
    """

    who: str
    params: Mapping[str, Any]
    rows: Rows
    split: CalibrationSplit
    seed: int
    is_strict: bool
    checkpoint: Checkpointing | None = None

    def fit(self) -> FittedScoring:
        """Return the fitted score and the parts of all rows."""
        estimator = self.params["estimator"]
        if estimator is None:
            return self._fit_default()
        if isinstance(estimator, Autoencoder):
            return self._fit_autoencoders()
        return self._fit_wrapped()

    def _fit_default(self) -> FittedScoring:
        schema, novelty = self._learned_schema(), self.params["novelty"]
        floats = self._encoded(schema)
        trim, is_table = self.params["trim"], schema.image_shape is None
        if novelty and is_table:
            self._warn_of_idle("n_members", "trim")
        settings = {
            # Under the guarantee of a conformal threshold, calibration rows are no neighbours of other rows.
            "near": self.split.train if self.is_strict else self.split.usable,
            "n_members": self.params["n_members"] or _DEFAULT_MEMBERS,
            "trim": (0.0 if novelty else _DEFAULT_TRIM) if trim is None else trim,
            "seed": self.seed,
            "weight": self.split.weight,
            "kept": KeptParts.of(self.checkpoint, floats, self.split.train, self.split.usable, self.split.weight),
        }
        if is_table and (novelty or schema.is_mixed):
            scorer, parts, unseen = TableScorer.fit(schema, floats, self.split.train, novelty=novelty, **settings)
            return self._scaled(schema, scorer, floats, parts, unseen)
        scorer, parts = DefaultScorer.fit(floats, self.split.train, image_shape=schema.image_shape, **settings)
        return self._scaled(schema, scorer, floats, parts, parts)

    def _warn_of_idle(self, *names: str) -> None:
        """Warn of parameters that the score of normal tables does not have."""
        for name in names:
            if self.params[name] is not None:
                warn(
                    f"{name}={self.params[name]!r} has no effect on tables with novelty=True, whose default score has "
                    "no such networks; set novelty=False, or give an estimator.",
                    IdleParameterWarning,
                )

    def _fit_autoencoders(self) -> FittedScoring:
        scorer = self._autoencoders(self.split.train, "fit")
        if self.params["trim"]:
            scores = scorer.parts(scorer.models[0].schema_.encode(self.rows.take(self.split.train)))[:, 0]
            scorer = self._autoencoders(self.split.train[self._kept(scores)], "refit")
        schema = scorer.models[0].schema_
        with _silent():
            floats = schema.encode(self.rows, who=self.who)
        parts = scorer.parts(floats)
        return self._scaled(schema, scorer, floats, parts, parts)

    def _fit_wrapped(self) -> FittedScoring:
        schema = self._learned_schema()
        floats = self._encoded(schema)
        places = self.split.train
        scorer = self._wrapped(floats[places], of(self.split.weight, places))
        if self.params["trim"]:
            places = places[self._kept(scorer.parts_of_fit(floats[places])[:, 0])]
            scorer = self._wrapped(floats[places], of(self.split.weight, places))
        parts = scorer.parts(floats)
        parts[places] = scorer.parts_of_fit(floats[places])
        return self._scaled(schema, scorer, floats, parts, parts)

    def _autoencoders(self, places: np.ndarray, name: str) -> EstimatorScorer:
        rows, weight = self.rows.take(places), of(self.split.weight, places)
        members = self._members(rows, weight, name)
        return EstimatorScorer.of(members, self.params["method"], members[0].schema_.encode(rows), weight)

    def _wrapped(self, floats: np.ndarray, weight: np.ndarray | None) -> WrappedScorer:
        estimators = []
        for seed in self._member_seeds():
            estimator = clone(self.params["estimator"], safe=False)
            self._set_seeds(estimator, int(seed))
            estimators.append(estimator)
        fitted = list(in_parallel([partial(fit_weighted, each, floats, weight) for each in estimators]))
        return WrappedScorer.of(fitted, floats, self.seed, weight)

    def _set_seeds(self, estimator: Any, seed: int) -> None:
        """Set each `random_state` of an estimator that is None, and of several copies each one there is."""
        params = estimator.get_params(deep=True) if hasattr(estimator, "get_params") else {}
        several = (self.params["n_members"] or 1) > 1
        names = [name for name in params if name == "random_state" or name.endswith("__random_state")]
        seeds = {name: seed for name in names if several or params[name] is None}
        if seeds:
            estimator.set_params(**seeds)

    def _members(self, rows: Rows, weight: np.ndarray | None, name: str) -> list[Autoencoder]:
        calls = []
        for i, seed in enumerate(self._member_seeds()):
            member = cast("Autoencoder", clone(self.params["estimator"])).set_params(random_state=int(seed))
            checkpoint = None if self.checkpoint is None else self.checkpoint.part(f"{name}-{i}")
            calls.append(partial(_fitted_member, member, rows, weight, checkpoint))
        return list(in_parallel(calls))

    def _member_seeds(self) -> np.ndarray:
        return np.random.SeedSequence(self.seed).generate_state(self.params["n_members"] or 1)

    def _kept(self, scores: np.ndarray) -> np.ndarray:
        """Return the positions of the rows with the least scores, without the share `trim`."""
        share, order, weight = (
            1 - self.params["trim"],
            np.argsort(scores, kind="stable"),
            of(self.split.weight, self.split.train),
        )
        n_kept = round(len(scores) * share)
        if weight is not None:
            n_kept = int((np.cumsum(weight[order]) <= share * weight.sum()).sum())
        return np.sort(order[: max(2, n_kept)])

    def _learned_schema(self) -> Schema:
        # A guarantee requires that the schema, like the networks, is not learned from calibration rows.
        places = self.split.train if self.is_strict else self.split.usable
        known = self.rows if len(places) == len(self.rows) else self.rows.take(places)
        scale = "standard" if self.rows.image_shape is None else "auto"
        return Schema.learn(
            known,
            scale=scale,
            missing=self.params["missing"],
            categorical=self.params["categorical"],
            sample_weight=of(self.split.weight, places),
        )

    def _encoded(self, schema: Schema) -> np.ndarray:
        """Return the encoded rows of the fit, without warnings of values that the schema was not learned from."""
        with _silent():
            encode = encoded if schema.image_shape is None else Schema.encode
            return encode(schema, self.rows, who=self.who)

    def _scaled(
        self, schema: Schema, scorer: Scorer, floats: np.ndarray, parts: np.ndarray, unseen: np.ndarray
    ) -> FittedScoring:
        some = self.split.train[:: max(1, len(self.split.train) // _MOST_SCALED)]
        combination = scorer.combination(parts[self.split.train], floats[some], of(self.split.weight, self.split.train))
        return FittedScoring(Scoring(schema, scorer, combination), parts, unseen)


def _fitted_member(
    member: Autoencoder, rows: Rows, weight: np.ndarray | None, checkpoint: Checkpointing | None
) -> Autoencoder:
    member.fit(rows, sample_weight=weight, checkpoint=checkpoint)
    if member.interrupted_:  # an interrupted training is not used
        raise KeyboardInterrupt
    return member


def _silent() -> warnings.catch_warnings:
    return warnings.catch_warnings(action="ignore")

"""Detectors around outlier detectors and density estimators of other libraries."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.covariance import EllipticEnvelope
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity, LocalOutlierFactor, NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler
from sklearn.svm import OneClassSVM

from narrows import AnomalyDetector, Autoencoder
from narrows.errors import DataError, IdleParameterWarning, SettingError, UnknownLevelWarning
from narrows.estimators.anomaly.wrapped_scorer import WrappedScorer
from narrows.insight import drift

RNG = np.random.default_rng(0)
MIX = RNG.standard_normal((2, 5))
ROWS = RNG.standard_normal((400, 2)) @ MIX * [1, 10, 100, 1, 1] + 0.05 * RNG.standard_normal((400, 5)) + 50
NEW = ROWS[:60].copy()
NEW[:20, 3] += np.where(RNG.random(20) < 0.5, 12, -12)
IS_ANOMALY = np.repeat([1, 0], [20, 40])


class Distance(OutlierMixin, BaseEstimator):
    """The distance to the third neighbour with the attributes and tag of PyOD: larger is more abnormal."""

    def fit(self, X, y=None):
        self.neighbours_ = NearestNeighbors(n_neighbors=3).fit(X)
        self.decision_scores_ = self.neighbours_.kneighbors()[0][:, -1]  # no row is its own neighbour
        return self

    def decision_function(self, X):
        return self.neighbours_.kneighbors(X)[0][:, -1]


class Upright(OutlierMixin, BaseEstimator):
    """An outlier detector of scikit-learn's kind with decision_function alone: larger is more normal."""

    def fit(self, X, y=None):
        return self

    def decision_function(self, X):
        return 3 - np.abs(X).max(axis=1)


OTHERS = {
    "forest": IsolationForest(),
    "lof": LocalOutlierFactor(novelty=True),
    "svm": OneClassSVM(nu=0.05),
    "ellipse": EllipticEnvelope(),
    "density": KernelDensity(),
    "mixture": GaussianMixture(),
    "pca": PCA(2),
    "pipeline": make_pipeline(RobustScaler(), KernelDensity()),
    "as in PyOD": Distance(),
    "decision_function": Upright(),
}


@pytest.mark.parametrize("name", OTHERS)
def test_scores_are_larger_for_anomalies_whatever_the_convention(name: str) -> None:
    detector = AnomalyDetector(OTHERS[name], random_state=0).fit(ROWS)
    assert roc_auc_score(IS_ANOMALY, -detector.score_samples(NEW)) > 0.9
    assert np.array_equal(detector.predict(NEW) == -1, -detector.score_samples(NEW) > detector.threshold_)
    assert type(detector.estimator_) is type(OTHERS[name])


@pytest.mark.slow
def test_detectors_of_pyod_keep_their_direction() -> None:
    pytest.importorskip("pyod")
    from pyod.models.iforest import IForest
    from pyod.models.knn import KNN

    for estimator in (KNN(), IForest()):
        detector = AnomalyDetector(estimator, random_state=0).fit(ROWS)
        assert roc_auc_score(IS_ANOMALY, -detector.score_samples(NEW)) > 0.9
        floats = detector.encode_rows(detector.rows_of(NEW))
        expected = detector.estimator_.decision_function(floats)
        assert stats.spearmanr(-detector.score_samples(NEW), expected).statistic > 0.999


def test_scores_rank_as_those_of_the_estimator_on_standardised_rows() -> None:
    forest = IsolationForest(random_state=3)
    detector = AnomalyDetector(forest, calibration_fraction=0.01, threshold="budget", budget=5, random_state=0)
    detector.fit(ROWS)
    held = np.random.default_rng([detector.seed_, 0]).permutation(400)[:4]
    train = np.setdiff1d(np.arange(400), held)
    scale = StandardScaler().fit(ROWS)
    alone = IsolationForest(random_state=3).fit(scale.transform(ROWS[train]).astype(np.float32))
    expected = alone.score_samples(scale.transform(NEW).astype(np.float32))
    assert stats.spearmanr(expected, detector.score_samples(NEW)).statistic > 0.999


@pytest.mark.parametrize("estimator", [Distance(), LocalOutlierFactor(novelty=True)])
def test_rows_of_the_fit_have_scores_in_which_they_are_not_their_own_neighbours(estimator) -> None:
    detector = AnomalyDetector(estimator, random_state=0).fit(ROWS)
    own = getattr(detector.estimator_, "decision_scores_", None)
    own = -detector.estimator_.negative_outlier_factor_ if own is None else own
    held = np.random.default_rng([detector.seed_, 0]).permutation(400)[:40]
    train = np.setdiff1d(np.arange(400), held)
    expected = detector.state_.scoring.combination.combined(own.astype(np.float32).astype(float)[:, None])
    assert np.array_equal(detector.decision_scores_[train], expected)


@pytest.mark.slow
def test_a_conformal_threshold_keeps_its_promise_around_another_estimator() -> None:
    rng = np.random.default_rng(5)
    rates = []
    for seed in range(4):
        X = rng.standard_normal((2000, 3))
        detector = AnomalyDetector(EllipticEnvelope(), threshold="conformal", alpha=0.05, random_state=seed).fit(X)
        rates.append((detector.predict(rng.standard_normal((2000, 3))) == -1).mean())
        assert detector.p_values(np.full((1, 3), 9.0))[0] == pytest.approx(1 / 1001)
    assert np.mean(rates) == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize("name", ["forest", "lof", "density", "mixture", "as in PyOD"])
def test_the_spoiled_column_is_named_first_and_what_was_expected_instead(name: str) -> None:
    frame = pd.DataFrame(ROWS, columns=list("abcde"))
    detector = AnomalyDetector(OTHERS[name], random_state=0).fit(frame)
    new = pd.DataFrame(NEW[:20], columns=list("abcde"))
    found = [reasons[0] for reasons in detector.explain(new)]
    assert np.mean([reason.column == "d" for reason in found]) >= 0.9
    apart = [abs(reason.expected - ROWS[i, 3]) for i, reason in enumerate(found) if reason.column == "d"]
    assert np.median(apart) < 3  # the fault is 12
    assert detector.error_map(new).shape == (20, 5)


def test_mixed_tables_are_encoded_and_unknown_levels_are_alarms() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.normal(size=300), "kind": rng.choice(["u", "v", "w"], 300)})
    frame.loc[::7, "x"] = np.nan
    detector = AnomalyDetector(IsolationForest(), random_state=0).fit(frame)
    new = frame[1:21].copy()
    new.iloc[3, 1] = "castle"
    gained = -detector.score_samples(new) + detector.score_samples(frame[1:21])
    assert gained.argmax() == 3
    assert detector.explain(new)[3][0].column == "kind"
    with pytest.warns(UnknownLevelWarning, match="castle"):
        detector.score_samples(new.assign(kind="castle"))


def test_drift_needs_no_other_rows() -> None:
    detector = AnomalyDetector(IsolationForest(), random_state=0).fit(ROWS)
    assert drift(detector, ROWS[:200]).drifted == ()
    assert drift(detector, ROWS[:200] + np.array([5, 0, 0, 0, 0])).drifted == ("x0",)


def test_copies_from_several_seeds_are_averaged_and_rows_are_left_out() -> None:
    detector = AnomalyDetector(IsolationForest(random_state=1), n_members=3, trim=0.1, random_state=0).fit(ROWS)
    scorer = detector.scorer_
    assert isinstance(scorer, WrappedScorer)
    floats = detector.encode_rows(detector.rows_of(NEW))
    each = np.array([-copy.score_samples(floats) for copy in scorer.estimators])
    assert not np.allclose(each[0], each[1])
    np.testing.assert_allclose(scorer.parts(floats)[:, 0], each.mean(axis=0), rtol=1e-6)
    assert scorer.estimators[0].n_features_in_ == 5
    assert len(scorer.references) == 324  # nine tenths of 360 training rows


def test_the_detector_can_be_pickled_and_is_not_saved_in_a_folder(tmp_path) -> None:
    detector = AnomalyDetector(IsolationForest(), random_state=0).fit(ROWS)
    with pytest.raises(SettingError, match="around IsolationForest cannot be saved as a narrows folder"):
        detector.save(tmp_path / "d")
    assert not (tmp_path / "d").exists()
    again = pickle.loads(pickle.dumps(detector))
    assert np.array_equal(again.score_samples(NEW), detector.score_samples(NEW))
    pytest.importorskip("onnx")
    with pytest.raises(SettingError, match="WrappedScorer has no emitter"):
        detector.to_onnx()


@pytest.mark.parametrize("estimator", [LocalOutlierFactor(), StandardScaler(), IsolationForest, LogisticRegression()])
def test_objects_without_a_score_are_refused(estimator) -> None:
    with pytest.raises(SettingError, match=r"^estimator must be"):
        AnomalyDetector(estimator).fit(ROWS)


def test_a_decision_function_of_unknown_direction_and_unusable_scores_are_refused() -> None:
    class Unclear(BaseEstimator):
        def fit(self, X):
            return self

        def decision_function(self, X):
            return X[:, 0]

    class Gaps(Unclear):
        def score_samples(self, X):
            return np.where(np.arange(len(X)) == 2, np.nan, X[:, 0])

    class Wide(Unclear):
        def score_samples(self, X):
            return X

    with pytest.raises(SettingError, match="large decision_function of Unclear"):
        AnomalyDetector(Unclear()).fit(ROWS)
    with pytest.raises(DataError, match="Gaps gives row 2 the score NaN"):
        AnomalyDetector(Gaps()).fit(ROWS)
    with pytest.raises(DataError, match=r"Wide gives scores of shape \(\d+, 5\)"):
        AnomalyDetector(Wide()).fit(ROWS)


def test_infinite_scores_are_the_largest() -> None:
    detector = AnomalyDetector(KernelDensity(kernel="tophat"), random_state=0).fit(ROWS)
    far = ROWS[:1] + 20 * ROWS.std(axis=0)
    assert np.isfinite(detector.score_samples(far)).all()
    assert -detector.score_samples(far)[0] > detector.decision_scores_.max()


def test_settings_that_belong_to_autoencoders_are_refused_or_said_to_be_idle(tmp_path) -> None:
    with pytest.raises(SettingError, match="needs a narrows autoencoder"):
        AnomalyDetector(IsolationForest(), method="latent").fit(ROWS)
    with pytest.warns(IdleParameterWarning, match="novelty=True has no effect"):
        AnomalyDetector(IsolationForest(), novelty=True).fit(ROWS)
    with pytest.warns(IdleParameterWarning, match="checkpoint has no effect"):
        AnomalyDetector(IsolationForest()).fit(ROWS, checkpoint=tmp_path / "c")
    with pytest.warns(IdleParameterWarning, match="missing='error' has no effect with your own estimator"):
        AnomalyDetector(Autoencoder(epochs=1, device="cpu"), missing="error").fit(ROWS)
    AnomalyDetector(IsolationForest(), missing="error").fit(ROWS)

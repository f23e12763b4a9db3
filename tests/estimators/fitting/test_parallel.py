"""Independent calls: one after another, or on the workers of a backend of joblib."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import joblib
import numpy as np
import pytest

from narrows import AnomalyDetector, Autoencoder
from narrows.errors import DivergedError, IdleParameterWarning
from narrows.estimators.fitting.parallel import in_parallel
from narrows.insight import seed_errors, sweep

X = np.random.default_rng(0).normal(size=(60, 4))


def reciprocal(x: float) -> float:
    if x == 0:
        raise DivergedError("It is infinite.")
    return 1 / x


def detector() -> AnomalyDetector:
    # free_bits has no effect on a point code
    member = Autoencoder(n_components=1, hidden_layer_sizes=(3,), epochs=2, free_bits=0.1, device="cpu")
    return AnomalyDetector(member, n_members=3, trim=0.1, random_state=0)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_come_in_order_and_an_error_after_those_before_it(n_jobs: int) -> None:
    calls = [partial(reciprocal, x) for x in (1.0, 2.0, 4.0, 0.0, 5.0)]
    found: list[float] = []
    with joblib.parallel_config("threading", n_jobs=n_jobs), pytest.raises(DivergedError, match="infinite"):
        found.extend(in_parallel(calls))
    assert found == [1.0, 0.5, 0.25]


def test_without_a_backend_nothing_runs_before_it_is_asked_for() -> None:
    seen: list[float] = []
    results = in_parallel([partial(seen.append, x) for x in (1.0, 2.0)])
    next(results)
    assert seen == [1.0]


@pytest.mark.slow
def test_members_of_a_detector_are_the_same_in_other_processes_and_their_warnings_arrive() -> None:
    with pytest.warns(IdleParameterWarning) as here:
        alone = detector().fit(X)
    with joblib.parallel_config("loky", n_jobs=2), pytest.warns(IdleParameterWarning) as there:
        together = detector().fit(X)
    assert np.array_equal(alone.decision_scores_, together.decision_scores_)
    assert [str(w.message) for w in here] == [str(w.message) for w in there]


@pytest.mark.slow
def test_sweeps_and_refits_are_the_same_in_other_processes() -> None:
    def results() -> list[object]:
        model = Autoencoder(n_components=1, hidden_layer_sizes=(3,), epochs=2, random_state=0, device="cpu").fit(X)
        points = sweep(model, X, values=[1, 2], n_seeds=2).points
        return [*(replace(point, seconds=0.0) for point in points), *seed_errors(model, X, 2)]

    with joblib.parallel_config("loky", n_jobs=2):
        together = results()
    assert together == results()

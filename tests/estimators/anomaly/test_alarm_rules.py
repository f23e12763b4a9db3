from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

import narrows
from narrows import AnomalyDetector
from narrows.errors import IdleParameterWarning

ROWS = np.random.default_rng(0).normal(size=(300, 4))


@pytest.fixture(scope="module")
def strict() -> AnomalyDetector:
    return AnomalyDetector(threshold="conformal", alpha=0.1, random_state=0).fit(ROWS)


@pytest.mark.parametrize(
    "changed", [{"alpha": 0.02}, {"threshold": "contamination"}, {"threshold": "contamination", "contamination": 0.2}]
)
def test_a_limit_that_needs_another_fit_is_a_warning(strict: AnomalyDetector, tmp_path: Path, changed: dict) -> None:
    strict.save(tmp_path / "detector")
    loaded = narrows.load(tmp_path / "detector")
    for detector in (loaded, clone(strict).fit(ROWS)):
        before = detector.predict(ROWS)
        detector.set_params(**changed)
        with pytest.warns(IdleParameterWarning, match=r"before the next fit: .* by the alpha=0\.1"):
            after = detector.predict(ROWS)
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(
    "changed", [{"threshold": "benjamini-hochberg", "alpha": 0.3}, {"threshold": "budget", "budget": 7}]
)
def test_rules_of_the_rows_of_one_call_can_follow_any_such_fit(strict: AnomalyDetector, changed: dict) -> None:
    detector = clone(strict).fit(ROWS).set_params(**changed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = (detector.predict(ROWS) == -1).sum()
    assert found == 7 or changed["threshold"] != "budget"


def test_a_guarantee_needs_a_fit_that_held_rows_out_for_it() -> None:
    detector = AnomalyDetector(random_state=0).fit(ROWS).set_params(threshold="benjamini-hochberg", alpha=0.1)
    with pytest.warns(IdleParameterWarning, match="only after a fit with it"):
        detector.predict(ROWS)

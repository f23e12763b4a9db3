"""Independent fits on the workers of Ray: the results of one process."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

import narrows.ray
from narrows import AnomalyDetector, Autoencoder
from narrows.apps.cli import main
from tests.estimators.worker_fits import FRAME, X

pytestmark = pytest.mark.timeout(900)
SETTINGS = {"hidden_layer_sizes": (6,), "epochs": 2, "random_state": 0, "device": "cpu"}


def search() -> GridSearchCV:
    return GridSearchCV(Autoencoder(**SETTINGS), {"n_components": [1, 2]}, cv=2)


def test_searches_and_members_are_those_of_one_process() -> None:
    def results() -> list[object]:
        found = search().fit(X)
        members = AnomalyDetector(Autoencoder(**SETTINGS), n_members=2, random_state=0).fit(X)
        return [
            found.cv_results_["mean_test_score"].tolist(),
            found.best_estimator_.transform(X).tobytes(),
            members.decision_scores_.tobytes(),
        ]

    with narrows.ray.joblib_backend(n_jobs=2):
        with_ray = results()
    assert with_ray == results()


def test_the_sweep_of_the_shell_has_the_numbers_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    FRAME.to_csv("table.csv", index=False)
    command = ["sweep", "table.csv", "--values", "1,2", "--seeds", "2", "--epochs", "2", "--json"]
    found = []
    for more in ([], ["--ray"]):
        assert main([*command, *more]) == 0
        printed = json.loads(capsys.readouterr().out)
        found.append([{**point, "seconds": 0} for point in printed["points"]])
    assert found[0] == found[1]
    assert np.shape(found[0][0]["held_out"]) == (2,)

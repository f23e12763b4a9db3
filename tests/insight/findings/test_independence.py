"""Whether measured rows can stand for new ones: their number, near-copies, and the order of the file."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

from narrows import Autoencoder
from narrows.insight import Diagnosis, Finding, diagnose
from narrows.insight.findings import COPIES, ENOUGH, GENERALISATION, ORDER

_QUICK = {"epochs": 6, "hidden_layer_sizes": (), "n_components": 1, "random_state": 0, "device": "cpu"}


def diagnosed(table: np.ndarray, groups: np.ndarray | None = None, **settings: object) -> Diagnosis:
    model = Autoencoder(**{**_QUICK, **settings}).fit(table, groups=groups)  # pyright: ignore[reportArgumentType]
    return diagnose(model, table)


def repeats(n_things: int, n_repeats: int, noise: float, d: int = 20) -> np.ndarray:
    """Repeated measurements of independent things, in random order."""
    rng = np.random.default_rng(0)
    things = rng.standard_normal((n_things, d))
    rows = np.repeat(things, n_repeats, axis=0) + noise * rng.standard_normal((n_things * n_repeats, d))
    return rows[rng.permutation(len(rows))]


def names(diagnosis: Diagnosis) -> list[str]:
    return [finding.name for finding in diagnosis.findings]


@pytest.mark.parametrize(
    ("n_things", "n_repeats", "noise"), [(40, 25, 0.05), (40, 25, 0.2), (500, 2, 0.05), (100, 10, 1e-6)]
)
def test_repeated_measurements_are_recognised_and_nothing_is_said_of_new_rows(
    n_things: int, n_repeats: int, noise: float
) -> None:
    found = diagnosed(repeats(n_things, n_repeats, noise))
    assert found[COPIES].verdict == "watch"
    assert found.headline.startswith("The measured rows are near-copies")
    assert "Nothing is badly wrong" not in found.headline
    assert "generalises" not in str(found)
    assert "groups" in found[COPIES].advice


def _tables() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    angle = rng.uniform(0, 6, (600, 1))
    centres = 3 * rng.standard_normal((4, 5))
    return {
        "breast cancer": load_breast_cancer().data,
        "diabetes": load_diabetes().data,
        "curve": np.concatenate([np.cos(angle), np.sin(angle), angle], axis=1),
        "line": rng.standard_normal((600, 1)) @ np.ones((1, 6)) + 0.01 * rng.standard_normal((600, 6)),
        "noise": rng.standard_normal((600, 10)),
        "heavy tails": rng.standard_t(1.5, (600, 10)),
        "four classes": centres[rng.integers(4, size=600)] + 0.1 * rng.standard_normal((600, 5)),
    }


@pytest.mark.parametrize("name", _tables())
def test_independent_rows_raise_no_false_alarm(name: str) -> None:
    found = diagnosed(_tables()[name])
    assert found[COPIES].verdict == "good"
    assert found[ORDER].verdict == "good"


def test_a_random_walk_is_recognised_as_a_series_and_shuffled_it_is_not() -> None:
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.standard_normal((600, 10)), axis=0)
    found = diagnosed(walk)[ORDER]
    assert (found.verdict, "validation='last'" in found.advice) == ("watch", True)
    # von Neumann's ratio by its definition
    x = (walk - walk.mean(axis=0)) / walk.std(axis=0)
    expected = np.square(np.diff(x, axis=0)).sum(axis=1).mean() / (2 * x.shape[1])
    assert found.number("successive") == pytest.approx(expected, rel=0.02)
    assert diagnosed(walk[rng.permutation(len(walk))])[ORDER].verdict == "good"


def test_rows_that_change_at_the_end_of_the_file_are_recognised() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((600, 8)) * np.linspace(3, 1, 8)
    rows[-60:] = rows[-60:, ::-1] * 2
    found = diagnosed(rows)[ORDER]
    assert found.verdict == "watch"
    assert found.number("drift") > 1.5


def test_what_was_held_out_in_another_way_needs_no_check_of_the_order() -> None:
    walk = np.cumsum(np.random.default_rng(0).standard_normal((400, 5)), axis=0)
    later = diagnosed(walk, validation="last")
    assert ORDER not in names(later)
    assert later.sample == "Measured on 40 rows that fit had held out, the last ones."
    table = repeats(20, 20, 0.05, d=6)
    _, groups = np.unique(table.round(0)[:, 0], return_inverse=True)
    grouped = diagnosed(table, groups)
    assert "as whole groups" in grouped.sample
    assert ORDER not in names(grouped)


@pytest.mark.parametrize(
    ("settings", "words"),
    [({}, "new rows like these: rows held out at random"), ({"validation": "last"}, "generalises to later rows")],
)
def test_the_headline_says_which_rows_the_model_was_tried_on(settings: dict, words: str) -> None:
    rng = np.random.default_rng(0)
    line = rng.standard_normal((600, 1)) @ np.linspace(1, 2, 6)[None] + 0.1 * rng.standard_normal((600, 6))
    found = diagnosed(line, epochs=15, **settings)
    assert found.verdict in ("good", "watch")
    assert words in found[GENERALISATION].meaning
    assert words in found.headline or found.verdict == "watch"


@pytest.mark.parametrize("n", [5, 10, 20, 200])
def test_fewer_than_thirty_measured_rows_allow_no_verdict(n: int) -> None:
    found = diagnosed(np.random.default_rng(0).standard_normal((n, 6)))
    assert found.headline.startswith("Only ")
    assert found[ENOUGH].verdict == "unknown"
    judged: list[Finding] = [f for f in found.findings if f.name != "Was it trained long enough?"]
    assert {finding.verdict for finding in judged} == {"unknown"}

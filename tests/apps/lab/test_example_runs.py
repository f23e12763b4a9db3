"""The runs that the views of anomalies and of noise open on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from narrows.apps.lab.example_runs import anomaly_example, denoising_examples, map_example
from narrows.apps.lab.run_settings import check, estimator, filled_in
from narrows.apps.viewer.datasets import Source, describe, load
from narrows.apps.viewer.normal_classes import normal_classes
from narrows.data import as_rows
from narrows.data.rows import Rows
from narrows.insight import noise_controls, payloads
from tests.apps.lab.client import Said, Served, served

DIGITS = Source.of("digits")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("examples"), backend="thread") as running:
        yield running


def labelled(X: np.ndarray, labels: list[str]) -> Rows:
    return replace(as_rows(X.astype(np.float32)), labels=np.array(labels, object))


@pytest.mark.parametrize("labels", [None, ["one"] * 20, ["one"] * 18 + ["two"] * 2])
def test_there_is_no_example_without_two_classes(labels: list[str] | None) -> None:
    X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    rows = as_rows(X) if labels is None else labelled(X, labels)
    assert normal_classes(rows, fewest=5) is None
    assert anomaly_example(rows, {"shape": None}) is None


def test_denoising_and_the_plain_network_beside_it_have_the_same_wide_code() -> None:
    description = describe(DIGITS, "digits")
    (first, given), (second, other) = denoising_examples(description)
    assert first == "denoising"
    assert second == "plain"
    sizes = [
        filled_in(check(given, description["classes"]), first, description)["n_components"],
        filled_in(check(other, description["classes"]), second, description)["n_components"],
    ]
    assert sizes == [16, 16]
    # The lab's own default for denoising is the same.
    assert filled_in(check({}, None), "denoising", description)["n_components"] == 16


@pytest.mark.parametrize("noise", ["gaussian", "masking"])
def test_denoised_rows_of_a_table_are_nearer_to_the_clean_ones_than_the_noisy_ones(
    data_folder: Path, noise: str
) -> None:
    source = Source.of(str(data_folder / "penguins" / "penguins.csv"), label="species")
    description = describe(source, "penguins")
    (variant, given), _ = denoising_examples(description)
    settings = filled_in(check(given, description["classes"]), variant, description)
    assert settings["n_components"] == 4  # of seven columns and the class
    rows = load(source)
    model = estimator(settings, variant).fit(rows)
    level = noise_controls(images=False)[noise].usual
    found = payloads.denoising(model, rows, corruption=noise, level=level, positions=model.validation_rows_)
    before, after = (np.square(found[name] - found["clean"]).sum(axis=1) for name in ("noisy", "denoised"))
    assert after.sum() < 0.6 * before.sum()
    assert (after < before).mean() > 0.75


def test_examples_of_large_data_are_trained_on_a_part_of_the_rows() -> None:
    (_, given), _ = denoising_examples({"shape": [28, 28, 1], "columns": None, "rows": 70_000})
    assert sum(last - first + 1 for first, last in given["rows"]) == 10_000
    assert given["rows"][-1][1] == 69_999
    assert given["n_components"] == 32


def test_the_example_of_clusters_leaves_batches_and_layers_to_the_penalty() -> None:
    variant, given = map_example({"shape": [28, 28, 1], "columns": None, "rows": 70_000})
    settings = filled_in(check(given, None), variant, {"shape": [28, 28, 1], "columns": None, "rows": 70_000})
    assert (variant, settings["penalty"], settings["n_components"]) == ("plain", "neighbours", 2)
    assert [settings[name] for name in ("batch_size", "hidden_layer_sizes")] == [None, None]
    assert sum(last - first + 1 for first, last in settings["rows"]) == 20_000
    assert settings["epochs"] == 30
    small = map_example({"shape": [8, 8, 1], "columns": None, "rows": 1797})[1]
    assert (small["rows"], "epochs" in small) == (None, False)
    # The setting has no effect on other variants.
    given["epochs"] = None
    other = filled_in(check(given, None), "variational", {"shape": [28, 28, 1], "columns": None, "rows": 70_000})
    assert (other["epochs"], other["batch_size"], other["hidden_layer_sizes"]) == (20, 256, [256, 64])


def test_an_example_of_anomalies_in_large_data_is_trained_on_a_part_of_the_rows() -> None:
    X = np.random.default_rng(0).normal(size=(12_000, 3)).astype(np.float32)
    X[:6000] += 20
    found = anomaly_example(labelled(X, ["far"] * 6000 + ["near"] * 6000), {"shape": None})
    assert found is not None
    assert sum(last - first + 1 for first, last in found[1]["rows"]) == 10_000


def test_an_example_is_started_once_and_learns_from_normal_rows_only(lab: Served) -> None:
    with lab.ready() as page:
        page.until_state("r1", "preparing", "running", "done")
        page.end("r1")
        one, again = (page.command("train.example", view="anomaly", dataset="digits") for _ in range(2))
        assert again["run"] == one["run"]
        page.until_state(one["run"], "running", "done")
        settings = page.run(one["run"])["settings"]
        assert len(settings["normal"]) == 9
        page.end(one["run"])
        with pytest.raises(Said, match="no example for the view"):
            page.command("train.example", view="flow", dataset="digits")

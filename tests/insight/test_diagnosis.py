"""Six networks that look trained, and what the diagnosis says of each."""

from __future__ import annotations

import json
import re
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import narrows
from narrows import Autoencoder, VariationalAutoencoder
from narrows.errors import DataError, NotFittedError, SettingError
from narrows.insight import Diagnosis, diagnose
from tests import six_networks
from tests.six_networks import DIGITS, X, fitted


@pytest.fixture(scope="module")
def good() -> Autoencoder:
    return six_networks.good().model


@pytest.fixture(scope="module")
def found(good: Autoencoder) -> Diagnosis:
    return diagnose(good, X)


def alarms(diagnosis: Diagnosis) -> set[str]:
    return {finding.name for finding in diagnosis.findings if finding.verdict == "bad"}


def test_a_good_network_gets_no_alarm(found: Diagnosis) -> None:
    assert alarms(found) == set()
    assert found["Better than the simple methods?"].verdict == "good"
    assert found["Does it only copy?"].verdict == "good"
    assert "generalises to new" in found.headline or "Nothing is badly wrong" in found.headline


@pytest.mark.slow
def test_a_network_that_copies_is_told_from_one_with_a_bottleneck() -> None:
    wide = diagnose(six_networks.copying().model, X)
    assert "Does it only copy?" in alarms(wide)
    assert "passes its input through" in wide.headline


@pytest.mark.slow
def test_a_collapsed_posterior_is_called_so() -> None:
    collapsed = diagnose(six_networks.collapsed().model, X)
    assert "Does the code say anything about the row?" in alarms(collapsed)
    assert "collapsed" in collapsed.headline
    well = diagnose(fitted(VariationalAutoencoder, n_components=8, epochs=12), X)
    assert well["Does the code say anything about the row?"].verdict == "good"


@pytest.mark.slow
def test_dead_units_are_counted() -> None:
    model = six_networks.dead().model
    codes = model.transform(X[model.validation_rows_])
    dead = int((codes.std(axis=0) == 0).sum())
    assert dead > 16
    finding = diagnose(model, X)["Are all code units used?"]
    assert finding.verdict == "bad"
    assert finding.values["dead"] >= dead
    assert "dead" in finding.meaning


def test_a_network_that_knows_its_rows_by_heart_is_called_so() -> None:
    overfitted = diagnose(six_networks.overfitted().model, X[:100])
    assert "Does it hold for new rows?" in alarms(overfitted)
    assert "overfits" in overfitted.headline


def test_one_epoch_is_not_enough() -> None:
    short = diagnose(six_networks.one_epoch().model, X)
    assert "Was it trained long enough?" in alarms(short)
    assert "once or twice" in short.headline


def test_the_worst_comes_first_and_everything_goes_to_json() -> None:
    short = diagnose(six_networks.one_epoch().model, X)
    verdicts = [finding.verdict for finding in short.findings]
    assert verdicts == sorted(verdicts, key=["bad", "watch", "good"].index)
    assert short.verdict == "bad"
    result = json.loads(json.dumps(short.to_dict()))
    assert result["headline"] == short.headline
    assert len(result["findings"]) == len(short.findings)
    printed = str(short)
    assert repr(short) == printed
    for finding in short.findings:
        assert finding.question in printed
    assert short.headline in short._repr_html_()


def test_the_rows_of_the_fit_are_known_again_in_any_order_and_its_held_out_ones_are_measured(
    good: Autoencoder, found: Diagnosis
) -> None:
    assert f"Measured on {len(good.validation_rows_)} images that fit had held out, drawn at random." == found.sample
    errors = np.square(good.reconstruct(X[good.validation_rows_]) - X[good.validation_rows_]).sum(axis=(1, 2))
    assert found["Better than the simple methods?"].values["squared_error"] == pytest.approx(errors.mean(), rel=1e-4)
    assert good.was_fitted_on(X[::-1])
    assert not good.was_fitted_on(X[:-1])
    backwards = diagnose(good, X[::-1])
    assert backwards.sample == found.sample
    assert figures(backwards) == figures(found)
    worst = "Which rows are most anomalous?"
    assert [len(X) - 1 - row for row in backwards[worst].values["rows"]] == found[worst].values["rows"]  # pyright: ignore[reportGeneralTypeIssues]


def figures(diagnosis: Diagnosis) -> dict[str, str]:
    ordered = ("Which rows are most anomalous?", "Does the order of the rows matter?")
    return {f.name: f.figure for f in diagnosis.findings if f.name not in ordered}


def test_a_shuffled_table_is_diagnosed_as_in_its_old_order_also_by_a_model_that_was_saved(tmp_path: Path) -> None:
    table = pd.DataFrame(X[:300].reshape(300, 64)).add_prefix("p")
    model = fitted(rows=table, n_components=4, epochs=3)  # pyright: ignore[reportArgumentType]
    model.save(tmp_path / "model")
    shuffled = table.sample(frac=1, random_state=1)
    expected = diagnose(model, table)
    assert "rows that fit had held out" in expected.sample
    for one in (model, narrows.load(tmp_path / "model")):
        assert figures(diagnose(one, shuffled)) == figures(expected)


def test_rows_that_training_saw_are_not_measured_among_others(good: Autoencoder) -> None:
    unseen = np.isin(np.arange(1000), good.validation_rows_).sum()
    part = diagnose(good, X[:1000])
    assert part.sample.startswith(f"Measured on {unseen} images that training did not see")
    assert part["Does it hold for new rows?"].number("ratio") > 1
    unfamiliar = np.clip(X[:200] * 0.9 + 0.03, 0, 1)
    mixed = np.concatenate([unfamiliar, np.delete(X, good.validation_rows_, axis=0)[:50]])
    assert "Measured on 100 images, half of those given that training" in diagnose(good, mixed).sample
    trained = np.delete(X, good.validation_rows_, axis=0)[:100]
    assert "figures are optimistic" in diagnose(good, trained).sample


def test_rows_of_later_passes_count_as_training_rows() -> None:
    model = Autoencoder(n_components=4, random_state=0, device="cpu").partial_fit(X[:100]).partial_fit(X[100:200])
    assert "which the model was trained on" in diagnose(model, X[100:200]).sample
    assert "Measured on 100 images" in diagnose(model, X[:300]).sample


def test_a_model_that_does_not_know_its_training_rows_says_so(good: Autoencoder) -> None:
    forgetful = copy(good)
    rows = replace(good.state_.rows, training_hashes=None, validation_hashes=None)
    forgetful._state = replace(good.state_, rows=rows)
    assert "assuming that none was used in training" in diagnose(forgetful, X[:1000]).sample
    assert "images that fit had held out" in diagnose(forgetful, X).sample


def test_of_other_rows_half_are_measured_and_half_teach_the_yardsticks(good: Autoencoder) -> None:
    other = diagnose(good, np.clip(X[:1000] * 0.9 + 0.03, 0, 1))
    assert other.sample.startswith("Measured on 500 images")
    assert not any(finding.name == "Does it hold for new rows?" for finding in other.findings)


def test_the_same_call_gives_the_same_diagnosis(good: Autoencoder, found: Diagnosis) -> None:
    assert diagnose(good, X).to_dict() == found.to_dict()


def test_with_classes_the_code_is_tried_as_features(good: Autoencoder) -> None:
    finding = diagnose(good, X, DIGITS.target)["Does the code help to tell classes apart?"]
    assert finding.values["5-NN, codes"] > 0.8
    assert {"5-NN, PCA", "5-NN, raw columns", "logistic regression, codes"} <= finding.values.keys()


@pytest.mark.slow
def test_a_map_of_two_dimensions_is_measured_by_its_neighbourhoods() -> None:
    finding = diagnose(fitted(n_components=2, epochs=12), X)["Are neighbours on the map neighbours in the data?"]
    assert 0.5 < finding.values["trustworthiness"] <= 1  # pyright: ignore[reportOperatorIssue]


def test_a_table_with_one_loud_column_says_which() -> None:
    rng = np.random.default_rng(0)
    factor = rng.standard_normal((500, 1))
    table = np.column_stack([factor @ np.ones((1, 5)) + 0.1 * rng.standard_normal((500, 5)), rng.standard_normal(500)])
    finding = diagnose(fitted(rows=table, n_components=1, epochs=30), table)["Which columns are hardest?"]
    assert finding.verdict == "watch"
    assert finding.figure.startswith("x5")


@pytest.mark.parametrize("n", [4, 5, 13])
def test_a_handful_of_rows_is_enough_for_a_diagnosis(good: Autoencoder, n: int) -> None:
    assert diagnose(good, X[:n]).findings


def test_what_cannot_be_diagnosed_is_refused_in_words(good: Autoencoder) -> None:
    with pytest.raises(DataError, match="at least 4 rows"):
        diagnose(good, X[:3])
    with pytest.raises(DataError, match="one class per row"):
        diagnose(good, X, [1, 2])
    with pytest.raises(SettingError, match="at least 2"):
        diagnose(good, X, n_seeds=1)
    with pytest.raises(NotFittedError):
        diagnose(Autoencoder(), X)


def test_the_package_offers_it() -> None:
    assert narrows.diagnose is diagnose


@pytest.mark.slow
def test_a_variational_model_is_not_blamed_for_being_coarser_than_pca() -> None:
    finding = diagnose(fitted(VariationalAutoencoder, n_components=16, epochs=8), X)["Better than the simple methods?"]
    assert finding.values["squared_error"] > finding.values["pca_squared_error"]  # pyright: ignore[reportOperatorIssue]
    assert finding.verdict == "watch"
    assert "new images can be drawn" in finding.meaning


def test_other_seeds_are_tried_where_they_are_asked_for() -> None:
    model = fitted(rows=X[:300], n_components=4, epochs=5, linear_path="off")
    found = diagnose(model, X[:300], n_seeds=2)
    finding = found["Do other seeds give the same result?"]
    with pytest.warns(DeprecationWarning, match="the same result"):
        assert found["Does another seed come to the same?"] is finding
    errors = finding.values["errors"]
    assert isinstance(errors, list)
    assert len(set(errors)) == 2
    assert finding.values["mean"] == pytest.approx(np.mean(errors))


def test_training_rows_are_not_called_new_ones() -> None:
    model = fitted(rows=X[:300], n_components=8, epochs=20, validation_fraction=0)
    found = diagnose(model, X[:300])
    assert "figures are optimistic" in found.sample
    names = [finding.name for finding in found.findings]
    assert "Does it hold for new rows?" not in names
    assert "new ones" not in found.headline
    assert "held-out" not in str(found)
    page, _, _script = narrows.report(model, X[:300], diagnosis=found).partition("<script")
    assert "did not see" not in page
    assert "never saw" not in page


def test_constant_rows_have_a_diagnosis_with_a_map_and_classes() -> None:
    rows = np.full((60, 4), 2.0)
    model = fitted(rows=rows, n_components=2, epochs=2)
    found = diagnose(model, rows, np.arange(60) % 2)
    assert "Are neighbours on the map neighbours in the data?" not in [finding.name for finding in found.findings]


def test_columns_that_never_change_are_charged_no_error() -> None:
    table = np.random.default_rng(0).standard_normal((200, 4))
    table[:, 2] = 5
    finding = diagnose(fitted(rows=table, n_components=2, epochs=2), table)["Which columns are hardest?"]
    assert finding.values["error_by_column"][2] == 0  # pyright: ignore[reportIndexIssue]


def test_what_is_set_for_the_next_fit_does_not_change_the_diagnosis(good: Autoencoder, found: Diagnosis) -> None:
    changed = copy(good)
    changed.set_params(corruption=None, penalty="l1", early_stopping=False, activation="relu")
    assert diagnose(changed, X).to_dict() == found.to_dict()


def test_the_models_own_error_stands_only_beside_copies_of_its_own_fit() -> None:
    model = fitted(rows=X[:300], n_components=4, epochs=3)
    unfamiliar = diagnose(model, X[300:500], n_seeds=2)["Do other seeds give the same result?"]
    assert "own" not in unfamiliar.values
    assert "this model" not in unfamiliar.figure
    assert "own" in diagnose(model, X[:300], n_seeds=2)["Do other seeds give the same result?"].values


def test_rows_that_were_dropped_are_not_counted_and_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    table = pd.DataFrame(np.random.default_rng(0).standard_normal((60, 3)), columns=["a", "b", "c"])
    table.loc[3, "b"] = None
    table.to_csv(path, index=False)
    rows = narrows.read(path, missing="drop")
    model = fitted(rows=rows, n_components=1, epochs=1)  # pyright: ignore[reportArgumentType]
    found = diagnose(model, rows)
    with pytest.warns(DeprecationWarning, match="most anomalous"):
        assert found["Which rows are strangest?"] is found["Which rows are most anomalous?"]
    assert "of the rows kept" in found["Which rows are most anomalous?"].figure
    assert "without dropped rows" in narrows.report(model, rows, diagnosis=found)


def test_a_model_behind_pca_says_so_first() -> None:
    line = np.linspace(-1, 1, 300)[:, None] * np.arange(1, 7) + 0.01 * np.random.default_rng(0).normal(size=(300, 6))
    model = fitted(rows=line, n_components=1, epochs=3, loss="mse", learning_rate=1e-5)
    found = diagnose(model, line)
    finding = found["Better than the simple methods?"]
    assert finding.number("squared_error") > finding.number("pca_squared_error")
    assert found.headline.startswith(finding.meaning)


def test_of_images_every_sentence_speaks_of_images_and_pixels() -> None:
    case = six_networks.good()
    found = diagnose(case.model, case.rows)
    texts = [text for f in found.findings for text in (f.question, f.figure, f.meaning, f.advice)]
    said = " ".join([found.headline, found.sample, str(found), found._repr_html_().partition("<table>")[0], *texts])
    assert not re.search(r"\b(rows?|columns?|x\d+)\b", said, re.IGNORECASE)
    hardest = found["Which columns are hardest?"]  # a name is the same for all data
    assert hardest.question == "Which pixels are hardest?"
    assert re.match(r"pixel x=[1-8], y=[1-8] \(R² ", hardest.figure)
    assert "of_images" not in json.dumps(found.to_dict())


def test_of_tables_they_speak_of_rows_and_columns() -> None:
    table = np.random.default_rng(0).standard_normal((200, 5))
    model = Autoencoder(n_components=2, epochs=6, random_state=0, device="cpu").fit(table)
    found = str(diagnose(model, table))
    assert "Which columns are hardest?" in found
    assert not re.search(r"\b(images?|pixels?)\b", found)

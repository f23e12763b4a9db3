"""The diagnosis in a few words, against `diagnose` and PCA of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

import narrows
from narrows.data import as_rows
from narrows.errors import DataError
from narrows.insight import diagnose, payloads
from tests import six_networks


def test_the_words_are_those_of_diagnose_and_the_errors_those_of_the_held_out_rows() -> None:
    case = six_networks.good()
    rows = as_rows(case.rows)
    shown = payloads.model_diagnosis(case.model, rows).about
    whole = diagnose(case.model, rows)
    assert (shown["headline"], shown["verdict"], shown["sample"]) == (whole.headline, whole.verdict, whole.sample)
    held = case.model.validation_rows_
    floats = case.model.schema_.encode(rows)
    pca = PCA(case.model.n_components_).fit(np.delete(floats, held, axis=0))
    own = np.asarray(case.model.reconstruction_error(rows.take(held))).mean()
    theirs = ((floats[held] - pca.inverse_transform(pca.transform(floats[held]))) ** 2).sum(axis=1).mean()
    assert shown["squared_error"] == pytest.approx(own, rel=1e-4)
    assert shown["pca_squared_error"] == pytest.approx(theirs, rel=1e-3)


def test_the_advice_is_that_of_the_worst_finding() -> None:
    model = narrows.Autoencoder(n_components=2, epochs=1, random_state=0, device="cpu").fit(narrows.read("digits"))
    rows = narrows.read("digits")
    advised = [finding.advice for finding in diagnose(model, rows).findings if finding.advice]
    assert payloads.model_diagnosis(model, rows).about["advice"] == advised[0]


def test_a_network_that_compresses_nothing_is_not_compared_with_pca() -> None:
    rows = narrows.read("digits")
    model = narrows.DenoisingAutoencoder(network="residual", epochs=1, random_state=0, device="cpu")
    shown = payloads.model_diagnosis(model.fit(rows.take(np.arange(60))), rows.take(np.arange(60))).about
    assert shown["headline"]
    assert (shown["squared_error"], shown["pca_squared_error"]) == (None, None)


def test_three_rows_are_too_few() -> None:
    case = six_networks.good()
    with pytest.raises(DataError, match="at least 4 rows"):
        payloads.model_diagnosis(case.model, as_rows(case.rows[:3]))

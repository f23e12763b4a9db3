"""The estimators are citizens of scikit-learn."""

import ast

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from narrows import AnomalyDetector, Autoencoder, VariationalAutoencoder
from narrows.estimators import variant_classes

IRIS = load_iris(as_frame=True)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([estimator(epochs=2) for estimator in variant_classes()])
def test_every_check_of_scikit_learn_passes(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", variant_classes())
def test_default_objects_can_be_cloned_and_take_their_parameters(estimator):
    model = estimator()
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert copy.set_params(n_components=3).n_components == 3


def test_a_pipeline_with_string_labels_and_a_classifier_behind_the_encoder_predicts():
    species = IRIS.target_names[IRIS.target]
    pipeline = make_pipeline(
        StandardScaler(), Autoencoder(n_components=3, random_state=0), LogisticRegression(max_iter=1000)
    )
    assert pipeline.fit(IRIS.data, species).score(IRIS.data, species) > 0.9


@pytest.mark.slow
def test_grid_search_chooses_the_code_that_keeps_more_variance():
    search = GridSearchCV(Autoencoder(random_state=0, epochs=30), {"n_components": [1, 3]}, cv=3)
    search.fit(IRIS.data)
    assert search.best_params_ == {"n_components": 3}
    assert search.best_score_ > 0.9


@pytest.mark.slow
def test_grid_search_works_on_a_default_variational_autoencoder():
    search = GridSearchCV(VariationalAutoencoder(random_state=0), {"epochs": [1, 15]}, cv=2)
    assert search.fit(load_digits().data[:600] / 16).best_params_ == {"epochs": 15}


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_codes_come_in_the_frame_that_was_asked_for(container):
    model = Autoencoder(n_components=2, epochs=2, random_state=0).set_output(transform=container)
    codes = model.fit_transform(IRIS.data)
    assert list(codes.columns) == ["autoencoder0", "autoencoder1"] == list(model.get_feature_names_out())
    assert isinstance(codes, {"pandas": pd.DataFrame, "polars": pl.DataFrame}[container])


def test_every_container_gives_the_same_model_and_gets_its_own_kind_back():
    X = IRIS.data.to_numpy(copy=True)
    given = {
        "numpy": X,
        "pandas": IRIS.data,
        "polars": pl.from_pandas(IRIS.data),
        "sparse": sparse.csr_array(X),
        "torch": torch.from_numpy(X),
        "list": X.tolist(),
    }
    codes, answers = {}, {}
    for name, data in given.items():
        model = Autoencoder(n_components=2, epochs=2, random_state=0).fit(data)
        codes[name], answers[name] = model.transform(data), model.reconstruct(data)
    for name in given:
        assert np.array_equal(codes[name], codes["numpy"]), name
    assert isinstance(answers["pandas"], pd.DataFrame)
    assert isinstance(answers["polars"], pl.DataFrame)
    assert isinstance(answers["torch"], torch.Tensor)
    assert answers["pandas"].dtypes.eq(np.float64).all()
    assert list(answers["polars"].columns) == list(IRIS.data.columns)


def test_the_score_is_the_share_of_variance_kept():
    X = IRIS.data.to_numpy()
    model = Autoencoder(n_components=2, epochs=5, random_state=0, scale="none", output_activation="linear").fit(X)
    expected = 1 - np.square(X - model.reconstruct(X)).sum() / np.square(X - X.mean(axis=0)).sum()
    assert model.score(X) == pytest.approx(expected, rel=1e-4)


def test_every_parameter_is_documented_with_its_default():
    heads = [line.strip() for line in Autoencoder.__doc__.splitlines() if "default=" in line]
    result = {name: head.split("default=")[1] for head in heads for name in head.split(" : ")[0].split(", ")}
    given = Autoencoder().get_params()
    assert {name: ast.literal_eval(default) for name, default in result.items() if name in given} == given


@pytest.mark.parametrize("estimator", variant_classes())
def test_every_variant_takes_the_same_parameters(estimator):
    assert estimator().get_params().keys() == Autoencoder().get_params().keys()


DATA = {
    "allow_nan": np.where(np.arange(120).reshape(40, 3) % 7 == 0, np.nan, np.arange(120).reshape(40, 3) % 11),
    "sparse": sparse.csr_array(np.arange(120).reshape(40, 3) % 5 * 1.0),
    "three_d_array": np.random.default_rng(0).random((40, 4, 4)),
    "categorical": pd.DataFrame({"a": pd.Categorical(list("xyzx") * 10), "b": np.arange(40) % 9}),
}


@pytest.mark.parametrize("tag", DATA)
@pytest.mark.parametrize("estimator", [Autoencoder(epochs=1, device="cpu"), AnomalyDetector(random_state=0)])
def test_input_that_a_tag_announces_is_accepted(estimator, tag: str) -> None:
    assert getattr(get_tags(estimator).input_tags, tag)
    assert clone(estimator).fit(DATA[tag]).__sklearn_is_fitted__()


@pytest.mark.parametrize("estimator", [Autoencoder, AnomalyDetector])
def test_input_that_a_tag_denies_is_refused(estimator) -> None:
    refusing = estimator(missing="error")
    assert not get_tags(refusing).input_tags.allow_nan
    with pytest.raises(ValueError, match="missing"):
        refusing.fit(DATA["allow_nan"])
    assert not get_tags(refusing).input_tags.one_d_array
    with pytest.raises(ValueError, match=r"1D|one column|shape|dimension"):
        refusing.fit(np.arange(40.0))


def test_a_detector_is_an_outlier_detector_with_the_gaps_of_its_autoencoder() -> None:
    assert get_tags(AnomalyDetector()).estimator_type == "outlier_detector"
    assert not get_tags(AnomalyDetector(Autoencoder(missing="error"))).input_tags.allow_nan

"""The estimators on mixed tables: frames go in and come out as they are, and gaps are filled."""

from __future__ import annotations

import datetime
import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch

from narrows import Autoencoder, DenoisingAutoencoder, VariationalAutoencoder, load, read
from narrows.data import as_rows
from narrows.errors import IgnoredColumnWarning, MissingValuesError, SchemaMismatchError
from narrows.estimators import variant_classes
from narrows.estimators.parameters import resolution
from narrows.model import Gaussian, MixedDensity, MixedError, SquaredError
from narrows.training.autograd_step import AutogradStep
from narrows.training.flat_parameters import FlatParameters
from narrows.training.fused_step import FusedStep, can_fuse
from tests.mixed_table import FRAME, N


def quick(estimator=Autoencoder, **settings):
    return estimator(**{"epochs": 3, "hidden_layer_sizes": (16,), "random_state": 0, **settings})


@pytest.fixture(scope="module")
def plain() -> Autoencoder:
    return Autoencoder(n_components=2, epochs=60, random_state=0).fit(FRAME)


@pytest.fixture(scope="module")
def variational() -> VariationalAutoencoder:
    return VariationalAutoencoder(n_components=2, epochs=60, random_state=0).fit(FRAME)


@pytest.mark.parametrize("estimator", variant_classes())
def test_every_variant_learns_from_a_mixed_table(estimator):
    model = quick(estimator).fit(FRAME)
    assert model.transform(FRAME).shape == (N, model.n_components_)
    assert model.history_[-1].loss < model.history_[0].loss
    kind = MixedDensity if estimator is VariationalAutoencoder else MixedError
    assert type(model.network_.likelihood) is kind


def test_an_untrained_answer_costs_about_one_for_each_column():
    model = quick(epochs=1, learning_rate=1e-9, linear_path="off").fit(FRAME)
    assert model.loss_unit_ == "balanced error per row (sum over 6 columns, each 1 where nothing is known)"
    errors = model.reconstruction_error(FRAME, per_feature=True)
    np.testing.assert_allclose(errors.mean(axis=0), 1, atol=0.25)
    np.testing.assert_allclose(errors.sum(axis=1), model.reconstruction_error(FRAME), rtol=1e-4)


def test_no_kind_drowns_another(plain):
    errors = plain.reconstruction_error(FRAME, per_feature=True).mean(axis=0)
    assert errors.max() < 0.7
    assert plain.score(FRAME) > 0.7


@pytest.mark.parametrize("container", ["pandas", "polars", "pyarrow"])
def test_frames_come_back_with_their_columns_dtypes_levels_and_ranges(container, plain):
    convert = {"pandas": lambda f: f, "polars": pl.from_pandas, "pyarrow": pa.Table.from_pandas}[container]
    frame = convert(FRAME)
    model = plain if container == "pandas" else quick().fit(frame)
    for answer in (model.reconstruct(frame), model.inverse_transform(model.transform(frame)), model.impute(frame)):
        assert type(answer) is type(frame)
        back = answer.to_pandas() if container != "pandas" else answer
        if container == "pandas":
            pd.testing.assert_series_equal(back.dtypes, FRAME.dtypes)
            assert back["kind"].cat.categories.tolist() == ["big", "middle", "small"]
        else:
            assert (answer.schema if container == "polars" else answer.schema.remove_metadata()) == (
                frame.schema if container == "polars" else frame.schema.remove_metadata()
            )
        assert back.notna().all().all()
        assert set(back["kind"]) <= {"big", "middle", "small"}
        assert back["width"].min() >= FRAME["width"].min()
        assert (back["width"] == back["width"].round()).all()


def test_imputing_leaves_what_is_there_and_fills_the_rest(plain):
    filled = plain.impute(FRAME)
    there = FRAME.notna()
    assert filled.notna().all().all()
    pd.testing.assert_frame_equal(filled.where(there), FRAME.where(there))


@pytest.mark.slow
def test_imputing_beats_the_mean_and_the_mode_on_cells_that_were_hidden(data_folder):
    frame = pd.read_csv(data_folder / "penguins" / "penguins.csv")
    numbers = frame.columns[frame.dtypes != "str"]
    frame[numbers] = frame[numbers].astype(float)
    hidden = (np.random.default_rng(0).random(frame.shape) < 0.1) & frame.notna().to_numpy()
    given = frame.mask(hidden)
    filled = VariationalAutoencoder(random_state=0).fit(given).impute(given)
    ours, means, right, modes = [], [], [], []
    for i, name in enumerate(frame.columns):
        truth = frame[name][hidden[:, i]]
        answer = filled[name][hidden[:, i]]
        if name in numbers and name != "year":  # three years are a category
            spread = frame[name].std()
            ours += ((answer - truth) / spread).tolist()
            means += ((given[name].mean() - truth) / spread).tolist()
        else:
            right += (answer == truth).tolist()
            modes += (given[name].mode()[0] == truth).tolist()
    assert np.square(ours).mean() < 0.7 * np.square(means).mean()
    assert np.mean(right) > np.mean(modes) + 0.2


@pytest.mark.slow
def test_samples_are_rows_that_could_be_in_the_table(variational):
    drawn = variational.sample(2000, random_state=0)
    pd.testing.assert_series_equal(drawn.dtypes, FRAME.dtypes)
    assert drawn["kind"].cat.categories.tolist() == ["big", "middle", "small"]
    assert (drawn["width"].dropna() == drawn["width"].dropna().round()).all()
    for name in ("length", "width", "when", "count"):
        assert drawn[name].min() >= FRAME[name].min()
        assert drawn[name].max() <= FRAME[name].max()
    np.testing.assert_allclose(drawn["width"].isna().mean(), FRAME["width"].isna().mean(), atol=0.06)
    np.testing.assert_allclose(drawn["length"].std(), FRAME["length"].std(), rtol=0.25)
    np.testing.assert_allclose(drawn[["length", "count"]].corr().iloc[0, 1], 0.95, atol=0.15)
    assert variational.sample(200, gaps=False).notna().all().all()
    pd.testing.assert_frame_equal(variational.sample(5, random_state=3), variational.sample(5, random_state=3))


def test_the_density_bounds_what_the_elbo_says(variational):
    assert (variational.log_likelihood(FRAME, k=200).mean() >= variational.elbo(FRAME, n_draws=64).mean()).all()


def test_an_unseen_level_is_surprising_and_no_error(plain):
    anomalous = FRAME.head(20).copy()
    anomalous["kind"] = pd.Categorical(["enormous"] * 20)
    errors = plain.reconstruction_error(anomalous, per_feature=True)[:, 2]
    assert errors.min() > plain.reconstruction_error(FRAME, per_feature=True)[:, 2].mean() + 2
    assert set(plain.reconstruct(anomalous)["kind"]) <= {"big", "middle", "small"}


@pytest.mark.filterwarnings("ignore:Column .* larger than at the fit")
def test_an_outlier_in_any_kind_of_column_is_surprising(plain):
    usual = plain.reconstruction_error(FRAME).max()
    for name, value in {"length": 400.0, "width": 9999.0, "when": pd.Timestamp("2031-01-01"), "count": 500}.items():
        anomalous = FRAME.head(5).copy()
        anomalous[name] = pd.Series([value] * 5).astype(FRAME[name].dtype)
        assert plain.reconstruction_error(anomalous).min() > usual


def test_gaps_where_the_fit_had_none_are_told_once_and_filled(plain):
    gappy = FRAME.copy()
    gappy.loc[3, "length"] = np.nan
    with pytest.warns(UserWarning, match=r"had none during fit \('length'\)") as caught:
        filled = plain.transform(gappy)
    assert len(caught) == 1
    assert np.isfinite(filled).all()


def test_gaps_can_be_refused_or_filled_with_the_mean():
    with pytest.raises(MissingValuesError, match="'width'"):
        quick(missing="error").fit(FRAME)
    model = quick(missing="mean").fit(FRAME)
    assert not any(name.endswith("is missing") for name in model.schema_.float_names)


def test_arrays_with_gaps_are_learned_from_and_come_back_as_arrays():
    X = FRAME[["length", "width"]].to_numpy()
    model = quick().fit(X)
    assert isinstance(model.reconstruct(X), np.ndarray)
    filled = model.impute(X)
    np.testing.assert_array_equal(filled[~np.isnan(X)], X[~np.isnan(X)])
    assert np.isfinite(filled).all()
    with pytest.raises(MissingValuesError, match="infinity"):
        model.transform(np.array([[np.inf, 1.0]]))


def test_another_sort_of_cells_than_at_the_fit_is_refused(plain):
    other = FRAME.astype({"length": "str"})
    with pytest.raises(SchemaMismatchError, match="'length' of X holds text, but Autoencoder was fitted on numbers"):
        plain.transform(other)


@pytest.mark.parametrize("missing", [None, "a"])
def test_columns_that_were_set_aside_come_back_as_given(missing):
    frame = FRAME.assign(name=[f"row {i}" for i in range(N)], same="x")
    frame.loc[0, "name"] = missing
    with pytest.warns(IgnoredColumnWarning, match=r"'name'.*categorical=\('name',\)"):
        model = quick().fit(frame)
    assert model.schema_.ignored_columns == {"name": "a different value in almost every row", "same": "constant"}
    back = model.reconstruct(frame)
    assert back["name"].equals(model.impute(frame)["name"])
    assert back["same"].tolist() == ["x"] * N
    assert model.inverse_transform(model.transform(frame))["name"].isna().all()


@pytest.mark.parametrize("estimator", [Autoencoder, VariationalAutoencoder])
def test_a_loaded_model_answers_to_the_bit(tmp_path, estimator):
    model = quick(estimator, categorical=("count",)).fit(FRAME)
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert again.categorical == ("count",)
    np.testing.assert_array_equal(again.transform(FRAME), model.transform(FRAME))
    np.testing.assert_array_equal(again.reconstruction_error(FRAME), model.reconstruction_error(FRAME))
    pd.testing.assert_frame_equal(again.impute(FRAME), model.impute(FRAME))
    if isinstance(model, VariationalAutoencoder):
        pd.testing.assert_frame_equal(again.sample(9, random_state=0), model.sample(9, random_state=0))


def test_a_model_saved_before_there_were_kinds_still_loads(tmp_path):
    from narrows.estimators.saving.sealed_files import self_checksum, to_json

    X = FRAME[["length", "count"]]
    model = quick().fit(X)
    model.save(tmp_path / "m")
    path = tmp_path / "m" / "narrows.json"
    about = json.loads(path.read_text())
    about["format_version"] = 1
    del about["parameters"]["categorical"]
    about["parameters"]["missing"] = about["schema"]["missing"] = "error"
    about["sha256"]["narrows.json"] = self_checksum(about)
    path.write_bytes(to_json(about))
    np.testing.assert_array_equal(load(tmp_path / "m").transform(X), model.transform(X))


@pytest.mark.parametrize("estimator", [Autoencoder, VariationalAutoencoder])
def test_the_fast_step_has_autograds_gradient(estimator):
    model = quick(estimator).fit(FRAME)
    network = model.network_
    objective = resolution.resolve(model.get_params(), model.schema_, None, generator=None).objective
    assert can_fuse(network, objective)
    if network.path is not None:
        network.path.share.fill_(1)  # as in training
    x = torch.from_numpy(model.schema_.encode(as_rows(FRAME)))
    gradients = []
    for step in (FusedStep, AutogradStep):
        flat = FlatParameters(list(network.parameters()))
        with flat.attached():
            step(network, objective, flat, precision="float32", max_rows=N)(
                x, torch.Generator().manual_seed(0), progress=0.0, weight=None
            )
            gradients.append(flat.gradients.clone())
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(("loss", "kind"), [("mse", SquaredError), ("gaussian", Gaussian)])
def test_a_loss_that_is_asked_for_takes_every_float_alike(loss, kind):
    model = quick(loss=loss).fit(FRAME)
    assert type(model.network_.likelihood) is kind
    assert model.reconstruct(FRAME).shape == FRAME.shape


def test_weights_count_as_repeated_rows():
    weight = 1 + np.arange(N) % 2
    settings = {"validation_fraction": 0.0, "epochs": 2, "batch_size": 2 * N}
    weighted = quick(**settings).fit(FRAME, sample_weight=weight)
    repeated = quick(**settings).fit(FRAME.loc[FRAME.index.repeat(weight)])
    np.testing.assert_allclose(weighted.transform(FRAME), repeated.transform(FRAME), rtol=1e-3, atol=1e-4)


def test_files_are_fitted_as_they_are(tmp_path, data_folder):
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    FRAME.to_parquet(tmp_path / "t.parquet")
    words = [quick().fit(read(tmp_path / name)).schema_.column_types for name in ("t.csv", "t.parquet")]
    assert words[0] == words[1]
    assert list(words[0].values()) == ["numeric", "numeric", "category", "date", "true-or-false column", "numeric"]


def test_masking_hides_whole_cells_as_though_they_were_missing():
    model = quick(DenoisingAutoencoder, corruption="masking", level=0.4).fit(FRAME)
    schema = model.schema_
    corruption = resolution.corruption_for(schema, "masking", 0.4)
    assert corruption is not None
    x = torch.from_numpy(schema.encode(as_rows(FRAME)))
    tilde = corruption(x, torch.Generator().manual_seed(0)).numpy()
    places = {name: i for i, name in enumerate(schema.float_names)}
    levels = [i for name, i in places.items() if name.startswith("kind = ")]
    hidden = ~tilde[:, levels].any(axis=1)
    np.testing.assert_array_equal(tilde[:, places["kind is missing"]], hidden)
    there = FRAME["kind"].notna().to_numpy()
    np.testing.assert_allclose(hidden[there].mean(), 0.4, atol=0.08)
    when = [i for name, i in places.items() if name.startswith("when")]
    gone = (tilde[:, when] == 0).all(axis=1)
    np.testing.assert_array_equal(tilde[~gone][:, when], x.numpy()[~gone][:, when])


@pytest.mark.slow
def test_a_model_that_saw_hidden_cells_fills_gaps_better():
    hidden = FRAME.copy()
    where = np.random.default_rng(1).random(N) < 0.3
    hidden.loc[where, "length"] = np.nan
    settings = {"n_components": 2, "epochs": 60, "random_state": 0}
    models = [Autoencoder(**settings), DenoisingAutoencoder(corruption="masking", level=0.2, **settings)]
    errors = [np.abs(m.fit(hidden).impute(hidden)["length"] - FRAME["length"])[where].mean() for m in models]
    assert errors[1] < errors[0]
    assert errors[1] < 0.6 * np.abs(FRAME["length"] - FRAME["length"].mean()).mean()


def test_cells_of_several_kinds_are_told_in_a_warning():
    frame = FRAME.assign(odd=["a", 1, "b"] * (N // 3))
    with pytest.warns(UserWarning, match="'odd' of X holds int and str cells, so it is read as text"):
        model = quick(epochs=1).fit(frame)
    assert model.schema_.column_types["odd"] == "category"


def test_a_path_is_read(data_folder):
    model = quick().fit(data_folder / "penguins" / "penguins.csv")
    assert model.n_features_in_ == 8


def test_a_column_that_is_wholly_empty_at_use_is_filled() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=200)
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta((z * 1e6).round(), unit="s")
    frame = pd.DataFrame({"a": z, "b": np.where(z > 0, "p", "q"), "when": when})
    model = Autoencoder(n_components=2, epochs=5, random_state=0, device="cpu").fit(frame)
    new = pd.DataFrame({"a": [None] * 3, "b": ["p", "q", "p"], "when": [pd.NaT] * 3})
    with pytest.warns(UserWarning, match="has missing values in columns that had none"):
        filled = model.impute(new)
    assert filled["b"].tolist() == ["p", "q", "p"]
    assert np.isfinite(filled["a"].astype(float)).all()
    assert filled["when"].notna().all()


def test_an_array_column_of_nothing_but_gaps_is_set_aside() -> None:
    block = np.random.default_rng(0).normal(size=(60, 3))
    block[:, 1] = np.nan
    model = Autoencoder(n_components=1, epochs=2, random_state=0, device="cpu").fit(block)
    assert model.schema_.ignored_columns == {"x1": "empty"}
    assert model.transform(block).shape == (60, 1)


def test_arrow_dates_and_dictionaries_under_pandas_are_read() -> None:
    pa = pytest.importorskip("pyarrow")
    days = [datetime.date(2024, 1, 1 + i % 28) if i % 5 else None for i in range(60)]
    levels = pa.array([("a", "b", "c")[i % 3] for i in range(60)]).dictionary_encode()
    frame = pd.DataFrame(
        {
            "day": pd.array(days, dtype=pd.ArrowDtype(pa.date32())),
            "level": pd.array(levels, dtype=pd.ArrowDtype(levels.type)),
            "x": np.arange(60) * 1.5,
        }
    )
    model = Autoencoder(n_components=2, epochs=2, random_state=0, device="cpu").fit(frame)
    assert model.schema_.column_types == {"day": "date", "level": "category", "x": "numeric"}
    filled = model.impute(frame)
    assert filled["day"].notna().all()
    assert filled["level"].tolist() == frame["level"].tolist()
    assert [day for day in days if day] == [day for day, given in zip(filled["day"], days, strict=True) if given]

"""Models in MLflow's own form, saved and loaded by MLflow, with a store of local files."""

from __future__ import annotations

import importlib
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

import narrows
from narrows.errors import SettingError
from narrows.mlflow import log_model, save_model, signature_of

pytestmark = pytest.mark.filterwarnings("ignore")  # of MLflow and its dependencies

SAVED = Path(__file__).parents[1] / "saved_models" / "models"


@pytest.fixture(scope="module", autouse=True)
def mlflow() -> ModuleType:
    """MLflow, imported by the process that runs these tests and by no other."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow and its dependencies
        pytest.importorskip("mlflow.pyfunc", reason="mlflow-skinny is in the extra mlflow")
        return importlib.import_module("mlflow")


def load(name: str):
    return narrows.load(SAVED / name / "model")


def small_table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    z = rng.normal(size=80)
    table = pd.DataFrame({"a": z, "b": np.round(10 * z), "shop": np.where(z > 0, "Rome", "Oslo"), "same": 1})
    table["n"] = np.arange(80) % 7
    table["when"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(80) % 30, unit="D")
    table.loc[::5, "b"] = np.nan
    return table


@pytest.fixture(scope="module")
def table_model():
    return narrows.Autoencoder(n_components=2, epochs=1, hidden_layer_sizes=(8,), random_state=0).fit(small_table())


def test_a_saved_model_answers_through_mlflow_to_the_bit(mlflow, table_model, tmp_path: Path) -> None:
    save_model(table_model, tmp_path / "m")
    loaded, rows = mlflow.pyfunc.load_model(str(tmp_path / "m")), small_table()
    found = loaded.predict(rows)["reconstruction_error"].to_numpy()
    assert np.array_equal(found, table_model.reconstruction_error(rows))
    assert np.array_equal(loaded.predict(rows, params={"output": "code"}), table_model.transform(rows))
    pd.testing.assert_frame_equal(
        loaded.predict(rows, params={"output": "reconstruction"})[["a", "shop"]],
        table_model.reconstruct(rows)[["a", "shop"]],
        check_exact=False,
    )


def test_nothing_is_pickled(table_model, tmp_path: Path) -> None:
    save_model(table_model, tmp_path / "m")
    names = {path.name for path in (tmp_path / "m").rglob("*")}
    assert {"MLmodel", "model_code.py", "model.safetensors"} <= names
    assert not [name for name in names if name.endswith((".pkl", ".pickle"))]


def test_columns_with_gaps_and_unlearned_ones_are_optional(mlflow, table_model, tmp_path: Path) -> None:
    columns = {column["name"]: column for column in signature_of(table_model).inputs.to_dict()}
    assert {name for name, column in columns.items() if not column["required"]} == {"b"}
    assert {name: column["type"] for name, column in columns.items()} == {
        "a": "double",
        "b": "double",
        "shop": "string",
        "n": "long",
        "when": "datetime",
    }
    save_model(table_model, tmp_path / "m")
    loaded, rows = mlflow.pyfunc.load_model(str(tmp_path / "m")), small_table()
    whole = loaded.predict(rows.drop(columns="same"))
    assert np.array_equal(whole, loaded.predict(rows))


def test_a_model_is_logged_to_a_local_store_and_loaded_from_it(
    mlflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.chdir(tmp_path)
    before = mlflow.get_tracking_uri()
    detector, rows = load("detector"), np.load(SAVED / "detector" / "rows.npz")
    X = rows[rows.files[0]]
    try:
        mlflow.set_tracking_uri((tmp_path / "store").as_uri())
        with mlflow.start_run():
            info = log_model(detector, "detector")
        found = mlflow.pyfunc.load_model(info.model_uri).predict(X)
    finally:
        mlflow.set_tracking_uri(before)
    assert np.array_equal(found["score"], -detector.score_samples(X))
    assert np.array_equal(found["anomaly"], detector.alarms(-detector.score_samples(X)))


def test_an_unknown_output_is_a_sentence(mlflow, tmp_path: Path) -> None:
    save_model(load("detector"), tmp_path / "m")
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "m"))
    with pytest.raises(SettingError, match="There is no output 'code'; this model has score"):
        loaded.predict(np.zeros((1, 5)), params={"output": "code"})

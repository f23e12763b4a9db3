"""Every column kind in a graph: its floats and its cells are those of the schema."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrows.data import Schema, as_rows
from narrows.errors import SettingError
from narrows.export import ROWS, ModelGraph
from tests.export.running import answers, assert_reconstructed, feeds_of, session
from tests.mixed_table import FRAME

pytestmark = pytest.mark.filterwarnings("ignore:.*had none during fit:UserWarning")

N = 300
RNG = np.random.default_rng(0)


def schema_model(schema: Schema, dates: Any = "text") -> Any:
    """A graph of the schema alone: the floats of the rows, and the cells that floats a little off decode to."""
    model = ModelGraph(schema, dates)
    g = model.graph
    model.output("floats", model.floats, np.float32, (ROWS, schema.n_floats), "")
    off = g.op("Mul", model.floats, g.constant(0.9, np.float32))
    model.reconstruction(g.op("Add", off, g.constant(0.05, np.float32)))
    return model.model({}, "")


def assert_same_schema(schema: Schema, X: Any, dates: Any = "text") -> None:
    found = answers(schema_model(schema, dates), X)
    rows = as_rows(X, schema=schema)
    floats = schema.encode(rows, units=False)
    np.testing.assert_allclose(found.pop("floats"), floats, rtol=1e-6, atol=1e-6)
    decoded = schema.decode_rows(floats * np.float32(0.9) + np.float32(0.05))
    if "reconstruction" in found:
        wanted = np.asarray(schema.decode(floats * np.float32(0.9) + np.float32(0.05)))
        assert_reconstructed(found["reconstruction"], wanted)
        return
    wanted = {f"reconstruction.{name}": decoded.column(i) for i, name in enumerate(decoded.feature_names)}
    assert found.keys() <= wanted.keys()
    assert len(found) >= len(schema.column_types)
    for name, values in found.items():
        assert_reconstructed(values, wanted[name])


def with_gaps(frame: pd.DataFrame, unseen: str = "never seen") -> pd.DataFrame:
    """The frame with a tenth of its cells empty, and in its texts a tenth of levels that no fit has seen."""
    rng = np.random.default_rng(1)
    frame = frame.copy()
    for name in frame.columns:
        if frame[name].dtype.kind in "iub":
            frame[name] = frame[name].astype("float64")
        elif frame[name].dtype.kind not in "fM":
            frame[name] = frame[name].astype(object)
            frame.loc[rng.random(len(frame)) < 0.1, name] = unseen
        frame.loc[rng.random(len(frame)) < 0.1, name] = None
    return frame


def many_kinds() -> pd.DataFrame:
    """A column for each way in which columns are encoded, beyond those of the mixed table."""
    z = RNG.normal(size=N)
    seconds = pd.to_timedelta((3e8 * (z % 1)).astype("int64"), unit="s")
    columns = {
        "skewed": np.exp(2 * z),
        "decimals": (40 + 5 * z).round(2),
        "rating": np.clip(np.rint(3 + z), 1, 5),
        "mostly zero": np.where(RNG.random(N) < 0.5, 0.0, 10 + z),
        "float32": (z * 3).astype("float32"),
        "small": np.clip(np.rint(10 * z), -100, 100).astype("int8"),
        "large": (1e6 + 1e5 * z).astype("uint32"),
        "cycles": pd.to_datetime("1999-12-30") + seconds,
        "days": (pd.to_datetime("2020-01-01") + pd.to_timedelta((30 * z).round(), unit="D")).to_numpy().astype("M8[s]"),
        "milliseconds": (pd.to_datetime("2020-01-01") + pd.to_timedelta(z, unit="D")).to_numpy().astype("M8[ms]"),
        "code": RNG.choice([11, 22, 33], N),
        "text": RNG.choice(["a", "b", "ü €", "rare"], N, p=[0.4, 0.3, 0.29, 0.01]),
        "truth": z > 0,
        "constant": "same",
        "one with gaps": np.where(RNG.random(N) < 0.3, np.nan, 7.0),
        "date with gaps": np.where(RNG.random(N) < 0.3, np.datetime64("NaT"), np.datetime64("2020-05-05", "s")),
    }
    frame = pd.DataFrame(columns)
    frame.loc[RNG.random(N) < 0.1, ["skewed", "text", "cycles"]] = None
    frame.loc[:3, "text"] = ["once", "twice", "rare", "rare"]
    return frame


MANY = many_kinds()


@pytest.mark.parametrize("dates", ["text", "int64"])
@pytest.mark.parametrize("gaps", [False, True])
def test_a_table_of_every_kind_is_encoded_and_decoded_as_by_the_schema(dates, gaps):
    schema = Schema.learn(as_rows(MANY), categorical=["code"])
    kinds = {kind.name for kind in schema.kinds}
    assert kinds == {"numeric", "quantile", "date", "boolean", "common", "gaps", "category", "set aside"}
    assert {cycle for kind in schema.kinds for cycle in getattr(kind, "cycles", ())} == {"year", "week", "day"}
    assert_same_schema(schema, with_gaps(MANY) if gaps else MANY, dates)


@pytest.mark.parametrize("scale", ["standard", "minmax", "quantile", "none"])
@pytest.mark.parametrize("missing", ["mask", "mean"])
def test_every_scale_and_treatment_of_gaps_is_that_of_the_schema(scale, missing):
    assert_same_schema(Schema.learn(as_rows(FRAME), scale=scale, missing=missing), with_gaps(FRAME))


def test_an_array_is_one_input_with_gaps_and_constant_columns():
    X = RNG.normal(size=(N, 4))
    X[:, 1] = 3
    assert_same_schema(Schema.learn(as_rows(X)), X)
    X[RNG.random(N) < 0.1, 2] = np.nan
    X[:, 3] = np.exp(3 * X[:, 3])
    assert_same_schema(Schema.learn(as_rows(X)), X)
    assert_same_schema(Schema.learn(as_rows(X.astype(np.float32))), X.astype(np.float32))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64", "bool"])
@pytest.mark.parametrize("shape", [(8, 8), (8, 6, 3)])
def test_images_come_in_and_go_out_in_their_shape_and_type(dtype, shape):
    X = (RNG.random((40, *shape)) * (2 if dtype == "bool" else 200)).astype(dtype)
    schema = Schema.learn(as_rows(X))
    assert_same_schema(schema, X)
    assert answers(schema_model(schema), X)["reconstruction"].dtype == X.dtype


def test_pixels_that_hardly_differ_are_decoded_from_their_mean():
    X = np.linspace(0, 1, 64).reshape(8, 8) + 0.01 * RNG.normal(size=(40, 8, 8))
    schema = Schema.learn(as_rows(X))
    assert schema.unit == "standard deviations of the pixels"
    assert_same_schema(schema, X)


def test_columns_of_different_length_are_refused_by_the_graph():
    run = session(schema_model(Schema.learn(as_rows(FRAME))))
    feeds = feeds_of(run, FRAME)
    with pytest.raises(Exception, match=r"must match|shape"):
        run.run(None, feeds | {"length": feeds["length"][:-1]})


def test_an_empty_text_is_a_level_where_the_fit_had_it():
    frame = pd.DataFrame({"a": RNG.choice(["", "x", "y"], N), "b": RNG.normal(size=N)})
    assert_same_schema(Schema.learn(as_rows(frame)), frame)


def test_names_of_columns_never_meet_those_of_outputs():
    frame = pd.DataFrame(RNG.normal(size=(N, 3)), columns=["floats", "reconstruction.floats", "v1"])
    found = answers(schema_model(Schema.learn(as_rows(frame))), frame)
    assert list(found) == [
        "floats_",
        "reconstruction.floats_",
        "reconstruction.reconstruction.floats",
        "reconstruction.v1",
    ]


def test_levels_that_float64_cannot_tell_apart_are_refused():
    frame = pd.DataFrame({"key": RNG.choice([2**60, 2**60 + 1], N), "b": RNG.normal(size=N)})
    schema = Schema.learn(as_rows(frame), categorical=["key"])
    with pytest.raises(SettingError, match=r"^Column 'key' holds whole numbers above 2\*\*53.*as text"):
        schema_model(schema)


def test_dates_that_iso_texts_cannot_hold_are_refused_and_go_as_ticks():
    dates = np.datetime64("12000-01-01", "s") + RNG.integers(0, 10**6, N).astype("m8[s]")
    schema = Schema.learn(as_rows(pd.DataFrame({"when": dates, "b": RNG.normal(size=N)})))
    with pytest.raises(SettingError, match=r"^Column 'when' has dates outside the years 0 to 9999.*dates='int64'"):
        schema_model(schema)
    assert answers(schema_model(schema, "int64"), pd.DataFrame({"when": dates, "b": np.zeros(N)}))


def test_an_unknown_form_of_dates_is_refused():
    with pytest.raises(SettingError, match=r"^dates='iso' is not known"):
        schema_model(Schema.learn(as_rows(FRAME)), "iso")


CELLS = {
    "number": st.floats(-1e6, 1e6, width=32),
    "amount": st.integers(-500, 500).map(lambda n: n / 100),
    "count": st.integers(0, 30).map(float),
    "level": st.sampled_from(["a", "b", "c c", "ß"]),
    "truth": st.booleans(),
    "date": st.integers(-(10**9), 10**9).map(lambda s: np.datetime64(s, "s")),
}


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_any_table_of_mixed_kinds_is_encoded_and_decoded_as_by_the_schema(data):
    names = data.draw(st.lists(st.sampled_from(list(CELLS)), min_size=2, max_size=4, unique=True))
    n = data.draw(st.integers(8, 30))
    frame = pd.DataFrame({name: data.draw(st.lists(CELLS[name], min_size=n, max_size=n)) for name in names})
    frame["plain"] = np.arange(n) % 5 + 0.5
    schema = Schema.learn(as_rows(frame))
    assert_same_schema(schema, with_gaps(frame))

"""The user's units of the floats that a page lets one set."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from narrows.apps.viewer.float_scales import float_scales
from narrows.data import Schema, as_rows

N = 400


@pytest.fixture(scope="module")
def schema() -> Schema:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "height": rng.normal(170, 10, N),
            "income": np.round(np.exp(rng.normal(8, 1.5, N)), 2),
            "stars": rng.choice([1, 2, 3, 4, 5], N, p=[0.05, 0.05, 0.1, 0.2, 0.6]),
            "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 24 * 900, N), unit="h"),
            "rain": np.where(rng.random(N) < 0.7, 0.0, rng.gamma(2, 3, N)),
            "paid": rng.random(N) < 0.4,
            "city": rng.choice(["Oslo", "Bonn", "Lima"], N),
        }
    )
    frame.loc[::40, "height"] = np.nan
    return Schema.learn(as_rows(frame))


def in_units(scale: dict, floats: np.ndarray) -> np.ndarray:
    return np.interp(floats, scale["floats"], scale["values"])


def test_a_sliders_number_is_what_the_float_decodes_to(schema: Schema) -> None:
    scales = float_scales(schema)
    names = list(schema.float_names)
    assert len(scales) == len(names)
    base = np.zeros((21, len(names)))
    for name, tolerance in [("height", 1e-6), ("income", 0.01), ("stars", 0), ("rain", 0.01)]:
        i = names.index(name)
        scale = scales[i]
        assert scale is not None
        floats = base.copy()
        inside = np.linspace(scale["floats"][0], scale["floats"][-1], 21)
        floats[:, i] = inside
        decoded = np.array(schema.decode_rows(floats).column(scale["column"]), float)
        assert in_units(scale, inside) == pytest.approx(decoded, rel=tolerance, abs=0.01 if tolerance else 0)


def test_a_date_sets_its_cycles_and_decodes_to_the_hour_shown(schema: Schema) -> None:
    scales, names = float_scales(schema), list(schema.float_names)
    i = names.index("when")
    scale = scales[i]
    assert scale is not None
    assert scales[i + 1 : i + 1 + 2 * len(scale["cycles"])] == [None] * 2 * len(scale["cycles"])
    floats = np.zeros((9, len(names)))
    floats[:, i] = np.linspace(*scale["floats"], 9)
    seconds = in_units(scale, floats[:, i])
    for k, period in enumerate(scale["cycles"]):
        angle = 2 * np.pi * seconds / period
        floats[:, i + 1 + 2 * k], floats[:, i + 2 + 2 * k] = np.sin(angle), np.cos(angle)
    shown = (np.rint(seconds / scale["step"]) * scale["step"]).astype("datetime64[s]")
    decoded = np.asarray(schema.decode_rows(floats).column(scale["column"]), "datetime64[s]")
    assert scale["step"] == 3600
    assert (shown == decoded).all()


def test_flags_are_boxes_and_levels_have_no_scale(schema: Schema) -> None:
    found = dict(zip(schema.float_names, float_scales(schema), strict=True))
    column = {name: schema.feature_names.index(name) for name in schema.feature_names}
    for name, of in [("paid", "paid"), ("rain is 0", "rain"), ("height is missing", "height")]:
        assert found[name] == {"column": column[of], "binary": True}
    assert found["city = Oslo"] is None

"""Columns that come in other units than at the fit."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from narrows.data import Schema, as_rows
from narrows.data.schema.magnitudes import Magnitudes, _is_outside, _together

R = np.random.default_rng(0)
PEOPLE = pd.DataFrame({"weight": R.normal(70, 12, 500), "height": R.normal(1.7, 0.1, 500), "n": R.poisson(3, 500)})
OTHERS = pd.DataFrame({"weight": R.normal(70, 12, 200), "height": R.normal(1.7, 0.1, 200), "n": R.poisson(3, 200)})
DIGITS = load_digits().data


def warnings_at_use(fit, use) -> list[str]:
    schema = Schema.learn(as_rows(fit))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        schema.encode(as_rows(use))
    return [str(one.message) for one in caught]


@pytest.mark.parametrize("n", [1, 3, 200])
def test_a_column_a_thousand_times_off_is_named_with_its_factor(n):
    use = OTHERS.assign(weight=OTHERS.weight * 1000)[:n]
    median = float(np.median(use.weight))
    (message,) = warnings_at_use(PEOPLE, use)
    found = re.fullmatch(
        r"Column 'weight' of X is about 1,000 times larger than at the fit "
        r"\(median ([\d,]+), at the fit ([\d.]+)\); convert it to the same units\.",
        message,
    )
    assert found is not None
    assert float(found[1].replace(",", "")) == pytest.approx(median, rel=0.05)
    assert float(found[2]) == pytest.approx(PEOPLE.weight.median(), rel=0.05)


def test_several_columns_are_told_in_one_warning():
    (message,) = warnings_at_use(PEOPLE, OTHERS.assign(weight=OTHERS.weight / 1000, height=OTHERS.height * 100))
    assert "Column 'weight' of X is about 1,000 times smaller" in message
    assert "column 'height' of X is about 100 times larger" in message
    assert message.endswith("convert them to the same units.")


@pytest.mark.parametrize("n", [1, 20, 797])
@pytest.mark.parametrize("factor", [1 / 255, 255])
def test_an_array_in_other_units_is_told_once(n, factor):
    (message,) = warnings_at_use(DIGITS[:1000], DIGITS[1000 : 1000 + n] * factor)
    size = "larger" if factor > 1 else "smaller"
    assert message == f"All columns of X are about 255 times {size} than at the fit; convert them to the same units."


def test_numbers_beside_text_are_looked_at_too():
    frame = pd.DataFrame({"share": R.random(300), "amount": R.lognormal(3, 2, 300), "kind": ["a", "b", "c"] * 100})
    (message,) = warnings_at_use(frame, frame.assign(share=frame.share * 100))
    assert message.startswith("Column 'share' of X is about 100 times larger")


def test_drift_outliers_and_zeros_are_no_other_units():
    assert warnings_at_use(PEOPLE, OTHERS * 2) == []
    few_anomalous = OTHERS.astype(float)
    few_anomalous.iloc[:20] *= 1000
    assert warnings_at_use(PEOPLE, few_anomalous) == []
    assert warnings_at_use(PEOPLE, OTHERS * 0) == []
    assert warnings_at_use(PEOPLE, OTHERS.assign(weight=np.nan)) == [
        "X has missing values in columns that had none during fit ('weight'); they are filled with the training mean."
    ]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 5, 30, 400]), st.integers(0, 4))
def test_rows_of_the_same_kind_are_never_in_other_units(seed, n, which):
    rng = np.random.default_rng(seed)

    def draw(size: int) -> np.ndarray:
        shape = (size, 8)
        return (
            rng.normal(size=shape),
            rng.lognormal(0, 2, shape),
            rng.standard_cauchy(shape),
            rng.random(shape),
            rng.poisson(0.3, shape) * rng.exponential(size=shape),
        )[which]

    known = Magnitudes.learn(as_rows(draw(500)), np.arange(8))
    assert known.complaint(as_rows(draw(n))) is None


def test_quantiles_are_those_of_numpy_without_zeros_and_gaps():
    X = R.normal(size=(1000, 2))
    X[:100, 0], X[100:200, 1] = 0, np.nan
    found = Magnitudes.learn(as_rows(X), np.arange(2))
    for place in range(2):
        sizes = np.abs(X[:, place])
        sizes = sizes[sizes > 0]
        expected = np.quantile(sizes, [0, 0.01, 0.5, 0.99, 1], method="inverted_cdf")
        np.testing.assert_array_equal(found.quantiles[place], expected)
    assert found.counts.tolist() == [900, 900]


def test_they_are_saved_and_an_older_schema_has_none():
    schema = Schema.learn(as_rows(PEOPLE))
    arrays = schema.arrays()
    again = Schema.restore(schema.describe(), arrays)
    off = as_rows(OTHERS * 1000)
    assert schema.magnitudes is not None
    assert again.magnitudes is not None
    assert again.magnitudes.complaint(off) == schema.magnitudes.complaint(off) is not None
    older = Schema.restore(schema.describe(), {k: a for k, a in arrays.items() if not k.startswith("magnitudes.")})
    assert older.magnitudes is None
    older.check(off)
    with pytest.raises(ValueError, match="magnitudes"):
        Schema.restore(schema.describe(), arrays | {"magnitudes.quantiles": np.zeros((3, 2))})


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 19), gaps=st.floats(0, 0.9))
def test_few_rows_within_the_extremes_of_the_fit_are_in_no_other_unit(seed: int, n: int, gaps: float) -> None:
    rng = np.random.default_rng(seed)
    known = Magnitudes.learn(as_rows(rng.lognormal(0, 3, (50, 4)) * rng.choice([-1, 1], 4)), np.arange(4))
    low, high = np.log(known.quantiles[:, 0]), np.log(known.quantiles[:, 4])
    sizes = np.exp(rng.uniform(low, high, (n, 4)))
    sizes[rng.random(sizes.shape) < gaps] = np.nan
    sizes = np.clip(sizes, known.quantiles[:, 0], known.quantiles[:, 4])
    n_cells = (~np.isnan(sizes)).sum(axis=0)
    assert _together(as_rows(np.ones((n, 4))), sizes, n_cells, known.quantiles) is None
    assert not _is_outside(sizes, n_cells, known.quantiles, known.signed, known.counts).any()

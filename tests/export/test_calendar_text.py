from __future__ import annotations

import numpy as np
import pytest

from narrows.export import Graph, calendar_text
from tests.export.running import run_graph

RNG = np.random.default_rng(0)
INT, TEXT, BOOL = np.dtype(np.int64), np.dtype(object), np.dtype(bool)
RANGES = {
    "D": (-135_000, 2_932_000),
    "s": (-(10**10), 10**11),
    "ms": (-(10**13), 10**14),
    "us": (-(10**16), 10**17),
    "ns": (-4 * 10**18, 4 * 10**18),
}


@pytest.mark.parametrize("unit", RANGES)
def test_ticks_become_the_texts_of_numpy_and_come_back(unit):
    ticks = RNG.integers(*RANGES[unit], (500, 1))
    g = Graph()
    x = g.input("x", INT, ["rows", 1], "")
    text = calendar_text.to_text(g, x, unit)
    g.output("text", text, TEXT, ["rows", 1], "")
    g.output("back", calendar_text.from_text(g, g.flat(text)).ticks(g, unit), INT, ["rows", 1], "")
    g.output("again", calendar_text.from_ticks(g, x, unit).ticks(g, unit), INT, ["rows", 1], "")
    found = run_graph(g, x=ticks)
    np.testing.assert_array_equal(found["text"].astype(str), ticks.view(f"datetime64[{unit}]").astype(str))
    np.testing.assert_array_equal(found["back"], ticks)
    np.testing.assert_array_equal(found["again"], ticks)


DATES = {
    "2013-01-31": "2013-01-31T00:00:00",
    "2013-01-31T12:30": "2013-01-31T12:30:00",
    "2013-02-28 12:30:59.25": "2013-02-28T12:30:59.250",
    "1969-12-31T23:59:59.999": "1969-12-31T23:59:59.999",
    "2000-02-29T00:00:00Z": "2000-02-29T00:00:00",
    "2012-03-01T01:00+02:00": "2012-02-29T23:00:00",
    "2012-03-01T01:00:00-05:30": "2012-03-01T06:30:00",
    "0001-01-01": "0001-01-01T00:00:00",
}


def moments(texts: list[str]) -> dict[str, np.ndarray]:
    g = Graph()
    found = calendar_text.from_text(g, g.input("x", TEXT, ["rows"], ""))
    assert found.invalid is not None
    g.output("ms", found.ticks(g, "ms"), INT, ["rows", 1], "")
    g.output("missing", found.missing, BOOL, ["rows", 1], "")
    g.output("invalid", found.invalid, BOOL, ["rows", 1], "")
    return {name: each.ravel() for name, each in run_graph(g, x=np.array(texts, dtype=object)).items()}


def test_iso_texts_are_read_with_times_fractions_and_offsets():
    found = moments(list(DATES))
    wanted = np.array(list(DATES.values()), dtype="datetime64[ms]")
    np.testing.assert_array_equal(found["ms"].view("datetime64[ms]"), wanted)
    assert not found["missing"].any()


def test_an_empty_text_is_a_gap_and_any_other_that_is_no_date_is_invalid():
    found = moments(["", "soon", "2013-13-01", "2013-1-1", "13/01/2013", "2013-01-01"])
    assert found["missing"].tolist() == [True] * 5 + [False]
    assert found["invalid"].tolist() == [False] + [True] * 4 + [False]

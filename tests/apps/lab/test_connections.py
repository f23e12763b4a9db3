"""A page is never left without an answer: what goes wrong on the way is said, or its line ends, and it comes back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from narrows.apps.lab import connections
from tests.apps.lab.client import SMALL, Said, Served


@pytest.mark.slow
def test_a_view_whose_answer_cannot_travel_says_so_and_answers_the_next_time(
    lab: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = lab.session.queries.answer

    def complex_answer(*given: Any) -> Any:
        found = answer(*given)
        return replace(found, arrays={**found.arrays, "xy": np.zeros((2, 2), complex)})

    with lab.ready() as page:
        with monkeypatch.context() as broken:
            broken.setattr(lab.session.queries, "answer", complex_answer)
            with pytest.raises(Said):
                page.ask("codes", "r1")
        assert page.ask("codes", "r1").arrays["xy"].shape == (1797, 2)


def test_a_page_that_can_be_told_nothing_more_loses_its_line_and_may_come_back(
    lab: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lab.ready() as page, monkeypatch.context() as broken:
        broken.setattr(lab.session, "state", lambda: 1 / 0)
        page.say("data.open", id="digits")
        with pytest.raises(ConnectionClosed):
            page.until(lambda: False)
    with lab.ready() as page:
        assert page.state["status"] == "ready"


def test_a_page_knows_a_run_before_the_answer_names_it(lab: Served) -> None:
    with lab.ready() as page:
        for _ in range(3):
            run = page.train("digits", **SMALL)
            assert run in [known["id"] for known in page.state["runs"]]
            page.until_state(run, "done")


def test_one_page_too_many_hears_why_and_has_a_place_once_another_has_gone(
    lab: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_PAGES", 1)
    with lab.ready(), connect(f"ws://127.0.0.1:{lab.port}/ws") as line:
        said = json.loads(line.recv(timeout=60))
        assert said["t"] == "refused"
        assert said["msg"] == "The lab serves 1 pages at most, and that many are open."
        with pytest.raises(ConnectionClosed) as closed:
            line.recv(timeout=60)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013
    with lab.ready() as page:
        assert page.state["status"] == "ready"

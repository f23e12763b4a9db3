from __future__ import annotations

import asyncio
import time
from functools import partial
from types import SimpleNamespace

import pytest

from narrows.apps.service import lanes
from narrows.apps.service.admission import Admission
from narrows.apps.service.lanes import Job, Lane

PATIENCE = 60  # seconds


def test_no_request_waits_for_ever_where_the_window_is_almost_over(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(monotonic=lambda: lanes.WINDOW - 1e-9, sleep=lambda _: None, perf_counter=time.perf_counter)
    monkeypatch.setattr(lanes, "time", clock)
    monkeypatch.setattr(lanes, "Job", partial(Job, arrived=0.0))
    admission = Admission(1.0, 100)
    lane = Lane(admission, together=True)

    async def answers() -> list[int]:
        return [
            await lane.answer(admission.admit(("m", "score"), 1), lambda i=i: i, lambda i: i) for i in range(20_000)
        ]

    found = asyncio.run(asyncio.wait_for(answers(), PATIENCE))
    lane.close()
    assert found == list(range(20_000))
    assert admission.n_requests == 0


def test_requests_of_one_window_are_answered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = []
    answer_all = lanes.answer_all
    monkeypatch.setattr(lanes, "answer_all", lambda jobs: (at_once.append(len(jobs)), answer_all(jobs)))
    monkeypatch.setattr(lanes, "WINDOW", 0.2)
    admission = Admission(1.0, 100)
    lane = Lane(admission, together=True)

    async def answers() -> list[int]:
        waiting = (lane.answer(admission.admit(("m", "score"), 1), lambda i=i: i, lambda i: i) for i in range(10))
        return await asyncio.gather(*waiting)

    assert asyncio.run(asyncio.wait_for(answers(), PATIENCE)) == list(range(10))
    lane.close()
    assert at_once == [10]

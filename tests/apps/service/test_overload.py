"""Admission by expected waiting time, and clients that mean no good."""

from __future__ import annotations

import asyncio
import http.client
import json
import math
import select
import socket
import time
from pathlib import Path

import pytest

from narrows.apps.service.admission import Admission
from narrows.apps.service.arrow_bodies import STREAM
from narrows.apps.service.early_refusal import EarlyRefusal
from narrows.apps.service.request_errors import Busy
from tests.apps.service.client import PATIENCE, Service, named, serving
from tests.apps.service.fixture_rows import records

KIND = "m", "score"


def measured(seconds: float, size: int, most_seconds: float = 0.1) -> Admission:
    """Return an admission whose requests of this size were measured to take so many seconds."""
    admission = Admission(most_seconds, 1000)
    for _ in range(50):
        admission.leave(admission.admit(KIND, size), seconds)
    return admission


def test_as_many_requests_wait_as_can_be_done_in_time() -> None:
    for seconds, n in ((0.01, 11), (0.001, 101), (0.2, 1)):  # the last one waits for no more than 0.1 s of work
        admission, admitted = measured(seconds, 300), 0
        while not admission.is_full():
            admission.admit(KIND, 300)
            admitted += 1
        assert abs(admitted - n) <= 1
        with pytest.raises(Busy) as caught:
            admission.admit(KIND, 300)
        assert caught.value.retry_after == 1


def test_the_expected_time_follows_the_last_requests_and_the_size() -> None:
    admission = measured(0.01, 300)
    assert admission.expected(KIND, 300) == pytest.approx(0.01)
    assert admission.expected(KIND, 1200) == pytest.approx(0.04)
    assert admission.expected(("other", "score"), 300) == 0
    for _ in range(30):
        admission.leave(admission.admit(KIND, 300), 0.5)
    assert admission.expected(KIND, 300) == pytest.approx(0.5, rel=0.01)


def test_requests_that_failed_or_were_never_worked_on_leave_nothing_behind() -> None:
    admission = measured(0.03, 300)
    tickets = [admission.admit(KIND, 300) for _ in range(4)]
    assert admission.is_full()
    for ticket in tickets:
        admission.leave(ticket, None)
    assert (admission.n_requests, admission.is_full()) == (0, False)
    assert admission.expected(KIND, 300) == pytest.approx(0.03)


def test_requests_that_come_at_once_are_counted_before_they_are_admitted() -> None:
    admission = measured(0.01, 300)
    assert not admission.is_full(n_coming=10)
    assert admission.is_full(n_coming=11)


def test_a_turn_of_the_event_loop_lets_only_as_many_requests_pass_as_can_be_done_in_time() -> None:
    admission, refused = measured(0.01, 2), []
    refusal = EarlyRefusal(lambda *_: asyncio.sleep(0), lambda _: admission, lambda *of: refused.append(of))
    whole = b"POST /score HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n[]"

    async def two_turns() -> None:
        for _ in range(2):
            answers = [refusal.refusal_of(whole) for _ in range(30)]
            assert [answer is None for answer in answers] == [True] * 11 + [False] * 19
            await asyncio.sleep(0)

    asyncio.run(two_turns())
    assert refused == [("/score", "score")] * 38


def test_a_slow_request_is_always_admitted_when_nothing_waits() -> None:
    admission = measured(math.inf, 300)
    admission.leave(admission.admit(KIND, 300), 1.0)


def raw(service: Service, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send bytes until an answer comes, and return all of it until the service closes the connection."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE) as client:
        for part in parts:
            client.sendall(part)
            if pause and select.select([client], [], [], pause)[0]:
                break
        found = b""
        while part := client.recv(1 << 16):
            found += part
        return found


def test_a_connection_without_a_whole_head_or_a_reader_is_closed(tmp_path: Path) -> None:
    with serving(*named([("plain", "m")], tmp_path), patience=0.5) as service:
        assert raw(service) == b""
        assert raw(service, b"POST /score HTTP/1.1\r\nHost: localhost\r\nX") == b""
        head = b"GET /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        assert raw(service, head, b"GET /v2 HTT").count(b"HTTP/1.1 200") == 1  # the second head never ends
        assert service.get("/v2/health/live").status == 200


def test_a_connection_too_many_is_503_with_a_time_to_come_again(tmp_path: Path) -> None:
    with serving(*named([("plain", "m")], tmp_path), most_connections=2) as service:
        kept = [http.client.HTTPConnection("127.0.0.1", service.port, timeout=60) for _ in range(2)]
        for _ in range(2):  # those that are there are served as before
            for connection in kept:
                connection.request("GET", "/v2/health/live")
                with connection.getresponse() as response:
                    assert (response.status, json.loads(response.read())) == (200, {})
            refused = service.post("/score", records("plain"))
            assert refused.status == 503
            assert "as many connections as it can hold" in refused.json["error"]
            assert refused.json["column"] is None
            assert int(refused.headers["retry-after"]) >= 1
            assert (refused.headers["content-type"], refused.headers["connection"]) == ("application/json", "close")
        kept[0].close()
        until = time.monotonic() + 60
        while service.post("/score", records("plain")).status != 200:  # until the service knows that it is closed
            assert time.monotonic() < until
        kept[1].close()


def test_a_body_that_trickles_in_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("narrows.apps.service.routes._PATIENCE", 0.4)
    with serving(*named([("plain", "m")], tmp_path), patience=0.5) as service:
        head = b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n"
        assert b"HTTP/1.1 408" in raw(service, head, *[b"["] * 9, pause=0.1)


HEAD = b"POST /score HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    ("lines", "body", "status"),
    [
        (b"Content-Length: 2\r\nContent-Length: 3\r\n", b"[]", 400),
        (b"Content-Length: -1\r\n", b"", 400),
        (b"Content-Length: " + b"9" * 5000 + b"\r\n", b"", 400),
        (b"Content-Length: 99999999999999999999\r\n", b"", 413),
        (b"Transfer-Encoding: chunked\r\n", b"zz\r\n", 400),
        (b"Transfer-Encoding: chunked\r\n", b"2\r\n[]\r\n0\r\n\r\n", 422),
        (b"Host: other\r\n", b"", 400),
        (b"Content-Encoding: gzip\r\nContent-Length: 2\r\n", b"[]", 415),
    ],
)
def test_tricks_with_headers_are_refused(service: Service, lines: bytes, body: bytes, status: int) -> None:
    head = HEAD.replace(b"/score", b"/models/plain/score")
    assert b"HTTP/1.1 %d" % status in raw(service, head + lines + b"\r\n" + body)


@pytest.mark.parametrize("n", ["²", "9" * 5000, "-1", "1e2", "%F0%9F%92%A9"])
def test_a_number_of_reasons_that_is_none_is_no_bug(service: Service, n: str) -> None:
    from urllib.parse import quote

    answer = service.post(f"/models/plain/explain?n={quote(n, safe='%')}", records("plain"))
    assert (answer.status, "1 to 100" in answer.json["error"]) == (422, True)


X = {"name": "X", "shape": [1, 5], "datatype": "FP64", "data": [0.0] * 5}


@pytest.mark.parametrize(
    "body",
    [
        {"id": math.nan, "inputs": [X]},
        {"id": {"a": [1]}, "inputs": [X]},
        {"inputs": [{**X, "shape": [10**18] * 100_000}]},  # their product would take minutes
        {"inputs": [{**X, "shape": [2**62, 2**62]}]},
        {"inputs": [X], "outputs": [{"name": "reconstruction_error"}] * 1000},  # each would be in the answer
        {"inputs": [X], "outputs": [{"name": []}]},
    ],
    ids=["nan", "object", "long shape", "large shape", "repeated output", "list"],
)
def test_requests_of_the_protocol_that_lie_are_refused(service: Service, body: dict) -> None:
    answer = service.post("/v2/models/plain/infer", body)
    assert answer.status == 422, answer.body[:200]
    answer = service.post("/v2/models/plain/infer", b"{}", inference_header_content_length="\xb2")
    assert answer.status == 422


def test_columns_that_would_become_huge_are_refused_before(service: Service) -> None:
    pa = pytest.importorskip("pyarrow")
    n, long = 50_000, "x" * (1 << 20)  # 50 GB, once every row has its own copy
    columns = {name: [value] * n for name, value in records("mixed")[0].items()}
    levels = pa.DictionaryArray.from_arrays(pa.array([0] * n, pa.int32()), pa.array([long]))
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([n], pa.int32()), pa.array([long]))
    for bomb in (levels, runs):
        table, sink = pa.table({**columns, "kind": bomb}), pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        answer = service.post("/models/mixed/score", sink.getvalue().to_pybytes(), content_type=STREAM)
        assert (answer.status, answer.json["column"]) in ((413, "kind"), (422, "kind")), answer.body
    few = pa.DictionaryArray.from_arrays(pa.array([0, 1] * 25, pa.int32()), pa.array(["a" * 3000, "b" * 3000]))
    table, sink = (
        pa.table({**{name: cells[:50] for name, cells in columns.items()}, "kind": few}),
        pa.BufferOutputStream(),
    )
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    assert service.post("/models/mixed/score", sink.getvalue().to_pybytes(), content_type=STREAM).status == 200

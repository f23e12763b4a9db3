"""Who may come in: names, origins, tokens; and what a page may send."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus

from narrows.apps.lab.session import InitialContent
from narrows.apps.web.access import AccessPolicy, is_loopback, new_token
from tests.apps.lab.client import Said, Served, served

TOKEN = new_token()


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("locked"), InitialContent, policy=AccessPolicy(token=TOKEN)) as lab:
        yield lab


def test_a_foreign_name_for_this_machine_is_refused(lab: Served) -> None:
    for host in ("evil.example", f"evil.example:{lab.port}", "127.0.0.1.evil.example", "", "8.8.8.8"):
        assert lab.get("/api/state", Host=host)[0] == 403
    for host in (f"127.0.0.1:{lab.port}", f"localhost:{lab.port}", f"[::1]:{lab.port}"):
        assert lab.get("/api/state", Host=host)[0] == 200


def test_another_sites_page_is_refused(lab: Served) -> None:
    own = f"http://127.0.0.1:{lab.port}"
    for origin in ("http://evil.example", "null", f"http://localhost:{lab.port + 1}", f"ftp://127.0.0.1:{lab.port}"):
        assert lab.get("/api/state", Origin=origin)[0] == 403
        with pytest.raises(InvalidStatus), lab.page(Origin=origin):
            pass
    assert lab.get("/api/state", Origin=own)[0] == 200
    with lab.page(Origin=own) as page:
        page.until(lambda: page.state)


def test_without_the_token_nothing_is_told(locked: Served) -> None:
    for path in ("/", "/api/state", "/static/lab/main.js", "/?token=wrong", "/?token="):
        status, body, headers = locked.get(path)
        assert status == 401
        assert b"token" in body
        assert "set-cookie" not in headers
    with pytest.raises(InvalidStatus), locked.page():
        pass
    with pytest.raises(InvalidStatus), locked.page(Cookie=f"narrows_lab_{locked.port}=wrong"):
        pass


def test_the_token_becomes_a_cookie_that_scripts_cannot_read(locked: Served) -> None:
    status, _, headers = locked.get(f"/?token={TOKEN}")
    assert (status, headers["location"]) == (303, "/")
    cookie, *rest = (part.strip() for part in headers["set-cookie"].split(";"))
    assert {part.lower() for part in rest} >= {"httponly", "samesite=strict", "path=/"}
    assert locked.get("/api/state", Cookie=cookie)[0] == 200
    with locked.page(Cookie=cookie) as page:
        page.until(lambda: page.state)


def test_every_answer_forbids_scripts_of_others(lab: Served) -> None:
    for path in ("/", "/api/state", "/nothing"):
        headers = lab.get(path)[2]
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_the_opener_policy_is_sent_only_where_browsers_obey_it(locked: Served) -> None:
    def policy(**headers: str) -> str | None:
        return locked.get("/", **headers)[2].get("cross-origin-opener-policy")

    address = f"192.168.1.5:{locked.port}"
    assert policy() == policy(Host=f"localhost:{locked.port}") == "same-origin"
    assert policy(Host=address) is None
    assert policy(Host=address, X_Forwarded_Proto="https") == "same-origin"


def test_no_file_but_the_pages_own_is_served(lab: Served) -> None:
    for path in ("/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2fserver.py", "/static//etc/passwd"):
        status, body, _ = lab.get(path)
        assert status == 404
        assert b"def " not in body


def test_a_file_of_the_page_is_small_and_sent_once(lab: Served) -> None:
    status, plain, headers = lab.get("/static/lab/main.js")
    assert status == 200
    assert headers["content-type"].startswith("text/javascript")
    packed = lab.get("/static/lab/main.js", Accept_Encoding="gzip")
    assert packed[2]["content-encoding"] == "gzip"
    assert len(packed[1]) < len(plain)
    assert lab.get("/static/lab/main.js", If_None_Match=headers["etag"])[:2] == (304, b"")


def test_only_the_machines_own_addresses_need_no_token() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "localhost", "::1", "127.8.0.1")))
    assert not any(map(is_loopback, ("0.0.0.0", "192.168.1.5", "example.org", "::")))
    assert not AccessPolicy("127.0.0.1").allows_host("192.168.1.5")
    assert AccessPolicy("0.0.0.0", TOKEN).allows_host("192.168.1.5:8765")
    assert not AccessPolicy("0.0.0.0", TOKEN).allows_host("evil.example")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        '{"t": 5}',
        '{"t": "train.start", "seq": -1}',
        '{"t": "train.start", "seq": 1.5}',
        '{"t": "ask", "seq": 1, "view": ["rows"], "run": "r1"}',
        '{"t": "ask", "seq": 1, "view": "rows", "run": "r99"}',
        '{"t": "ask", "seq": 1, "view": "rows", "run": "r1", "params": [1]}',
        '{"t": "train.start", "seq": 1, "dataset": "digits", "variant": {"a": 1}}',
        '{"t": "train.start", "seq": 1, "dataset": "no such", "variant": "plain"}',
        '{"t": "train.start", "seq": 1, "dataset": "digits", "settings": {"epochs": 1e400}}',
        '{"t": "train.pause", "seq": 1, "run": "r1"}',
        '{"t": "data.label", "seq": 1, "dataset": "digits", "column": "x"}',
        '{"t": "data.open", "seq": 1, "id": "../../etc/passwd"}',
        '{"t": "__init__", "seq": 1}',
        "[" * 100_000,
        '{"t": "ask", "seq": NaN}',
    ],
)
def test_a_message_that_makes_no_sense_is_answered_and_the_line_stays(lab: Served, text: str) -> None:
    with lab.ready() as page:
        page.seq = 100
        page.line.send(text)
        page.until(lambda: page.errors)
        assert page.errors[0]["msg"].endswith(".")
        assert "Traceback" not in page.errors[0]["msg"]
        assert "Unexpected" not in page.errors[0]["msg"]
        assert page.ask("rows", "r1", n=1).arrays["position"].shape == (1,)


@settings(deadline=None, max_examples=40)
@given(data=st.binary(max_size=80))
def test_any_bytes_are_a_code_or_an_error(lab: Served, data: bytes) -> None:
    with lab.page() as page:
        page.line.send(data)
        page.until(lambda: page.errors or page.answers)


def test_a_huge_message_ends_its_line_and_nothing_else(lab: Served) -> None:
    with lab.ready() as page, pytest.raises(ConnectionClosed):  # noqa: PT012 - at once, or when the line is read
        page.line.send("x" * (5 << 20))
        page.until(lambda: False)
    assert lab.get("/api/state")[0] == 200


def test_codes_that_come_faster_than_they_are_decoded_are_passed_over(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NARROWS_LAB_DECODE_DELAY_MS", "60")
    with served(home) as lab, lab.ready() as page:
        page.until_state("r1", "done")
        sent = [page.send_code(1, [i / 50, 0]) for i in range(50)]
        page.until(lambda: sent[-1] in page.answers)
        answered = [seq for seq in sent if seq in page.answers]
        assert sorted(answered + page.dropped) == sent
        assert len(answered) < 10
        with pytest.raises(Said, match="no longer exists"):
            page.decode(77, [0, 0])

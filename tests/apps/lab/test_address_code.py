"""The address of the page as a QR code, read back by its modules."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import segno

from narrows.apps.lab.address_code import address_code
from tests.apps.lab.client import served


def modules_of(svg: bytes) -> set[tuple[int, int]]:
    """The dark modules (column, line) of a code, from its strokes of one line each."""
    path = re.search(r' stroke="#000" d="([^"]+)"', svg.decode())
    assert path is not None
    x = y = 0.0
    dark = set()
    for command, text in re.findall(r"([Mmhv])([-\d. ]+)", path[1]):
        numbers = [float(number) for number in text.split()]
        if command == "M":
            x, y = numbers
        elif command == "m":
            x, y = x + numbers[0], y + numbers[1]
        else:
            dark |= {(int(x) + i, int(y)) for i in range(int(numbers[0]))}
            x += numbers[0]
    return dark


def test_the_code_holds_address_token_and_state() -> None:
    text = "http://192.168.1.7:8765/?token=abc#view=latent&run=r3"
    expected = segno.make(text, micro=False, error="m").matrix
    dark = {(j + 4, i + 4) for i, line in enumerate(expected) for j, module in enumerate(line) if module}
    assert modules_of(address_code("http://192.168.1.7:8765/?token=abc", "view=latent&run=r3")) == dark


def test_a_lab_for_this_machine_alone_has_no_code(tmp_path: Path) -> None:
    with served(tmp_path) as lab, lab.ready():
        assert lab.session.state()["joinable"] is False
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{lab.port}/api/address.svg", timeout=30)


def test_a_lab_that_others_can_reach_answers_with_its_code(tmp_path: Path) -> None:
    address = "http://192.168.1.7:8765/?token=abc"
    with served(tmp_path, address=address) as lab, lab.ready():
        path = f"http://127.0.0.1:{lab.port}/api/address.svg?state=view%3Dflow%26run%3Dr1"
        with urllib.request.urlopen(path, timeout=30) as answer:
            assert answer.headers["content-type"] == "image/svg+xml"
            assert answer.read() == address_code(address, "view=flow&run=r1")

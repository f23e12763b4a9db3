"""A class: the teacher's page does everything, and a pupil's looks and changes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route

from narrows.apps.lab import connections, launch
from narrows.apps.lab.commands import COMMANDS
from narrows.apps.lab.roles import pupil_token
from narrows.apps.lab.server import create_app
from narrows.apps.lab.session import InitialContent, Session
from narrows.apps.viewer.datasets import Source
from narrows.apps.web.access import AccessPolicy, new_token
from tests.apps.lab.client import PATIENCE, SMALL, Page, Said, Served, served
from tests.apps.lab.prepared import copy_runs

TEACHER, PUPIL = new_token(), pupil_token()
REFUSED = "Only your teacher's page can train or change anything"
FIELDS: dict[str, dict[str, Any]] = {
    "train.start": {"dataset": "digits", "variant": "plain", "settings": SMALL},
    "train.find": {"dataset": "digits", "variant": "plain", "settings": {}},
    "train.find_or_start": {"dataset": "digits", "variant": "plain", "settings": SMALL},
    "train.example": {"view": "denoise", "dataset": "digits"},
    "train.find_example": {"view": "denoise", "dataset": "digits"},
    "run.shown": {"run": "r1"},
    "run.remove": {"run": "r1"},
    "data.open": {"id": "digits"},
    "data.label": {"dataset": "digits", "column": None},
    **{f"train.{name}": {"run": "r1"} for name in ("pause", "resume", "step", "stop")},
}
"""What each command needs, so that nothing but the role can refuse it."""


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A lab of a class on the digits, whose first run is done."""
    home = copy_runs(tmp_path_factory, tmp_path_factory.mktemp("class"), "r1")
    with served(home, policy=AccessPolicy(token=TEACHER), pupil_token=PUPIL) as lab:
        yield lab


def cookie(lab: Served, token: str) -> dict[str, str]:
    """The header of a page with a token."""
    return {"Cookie": f"narrows_lab_{lab.port}={token}"}


def ready(page: Page) -> Page:
    page.until(lambda: page.state.get("status") == "ready")
    return page


def changes_by_http(home: Path) -> list[tuple[str, str]]:
    """Method and path of every route that does not only look."""
    session = Session(home, backend="thread")
    routes = create_app(session, InitialContent, AccessPolicy(), pupil_token=PUPIL).app.routes  # type: ignore[attr-defined]
    found = [route for route in routes if isinstance(route, Route)]
    return [(m, route.path) for route in found for m in route.methods or () if m not in ("GET", "HEAD")]


def test_every_command_is_tried_here() -> None:
    assert FIELDS.keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if command.changes])
def test_a_pupil_may_not_give_a_command_that_changes_something(school: Served, name: str) -> None:
    with school.page(**cookie(school, PUPIL)) as page:
        before = ready(page).state
        with pytest.raises(Said, match=REFUSED):
            page.command(name, **FIELDS[name])
        assert [run["id"] for run in school.session.state()["runs"]] == [run["id"] for run in before["runs"]]


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if not command.changes])
def test_a_pupil_may_give_a_command_that_only_looks(school: Served, name: str) -> None:
    with school.page(**cookie(school, PUPIL)) as page:
        assert ready(page).command(name, **FIELDS[name])["t"] == "ok"
        assert len(school.session.runs) == 1


def test_a_pupil_may_send_nothing_by_http(school: Served, tmp_path: Path) -> None:
    changes = changes_by_http(tmp_path)
    assert ("PUT", "/api/upload") in changes
    for method, path in changes:
        target = re.sub(r"\{[^}]*\}", "x", path)
        status, body, _ = school.send(method, target, b"", **cookie(school, PUPIL))
        assert status == 403, path
        assert json.loads(body)["msg"].startswith(REFUSED)
        assert school.send(method, target, b"", **cookie(school, TEACHER))[0] != 403


def test_a_pupil_sees_decodes_and_takes_home_what_is_there(school: Served) -> None:
    with school.page(**cookie(school, PUPIL)) as page:
        assert ready(page).state["role"] == "pupil"
        assert page.decode(1, [0.0, 0.0])[1].shape == (64,)
        assert page.ask("rows", "r1", n=3).arrays["position"].shape == (3,)
    for path in ("/", "/api/state", "/api/runs/r1/history", "/api/runs/r1/recipe.py", "/api/data/digits/preview"):
        assert school.get(path, **cookie(school, PUPIL))[0] == 200


def test_the_teacher_trains_and_a_pupil_sees_the_training_and_the_run_that_the_teacher_looks_at(
    school: Served,
) -> None:
    with school.page(**cookie(school, TEACHER)) as teacher, school.page(**cookie(school, PUPIL)) as pupil:
        assert ready(teacher).state["role"] == "owner"
        assert ready(pupil).state["opens_on"] == "r1"
        run = teacher.train("digits", **SMALL)
        pupil.until_state(run, "done")
        teacher.command("run.shown", run=run)
        pupil.until(lambda: pupil.state["opens_on"] == run)
        teacher.command("run.shown", run="r1")
        teacher.command("run.remove", run=run)
        pupil.until(lambda: [one["id"] for one in pupil.state["runs"]] == ["r1"])


def test_a_pupil_finds_the_example_of_a_view_once_the_teacher_has_it(tmp_path: Path, home: Path) -> None:
    with (
        served(home, policy=AccessPolicy(token=TEACHER), pupil_token=PUPIL) as lab,
        lab.page(**cookie(lab, TEACHER)) as teacher,
        lab.page(**cookie(lab, PUPIL)) as pupil,
    ):
        asked = {"view": "denoise", "dataset": "digits"}
        assert ready(pupil).command("train.find_example", **asked)["run"] is None
        example = ready(teacher).command("train.example", **asked)
        found = pupil.command("train.find_example", **asked)
        assert (found["run"], found["compare"]) == (example["run"], example["compare"])
        for run in (example["run"], example["compare"]):
            teacher.end(run)


def test_the_token_of_pupils_is_sent_once_and_is_short_enough_to_be_typed(school: Served) -> None:
    assert re.fullmatch("[a-z2-9]{8}", PUPIL)
    assert pupil_token() != PUPIL
    status, _, headers = school.get(f"/?token={PUPIL}")
    assert status == 303
    assert school.get("/api/state", Cookie=headers["set-cookie"].split(";")[0])[0] == 200
    assert school.get("/api/state", **cookie(school, PUPIL[:-1]))[0] == 401


def test_the_teacher_finds_a_place_when_all_places_of_pupils_are_taken(
    school: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_PAGES", 1)
    with school.page(**cookie(school, PUPIL)) as first, school.page(**cookie(school, PUPIL)) as second:
        ready(first)
        assert json.loads(second.line.recv(timeout=PATIENCE))["t"] == "refused"
        with school.page(**cookie(school, TEACHER)) as teacher:
            ready(teacher)


class _Ended:
    """A server that ends at once."""

    def run(self, **_: object) -> None:
        pass


def test_a_class_is_announced_with_the_address_of_the_teacher_and_that_of_the_pupils(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("NARROWS_LAB", str(tmp_path))
    monkeypatch.setattr(launch, "make_page_server", lambda _: _Ended())
    launch.launch(InitialContent, host="0.0.0.0", port=None, browser=False, token=False, in_class=True)
    first, second = capsys.readouterr().out.splitlines()
    tokens = [re.search(r"http://\S+:\d+/\?token=(\S+)", line) for line in (first, second)]
    assert None not in tokens
    assert len({found[1] for found in tokens if found}) == 2
    assert "your page" in first
    assert "only your page trains" in second


def test_without_a_class_the_page_is_the_owners_and_may_do_everything(tmp_path: Path) -> None:
    with served(tmp_path, lambda: InitialContent(Source.of("digits"))) as lab, lab.ready() as page:
        assert page.state["role"] == "owner"
        assert page.state["pupil_address"] is None
        assert lab.send("PUT", "/api/upload?name=x.csv", b"a,b\n1,2\n2,3\n")[0] == 200
        page.end("r1")

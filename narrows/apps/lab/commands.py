"""Commands of a page, by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from narrows.apps.lab.roles import Role
from narrows.apps.lab.session import Session
from narrows.apps.viewer.protocol import BadMessage, Message

Work = Callable[[Session, Message], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Command:
    """What a command does, and whether it changes anything on the server, which pupils may not."""

    work: Work
    changes: bool


async def carry_out(session: Session, message: Message, role: Role) -> dict[str, Any]:
    """Carry out the command of a message and return the fields of the answer.

    Raises
    ------
    BadMessage, LabError, NarrowsError
    PupilError
        The page may not change anything.
    """
    command = COMMANDS.get(message.t)
    if command is None:
        raise BadMessage(f"There is no command {message.t!r}; the commands are {', '.join(COMMANDS)}.")
    if command.changes:
        role.check_may_change()
    return await command.work(session, message)


async def _train(session: Session, message: Message) -> dict[str, Any]:
    variant = message.fields.get("variant", "plain")
    run = await session.train(message.required("dataset"), variant, message.mapping("settings"))
    return {"run": run.id}


async def _find(session: Session, message: Message) -> dict[str, Any]:
    variant = message.fields.get("variant", "plain")
    run = session.run_like(message.required("dataset"), variant, message.mapping("settings"))
    return {"run": None if run is None else run.id}


async def _find_or_train(session: Session, message: Message) -> dict[str, Any]:
    variant = message.fields.get("variant", "plain")
    run = session.find_or_train(message.required("dataset"), variant, message.mapping("settings"))
    return {"run": run.id}


async def _example(session: Session, message: Message) -> dict[str, Any]:
    run, other = await session.example(message.required("view"), message.required("dataset"))
    return {"run": run.id, "compare": None if other is None else other.id}


async def _find_example(session: Session, message: Message) -> dict[str, Any]:
    run, *others = await session.find_example(message.required("view"), message.required("dataset"))
    other = next(iter(others), None)
    return {"run": None if run is None else run.id, "compare": None if other is None else other.id}


def _run_command(name: str) -> Work:
    async def command(session: Session, message: Message) -> dict[str, Any]:
        session.command(name, message.required("run"))
        return {}

    return command


async def _shown(session: Session, message: Message) -> dict[str, Any]:
    session.note_shown(message.required("run"))
    return {}


async def _remove(session: Session, message: Message) -> dict[str, Any]:
    session.remove(message.required("run"))
    return {}


async def _open(session: Session, message: Message) -> dict[str, Any]:
    return {"dataset": await session.open_offered(message.required("id"))}


async def _label(session: Session, message: Message) -> dict[str, Any]:
    await session.label(message.required("dataset"), message.text("column", optional=True))
    return {}


COMMANDS = {
    "train.start": Command(_train, changes=True),
    "train.find": Command(_find, changes=False),
    "train.find_or_start": Command(_find_or_train, changes=True),
    "train.example": Command(_example, changes=True),
    "train.find_example": Command(_find_example, changes=False),
    **{f"train.{name}": Command(_run_command(name), changes=True) for name in ("pause", "resume", "step", "stop")},
    "run.shown": Command(_shown, changes=True),
    "run.remove": Command(_remove, changes=True),
    "data.open": Command(_open, changes=True),
    "data.label": Command(_label, changes=True),
}

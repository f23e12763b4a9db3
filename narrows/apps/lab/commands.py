"""Commands of a page, by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from narrows.apps.lab.session import Session
from narrows.apps.viewer.protocol import BadMessage, Message


async def carry_out(session: Session, message: Message) -> dict[str, Any]:
    """Carry out the command of a message and return the fields of the answer.

    Raises
    ------
    BadMessage, LabError, NarrowsError
    """
    if message.t not in _COMMANDS:
        raise BadMessage(f"There is no command {message.t!r}; the commands are {', '.join(_COMMANDS)}.")
    return await _COMMANDS[message.t](session, message)


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


def _run_command(name: str) -> Callable[[Session, Message], Awaitable[dict[str, Any]]]:
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


_COMMANDS: dict[str, Callable[[Session, Message], Awaitable[dict[str, Any]]]] = {
    "train.start": _train,
    "train.find": _find,
    "train.find_or_start": _find_or_train,
    "train.example": _example,
    **{f"train.{name}": _run_command(name) for name in ("pause", "resume", "step", "stop")},
    "run.shown": _shown,
    "run.remove": _remove,
    "data.open": _open,
    "data.label": _label,
}

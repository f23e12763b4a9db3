"""The sockets: what each page hears, and in what order. Of what a page cannot keep up with, the newest is sent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import deque
from typing import Any

import numpy as np
from starlette.websockets import WebSocket, WebSocketDisconnect

from narrows.apps.lab.commands import carry_out
from narrows.apps.lab.session import LabError, Session
from narrows.apps.viewer import protocol
from narrows.apps.viewer.protocol import BadMessage, Header, Message
from narrows.apps.viewer.queries import VIEWS
from narrows.apps.viewer.runs import Run

MOST_PAGES = 32
_EVERY = {"epochs": 0.1, "state": 0.05, "snapshot": 0.1, "codes": 0.2}  # seconds
_STATE_WHILE_TRAINING = 1.0
_MOST_TASKS = 8


class Connections:
    """All pages that are open."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.pages: set[PageConnection] = set()

    async def serve(self, socket: WebSocket) -> None:
        """One page, from its coming to its going."""
        if len(self.pages) >= MOST_PAGES:
            await socket.close(1013, "too many pages are open")
            return
        await socket.accept()
        page = PageConnection(self.session, socket)
        self.pages.add(page)
        try:
            await page.live()
        finally:
            self.pages.discard(page)

    def state_changed(self) -> None:
        for page in self.pages:
            page.want("state")

    def records_changed(self, run: Run) -> None:
        for page in self.pages:
            page.records_changed(run)

    def snapshot_taken(self, run: Run, epoch: int, reconstructions: np.ndarray) -> None:
        for page in self.pages:
            page.offer("snapshot", run, epoch, {"rebuilt": reconstructions})

    def codes_changed(self, run: Run, epoch: int, arrays: dict[str, Any]) -> None:
        for page in self.pages:
            page.offer("codes", run, epoch, arrays)


class PageConnection:
    """One socket."""

    def __init__(self, session: Session, socket: WebSocket) -> None:
        self._session = session
        self._socket = socket
        self._said: deque[str | bytes] = deque()
        self._wanted: set[str] = {"state"}
        self._slots: dict[tuple[str, str], tuple[Run, int, dict[str, Any]]] = {}
        self._sent = {run.id: len(run.history) for run in session.runs.values()}
        self._next = dict.fromkeys(_EVERY, 0.0)
        self._state_due = 0.0
        self._shown: dict[str, np.ndarray] = {}
        """By run, the rows of the last map, in its order."""
        self._asked: dict[tuple[str, str], Message] = {}
        self._code: tuple[Header, np.ndarray] | None = None
        self._decoding = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._delay = float(os.environ.get("NARROWS_LAB_DECODE_DELAY_MS") or 0) / 1000

    async def live(self) -> None:
        """Until the page goes, or can be told nothing more: then its socket ends, and it comes back with a new one."""
        self._wake.set()
        both = {asyncio.create_task(self._listen()), asyncio.create_task(self._send_all())}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*both, *self._tasks):
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _listen(self) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while (message := await self._socket.receive())["type"] != "websocket.disconnect":
                if (data := message.get("bytes")) is not None:
                    self._take_code(data)
                else:
                    self._take(message.get("text") or "")

    # -- what the session has to tell

    def want(self, what: str) -> None:
        """The state, or epochs, shall be sent."""
        self._wanted.add(what)
        self._wake.set()

    def records_changed(self, run: Run) -> None:
        """A run has learned, or forgotten; its state is told once a second besides."""
        self._sent[run.id] = min(self._sent.get(run.id, 0), len(run.history))
        now = time.monotonic()
        if now >= self._state_due:
            self._state_due = now + _STATE_WHILE_TRAINING
            self._wanted.add("state")
        self.want("epochs")

    def offer(self, kind: str, run: Run, epoch: int, arrays: dict[str, Any]) -> None:
        """The newest of its kind; what has not been sent of it before is passed over."""
        if kind == "codes" and run.id not in self._shown:
            return
        self._slots[kind, run.id] = (run, epoch, arrays)
        self._wake.set()

    # -- what the page says

    def _take(self, text: str) -> None:
        try:
            message = protocol.read_message(text)
        except BadMessage as error:
            self._say({"t": "err", "seq": 0, "msg": str(error), "hint": None})
            return
        if message.t == "ask":
            self._take_question(message)
        elif len(self._tasks) >= _MOST_TASKS + len(self._asked):
            self._say({"t": "err", "seq": message.seq, "msg": "Too much at once; wait for the answers.", "hint": None})
        else:
            self._spawn(self._obey(message))

    async def _obey(self, message: Message) -> None:
        try:
            answer = await carry_out(self._session, message)
        except Exception as error:
            self._say(_error(message.seq, error))
        else:
            self._say({"t": "ok", "seq": message.seq, **answer})

    def _take_question(self, message: Message) -> None:
        """Of the questions about a view of a run the newest is answered, and the one that is being worked on."""
        try:
            view = message.needed("view")
            slot = (view, message.needed("run"))
            if view not in VIEWS:
                raise BadMessage(f"There is no view {view!r}.")
            self._session.run(slot[1])
        except (BadMessage, LabError) as error:
            self._say(_error(message.seq, error))
            return
        waiting = slot in self._asked
        if waiting and (older := self._asked[slot]).seq != _BUSY.seq:
            self._say({"t": "dropped", "seq": older.seq})
        self._asked[slot] = message
        if not waiting:
            self._spawn(self._answer(slot))

    async def _answer(self, slot: tuple[str, str]) -> None:
        while (message := self._asked[slot]) is not _BUSY:
            self._asked[slot] = _BUSY
            try:
                self._say(await self._found(message, *slot))
            except Exception as error:
                self._say(_error(message.seq, error))
        del self._asked[slot]

    async def _found(self, message: Message, view: str, identity: str) -> bytes:
        """What a question is answered."""
        run, given = self._session.run(identity), message.mapping("params")
        found = await asyncio.get_running_loop().run_in_executor(
            self._session.work, self._session.queries.answer, run, view, given
        )
        header = Header(protocol.ANSWER, run.number, message.seq, found.epoch)
        packed = protocol.pack(header, view, found.about, found.arrays)
        if view == "codes":
            self._shown[identity] = found.arrays["position"]
        return packed

    def _take_code(self, data: bytes) -> None:
        try:
            header, z = protocol.unpack_values(data)
            if header.kind != protocol.DECODE:
                raise BadMessage("A page sends codes to decode, and no other frames.")
        except BadMessage as error:
            self._say({"t": "err", "seq": 0, "msg": str(error), "hint": None})
            return
        if self._code is not None:
            self._say({"t": "dropped", "seq": self._code[0].seq})
        self._code = (header, z)
        if not self._decoding:
            self._decoding = True
            self._spawn(self._decode())

    async def _decode(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._code is not None:
                (header, z), self._code = self._code, None
                try:
                    run = self._session.run_numbered(header.run)
                    values, epoch = await loop.run_in_executor(self._session.hot, self._decoded, run, z)
                except Exception as error:
                    self._say(_error(header.seq, error))
                    continue
                self._say(protocol.pack_values(Header(protocol.DECODED, run.number, header.seq, epoch), values))
        finally:
            self._decoding = False

    def _decoded(self, run: Run, z: np.ndarray) -> tuple[np.ndarray, int]:
        if self._delay:
            time.sleep(self._delay)
        return self._session.queries.decode(run, z)

    # -- sending

    def _say(self, message: dict[str, Any] | bytes) -> None:
        self._said.append(message if isinstance(message, bytes) else protocol.to_json(message))
        self._wake.set()

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_all(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._said:
                await self._send(self._said.popleft())
            later = [
                await self._send_state(),
                await self._send_epochs(),
                await self._send_slots("snapshot"),
                await self._send_slots("codes"),
            ]
            if waits := [wait for wait in later if wait]:
                loop.call_later(min(waits), self._wake.set)

    async def _send_state(self) -> float:
        if "state" not in self._wanted:
            return 0.0
        if wait := self._wait("state"):
            return wait
        self._wanted.discard("state")
        await self._send(protocol.to_json({"t": "state", "state": self._session.state()}))
        return 0.0

    async def _send_epochs(self) -> float:
        if "epochs" not in self._wanted:
            return 0.0
        if wait := self._wait("epochs"):
            return wait
        self._wanted.discard("epochs")
        for run in list(self._session.runs.values()):
            start, self._sent[run.id] = self._sent.get(run.id, 0), len(run.history)
            if records := run.history[start:]:
                await self._send(protocol.to_json({"t": "epochs", "run": run.id, "records": records}))
        return 0.0

    async def _send_slots(self, kind: str) -> float:
        slots = [slot for slot in self._slots if slot[0] == kind]
        if not slots:
            return 0.0
        if wait := self._wait(kind):
            return wait
        for slot in slots:
            run, epoch, arrays = self._slots.pop(slot)
            if kind == "codes":
                arrays = {**arrays, "xy": arrays["xy"][self._shown[run.id]]}
            header = Header(protocol.SNAPSHOT if kind == "snapshot" else protocol.CODES, run.number, 0, epoch)
            await self._send(protocol.pack(header, kind, {}, arrays))
        return 0.0

    def _wait(self, kind: str) -> float:
        """How long until this kind may be sent; where at once, the next time is set."""
        now = time.monotonic()
        if now < self._next[kind]:
            return self._next[kind] - now
        self._next[kind] = now + _EVERY[kind]
        return 0.0

    async def _send(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            await self._socket.send_bytes(message)
        else:
            await self._socket.send_text(message)


_BUSY = Message("", -1)


def _error(seq: int, error: Exception) -> dict[str, Any]:
    return {"t": "err", "seq": seq, **protocol.error_fields(error)}

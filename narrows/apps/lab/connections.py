"""Websocket connections of the pages. Slow pages get only the latest message of each kind."""

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
from narrows.apps.lab.roles import Role
from narrows.apps.lab.session import LabError, Session
from narrows.apps.viewer import protocol
from narrows.apps.viewer.protocol import BadMessage, Header, Message
from narrows.apps.viewer.queries import QUERIES, SLOW_QUERIES
from narrows.apps.viewer.runs import Run

MOST_PAGES = 32
"""In a class: pages of pupils, and as many of the teacher, who always finds a place."""
_EVERY = {"epochs": 0.1, "state": 0.05, "snapshot": 0.1, "codes": 0.2}  # seconds
_STATE_WHILE_TRAINING = 1.0
_MOST_TASKS = 8


class Connections:
    """Connections of all open pages; the observer of the session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.pages: set[PageConnection] = set()

    async def serve(self, socket: WebSocket, role: Role) -> None:
        """Serve one page until it closes the connection."""
        await socket.accept()
        if sum(page.role is role for page in self.pages) >= MOST_PAGES:
            await _refuse(socket)
            return
        page = PageConnection(self.session, socket, role)
        self.pages.add(page)
        try:
            await page.run()
        finally:
            self.pages.discard(page)

    def state_changed(self) -> None:
        for page in self.pages:
            page.want("state")

    def records_changed(self, run: Run) -> None:
        for page in self.pages:
            page.records_changed(run)

    def snapshot_taken(self, run: Run, epoch: int, reconstructions: np.ndarray, share: float) -> None:
        for page in self.pages:
            page.offer("snapshot", run, epoch, {"rebuilt": reconstructions, "share": np.array([share], np.float32)})

    def codes_changed(self, run: Run, epoch: int, arrays: dict[str, Any]) -> None:
        for page in self.pages:
            page.offer("codes", run, epoch, arrays)


class PageConnection:
    """Connection of one page."""

    def __init__(self, session: Session, socket: WebSocket, role: Role) -> None:
        self.role = role
        self._session = session
        self._socket = socket
        self._outbox: deque[str | bytes] = deque()
        self._wanted: set[str] = {"state"}
        self._slots: dict[tuple[str, str], tuple[Run, int, dict[str, Any]]] = {}
        self._sent = {run.id: len(run.history) for run in session.runs.values()}
        self._next = dict.fromkeys(_EVERY, 0.0)
        self._state_due = 0.0
        self._map_rows: dict[str, np.ndarray] = {}
        """By run, the row numbers of the last map, in its order."""
        self._queries: dict[tuple[str, str], Message] = {}
        self._code: tuple[Header, np.ndarray] | None = None
        self._decoding = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._delay = float(os.environ.get("NARROWS_LAB_DECODE_DELAY_MS") or 0) / 1000

    async def run(self) -> None:
        """Receive and send until the page or the connection ends; the page then connects again."""
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

    # -- events of the session

    def want(self, kind: str) -> None:
        """Send the state or the epochs at the next occasion."""
        self._wanted.add(kind)
        self._wake.set()

    def records_changed(self, run: Run) -> None:
        """Send the new records of a run, and the state once a second."""
        self._sent[run.id] = min(self._sent.get(run.id, 0), len(run.history))
        now = time.monotonic()
        if now >= self._state_due:
            self._state_due = now + _STATE_WHILE_TRAINING
            self._wanted.add("state")
        self.want("epochs")

    def offer(self, kind: str, run: Run, epoch: int, arrays: dict[str, Any]) -> None:
        """Send arrays of a run; they replace earlier ones of this kind that were not sent yet."""
        if kind == "codes" and run.id not in self._map_rows:
            return
        self._slots[kind, run.id] = (run, epoch, arrays)
        self._wake.set()

    # -- messages of the page

    def _take(self, text: str) -> None:
        try:
            message = protocol.read_message(text)
        except BadMessage as error:
            self._post({"t": "err", "seq": 0, "msg": str(error), "hint": None})
            return
        if message.t == "ask":
            self._take_query(message)
        elif len(self._tasks) >= _MOST_TASKS + len(self._queries):
            self._post(
                {
                    "t": "err",
                    "seq": message.seq,
                    "msg": "Too many requests at once; wait for the answers.",
                    "hint": None,
                }
            )
        else:
            self._spawn(self._carry_out(message))

    async def _carry_out(self, message: Message) -> None:
        try:
            answer = await carry_out(self._session, message, self.role)
        except Exception as error:
            self._post(_error(message.seq, error))
        else:
            if "run" in answer:  # the page shows the run as soon as it has the answer, so it must know it by then
                self._wanted.discard("state")
                self._post(self._state())
            self._post({"t": "ok", "seq": message.seq, **answer})

    def _take_query(self, message: Message) -> None:
        """Keep the newest query of each name and run; older ones that wait are dropped."""
        try:
            view = message.required("view")
            slot = (view, message.required("run"))
            if view not in QUERIES:
                raise BadMessage(f"There is no query {view!r}.")
            self._session.runs.known(slot[1])
        except (BadMessage, LabError) as error:
            self._post(_error(message.seq, error))
            return
        waiting = slot in self._queries
        if waiting and (older := self._queries[slot]).seq != _BUSY.seq:
            self._post({"t": "dropped", "seq": older.seq})
        self._queries[slot] = message
        if not waiting:
            self._spawn(self._answer(slot))

    async def _answer(self, slot: tuple[str, str]) -> None:
        while (message := self._queries[slot]) is not _BUSY:
            self._queries[slot] = _BUSY
            try:
                self._post(await self._answer_of(message, *slot))
            except Exception as error:
                self._post(_error(message.seq, error))
        del self._queries[slot]

    async def _answer_of(self, message: Message, view: str, identity: str) -> bytes:
        """Return the answer to a query as a frame."""
        run, given = self._session.runs.known(identity), message.mapping("params")
        pool = self._session.slow if view in SLOW_QUERIES else self._session.work
        loop = asyncio.get_running_loop()
        self._session.queried.set()
        if not self._session.imported.is_set() and self._session.queries.prepared(run, view, given) is None:
            await self._session.imported.wait()
        found = await loop.run_in_executor(pool, self._session.queries.answer, run, view, given)
        header = Header(protocol.ANSWER, run.number, message.seq, found.epoch)
        packed = protocol.pack(header, view, found.about, found.arrays)
        if view == "codes":
            self._map_rows[identity] = found.arrays["position"]
        return packed

    def _take_code(self, data: bytes) -> None:
        try:
            header, z = protocol.unpack_values(data)
            if header.kind != protocol.DECODE:
                raise BadMessage("A page may send codes to decode, but no other frames.")
        except BadMessage as error:
            self._post({"t": "err", "seq": 0, "msg": str(error), "hint": None})
            return
        if self._code is not None:
            self._post({"t": "dropped", "seq": self._code[0].seq})
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
                    run = self._session.runs.numbered(header.run)
                    if run.prepared is None:
                        await self._session.imported.wait()
                    values, epoch = await loop.run_in_executor(self._session.hot, self._decoded, run, z)
                except Exception as error:
                    self._post(_error(header.seq, error))
                    continue
                self._post(protocol.pack_values(Header(protocol.DECODED, run.number, header.seq, epoch), values))
        finally:
            self._decoding = False

    def _decoded(self, run: Run, z: np.ndarray) -> tuple[np.ndarray, int]:
        if self._delay:
            time.sleep(self._delay)
        return self._session.queries.decode(run, z)

    # -- sending

    def _post(self, message: dict[str, Any] | bytes) -> None:
        self._outbox.append(message if isinstance(message, bytes) else protocol.to_json(message))
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
            while self._outbox:
                await self._send(self._outbox.popleft())
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
        await self._send(protocol.to_json(self._state()))
        return 0.0

    def _state(self) -> dict[str, Any]:
        return {"t": "state", "state": {**self._session.state(), "role": self.role}}

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
                arrays = {**arrays, "xy": arrays["xy"][self._map_rows[run.id]]}
            header = Header(protocol.SNAPSHOT if kind == "snapshot" else protocol.CODES, run.number, 0, epoch)
            await self._send(protocol.pack(header, kind, {}, arrays))
        return 0.0

    def _wait(self, kind: str) -> float:
        """Return the seconds until this kind may be sent; if it may be sent now, 0, and start the next interval."""
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


async def _refuse(socket: WebSocket) -> None:
    """Say that there is no place for one more page, and close its connection."""
    words = f"The lab serves {MOST_PAGES} pages at most, and that many are open."
    hint = "Close one of them; this page then connects by itself."
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_text(protocol.to_json({"t": "refused", "msg": words, "hint": hint}))
        await socket.close(1013, "too many pages are open")

"""The protocol of the lab over messages of a notebook, which have buffers.

A control message is a JSON object; a frame is the object {"t": "frame"} with the frame as its one buffer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from narrows.apps.viewer import protocol
from narrows.apps.viewer.offline_session import OfflineSession
from narrows.apps.viewer.protocol import BadMessage, Header

Reply = tuple[dict[str, Any], list[bytes]]
"""A message and its buffers."""


def reply(session: OfflineSession, content: Any, buffers: Sequence[bytes | memoryview] = ()) -> Reply:
    """Return the reply to one message of the page; for an error it has the kind "err" and a sentence."""
    seq = 0
    try:
        if buffers:
            header, z = protocol.unpack_values(bytes(buffers[0]))
            seq = header.seq
            return _decoded(session, header, z)
        message = protocol.message_of(content)
        seq = message.seq
        if message.t != "ask":
            raise BadMessage(f"A notebook answers queries only; {message.t!r} needs the lab (narrows lab).")
        view = message.required("view")
        found = session.answer(view, **message.mapping("params"))
        header = Header(protocol.ANSWER, session.run.number, seq, found.epoch)
        return {"t": "frame"}, [protocol.pack(header, view, found.about, found.arrays)]
    except Exception as error:
        return {"t": "err", "seq": seq, **protocol.error_fields(error)}, []


def _decoded(session: OfflineSession, header: Header, z: Any) -> Reply:
    if header.kind != protocol.DECODE or header.run != session.run.number:
        raise BadMessage("A page may send codes of its run to decode, but no other frames.")
    values, epoch = session.queries.decode(session.run, z)
    answer = Header(protocol.DECODED, header.run, header.seq, epoch)
    return {"t": "frame"}, [protocol.pack_values(answer, values)]

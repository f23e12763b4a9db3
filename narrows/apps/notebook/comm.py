"""The lab's protocol over a line that carries a message with buffers at a time, as a notebook's does.

A control message is the object itself; a frame is the object {"t": "frame"} with the frame as its one buffer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from narrows.apps.viewer import protocol
from narrows.apps.viewer.offline_session import OfflineSession
from narrows.apps.viewer.protocol import BadMessage, Header

Said = tuple[dict[str, Any], list[bytes]]
"""A message and its buffers."""


def reply(session: OfflineSession, content: Any, buffers: Sequence[bytes | memoryview] = ()) -> Said:
    """What a page is told for what it said; whatever is wrong is an "err" with a sentence."""
    seq = 0
    try:
        if buffers:
            header, z = protocol.unpack_values(bytes(buffers[0]))
            seq = header.seq
            return _decoded(session, header, z)
        message = protocol.message_of(content)
        seq = message.seq
        if message.t != "ask":
            raise BadMessage(f"A notebook answers questions; {message.t!r} needs the lab (narrows lab).")
        view = message.needed("view")
        found = session.answer(view, **message.mapping("params"))
        header = Header(protocol.ANSWER, session.run.number, seq, found.epoch)
        return {"t": "frame"}, [protocol.pack(header, view, found.about, found.arrays)]
    except Exception as error:
        return {"t": "err", "seq": seq, **protocol.error_fields(error)}, []


def _decoded(session: OfflineSession, header: Header, z: Any) -> Said:
    if header.kind != protocol.DECODE or header.run != session.run.number:
        raise BadMessage("A page sends codes of its run to decode, and no other frames.")
    values, epoch = session.queries.decode(session.run, z)
    answer = Header(protocol.DECODED, header.run, header.seq, epoch)
    return {"t": "frame"}, [protocol.pack_values(answer, values)]

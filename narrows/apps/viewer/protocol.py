"""Messages between page and server: binary frames, and control messages as JSON, which are checked here.

A frame is little-endian: a header of 24 bytes, then JSON (the meta), zeros up to a multiple of 8, and the arrays.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from narrows.formatting import json_safe

VERSION = 1
DECODE, DECODED, SNAPSHOT, CODES, ANSWER = 1, 2, 3, 5, 10
MOST_BYTES = 4 << 20
"""Limit for one message of a page."""

_HEADER = struct.Struct("<BBHIIIII")
_DTYPES = {"u1": np.uint8, "u2": np.uint16, "i4": np.int32, "f4": np.float32}
_KINDS = (DECODE, DECODED, SNAPSHOT, CODES, ANSWER)


class PageError(ValueError):
    """An error for the person at the page: a sentence, and a hint at the remedy, or None."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class BadMessage(PageError):
    """A message that breaks the protocol."""


def error_fields(error: Exception) -> dict[str, str | None]:
    """Return any error as the fields "msg", a sentence, and "hint", a second one or None."""
    from narrows.errors import sentence_of

    sentence = str(error) if isinstance(error, PageError) else sentence_of(error)
    return {"msg": sentence, "hint": getattr(error, "hint", None)}


@dataclass(frozen=True)
class Header:
    """Start of a frame: kind, number of the run, number of the query, and epoch of the weights."""

    kind: int
    run: int = 0
    seq: int = 0
    epoch: int = 0


@dataclass(frozen=True, eq=False)
class Frame:
    """Content of a frame."""

    header: Header
    view: str
    about: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]


def pack(header: Header, view: str, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return a frame with named arrays; floats become float32, integers int32, booleans uint8."""
    described, parts, end = {}, [], 0
    for name, array in arrays.items():
        dtype, flat = _plain_array(array)
        described[name] = {"dtype": dtype, "shape": list(flat.shape), "offset": end}
        data = flat.tobytes()
        padding = -len(data) % 8
        parts += [data, b"\0" * padding]
        end += len(data) + padding
    meta = json.dumps({"view": view, "about": json_safe(about), "arrays": described}, separators=(",", ":")).encode()
    padding = b"\0" * (-(_HEADER.size + len(meta)) % 8)
    return b"".join([_pack_header(header, len(meta)), meta, padding, *parts])


def unpack(data: bytes) -> Frame:
    """Return the content of a frame of `pack`; BadMessage if it is damaged."""
    header, n_meta = _unpack_header(data)
    try:
        meta = json.loads(data[_HEADER.size : _HEADER.size + n_meta])
        start = _HEADER.size + n_meta
        start += -start % 8
        arrays = {}
        for name, described in meta["arrays"].items():
            dtype = np.dtype(_DTYPES[described["dtype"]])
            n = math.prod(described["shape"])
            found = np.frombuffer(data, dtype, count=n, offset=start + described["offset"])
            arrays[name] = found.reshape(described["shape"])
        return Frame(header, meta["view"], meta["about"], arrays)
    except (ValueError, KeyError, TypeError) as error:
        raise BadMessage("The arrays of the frame do not match its description.") from error


def pack_values(header: Header, values: np.ndarray) -> bytes:
    """Return a frame without meta: one array, uint8 or float32."""
    return _pack_header(header, 0) + np.ascontiguousarray(values).tobytes()


def unpack_values(data: bytes) -> tuple[Header, np.ndarray]:
    """Return header and float32 values of a frame without meta; BadMessage for other frames and NaN or infinity."""
    header, n_meta = _unpack_header(data)
    body = data[_HEADER.size :]
    if n_meta or len(body) % 4:
        raise BadMessage("A frame of this kind consists of a header and 32-bit floats.")
    values = np.frombuffer(body, "<f4").copy()
    if not np.isfinite(values).all():
        raise BadMessage("The numbers of a code must be finite.")
    return header, values


def to_json(message: Mapping[str, Any]) -> str:
    """Return a control message as JSON text."""
    return json.dumps(json_safe(message), separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True)
class Message:
    """Control message of a page: kind, number, and other fields."""

    t: str
    seq: int
    fields: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str, *, optional: bool = False) -> str | None:
        """Return a field that is text; BadMessage if it is not."""
        value = self.fields.get(name)
        if value is None and optional:
            return None
        if not isinstance(value, str) or not value or len(value) > 1000:
            raise BadMessage(f"{self.t} needs {name!r}, a text.")
        return value

    def required(self, name: str) -> str:
        """Return a required field that is text; BadMessage if it is not."""
        return self.text(name) or ""

    def mapping(self, name: str) -> dict[str, Any]:
        """Return a field that is an object; {} if it is absent."""
        value = self.fields.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise BadMessage(f"{self.t} needs {name!r} to be an object.")
        return value


def read_message(text: str) -> Message:
    """Return the control message of a JSON text; BadMessage if it has the wrong form. Fields are not checked."""
    if len(text) > MOST_BYTES:
        raise BadMessage(f"A message may have at most {MOST_BYTES >> 20} MiB.")
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadMessage("The message is not JSON.") from error
    return message_of(found)


def message_of(found: Any) -> Message:
    """Return the control message of parsed JSON; BadMessage if it has the wrong form."""
    if not isinstance(found, dict):
        raise BadMessage("A message must be a JSON object.")
    fields = dict(found)
    t, seq = fields.pop("t", None), fields.pop("seq", 0)
    if not isinstance(t, str):
        raise BadMessage('A message needs "t", its kind.')
    if isinstance(seq, bool) or not isinstance(seq, int) or not 0 <= seq < 1 << 32:
        raise BadMessage('"seq" must be a whole number from 0.')
    return Message(t, seq, fields)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _plain_array(array: np.ndarray) -> tuple[str, np.ndarray]:
    array = np.asarray(array)
    for name in ("u1", "u2"):
        if array.dtype == _DTYPES[name]:
            return name, np.ascontiguousarray(array)
    name = {"b": "u1", "u": "i4", "i": "i4", "f": "f4"}[array.dtype.kind]
    return name, np.ascontiguousarray(array, dtype=_DTYPES[name])


def _pack_header(header: Header, n_meta: int) -> bytes:
    return _HEADER.pack(header.kind, VERSION, header.run, header.seq, header.epoch, n_meta, 0, 0)


def _unpack_header(data: bytes) -> tuple[Header, int]:
    if len(data) < _HEADER.size or len(data) > (1 << 31):
        raise BadMessage(f"A frame starts with a header of {_HEADER.size} bytes.")
    kind, version, run, seq, epoch, n_meta, _, _ = _HEADER.unpack_from(data)
    if version != VERSION or kind not in _KINDS:
        raise BadMessage(f"Unknown frame (version {version}, kind {kind}); reload the page.")
    if n_meta > len(data) - _HEADER.size:
        raise BadMessage("The frame is incomplete.")
    return Header(kind, run, seq, epoch), n_meta

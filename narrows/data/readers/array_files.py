"""NPY, NPZ and IDX files; none of them may hold pickled objects."""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import IO, cast

import numpy as np

from narrows.data.containers import rows_of
from narrows.data.rows import Rows
from narrows.errors import DataFormatError

_ROWS_KEYS = ("X", "x", "data", "images", "x_train", "X_train")
_LABEL_KEYS = ("y", "Y", "labels", "y_train")
_PART = 1 << 24
_IDX_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_npy(path: Path) -> Rows:
    """Return the array of an NPY file, mapped from the disk rather than copied."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (MemoryError, PermissionError):
        raise
    except Exception as error:  # NumPy raises many types: a damaged header is parsed as Python
        raise DataFormatError(_why_not_numpy(path, error)) from error
    if not isinstance(array, np.ndarray):
        raise DataFormatError(f"{path.name} is an NPZ archive; give it the ending .npz.")
    return _array_rows(array, path)


def read_npz(path: Path) -> Rows:
    """Return the array of an NPZ archive: its only one, or that named "X", "x", "data", "images" or "x_train".

    Labels are taken from "y" or "labels" (or "y_train"), if there is one for each row.
    """
    try:
        with path.open("rb") as file:  # NumPy leaves a damaged file open
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise DataFormatError(f"{path.name} is not an NPZ archive; give it the ending .npy.")
            key = _rows_key(archive.files, path)
            array = archive[key]
            if not isinstance(array, np.ndarray):  # a member that is no .npy comes as bytes
                raise DataFormatError(f"{path.name} holds {key!r}, which is not an array; save it with numpy.savez.")
            label_key = next((k for k in _LABEL_KEYS if k in archive.files and k != key), None)
            labels = None if label_key is None else archive[label_key].reshape(-1)
    except (DataFormatError, MemoryError, PermissionError):
        raise
    except Exception as error:  # encrypted, compressed in an unknown way, damaged: each its own kind of error
        raise DataFormatError(_why_not_numpy(path, error)) from error
    rows = _array_rows(array, path)
    if labels is not None and len(labels) != len(rows):
        raise DataFormatError(
            f"{path.name} has {len(rows)} rows under {key!r} but {len(labels)} labels under {label_key!r}; "
            "save one label for each row."
        )
    return replace(rows, labels=labels)


def read_idx(path: Path) -> np.ndarray:
    """Return the array of an IDX file, also gzipped (LeCun's format: magic number, sizes, big-endian)."""
    name = path.name
    opened = gzip.open if name.casefold().endswith(".gz") else open
    try:
        with opened(path, "rb") as file:
            return _parse_idx(cast("IO[bytes]", file), name)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataFormatError(f"{name} is not a gzip file, or is cut short; fetch it again.") from error


def read_idx_rows(path: Path) -> Rows:
    """Return the rows or images of an IDX file."""
    array = read_idx(path)
    if array.ndim < 2:
        raise DataFormatError(f"{path.name} holds labels, not rows; give the file with the images.")
    return _array_rows(array, path)


def _array_rows(array: np.ndarray, path: Path) -> Rows:
    if array.dtype.kind not in "biuf":
        held = "records" if array.dtype.names else f"{array.dtype} values"
        raise DataFormatError(f"{path.name} holds {held}, where real numbers are needed.")
    if array.ndim < 2 or not array.size:
        raise DataFormatError(
            f"{path.name} holds an array of shape {array.shape}; save rows (n, columns) or images (n, height, width)."
        )
    return replace(rows_of(array, name=path.name), first_row=1)


def _rows_key(keys: list[str], path: Path) -> str:
    if len(keys) == 1:
        return keys[0]
    known = next((key for key in _ROWS_KEYS if key in keys), None)
    if known is None:
        listed = ", ".join(repr(key) for key in keys) or "none"
        raise DataFormatError(
            f"{path.name} holds several arrays ({listed}), none named 'X'; save the rows as 'X'."
            if keys
            else f"{path.name} holds no array; save the rows as 'X'."
        )
    return known


def _why_not_numpy(path: Path, error: Exception) -> str:
    if "pickle" in str(error) or "Python objects" in str(error):
        return f"{path.name} holds pickled objects, or is not a NumPy file; save it again as a plain numeric array."
    return f"{path.name} is damaged, empty or not a NumPy file; save it again with numpy.save or numpy.savez."


def _parse_idx(file: IO[bytes], name: str) -> np.ndarray:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _IDX_DTYPES or not magic[3]:
        raise DataFormatError(f"{name} is not an IDX file: it does not start with an IDX magic number.")
    n_axes = magic[3]
    if n_axes > 4:
        raise DataFormatError(f"{name} says it has {n_axes} axes, but images have at most 4; it is damaged.")
    sizes = file.read(4 * n_axes)
    if len(sizes) < 4 * n_axes:
        raise DataFormatError(f"{name} is cut short within its header; fetch it again.")
    shape = struct.unpack(f">{n_axes}I", sizes)
    dtype = np.dtype(_IDX_DTYPES[magic[2]])
    expected = prod(shape) * dtype.itemsize
    data = bytearray()  # grows with what is there: a damaged header may promise more than memory holds
    while part := file.read(min(_PART, expected + 1 - len(data))):  # one byte more: gzip checks its sum at the end
        data += part
    if len(data) != expected:
        found = "more" if len(data) > expected else f"only {len(data)}"
        raise DataFormatError(
            f"{name} should hold {expected} bytes of data but has {found}; it is damaged: fetch it again."
        )
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)

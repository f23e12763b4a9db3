"""Small images, and files and folders of them."""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image

from narrows.data import read

R = np.random.default_rng(0)
GREY = R.integers(0, 256, (8, 10), np.uint8)
COLOUR = R.integers(0, 256, (8, 10, 3), np.uint8)


def put(path, pixels, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path)


def grey_ramp(dtype=np.uint8, top=255):
    return np.rint(np.linspace(0, top, 80)).astype(dtype).reshape(8, 10)


def block(folder, **settings):
    rows = read(folder, **settings)
    return rows.block().reshape(-1, *rows.image_shape)


def tiff(pixels, *, sample_format, order="<", photometric=1, extra=()):
    """A TIFF file of one strip, written from its specification. pixels (h, w) or (h, w, bands)."""
    pixels = pixels.astype(pixels.dtype.newbyteorder(order))
    height, width, bands = (*pixels.shape, 1)[:3]
    n_tags = 10 + bool(extra)
    data = 8
    wide = data + pixels.nbytes
    many = wide + 2 * bands if bands > 2 else wide
    head = many + (2 * len(extra) if len(extra) > 2 else 0)

    def short_list(tag, values, place):
        packed = struct.pack(f"{order}{len(values)}H", *values)
        inline = packed.ljust(4, b"\0") if len(values) < 3 else struct.pack(order + "I", place)
        return struct.pack(order + "HHI", tag, 3, len(values)) + inline

    def number(tag, value):
        return struct.pack(order + "HHII", tag, 4, 1, value)

    tags = [
        number(256, width),
        number(257, height),
        short_list(258, [8 * pixels.itemsize] * bands, wide),
        short_list(259, [1], 0),
        short_list(262, [photometric], 0),
        number(273, data),
        short_list(277, [bands], 0),
        number(278, height),
        number(279, pixels.nbytes),
        *([short_list(338, list(extra), many)] if extra else []),
        short_list(339, [sample_format], 0),
    ]
    body = pixels.tobytes() + (struct.pack(f"{order}{bands}H", *[8 * pixels.itemsize] * bands) if bands > 2 else b"")
    body += struct.pack(f"{order}{len(extra)}H", *extra) if len(extra) > 2 else b""
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", head)
    return start + body + struct.pack(order + "H", n_tags) + b"".join(tags) + b"\0\0\0\0"

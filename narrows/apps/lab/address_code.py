"""The address of the page as a QR code, for the phones and machines of a class."""

from __future__ import annotations

import io


def address_code(address: str, state: str = "") -> bytes:
    """Return a QR code of an address as an SVG picture, black on white.

    Parameters
    ----------
    address : str
        With the token, if one is needed.
    state : str, default=""
        What follows the "#" of the address: the view and the run that the page opens on.
    """
    import segno

    picture = io.BytesIO()
    code = segno.make(f"{address}#{state}" if state else address, micro=False, error="m")
    code.save(picture, kind="svg", scale=8, border=4, dark="#000", light="#fff")
    return picture.getvalue()

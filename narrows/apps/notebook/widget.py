"""The views as an anywidget; this module needs the extra narrows[notebook]."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import anywidget
import traitlets

from narrows.apps.notebook.comm import reply
from narrows.apps.notebook.still_view import still_view
from narrows.apps.viewer import bundle
from narrows.apps.viewer.offline_session import OfflineSession
from narrows.errors import NarrowsError
from narrows.formatting import json_safe


class Explorer(anywidget.AnyWidget):
    """The five views of a fitted model, in a notebook.

    Parameters
    ----------
    session : OfflineSession
        Model and rows.
    """

    _esm = traitlets.Unicode(bundle.script("embed/widget.js")).tag(sync=True)
    _css = traitlets.Unicode(bundle.style()).tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    """State of the session, as in the lab."""
    hash = traitlets.Unicode("").tag(sync=True)
    """State of the page, as in the address of the lab: "view=latent&z=1,2"."""

    def __init__(self, session: OfflineSession, **traits: Any) -> None:
        super().__init__(state=json_safe(session.state), **traits)
        self._offline = session
        self.on_msg(self._receive)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return the widget, and a still picture of its view for a notebook that is read without a kernel."""
        shown = super()._repr_mimebundle_(**kwargs)
        view = parse_qs(self.hash).get("view", ["latent"])[0]
        if shown is not None:
            with suppress(NarrowsError):  # too few rows for a figure
                shown[0]["image/png"] = base64.b64encode(still_view(self._offline, view)).decode()
        return shown

    def _receive(self, _widget: Any, content: Any, buffers: list[memoryview]) -> None:
        message, frames = reply(self._offline, content, buffers or ())
        self.send(message, frames)

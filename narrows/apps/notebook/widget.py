"""The views as an anywidget; this module needs the extra narrows[notebook]."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from narrows.apps.notebook.comm import reply
from narrows.apps.viewer import bundle
from narrows.apps.viewer.offline_session import OfflineSession
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

    def _receive(self, _widget: Any, content: Any, buffers: list[memoryview]) -> None:
        message, frames = reply(self._offline, content, buffers or ())
        self.send(message, frames)

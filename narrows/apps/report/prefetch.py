"""Answers to the queries of the views, as text in the page of a report."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from narrows.apps.viewer import protocol
from narrows.apps.viewer.offline_session import OfflineSession
from narrows.apps.viewer.prefetched_answers import FEWEST_ROWS, PrefetchedAnswers, joined
from narrows.apps.viewer.protocol import ANSWER, Header

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder


def prefetch(model: Autoencoder, rows: Rows, y: Any = None, *, most: int = 3_500_000) -> str | None:
    """Return the answers to the queries of the views, as compressed frames in base64.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    rows : Rows
        In the form of its fit.
    y : classes (n,), or None for the labels of the rows.
    most : int, default=3,500,000
        Limit in characters; with a lower limit fewer rows are included.

    Returns
    -------
    str or None
        None for fewer than 10 rows, or if the limit is too low.
    """
    if len(rows) < FEWEST_ROWS:
        return None
    session = OfflineSession.of(model, rows, y)
    for share in (1.0, 0.3, 0.1):
        text = base64.b64encode(zlib.compress(joined(_frames(session, share)), 9)).decode("ascii")
        if len(text) <= most:
            return text
    return None


def _frames(session: OfflineSession, share: float) -> Iterator[bytes]:
    """Yield the session, then the answers."""
    answers = PrefetchedAnswers(session.answer, session.run.about, session.rows.labels, share=share)
    normal = session.state["datasets"][0]["normal"]
    state = {**session.state}
    # the anomaly view opens with the normal classes of the scores
    state["runs"] = [{**run, "settings": {**run["settings"], "normal": normal}} for run in state["runs"]]
    held = {"noise": answers.noise_levels, "classes": True}
    yield protocol.pack(Header(ANSWER), "session", {"state": state, "held": held}, {})
    yield from answers.map()
    yield from answers.flow()
    yield from answers.noise()
    yield from answers.errors(normal)
    yield from answers.training()
    yield from answers.generated()

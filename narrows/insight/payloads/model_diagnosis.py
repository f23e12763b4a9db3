"""The diagnosis of a model in a few words, and its error next to that of PCA."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narrows.insight import findings
from narrows.insight.payloads.payload import Payload

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder
    from narrows.insight.diagnosis import Diagnosis


def model_diagnosis(model: Autoencoder, rows: Rows) -> Payload:
    """Return the headline of `diagnose`, its first advice, and the error of PCA with as many components.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    rows : Rows
        The rows of its fit.

    Returns
    -------
    Payload
        Without arrays. `about`: "verdict", "headline", "advice" (empty if none is needed), "sample" (the measured rows,
        in a sentence); "squared_error" and "pca_squared_error" per row in encoded floats, None for a network that
        compresses nothing.

    Raises
    ------
    DataError
        Fewer than four rows.
    """
    from narrows.insight.diagnosis import diagnose  # it imports this package

    found = diagnose(model, rows)
    about = {
        "verdict": found.verdict,
        "headline": found.headline,
        "advice": next((finding.advice for finding in found.findings if finding.advice), ""),
        "sample": found.sample,
        **_errors(found),
    }
    return Payload("diagnosis", about, {})


def _errors(found: Diagnosis) -> dict[str, float | None]:
    names = ("squared_error", "pca_squared_error")
    compared = [finding for finding in found.findings if finding.name == findings.COMPARISON]
    return {name: compared[0].number(name) if compared else None for name in names}

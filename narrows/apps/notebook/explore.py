"""`narrows.explore`: the lab's views in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from narrows.apps.notebook.widget import Explorer
    from narrows.estimators import Autoencoder


def explore(model: Autoencoder, X: Any, y: Any = None, *, view: str = "latent") -> Explorer:
    """Show the views of the lab for a fitted model in a notebook (Jupyter, marimo).

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like that of `fit`, or Rows
        Rows to show: those of the fit, or new ones. More than 70,000 rows are sampled by class.
    y : array of shape (n,) or None, default=None
        Classes, for the colours of the map and as anomalies; None uses the labels of Rows, else the column that held
        them at the fit.
    view : {"flow", "latent", "training", "denoise", "anomaly"}, default="latent"
        The view that is open at the start.

    Returns
    -------
    Explorer
        A widget; a cell that ends with it displays it. It cannot train, upload or save; `narrows lab` can.

    Raises
    ------
    MissingExtraError
        anywidget is not installed.
    NotFittedError, DataError
    SettingError
        An unknown view.
    """
    from narrows.apps.viewer.offline_session import OfflineSession
    from narrows.errors import MissingExtraError, SettingError
    from narrows.insight import check_autoencoder, classed_rows

    try:
        from narrows.apps.notebook.widget import Explorer
    except ModuleNotFoundError as error:
        if error.name not in ("anywidget", "traitlets"):
            raise
        raise MissingExtraError("narrows.explore needs anywidget: pip install narrows[notebook]") from error
    if view not in VIEWS:
        raise SettingError(f"There is no view {view!r}; the views are {', '.join(VIEWS)}.")
    check_autoencoder(model)
    model.check_is_fitted()
    return Explorer(OfflineSession.of(model, classed_rows(model, X), y), hash=f"view={view}")


VIEWS = ("flow", "latent", "training", "denoise", "anomaly")
"""The views, in the order of their tabs, which static/core/view-names.js sets."""

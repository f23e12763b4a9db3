"""`narrows.explore`: the lab's views in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from narrows.apps.notebook.widget import Explorer
    from narrows.estimators import Autoencoder


def explore(model: Autoencoder, X: Any, y: Any = None, *, view: str = "latent") -> Explorer:
    """Take hold of a fitted model in a notebook (Jupyter, marimo): the lab's five views, answered by the model itself.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like that of `fit`, or Rows
        The rows to show: those of the fit, or new ones. Of more than 70,000 a sample is taken, class by class.
    y : array of shape (n,) or None, default=None
        Classes, which colour the map and say what an anomaly is; the labels of Rows where they have some.
    view : {"flow", "latent", "training", "denoise", "anomaly"}, default="latent"
        Which one to open with.

    Returns
    -------
    Explorer
        A widget, shown where a cell ends with it. It trains, uploads and saves nothing; `narrows lab` does.

    Raises
    ------
    MissingExtraError
        anywidget is not installed.
    NotFittedError, DataError
    SettingError
        There is no such view.
    """
    from narrows.apps.viewer.offline_session import Exhibit
    from narrows.data import as_rows
    from narrows.errors import MissingExtraError, SettingError
    from narrows.insight import check_autoencoder

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
    return Explorer(Exhibit.of(model, as_rows(X, image_shape=model.image_shape), y), hash=f"view={view}")


VIEWS = ("flow", "latent", "training", "denoise", "anomaly")
"""The views, in the order of their tabs."""

"""The HTML page of a report."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narrows.apps.report.prefetch import prefetch
from narrows.apps.report.report_figures import pictures
from narrows.apps.viewer import bundle
from narrows.apps.viewer.recipe import Recipe
from narrows.data import whole_file
from narrows.errors import OutputError, OutputExistsError
from narrows.insight import check_autoencoder, classed_rows, diagnose

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder
    from narrows.insight import Diagnosis

_WORDS = {"good": "good", "unknown": "unknown", "watch": "look", "bad": "wrong"}


def report(
    model: Autoencoder,
    X: Any,
    y: Any = None,
    *,
    path: str | Path | None = None,
    overwrite: bool = False,
    diagnosis: Diagnosis | None = None,
    random_state: int = 0,
) -> str:
    """Write a report on a fitted model as one HTML file: diagnosis, figures, and how to repeat the fit.

    The page also has the views of the lab; their data are in the file, so that they work offline. If scripts are not
    allowed, the figures show the same.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like that of `fit`, or Rows
        As for `narrows.diagnose`: the rows of the fit, or new ones.
    y : array of shape (n,) or None
        Classes; None uses the labels of Rows, else the column that held them at the fit. Two classes also give
        detection curves, with the rarer one as anomalies.
    path : path or None, default=None
        File to write; None only returns the page.
    overwrite : bool, default=False
        Replace an existing file.
    diagnosis : Diagnosis or None, default=None
        A diagnosis of this model and these rows; None computes it.
    random_state : int, default=0
        Seed of samples and random choices.

    Returns
    -------
    str
        The page. It loads no other files and allows only its own script to run.

    Raises
    ------
    NotFittedError, DataError
        As `narrows.diagnose`.
    OutputExistsError, OutputError
    """
    target = None if path is None else Path(path)
    if target is not None and target.exists() and not (overwrite and target.is_file()):
        raise OutputExistsError(f"{target} is already there; choose another name or allow overwriting it.")
    check_autoencoder(model)
    model.check_is_fitted()
    rows = classed_rows(model, X)
    found = diagnose(model, rows, y, random_state=random_state) if diagnosis is None else diagnosis
    page = _page(model, rows, y, found, random_state)
    if target is not None:
        try:
            with whole_file(target, replace=overwrite) as file:
                file.write(page.encode(errors="backslashreplace"))
        except OSError as error:
            raise OutputError(f"{target} could not be written ({error.strerror or error}).") from error
    return page


def _page(model: Autoencoder, rows: Any, y: Any, found: Diagnosis, seed: int) -> str:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    here = files("narrows.apps.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((here / "report.html.jinja").read_text("utf-8"))
    answers = prefetch(model, rows, y)
    script = bundle.script("embed/report.js") if answers else ""
    return template.render(
        style=Markup((here / "report.css").read_text("utf-8") + (bundle.style() if answers else "")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        answers=answers,
        title=f"{type(model).__name__} on {rows.source}",
        diagnosis=found,
        words=_WORDS,
        pictures=[
            {"title": p.title, "caption": p.caption, "svg": Markup(p.svg)} for p in pictures(model, rows, y, seed=seed)
        ],
        recipe=Recipe.of(model, rows),
    )

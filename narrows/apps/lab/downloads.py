"""Downloads of a run, its model and the Python code of its fit, and previews of datasets."""

from __future__ import annotations

import base64
import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narrows.apps.viewer.datasets import python_of
from narrows.apps.viewer.pixels import to_uint8
from narrows.apps.viewer.runs import Run

if TYPE_CHECKING:
    from narrows.data import Rows

FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#0b5cad" '
    'd="M4 3h24L19 14v4l9 11H4l9-11v-4z"/></svg>'
)
_HEAD, _IMAGES = 6, 12


def model_zip(run: Run) -> bytes:
    """Return the saved model of a run, a folder, as a ZIP file."""
    model, _ = run.weights.get()
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        place = Path(folder) / "model"
        model.save(place)
        for file in sorted(place.iterdir()):
            archive.write(file, f"narrows-{run.id}-{run.variant}/{file.name}")
    return packed.getvalue()


def recipe(run: Run) -> str:
    """Return Python code that repeats the fit of a run."""
    from narrows.apps.viewer.recipe import python_recipe
    from narrows.version import __version__

    model, epoch = run.weights.get()
    lines = [f"# {run.variant} autoencoder of {run.data_name or 'unknown rows'}, from the lab of narrows {__version__}"]
    if run.source is None:
        lines += ["# The training data are not known to the page; X is a placeholder for them.", ""]
    else:
        lines += [python_of(run.source), *_selection(run), ""]
    lines.append(python_recipe(model))
    if run.state != "loaded" and run.about.get("epochs") and epoch < run.about["epochs"]:
        lines.append(f"# The page shows the weights of epoch {epoch}; this code trains to the end.\n")
    return "\n".join(lines)


def report(run: Run, rows: Rows, make: Callable[[Any, Rows], str]) -> str:
    """Return the report of a run, an HTML page, on the rows of its fit.

    make : makes the report of a model and rows.
    """
    from narrows.apps.viewer.row_selection import fitted_rows

    model, _ = run.weights.get()
    return make(model, fitted_rows(rows, run.settings))


def preview(rows: Rows) -> dict[str, Any]:
    """Return the first rows of a table as text, or some images of all classes."""
    from narrows.data.image_grid import default_pixel_range
    from narrows.estimators.anomaly.explanations import plain_value
    from narrows.insight.payloads import balanced_sample

    if rows.image_shape is None:
        cells = [[plain_value(rows, i, j) for j in range(rows.n_columns)] for i in range(min(_HEAD, len(rows)))]
        head = [
            [None if cell is None else f"{cell:.6g}" if type(cell) is float else str(cell) for cell in row]
            for row in cells
        ]
        return {"columns": list(rows.feature_names), "head": head}
    chosen = rows.take(balanced_sample(rows.labels, len(rows), _IMAGES))
    block = chosen.block().astype(float)
    low, high = default_pixel_range(chosen.block())
    if rows.dtypes[0] not in ("uint8", "uint16"):
        low, high = min(low, float(block.min())), max(high, float(block.max()))
    images = to_uint8((block - low) / (high - low))
    return {
        "shape": list(rows.image_shape),
        "images": [base64.b64encode(image.tobytes()).decode() for image in images],
        "labels": None if chosen.labels is None else chosen.labels.tolist(),
    }


def _selection(run: Run) -> list[str]:
    """Return the lines that select the training rows of a run."""
    lines: list[str] = []
    normal, ranges = run.settings.get("normal"), run.settings.get("rows")
    if ranges:
        places = ", ".join(f"np.arange({first}, {last + 1})" for first, last in ranges)
        lines.append(f"chosen = np.isin(np.arange(len(rows)), np.concatenate([{places}]))")
    if normal:
        of_class = f"np.isin(np.asarray(rows.labels).astype(str), {normal!r})"
        lines.append(f"chosen = chosen & {of_class}" if ranges else f"chosen = {of_class}")
    return [*lines, "X = rows.take(chosen)"] if lines else ["X = rows"]

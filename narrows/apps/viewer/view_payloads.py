"""The payload of each query, from a run, its model and the parameters of the query.

Importing this module loads PyTorch; `narrows.apps.viewer.queries` imports it with the first query.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.apps.viewer.column_values import cells
from narrows.apps.viewer.datasets import MOST_ROWS
from narrows.apps.viewer.float_scales import float_scales
from narrows.apps.viewer.model_facts import average_error, code_plane
from narrows.apps.viewer.query_params import QueryParams
from narrows.apps.viewer.row_selection import anomalous, fitted_rows, floats_of, normal_classes, some_rows, trained_on
from narrows.apps.viewer.run_data import RunData
from narrows.apps.viewer.runs import Run
from narrows.insight import corrupted, noise_controls, payloads
from narrows.insight.payloads import Payload

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder


def _codes(data: RunData, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
    rows = data.rows(run)
    most = params.whole("most", MOST_ROWS, 1, MOST_ROWS)
    found = payloads.codes(model, rows, most=most, like=run.plane, with_pca=False)
    if run.plane is None:
        run.plane = code_plane(found)
    n_components = model.n_components_
    about = {**found.about, "ranges": np.stack([found["low"], found["high"]], axis=1), "jitter": n_components == 1}
    return Payload("codes", about, {**found.arrays, "pca": data.pca_map(run, model)[found["position"]]})


def _code_neighbours(data: RunData, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
    return payloads.code_neighbours(model, data.rows(run), seen=data.seen(run, model))


def _rows(data: RunData, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
    rows = data.rows(run)
    positions = params.positions("positions", 2000, len(rows))
    if positions is None:
        positions = some_rows(run, rows, data.seen(run, model), params, params.whole("n", 24, 1, 2000))
    found = payloads.reconstructions(model, rows, positions=positions)
    controls = noise_controls(images=model.schema_.image_shape is not None)
    noise = [{"name": name, **asdict(control)} for name, control in controls.items()]
    seen = data.seen(run, model)[found["position"]].tolist()
    return Payload("rows", {**found.about, **_scales(model), "noise": noise, "seen": seen}, found.arrays)


def _sheet(data: RunData, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
    rows = data.rows(run)
    positions = params.required_positions("positions", 2000, len(rows))
    floats = model.schema_.encode(rows.take(positions))
    shown = payloads.as_pictures(model, floats, like=data.like(run, model))
    return Payload("sheet", {}, {"original": shown, "position": positions})


def _decoded_grid(data: RunData, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
    return payloads.decoded_grid(model, data.rows(run), side=params.whole("side", 25, 2, 64), plane=run.plane)


def _path(data: RunData, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
    ends = [params.required_numbers(name, model.n_components_) for name in ("a", "b")]
    found = payloads.path(model, *ends, steps=params.whole("steps", 8, 2, 64), like=data.like(run, model))
    return Payload("path", {**found.about, "cells": _decoded_cells(model, found["way"])}, found.arrays)


def _sample(data: RunData, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
    found = payloads.samples(model, n=params.whole("n", 16, 1, 400), seed=params.whole("seed", 0, 0, 2**31 - 1))
    return Payload("sample", {**found.about, "cells": _decoded_cells(model, found["sample"])}, found.arrays)


def _decoded_cells(model: Autoencoder, rows: np.ndarray) -> list[dict[str, Any]] | None:
    """Return the cells of decoded rows of a table (n, n_floats), named by their numbers from 1; None for images."""
    if model.schema_.image_shape is not None:
        return None
    return cells(model.schema_, {}, {str(i): row for i, row in enumerate(rows, start=1)})


def _activations(data: RunData, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
    values = params.numbers("values", model.network_.n_floats)
    unit = params.wholes("unit", 2)
    given: dict[str, Any] = {"unit": None if unit is None else (unit[0], unit[1]), "like": data.like(run, model)}
    label = None
    if values is None:
        rows = data.rows(run)
        position = params.whole("position", 0, 0, len(rows) - 1)
        label = None if rows.labels is None else rows.labels[position]
        floats = model.schema_.encode(rows.take(np.array([position])))[0]
    else:
        floats = floats_of(model, values, given["like"])
    found = payloads.activations(model, floats=floats, **given)
    is_image = model.schema_.image_shape is not None
    shown = None if is_image else _compared(model, found["input"].ravel(), found["output"].ravel())
    average = average_error(model, data.training_floats(run, model), floats)
    about = {**found.about, **_scales(model), "label": label, "cells": shown, "average_error": average}
    about["n_columns"] = None if is_image else len(model.schema_.learned_columns)
    return Payload("activations", about, found.arrays)


def _training_step(data: RunData, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
    rows = data.rows(run)
    position = params.whole("position", 0, 0, len(rows) - 1)
    epoch = params.whole("epoch", run.weights.epoch, 0, 2**31 - 1)
    model, epoch = run.model_at(epoch)
    given = {"epoch": epoch, "seed": params.whole("seed", 0, 0, 2**31 - 1), "like": data.like(run, model)}
    found = payloads.training_step(model, rows, position=position, **given)
    label = None if rows.labels is None else rows.labels[position]
    about = {**found.about, **_scales(model), "label": label, "epoch": epoch, "n_columns": None}
    if model.schema_.image_shape is None:
        about["n_columns"] = len(model.schema_.learned_columns)
    return Payload("training_step", about, found.arrays)


def _scales(model: Autoencoder) -> dict[str, Any]:
    """Return the meaning of the floats of a table, see `float_scales`; nothing for images."""
    return {} if model.schema_.image_shape is not None else {"scales": float_scales(model.schema_)}


def _compared(model: Autoencoder, observed: np.ndarray, expected: np.ndarray) -> list[dict[str, Any]]:
    """Return the cells of an encoded row of a table, of its reconstruction, and the error of each column."""
    row = model.schema_.decode_rows(observed[None], with_missing=True)
    return cells(
        model.schema_,
        {"observed": observed},
        {"expected": expected},
        model.reconstruction_error(row, per_feature=True)[0],
    )


def _cells(data: RunData, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
    expected = params.required_numbers("expected", model.network_.n_floats)
    observed = params.numbers("observed", model.network_.n_floats)
    if model.schema_.image_shape is not None:
        return Payload("cells", {"cells": None}, {})
    given = {} if observed is None else {"observed": observed}
    return Payload("cells", {"cells": cells(model.schema_, given, {"expected": expected}), **_scales(model)}, {})


def _denoise(data: RunData, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
    rows = data.rows(run)
    kind = params.choice("kind", tuple(noise_controls(images=True)), "gaussian")
    level = params.number("level", 0.3, 0.0, 10.0)
    seed = params.whole("seed", 0, 0, 2**31 - 1)
    values = params.numbers("values", model.network_.n_floats)
    positions = params.positions("positions", 64, len(rows))
    if positions is None:
        positions = some_rows(run, rows, data.seen(run, model), params, params.whole("n", 6, 1, 64))
    if values is None:
        found = payloads.denoising(model, rows, corruption=kind, level=level, positions=positions, seed=seed)
    else:
        found = payloads.denoised(model, rows, int(positions[0]), floats_of(model, values, data.like(run, model)))
    # a query may name a kind that no view offers for tables
    high = {**noise_controls(images=True), **noise_controls(images=model.schema_.bounded)}[kind].most
    about = {**found.about, **_scales(model), "levels": {"low": 0.0, "high": high}, "curve": None, "layers": None}
    about["cells"] = _denoised_cells(model, found)
    arrays = dict(found.arrays)
    if params.switch("curve"):
        levels = np.linspace(0, high, 9)
        curve = payloads.denoising_curve(model, rows, corruption=kind, levels=levels, seed=seed)
        about["curve"] = np.stack([curve["level"], curve["psnr_noisy"], curve["psnr_denoised"]], axis=1)
    if params.switch("layers"):
        if values is None:
            floats = model.schema_.encode(rows.take(positions))
            noisy = corrupted(model, floats, seed=seed, corruption=kind, level=level)[0]
        else:
            noisy = floats_of(model, values, data.like(run, model))
        inside = payloads.activations(model, floats=noisy)
        about["layers"] = inside.about["layers"]
        arrays |= {name: array for name, array in inside.arrays.items() if name.startswith("layer")}
    return Payload("denoise", about, arrays)


def _denoised_cells(model: Autoencoder, found: Payload) -> list[list[dict[str, Any]]] | None:
    """Return the cells of each clean, noisy and denoised row of a table; None for images."""
    if model.schema_.image_shape is not None:
        return None
    rows = zip(found["clean"], found["noisy"], found["denoised"], strict=True)
    return [cells(model.schema_, {"clean": a, "noisy": b}, {"denoised": c}) for a, b, c in rows]


def _scores(data: RunData, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
    rows = data.rows(run)
    normal = normal_classes(run, rows, params)
    is_anomaly = None if normal is None else anomalous(rows.labels, normal)
    seen = data.seen(run, model)
    found = payloads.scores(model, rows, is_anomaly, seen=seen)
    about = {
        **found.about,
        **_scales(model),
        "normal": normal,
        "labelled": normal is not None,
        "flags": "score > threshold",
        "trained_on": trained_on(run, seen, is_anomaly, "rows" if model.schema_.image_shape is None else "images"),
    }
    return Payload("scores", about, found.arrays)


def _detector_scores(data: RunData, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
    rows = data.rows(run)
    normal = normal_classes(run, rows, params)
    is_anomaly = None if normal is None else anomalous(rows.labels, normal)
    key = ",".join(normal or [])
    return data.detector(
        run, key, lambda: payloads.detector_scores(model, rows, is_anomaly, seen=data.seen(run, model))
    )


def _diagnosis(data: RunData, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
    rows = data.rows(run)
    return data.diagnosis(run, model, lambda: payloads.model_diagnosis(model, fitted_rows(rows, run.settings)))


def _error_map(data: RunData, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
    rows = data.rows(run)
    position = params.whole("position", 0, 0, len(rows) - 1)
    found = payloads.error_map(model, rows, positions=[position])
    one = rows.take(np.array([position]))
    about = {
        **found.about,
        "score": float(model.reconstruction_error(one)[0]),
        "label": None if rows.labels is None else rows.labels[position],
        "top": [] if model.schema_.image_shape else payloads.worst_columns(model, one),
    }
    arrays = {name: found[name][0] for name in ("original", "rebuilt", "map")}
    return Payload("error_map", about, arrays)


def _similar(data: RunData, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
    code = params.required_numbers("code", model.n_components_)
    return payloads.similar(model, data.rows(run), code, n=params.whole("n", 6, 1, 100))


def _history(data: RunData, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
    return Payload("history", {"records": run.history}, {})


PAYLOADS: dict[str, Callable[[RunData, Run, Any, QueryParams], Payload]] = {
    "codes": _codes,
    "code_neighbours": _code_neighbours,
    "rows": _rows,
    "sheet": _sheet,
    "decoded_grid": _decoded_grid,
    "path": _path,
    "sample": _sample,
    "activations": _activations,
    "training_step": _training_step,
    "cells": _cells,
    "denoise": _denoise,
    "scores": _scores,
    "detector_scores": _detector_scores,
    "diagnosis": _diagnosis,
    "error_map": _error_map,
    "similar": _similar,
    "history": _history,
}

"""12. How long does one row take in an exported model, beside the model itself?"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

from benchmarks.contenders import installed
from benchmarks.report import LINES, Report
from benchmarks.rounds import alternate
from narrows import AnomalyDetector, Autoencoder

_SIZES = (1, 100, 10_000)
_SECONDS = 0.2  # of processor time, at least, for each measurement


def reports(rounds: int, quick: bool) -> list[Report]:
    """Processor time of a row: the best of the rounds."""
    if not installed("onnxruntime"):
        return []
    sizes = _SIZES[:2] if quick else _SIZES
    raw: dict[str, dict[int, dict[str, float]]] = {}
    for name, (model, rows, ours) in _cases().items():
        raw[name] = {size: _measured(model, _repeated(rows, size), ours, rounds) for size in sizes}
    table = [
        [
            name,
            f"{size:,}",
            *(f"{1e6 * found[key] / size:,.1f}" for key in found),
            f"{found['ours'] / found['ONNX']:.1f}",
        ]
        for name, by_size in raw.items()
        for size, found in by_size.items()
    ]

    def draw(axes: Any) -> None:
        for name, colour in zip(raw, LINES, strict=False):
            for key, style in (("ONNX", "-"), ("ours", "--")):
                values = [1e6 * raw[name][size][key] / size for size in sizes]
                axes.plot(sizes, values, style, marker="o", color=colour, label=f"{name}: {key}")
        axes.set(xscale="log", yscale="log", xlabel="rows of a call", ylabel="µs/row (less is better)")
        axes.legend(frameon=False, fontsize=7)

    return [
        Report(
            "exported",
            "A row in an exported model, and in the model itself",
            ("model", "rows of a call", "ONNX, µs/row", "ONNX from pandas, µs/row", "ours, µs/row", "ours / ONNX"),
            table,
            {"measured": {name: {str(n): found for n, found in sizes.items()} for name, sizes in raw.items()}},
            draw,
            (
                f"Processor time, one thread, the best of {rounds} turns in alternation. All outputs of the exported "
                "model; of ours `reconstruction_error` or `score_samples`, which reads the same frame.",
                "The table has numbers, a skewed number, a text, a date and a truth value, with gaps; the images are "
                "the digits.",
            ),
        )
    ]


def _cases() -> dict[str, tuple[Any, Any, Callable[[Any], Any]]]:
    """A fitted model of each sort, rows for it, and our answer."""
    frame, digits = _frame(), load_digits().images
    table = Autoencoder(epochs=3, random_state=0).fit(frame)
    images = Autoencoder(epochs=1, random_state=0).fit(digits)
    detector = AnomalyDetector(random_state=0).fit(frame)
    return {
        "mixed table": (table, frame, table.reconstruction_error),
        "images": (images, digits, images.reconstruction_error),
        "default detector": (detector, frame, detector.score_samples),
    }


def _frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    z = rng.normal(size=2000)
    frame = pd.DataFrame(
        {
            "number": 40 + 5 * z + rng.normal(size=len(z)),
            "skewed": np.exp(z),
            "text": rng.choice(["a", "b", "c"], len(z)),
            "when": pd.Timestamp("2020-01-01") + pd.to_timedelta((1e7 * z).round(), unit="s"),
            "truth": z > 0,
        }
    )
    frame.loc[rng.random(len(frame)) < 0.05, ["number", "text"]] = None
    return frame


def _repeated(rows: Any, size: int) -> Any:
    places = np.arange(size) % len(rows)
    return rows.iloc[places].reset_index(drop=True) if isinstance(rows, pd.DataFrame) else rows[places]


def _measured(model: Any, rows: Any, ours: Callable[[Any], Any], rounds: int) -> dict[str, float]:
    """Seconds of processor time of one call, by contender."""
    session = _session(model)
    feed = _feed(session, rows)
    turns = {
        "ONNX": partial(_seconds, lambda: session.run(None, feed)),
        "ONNX from pandas": partial(_seconds, lambda: session.run(None, _feed(session, rows))),
        "ours": partial(_seconds, lambda: ours(rows)),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name: min(found) for name, found in alternate(turns, rounds).items()}


def _session(model: Any) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.to_onnx().SerializeToString(), options)


def _feed(session: Any, rows: Any) -> dict[str, np.ndarray]:
    """Return the inputs of a session from a frame, as a program with pandas makes them."""
    if not isinstance(rows, pd.DataFrame):
        return {session.get_inputs()[0].name: rows}
    feed = {}
    for put in session.get_inputs():
        column = rows[put.name]
        if put.type == "tensor(double)":
            feed[put.name] = column.to_numpy(np.float64)
        elif column.dtype.kind == "M":
            feed[put.name] = np.datetime_as_string(column.to_numpy()).astype(object)
        else:
            feed[put.name] = column.fillna("").to_numpy(object)
    return feed


def _seconds(call: Callable[[], Any]) -> float:
    """Return the processor time of one call, from as many as fill `_SECONDS`."""
    call()
    n, start = 0, time.process_time()
    while time.process_time() - start < _SECONDS:
        call()
        n += 1
    return (time.process_time() - start) / n

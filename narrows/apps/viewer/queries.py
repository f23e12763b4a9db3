"""What a view is told: its name and parameters become a payload, with the numbers of `narrows.insight.payloads`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.apps.lab.worker_events import pictures, pixels, plane_of
from narrows.apps.viewer.datasets import MOST_ROWS, Source, load
from narrows.apps.viewer.query_params import QueryParams
from narrows.apps.viewer.row_selection import anomalous, floats_of, normal_classes, some_rows, trained_on, units
from narrows.apps.viewer.runs import Run

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder
    from narrows.insight.payloads import Payload

_PICTURES = {"original", "rebuilt", "decoded", "way", "sample", "clean", "noisy", "denoised", "input", "output"}
"""Arrays that travel as uint8 where rows are images."""
_LIKE_ROWS = 1000
_LEVELS = {"gaussian": 1.0, "masking": 0.9, "salt-and-pepper": 0.9}


@dataclass(frozen=True, eq=False)
class Answer:
    """What a view is told, and the epoch of the weights behind it."""

    about: dict[str, Any]
    arrays: dict[str, np.ndarray]
    epoch: int


class Queries:
    """Answers the views' questions about runs; may be asked from several threads.

    Parameters
    ----------
    label_of : callable
        The source that a dataset is read from now, by its id, whose classes colour runs that learned without any.
    """

    def __init__(self, label_of: Callable[[str], Source | None]) -> None:
        self._label_of = label_of
        self._pca: dict[str, np.ndarray] = {}
        self._seen: dict[str, np.ndarray] = {}
        self._like: dict[str, np.ndarray | None] = {}

    @property
    def views(self) -> tuple[str, ...]:
        """The names of the views that can be asked."""
        return tuple(_VIEWS)

    def forget(self, run: str) -> None:
        """Drop what is remembered of a run that was removed."""
        for kept in (self._pca, self._seen, self._like):
            kept.pop(run, None)

    def answer(self, run: Run, view: str, given: dict[str, Any]) -> Answer:
        """Answer a view; raises NarrowsError with a sentence, for wrong parameters too."""
        if view not in _VIEWS:
            raise _wrong(f"There is no view {view!r}; the views are {', '.join(_VIEWS)}.")
        params = QueryParams(view, given)
        if view == "frames":  # needs no model: what was seen on the way is kept
            return self._frames(run)
        model, epoch = run.weights.get()
        found = _VIEWS[view](self, run, model, params)
        is_image = model.schema_.image_shape is not None
        arrays = {
            name: pixels(array) if is_image and name in _PICTURES and array.dtype != np.uint8 else array
            for name, array in found.arrays.items()
        }
        return Answer(dict(found.about), arrays, epoch)

    def decode(self, run: Run, z: np.ndarray) -> tuple[np.ndarray, int]:
        """One code as it travels, uint8 pixels or a table row's float32, and the epoch."""
        from narrows.estimators.inference import map_floats

        model, epoch = run.weights.get()
        if z.shape != (model.n_components_,):
            raise _wrong(f"A code of this run is {model.n_components_} numbers, got {z.size}.")
        decoded = map_floats(z[None], model.network_.decode, model.device_)
        return pictures(model, decoded, like=self.like(run, model))[0], epoch

    def rows(self, run: Run) -> Rows:
        """The rows of a run, with the classes that its data have now; DataError where it has none."""
        from dataclasses import replace

        if run.rows is not None:
            return run.rows
        if run.source is None:
            raise _wrong("This model came without rows; start the page with --data DATA to show them.")
        rows = load(run.source)
        now = None if run.dataset is None else self._label_of(run.dataset)
        if rows.labels is None and now is not None and now.label is not None and len(rows) < MOST_ROWS:
            labelled = load(now)
            if len(labelled) == len(rows):
                return replace(rows, labels=labelled.labels)
        return rows

    def like(self, run: Run, model: Autoencoder) -> np.ndarray | None:
        """Encoded rows that say what black and white are, of images whose unit is no pixel; else None."""
        if model.schema_.image_shape is None or model.schema_.pixel_range is not None:
            return None
        if run.id not in self._like:
            has_rows = run.rows is not None or run.source is not None
            self._like[run.id] = model.schema_.encode(self.rows(run).sampled(_LIKE_ROWS)) if has_rows else None
        return self._like[run.id]

    def seen(self, run: Run, model: Autoencoder) -> np.ndarray:
        """Which rows the run learned from, bool (n,)."""
        from narrows.insight.splits import Parts

        if run.id not in self._seen:
            self._seen[run.id] = Parts.seen(model, self.rows(run))
        return self._seen[run.id]

    # -- the views

    def _codes(self, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
        from narrows.insight import payloads

        rows = self.rows(run)
        most = params.whole("most", MOST_ROWS, 1, MOST_ROWS)
        found = payloads.codes(model, rows, most=most, like=run.plane, with_pca=False)
        if run.id not in self._pca:
            self._pca[run.id] = payloads.pca_map(model, rows)
        if run.plane is None:
            run.plane = plane_of(found)
        n_components = model.n_components_
        about = {**found.about, "ranges": np.stack([found["low"], found["high"]], axis=1), "jitter": n_components == 1}
        return payloads.Payload("codes", about, {**found.arrays, "pca": self._pca[run.id][found["position"]]})

    def _rows(self, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
        from narrows.insight import payloads

        rows = self.rows(run)
        positions = params.places("positions", 2000, len(rows))
        if positions is None:
            positions = some_rows(run, rows, self.seen(run, model), params, params.whole("n", 24, 1, 2000))
        found = payloads.reconstructions(model, rows, positions=positions)
        return payloads.Payload("rows", {**found.about, **units(model)}, found.arrays)

    def _sheet(self, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
        from narrows.insight import payloads

        rows = self.rows(run)
        positions = params.needed_places("positions", 2000, len(rows))
        floats = model.schema_.encode(rows.take(positions))
        shown = payloads.as_pictures(model, floats, like=self.like(run, model))
        return payloads.Payload("sheet", {}, {"original": shown, "position": positions})

    def _lattice(self, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
        from narrows.insight import payloads

        return payloads.decoded_grid(model, self.rows(run), side=params.whole("side", 25, 2, 64), plane=run.plane)

    def _path(self, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
        from narrows.insight import payloads

        ends = [params.needed_numbers(name, model.n_components_) for name in ("a", "b")]
        return payloads.path(model, *ends, steps=params.whole("steps", 8, 2, 64), like=self.like(run, model))

    def _sample(self, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
        from narrows.insight import payloads

        return payloads.samples(model, n=params.whole("n", 16, 1, 400), seed=params.whole("seed", 0, 0, 2**31 - 1))

    def _activations(self, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
        from narrows.insight import payloads

        values = params.numbers("values", model.network_.n_floats)
        unit = params.wholes("unit", 2)
        given: dict[str, Any] = {"unit": None if unit is None else (unit[0], unit[1]), "like": self.like(run, model)}
        label = None
        if values is None:
            rows = self.rows(run)
            position = params.whole("position", 0, 0, len(rows) - 1)
            label = None if rows.labels is None else rows.labels[position]
            found = payloads.activations(model, rows, position=position, **given)
        else:
            found = payloads.activations(model, floats=floats_of(model, values, given["like"]), **given)
        return payloads.Payload("activations", {**found.about, **units(model), "label": label}, found.arrays)

    def _denoise(self, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
        from narrows.insight import corrupted, payloads

        rows = self.rows(run)
        kind = params.choice("kind", tuple(_LEVELS), "gaussian")
        level = params.number("level", 0.3, 0.0, 10.0)
        seed = params.whole("seed", 0, 0, 2**31 - 1)
        values = params.numbers("values", model.network_.n_floats)
        positions = params.places("positions", 64, len(rows))
        if positions is None:
            positions = some_rows(run, rows, self.seen(run, model), params, params.whole("n", 6, 1, 64))
        if values is None:
            found = payloads.denoising(model, rows, corruption=kind, level=level, positions=positions, seed=seed)
        else:
            found = payloads.denoised(model, rows, int(positions[0]), floats_of(model, values, self.like(run, model)))
        high = _LEVELS[kind] * (1 if model.schema_.bounded or kind != "gaussian" else 3)
        about = {**found.about, **units(model), "levels": {"low": 0.0, "high": high}, "curve": None, "layers": None}
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
                noisy = floats_of(model, values, self.like(run, model))
            inside = payloads.activations(model, floats=noisy)
            about["layers"] = inside.about["layers"]
            arrays |= {name: array for name, array in inside.arrays.items() if name.startswith("layer")}
        return payloads.Payload("denoise", about, arrays)

    def _scores(self, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
        from narrows.insight import payloads

        rows = self.rows(run)
        normal = normal_classes(run, rows, params)
        is_anomaly = None if normal is None else anomalous(rows.labels, normal)
        seen = self.seen(run, model)
        found = payloads.scores(model, rows, is_anomaly, seen=seen)
        about = {
            **found.about,
            "normal": normal,
            "labelled": normal is not None,
            "flags": "score > threshold",
            "trained_on": trained_on(run, seen, is_anomaly),
        }
        return payloads.Payload("scores", about, found.arrays)

    def _error_map(self, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
        from narrows.insight import payloads

        rows = self.rows(run)
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
        return payloads.Payload("error_map", about, arrays)

    def _similar(self, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
        from narrows.insight import payloads

        code = params.needed_numbers("code", model.n_components_)
        return payloads.similar(model, self.rows(run), code, n=params.whole("n", 6, 1, 100))

    def _history(self, run: Run, model: Autoencoder, params: QueryParams) -> Payload:
        from narrows.insight.payloads import Payload

        return Payload("history", {"records": run.history}, {})

    def _frames(self, run: Run) -> Answer:
        if run.positions is None or run.original is None or not run.frames.epochs:
            raise _wrong("There is no epoch to look back at yet.")
        epochs = run.frames.epochs
        by_number = {record["number"]: record for record in run.history}
        losses = {
            name: np.array([by_number.get(epoch, {}).get(name) or np.nan for epoch in epochs], np.float32)
            for name in ("loss", "validation")
        }
        arrays = {
            "positions": run.positions,
            "original": run.original,
            "rebuilt": np.stack(run.frames.rebuilt),
            "epoch": np.array(epochs),
            **losses,
        }
        return Answer({"epochs": epochs}, arrays, epochs[-1])


_VIEWS: dict[str, Callable[[Queries, Run, Any, QueryParams], Payload]] = {
    "codes": Queries._codes,
    "rows": Queries._rows,
    "sheet": Queries._sheet,
    "lattice": Queries._lattice,
    "path": Queries._path,
    "sample": Queries._sample,
    "activations": Queries._activations,
    "denoise": Queries._denoise,
    "scores": Queries._scores,
    "error_map": Queries._error_map,
    "similar": Queries._similar,
    "history": Queries._history,
    "frames": Queries._history,
}


def _wrong(sentence: str) -> Exception:
    from narrows.errors import SettingError

    return SettingError(sentence)

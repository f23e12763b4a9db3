"""The files of one run: answers to the queries of the views, and the networks of its epochs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.apps.site.run_networks import available_epochs, chosen_epochs, drawing_scale, models
from narrows.apps.viewer.answer import Answer
from narrows.apps.viewer.model_facts import code_plane
from narrows.apps.viewer.normal_classes import normal_classes
from narrows.apps.viewer.prefetched_answers import (
    FEWEST_ROWS,
    PrefetchedAnswers,
    joined,
    packed,
)
from narrows.apps.viewer.queries import Queries
from narrows.apps.viewer.runs import Run, Weights
from narrows.errors import NarrowsError, SettingError

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder

_SHARE = 2.0
"""Of the limits of a report, which is a single file."""
_SIDE = 15
_MOST_FRAMES = 4 << 20

File = tuple[str, bytes]
"""Path in the folder, and content."""


@dataclass(eq=False)
class RunFiles:
    """The files of one run, and their description for the page.

    Parameters
    ----------
    run : Run
        With weights and rows.
    queries : Queries
    most : int
        Limit in bytes for the networks.
    samples : list of int or None, default=None
        Positions of the rows to show, those of the other runs on these data, with which it can be compared.
    """

    run: Run
    queries: Queries
    most: int
    samples: list[int] | None = None

    def __post_init__(self) -> None:
        self.rows: Rows = self.queries.rows(self.run)
        if len(self.rows) < FEWEST_ROWS:
            raise SettingError(f"Run {self.run.number} has {len(self.rows)} rows; a page needs at least {FEWEST_ROWS}.")
        self.model: Autoencoder
        self.model, self.epoch = self.run.weights.get()
        self.normal = self.run.settings.get("normal") or normal_classes(self.rows, encode=self.model.schema_.encode)
        self._answers = PrefetchedAnswers(
            self._answer, self.run.about, self.rows.labels, share=_SHARE, samples=self.samples
        )
        self.samples = self._answers.samples
        self.about: dict[str, Any] = {}

    def state(self) -> dict[str, Any]:
        """Return the run as the page shows it."""
        # the anomaly view opens with the normal classes of the scores
        settings = {**self.run.settings, "normal": self.normal}
        return {**self.run.to_dict(), "settings": settings, "can_train": False, "can_resume": False}

    def files(self) -> Iterator[File]:
        """Yield the files; afterwards `about` describes them."""
        folder = f"data/{self.run.id}"
        answers = self._answers
        flow = [*answers.flow(), self._floats()]
        yield f"{folder}/flow.bin", joined(flow)
        yield f"{folder}/map.bin", joined([*answers.map(), *answers.generated()])
        yield f"{folder}/noise.bin", joined(answers.noise())
        yield f"{folder}/errors.bin", joined([*answers.errors(self.normal), *self._detector()])
        yield f"{folder}/training.bin", joined(answers.training())
        self.about = {
            "noise": answers.noise_levels,
            "rows": min(answers.n_on_map, len(self.rows)),
            "epochs": [self.epoch],
            "trained_epochs": len(self.run.frames.kept),
            "live": False,
        }
        yield from self._networks(folder)

    def _networks(self, folder: str) -> Iterator[File]:
        """Yield the networks and codes of each epoch, unless the network has no ONNX form."""
        from narrows.estimators.saving.page_network_files import network_files, pixel_scale

        like = self.queries.like(self.run)
        try:
            pixels = pixel_scale(self.model, like)
            size = sum(map(len, network_files(self.model, pixels))) + 8 * self.about["rows"]
        except SettingError:
            return
        epochs = chosen_epochs(available_epochs(self.run), size, self.most)
        self.about.update(live=True, epochs=epochs)
        for epoch, model in models(self.run, epochs):
            whole, decoder = network_files(model, pixels)
            yield f"{folder}/network-{epoch}.onnx", whole
            yield f"{folder}/decoder-{epoch}.onnx", decoder
            if epoch != self.epoch:
                yield f"{folder}/epoch-{epoch}.bin", joined(self._map_of(epoch, model))

    def _map_of(self, epoch: int, model: Autoencoder) -> Iterator[bytes]:
        """Yield the codes after an epoch, and the grid that the page decodes, without the parts that do not change."""
        from narrows.insight.payloads import Payload

        weights = Weights()
        weights.put(model, epoch)
        run = replace(self.run, weights=weights)
        codes = self.queries.answer(run, "codes", {"most": self._answers.n_on_map})
        moving = {name: codes.arrays[name] for name in ("xy", "origin", "axes", "low", "high", "mean")}
        yield packed("codes", Answer(codes.about, moving, epoch), {})
        run.plane = code_plane(Payload("codes", codes.about, codes.arrays))
        grid = self.queries.answer(run, "decoded_grid", {"side": _SIDE})
        nodes = {name: grid.arrays[name] for name in ("x", "y", "far")}
        yield packed("decoded_grid", Answer(grid.about, nodes, epoch), {})

    def _floats(self) -> bytes:
        """Return the samples as the network takes them, and how a drawing becomes such floats."""
        positions = np.array(self.samples)
        arrays = {"position": positions, "floats": self.model.schema_.encode(self.rows.take(positions))}
        scale = drawing_scale(self.model, self.queries.like(self.run))
        if scale is not None:
            arrays |= {"gain": scale[0], "bias": scale[1]}
        return packed("floats", Answer({"bounded": self.model.schema_.bounded}, arrays, self.epoch), {})

    def _detector(self) -> list[bytes]:
        try:
            found = self._answer("detector_scores", **({} if self.normal is None else {"normal": self.normal}))
        except NarrowsError:
            return []  # too few rows for a detector
        return [packed("detector_scores", found, {"normal": self.normal})]

    def _answer(self, view: str, **params: Any) -> Answer:
        found = self.queries.answer(self.run, view, params)
        return _thinned(found) if view == "frames" else found


def _thinned(frames: Answer) -> Answer:
    """Return the reconstructions of fewer epochs, evenly spaced, if they are large."""
    size, n = frames.arrays["rebuilt"].nbytes, len(frames.arrays["epoch"])
    if size <= _MOST_FRAMES:
        return frames
    kept = np.unique(np.linspace(0, n - 1, max(2, n * _MOST_FRAMES // size)).round().astype(int))
    thin = {name: frames.arrays[name][kept] for name in ("rebuilt", "epoch", "loss", "validation")}
    return Answer({"epochs": thin["epoch"].tolist()}, {**frames.arrays, **thin}, frames.epoch)

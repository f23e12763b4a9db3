from __future__ import annotations

import base64
import io
import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image

import narrows
from narrows import Autoencoder
from narrows.apps.notebook.widget import Explorer
from narrows.apps.viewer.protocol import DECODE, DECODED, Header, pack_values, unpack
from narrows.errors import DataError, MissingExtraError, NotFittedError, SettingError

DIGITS = narrows.read("digits")


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return Autoencoder(n_components=2, epochs=2, random_state=0, device="cpu").fit(DIGITS)


class Kernel:
    """The other side of a widget's line."""

    def __init__(self, widget: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
        self._widget = widget
        self.said: list[tuple[Any, list[bytes]]] = []
        monkeypatch.setattr(widget, "send", lambda content, buffers=None: self.said.append((content, buffers or [])))

    def says(self, content: Any, *buffers: bytes) -> tuple[Any, list[bytes]]:
        self._widget._handle_custom_msg(content, [memoryview(buffer) for buffer in buffers])
        return self.said[-1]


@pytest.fixture
def kernel(model: Autoencoder, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(narrows.explore(model, DIGITS), monkeypatch)


def test_a_code_comes_back_decoded(kernel: Kernel, model: Autoencoder) -> None:
    z = model.transform(DIGITS)[:1].astype(np.float32)
    content, [frame] = kernel.says({"t": "decode"}, pack_values(Header(DECODE, 1, 7), z[0]))
    assert content == {"t": "frame"}
    assert (frame[0], int.from_bytes(frame[4:8], "little"), int.from_bytes(frame[8:12], "little")) == (DECODED, 7, 2)
    assert np.array_equal(np.frombuffer(frame[24:], np.uint8), np.rint(model.inverse_transform(z).ravel() * 255))


def test_a_question_is_answered_with_a_frame(kernel: Kernel, model: Autoencoder) -> None:
    _, [frame] = kernel.says({"t": "ask", "seq": 3, "view": "rows", "run": "r1", "params": {"positions": [5]}})
    found = unpack(frame)
    assert (found.header.seq, found.view) == (3, "rows")
    assert np.array_equal(found.arrays["rebuilt"].ravel(), np.rint(model.reconstruct(DIGITS.take([5])).ravel() * 255))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"t": "ask", "seq": 4, "view": "rows", "params": {"positions": [99_999]}}, "row numbers"),
        ({"t": "ask", "seq": 4, "view": "nothing"}, "no query"),
        ({"t": "train.start", "seq": 4}, "needs the lab"),
        ({"seq": 4}, "its kind"),
        ("words", "JSON object"),
    ],
)
def test_what_is_wrong_is_a_sentence(kernel: Kernel, content: Any, words: str) -> None:
    said, buffers = kernel.says(content)
    assert said["t"] == "err"
    assert words in said["msg"]
    assert buffers == []


@pytest.mark.parametrize("z", [[0.0], [np.nan, 0.0]])
def test_a_code_that_is_none_is_a_sentence(kernel: Kernel, z: list[float]) -> None:
    said, _ = kernel.says({"t": "decode"}, pack_values(Header(DECODE, 1, 1), np.array(z, np.float32)))
    assert said["t"] == "err"


@pytest.mark.parametrize("view", ["flow", "latent", "training", "denoise", "anomaly"])
def test_a_cell_keeps_a_still_picture_of_its_view_for_where_no_kernel_runs(model: Autoencoder, view: str) -> None:
    shown = narrows.explore(model, DIGITS, view=view)._repr_mimebundle_()
    assert shown is not None
    assert "application/vnd.jupyter.widget-view+json" in shown[0]
    picture = base64.b64decode(shown[0]["image/png"])
    with Image.open(io.BytesIO(picture)) as image:
        assert image.format == "PNG"
        assert min(image.size) > 100
    assert len(picture) < 200_000


def test_a_cell_of_too_few_rows_for_a_figure_shows_the_widget_alone(model: Autoencoder) -> None:
    shown = narrows.explore(model, DIGITS.take(slice(0, 1)))._repr_mimebundle_()
    assert shown is not None
    assert "application/vnd.jupyter.widget-view+json" in shown[0]


def test_the_state_is_that_of_the_model(model: Autoencoder) -> None:
    widget = narrows.explore(model, DIGITS.block(), np.where(DIGITS.labels == DIGITS.labels[0], "a", "b"), view="flow")
    run, data = widget.state["runs"][0], widget.state["datasets"][0]
    assert (run["state"], run["n_components"], run["epoch"], data["classes"]) == ("loaded", 2, 2, ["a", "b"])
    assert widget.hash == "view=flow"
    assert "module" in widget._esm


def test_without_anywidget_one_is_told_what_to_install(model: Autoencoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "narrows.apps.notebook.widget")
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(MissingExtraError, match=r"^narrows\.explore needs anywidget: pip install narrows\[notebook\]$"):
        narrows.explore(model, DIGITS)


def test_what_cannot_be_explored_is_refused(model: Autoencoder) -> None:
    with pytest.raises(NotFittedError):
        narrows.explore(Autoencoder(), DIGITS)
    with pytest.raises(DataError, match="10 classes for 1,797 rows"):
        narrows.explore(model, DIGITS, np.arange(10))
    with pytest.raises(SettingError, match="no view 'map'"):
        narrows.explore(model, DIGITS, view="map")

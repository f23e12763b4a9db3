"""Every figure, drawn for images and for tables, is there to be seen and leaves pyplot alone."""

from __future__ import annotations

import html
import io
import re
from functools import cache

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_breast_cancer

mpl.use("agg")

import matplotlib.pyplot as plt

from narrows import Autoencoder, VariationalAutoencoder, report
from narrows.insight import figures, payloads, sweep
from narrows.insight.figures import Display, as_svg
from narrows.insight.sweep import Sweep, SweepPoint
from tests.six_networks import DIGITS, X

CANCER = load_breast_cancer(as_frame=True)
Y = (CANCER.target == 0).to_numpy()


@cache
def on_images() -> VariationalAutoencoder:
    return VariationalAutoencoder(n_components=3, epochs=3, random_state=0, device="cpu").fit(X[:400])


@cache
def on_a_table() -> VariationalAutoencoder:
    return VariationalAutoencoder(n_components=2, epochs=3, random_state=0, device="cpu").fit(CANCER.data)


def displays(model: VariationalAutoencoder, rows: np.ndarray | pd.DataFrame, y: np.ndarray) -> dict[str, Display]:
    return {
        "training": figures.TrainingCurvesDisplay(payloads.training_curves(model)),
        "reconstructions": figures.ReconstructionDisplay(payloads.reconstructions(model, rows, n=4)),
        "denoising": figures.DenoisingDisplay(payloads.denoising(model, rows, n=3)),
        "codes": figures.CodesDisplay(payloads.codes(model, rows, y)),
        "grid": figures.DecodedGridDisplay(payloads.decoded_grid(model, rows, side=4)),
        "interpolation": figures.InterpolationDisplay(payloads.interpolation(model, rows, n=2)),
        "samples": figures.SamplesDisplay(payloads.samples(model, n=7)),
        "histogram": figures.ErrorHistogramDisplay(payloads.error_histogram(model, rows, y > 0)),
        "columns": figures.ColumnErrorDisplay(payloads.error_by_column(model, rows)),
        "map": figures.ErrorMapDisplay(payloads.error_map(model, rows, n=3)),
        "detection": figures.DetectionCurvesDisplay(payloads.detection_curves(model, rows, y > 0)),
        "architecture": figures.ArchitectureDisplay(payloads.architecture(model)),
    }


@cache
def drawn(what: str) -> dict[str, Display]:
    return (
        displays(on_images(), X[:400], DIGITS.target[:400])
        if what == "images"
        else displays(on_a_table(), CANCER.data, Y.astype(int))
    )


NAMES = [
    *("training", "reconstructions", "denoising", "codes", "grid", "interpolation"),
    *("samples", "histogram", "columns", "map", "detection", "architecture"),
]


def pixels(display: Display) -> np.ndarray:
    file = io.BytesIO()
    display.figure().savefig(file, format="png", dpi=50)
    return np.asarray(Image.open(file).convert("RGB"))


@pytest.mark.parametrize("what", ["images", "table"])
@pytest.mark.parametrize("name", NAMES)
def test_a_figure_has_a_title_and_something_to_see(what: str, name: str) -> None:
    figure = drawn(what)[name].figure()
    assert figure.axes[0].get_title(loc="left")
    ink = (pixels(drawn(what)[name]) < 200).any(axis=2)
    assert ink.mean() > 0.005
    # Spread over the page, not a lone title.
    assert ink.any(axis=1).mean() > 0.4
    assert plt.get_fignums() == []


def test_every_display_draws_on_the_axes_it_is_given() -> None:
    figure, axes = plt.subplots(3, 4)
    try:
        for display, ax in zip(drawn("images").values(), axes.flat, strict=True):
            assert display.plot(ax) is display
            assert display.ax_ is ax
            assert display.figure_ is figure
        assert len(plt.get_fignums()) == 1
    finally:
        plt.close(figure)


def test_from_estimator_computes_and_draws() -> None:
    try:
        display = figures.CodesDisplay.from_estimator(on_images(), X[:100], DIGITS.target[:100])
        assert plt.get_fignums() == [display.figure_.number]  # pyright: ignore[reportAttributeAccessIssue]
        labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
        assert labels == [f"{c} ({(DIGITS.target[:100] == c).sum()})" for c in range(10)]
    finally:
        plt.close("all")


def test_the_style_of_the_reader_is_left_alone() -> None:
    before = dict(mpl.rcParams)
    drawn("images")["training"].figure()
    assert dict(mpl.rcParams) == before


def test_an_svg_is_the_same_every_time_and_reaches_for_nothing() -> None:
    display = drawn("table")["histogram"]
    first = as_svg(display.figure(), salt="a")
    assert first == as_svg(display.figure(), salt="a")
    assert first.startswith("<svg")
    assert all(link.startswith(("#", "data:")) for link in re.findall(r'(?:href|src)="([^"]*)"', first))
    ids = set(re.findall(r'clip-path="url\(#([^)]+)\)', first))
    assert ids
    assert ids.isdisjoint(re.findall(r'id="([^"]+)"', as_svg(display.figure(), salt="b")))


def test_words_in_an_svg_are_text_and_stay_harmless() -> None:
    table = CANCER.data.add_prefix("<script>alert(1)</script>")
    model = Autoencoder(n_components=2, epochs=1, random_state=0, device="cpu").fit(table)
    svg = as_svg(figures.ColumnErrorDisplay(payloads.error_by_column(model, table)).figure(), salt="x")
    assert "<script>" not in svg
    assert "&lt;script&gt;" in svg


def test_of_many_classes_the_largest_keep_a_colour_and_the_rest_are_named_together() -> None:
    many = np.arange(400) % 23
    display = figures.CodesDisplay(payloads.codes(on_images(), X[:400], many))
    legend = display.figure().axes[0].get_legend()
    texts = [text.get_text() for text in legend.get_texts()]
    assert len(texts) == 10
    assert "14 other classes" in texts


def test_a_table_of_hundreds_of_columns_says_how_many_it_shows() -> None:
    wide = np.random.default_rng(0).standard_normal((60, 300))
    model = Autoencoder(n_components=2, epochs=1, random_state=0, device="cpu").fit(wide)
    ax = figures.ReconstructionDisplay(payloads.reconstructions(model, wide, n=2)).figure().axes[0]
    assert ax.get_xlabel() == "the first 40 of 300 columns"
    assert "25 largest of 300" in figures.ColumnErrorDisplay(payloads.error_by_column(model, wide)).figure().axes[
        0
    ].get_title(loc="left")


def test_a_sweep_is_drawn_with_its_knee() -> None:
    found = sweep(Autoencoder(epochs=4, device="cpu"), X[:300], values=[1, 2, 4, 8, 16, 32])
    ax = figures.SweepDisplay(payloads.sweep_curve(found)).figure().axes[0]
    lines = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    assert lines["model, held-out rows"] == pytest.approx([p.held_out[0] for p in found.points])
    assert lines["PCA, held-out rows"] == pytest.approx([p.pca for p in found.points])
    if found.knee is not None:
        assert any(f"knee: {found.knee:g}" in text.get_text() for text in ax.texts)


def test_a_sweep_has_plain_ticks_on_the_axes_its_knee_is_found_on() -> None:
    for errors in ([2.19, 0.77, 0.271], [2.2, 2.0, 1.9], [5000.0, 40.0, 0.002]):
        points = tuple(
            SweepPoint(v, f"{v}", (e,), (e,), e, 9.0, 10, 10, 0.1) for v, e in zip((2, 8, 32), errors, strict=True)
        )
        found = Sweep("n_components", points, 100)
        ax = figures.SweepDisplay(payloads.sweep_curve(found)).figure().axes[0]
        assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
        labels = [text.get_text() for text in ax.get_yticklabels()]
        assert len(labels) >= 3
        assert [float(label) for label in labels] == pytest.approx(ax.get_yticks())
        assert not any("e" in label or "×" in label for label in labels)
        assert any("knee" in text.get_text() for text in ax.texts) == (found.knee is not None)


ODD = ["income_$", "spend_$_to_$_x", r"US$ a_b^c %$", "a$^$", "_bg", r"back\$slash", "名前"]


@cache
def oddly_named() -> tuple[VariationalAutoencoder, pd.DataFrame, np.ndarray]:
    table = pd.DataFrame(np.random.default_rng(0).standard_normal((80, len(ODD))), columns=ODD)
    model = VariationalAutoencoder(n_components=2, epochs=1, random_state=0, device="cpu").fit(table)
    return model, table, np.arange(80) % len(ODD)


def texts(display: Display) -> set[str]:
    svg = as_svg(display.figure(), salt="x")
    return {html.unescape(text).strip() for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.slow
def test_names_are_drawn_as_they_are_whatever_is_in_them(name: str) -> None:
    model, table, y = oddly_named()
    drawn = texts(displays(model, table, y)[name])
    if name in ("reconstructions", "columns", "map", "denoising", "interpolation", "samples"):
        assert set(ODD) <= drawn


def test_classes_of_any_name_stand_in_the_legend() -> None:
    model, table, y = oddly_named()
    names = np.array([*ODD[:-1], "long " * 80])[y]
    figure = figures.CodesDisplay(payloads.codes(model, table, names)).figure()
    drawn = texts(figures.CodesDisplay(payloads.codes(model, table, names)))
    for name in ODD[:-1]:
        assert f"{name} ({(names == name).sum()})" in drawn
    figure.canvas.draw()
    assert figure.axes[0].get_position().width > 0.4


@pytest.mark.slow
def test_the_reports_of_odd_names_and_classes_are_whole() -> None:
    model, table, y = oddly_named()
    page = report(model, table, np.array(["a$^$", "b\udcff"])[y % 2])
    assert "a$^$" in page
    assert "b\\udcff" in page


@pytest.mark.parametrize("n_channels", [2, pytest.param(4, marks=pytest.mark.slow), 12])
@pytest.mark.slow
def test_images_of_any_number_of_channels_are_drawn(n_channels):
    images = np.repeat(DIGITS.images[:60, ..., None] / 16, n_channels, axis=-1)
    model = Autoencoder(n_components=2, epochs=1, random_state=0, device="cpu").fit(images)
    for payload, display in (
        (payloads.reconstructions(model, images, n=3), figures.ReconstructionDisplay),
        (payloads.error_map(model, images, n=3), figures.ErrorMapDisplay),
        (payloads.decoded_grid(model, images, side=3), figures.DecodedGridDisplay),
    ):
        figure = display(payload).figure()
        figure.canvas.draw()
        plt.close(figure)
    assert "<svg" in report(model, images)

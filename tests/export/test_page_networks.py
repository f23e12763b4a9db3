"""The networks of a page, run by onnxruntime, against the fitted model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

import narrows
from narrows import Autoencoder, VariationalAutoencoder
from narrows.data import as_rows
from narrows.estimators.saving.page_network_files import network_files, pixel_scale
from narrows.insight.payloads import activations, as_pictures

DIGITS = (load_digits().images / 16).astype(np.float32)[:200]
TABLE = np.random.default_rng(0).normal(size=(100, 5))


def run(file: bytes, **given: np.ndarray) -> dict[str, np.ndarray]:
    import onnxruntime

    session = onnxruntime.InferenceSession(file)
    return dict(zip([port.name for port in session.get_outputs()], session.run(None, given), strict=True))


TIED = {"hidden_layer_sizes": (16, 8), "tied_weights": True}


@pytest.mark.parametrize(
    ("X", "variant", "settings", "share"),
    [
        *[(DIGITS, Autoencoder, TIED, share) for share in (1.0, 0.3, 0.0)],
        (DIGITS, Autoencoder, {"hidden_layer_sizes": (4, 6), "network": "conv"}, 1.0),
        (TABLE, VariationalAutoencoder, {"hidden_layer_sizes": (8,)}, None),
    ],
    ids=["layers", "layers-and-pca", "pca", "conv", "variational"],
)
def test_each_layer_the_error_and_the_decoded_row_are_the_models_own(
    X: Any, variant: type[Autoencoder], settings: dict[str, Any], share: float | None
) -> None:
    model = variant(n_components=2, **settings, epochs=1, random_state=0, device="cpu").fit(X)
    path = model.network_.path
    assert (path is None) == (share is None)
    if path is not None:
        path.share.fill_(share)
    whole, decoder = network_files(model, pixel_scale(model, None))
    row = model.schema_.encode(as_rows(X[:1]))
    passed, wanted = run(whole, floats=row), activations(model, floats=row[0])
    last = len(wanted.about["layers"]) - 1
    for i in range(1, last):
        assert np.allclose(passed[f"layer{i}"].ravel(), wanted[f"layer{i}"].ravel(), atol=1e-5), i
    assert np.allclose(passed["rebuilt"].ravel(), wanted[f"layer{last}"], atol=1e-5)
    assert np.allclose(passed["input"].ravel(), wanted["input"].ravel(), atol=1e-6)
    assert np.allclose(passed["row"].ravel(), wanted["output"].ravel(), atol=1e-5)
    assert passed["error"][0] == pytest.approx(wanted.about["error"], rel=1e-5)
    codes = np.array([[0.7, -0.2]] * 3, np.float32)
    decoded = run(decoder, code=codes)["row"]
    floats = model.schema_.encode(as_rows(model.inverse_transform(codes), image_shape=model.image_shape))
    assert np.allclose(decoded, as_pictures(model, floats).reshape(3, -1), atol=1e-5)


def test_images_whose_unit_is_no_pixel_are_drawn_as_the_lab_draws_them() -> None:
    X = np.random.default_rng(1).normal(3, 5, size=(60, 4, 4, 1)).astype(np.float32)
    settings: dict[str, Any] = {"scale": "standard", "epochs": 1, "random_state": 0, "device": "cpu"}
    model = Autoencoder(n_components=2, hidden_layer_sizes=(8,), **settings).fit(X)
    floats = model.schema_.encode(narrows.data.as_rows(X, image_shape=model.image_shape))
    scale = pixel_scale(model, floats)
    assert scale is not None
    drawn = np.clip(floats * scale.gain + scale.bias, 0, 1)
    assert np.allclose(drawn.reshape(-1, 4, 4, 1), as_pictures(model, floats), atol=1e-5)

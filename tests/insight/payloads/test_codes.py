from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from narrows import Autoencoder, VariationalAutoencoder
from narrows.errors import DataError, SettingError
from narrows.insight.payloads import CodePlane, codes, decoded_grid, interpolation, path, samples, similar
from tests.six_networks import DIGITS, X

RNG = np.random.default_rng(0)


def fitted(n_components: int, kind: type[Autoencoder] = Autoencoder) -> Autoencoder:
    return kind(n_components=n_components, epochs=4, random_state=0, device="cpu").fit(X)


@pytest.fixture(scope="module")
def flat() -> Autoencoder:
    return fitted(2)


@pytest.fixture(scope="module")
def wide() -> Autoencoder:
    return fitted(7)


def test_two_code_units_are_the_map_itself(flat: Autoencoder) -> None:
    shown = codes(flat, X, DIGITS.target)
    assert np.array_equal(shown["xy"], flat.transform(X))
    assert [shown.about["classes"][i] for i in shown["label"]] == [str(c) for c in DIGITS.target]
    assert shown.about["kept"] == 1


def test_more_units_are_shown_by_their_first_two_principal_axes(wide: Autoencoder) -> None:
    shown = codes(wide, X)
    pca = PCA(2).fit(wide.transform(X).astype(float))
    assert np.abs(shown["xy"]) == pytest.approx(np.abs(pca.transform(wide.transform(X))), abs=1e-3)
    assert shown.about["kept"] == pytest.approx(pca.explained_variance_ratio_.sum(), rel=1e-5)
    assert (shown["label"] == -1).all()
    assert np.abs(shown["pca"]) == pytest.approx(np.abs(PCA(2).fit_transform(X.reshape(-1, 64))), abs=1e-3)


def test_one_unit_has_a_map_too() -> None:
    shown = codes(fitted(1), X[:50])
    assert shown["xy"].shape == (50, 2)
    assert (shown["xy"][:, 1] == 0).all()


@pytest.mark.parametrize("k", [1, 2, 3, 9])
def test_points_of_the_plane_survive_the_way_to_codes_and_back(k: int) -> None:
    plane = CodePlane.fit(RNG.standard_normal((60, k)))
    points = RNG.standard_normal((20, 2)).astype(np.float32) * [1, k > 1]
    assert np.allclose(plane.project(plane.lift(points)), points, atol=1e-5)


def test_codes_that_are_all_alike_have_a_plane_all_the_same() -> None:
    assert np.isfinite(CodePlane.fit(np.ones((10, 4))).project(np.ones((10, 4)))).all()


def test_the_grid_is_what_the_decoder_answers_at_its_points(wide: Autoencoder) -> None:
    grid = decoded_grid(wide, X, side=5)
    plane = CodePlane.fit(wide.transform(X))
    assert grid["y"][0] > grid["y"][-1]  # from the top down
    i, j = 1, 3
    z = plane.lift(np.array([[grid["x"][j], grid["y"][i]]]))
    assert np.allclose(grid["decoded"][i, j, ..., 0], wide.inverse_transform(z)[0].clip(0, 1), atol=1e-5)
    step = np.array([grid["x"][1] - grid["x"][0], grid["y"][0] - grid["y"][1]])
    away = np.linalg.norm((plane.project(wide.transform(X)) - [grid["x"][j], grid["y"][i]]) / step, axis=1).min()
    assert grid["far"][i, j] == pytest.approx(away, rel=1e-4)


def test_the_way_begins_and_ends_at_the_reconstructions_of_its_rows(wide: Autoencoder) -> None:
    way = interpolation(wide, X, n=4, steps=5)
    first, last = way["position"].T
    assert np.array_equal(way["start"][..., 0], X[first])
    assert np.array_equal(way["end"][..., 0], X[last])
    assert np.allclose(way["way"][:, 0, ..., 0], wide.reconstruct(X[first]), atol=1e-5)
    assert np.allclose(way["way"][:, -1, ..., 0], wide.reconstruct(X[last]), atol=1e-5)
    middle = (wide.transform(X[first]) + wide.transform(X[last])) / 2
    assert np.allclose(way["way"][:, 2, ..., 0], wide.inverse_transform(middle), atol=1e-5)


def test_samples_are_those_of_the_model() -> None:
    vae = fitted(3, VariationalAutoencoder)
    assert np.allclose(samples(vae, n=6, seed=4)["sample"][..., 0], vae.sample(6, random_state=4), atol=1e-6)


def test_a_model_without_a_prior_has_no_samples(flat: Autoencoder) -> None:
    with pytest.raises(SettingError, match="no prior"):
        samples(flat)


def test_a_plane_is_turned_to_lie_like_an_earlier_one() -> None:
    z = RNG.standard_normal((200, 6)) @ np.diag([5, 4.9, 1, 1, 1, 1])
    plane = CodePlane.fit(z)
    angle = 2.2
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    for spun in (turn, turn @ np.diag([1, -1])):
        earlier = CodePlane(plane.origin, spun @ plane.axes, plane.names, plane.kept)
        again = CodePlane.fit(z, like=earlier)
        assert np.allclose(again.axes, earlier.axes, atol=1e-6)
        assert np.allclose(again.axes @ again.axes.T, np.eye(2), atol=1e-9)
    assert np.array_equal(CodePlane.fit(z[:, :2], like=plane).axes, np.eye(2))


def test_the_map_tells_its_plane_and_the_spread_of_the_code(wide: Autoencoder) -> None:
    shown = codes(wide, X, most=400, with_pca=False)
    z = wide.transform(X[shown["position"]])
    assert len(z) == 400
    residue = z - (shown["origin"] + shown["xy"] @ shown["axes"])
    assert np.allclose(residue @ shown["axes"].T, 0, atol=1e-4)
    assert np.allclose([shown["low"], shown["high"]], np.percentile(z, [1, 99], axis=0), atol=1e-5)
    assert np.allclose(shown["mean"], z.mean(axis=0), atol=1e-4)
    assert "pca" not in shown.arrays


def test_a_path_is_straight_in_the_code(wide: Autoencoder) -> None:
    a, b = wide.transform(X[:2])
    shown = path(wide, a, b, steps=4)
    expected = wide.inverse_transform(a + np.linspace(0, 1, 4)[:, None] * (b - a))
    assert np.allclose(shown["way"][..., 0], expected, atol=1e-5)
    with pytest.raises(DataError, match="Codes of 7 columns"):
        path(wide, [0, 0], [1, 1])


def test_the_most_similar_rows_are_the_nearest_codes(wide: Autoencoder) -> None:
    z = wide.transform(X)
    shown = similar(wide, X, z[30] + 0.01, n=5)
    distance = np.linalg.norm(z - (z[30] + 0.01), axis=1)
    assert shown["position"].tolist() == np.argsort(distance)[:5].tolist()
    assert np.allclose(shown["distance"], np.sort(distance)[:5], atol=1e-4)
    assert np.allclose(shown["original"][..., 0], X[shown["position"]])

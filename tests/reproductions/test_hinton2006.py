"""The whole reproduction on made data, and its parts against closed forms."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
import torch

from narrows.data import curves
from narrows.errors import DataError, DataNotFoundError
from narrows.reproductions import Picture, Progress, Result, Setup, reproduction
from narrows.reproductions.fine_tuning import fine_tune, percent_wrong
from narrows.reproductions.hinton2006.digit_classifier import _pretrained
from narrows.reproductions.hinton2006.documents import Multinomial, read_documents, retrieval
from narrows.reproductions.hinton2006.faces import _bilinear, patches, read_faces
from narrows.reproductions.paper_data import TrainTest


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def made(tmp_path, monkeypatch) -> Setup:
    """A setup that takes seconds: forty images in MNIST's place, four people's faces, sixty stories."""
    folder = tmp_path / "mnist"
    folder.mkdir()
    images = (255 * curves(80, 0)).astype(np.uint8)
    labels = (np.arange(80) % 10).astype(np.uint8)
    for start, part in (("train", slice(0, 40)), ("t10k", slice(40, 80))):
        (folder / f"{start}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images[part])))
        (folder / f"{start}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels[part])))
    monkeypatch.setenv("NARROWS_DATA", str(tmp_path))
    rng = np.random.default_rng(0)
    np.save(tmp_path / "faces.npy", rng.uniform(size=(40, 20, 18)).astype(np.float32))
    labels = np.arange(60) % 5
    likely = rng.gamma(0.3, size=(5, 30)) + 0.01
    counts = rng.poisson(100 * likely[labels] / likely[labels].sum(1, keepdims=True))
    np.savez(tmp_path / "stories.npz", counts=counts, labels=labels)
    paths = {"faces": tmp_path / "faces.npy", "reuters": tmp_path / "stories.npz"}
    return Setup(quick=True, paths=paths, max_rows=40, max_epochs=1)


@pytest.mark.slow
def test_every_experiment_runs_on_made_data_and_measures_something(made):
    paper = reproduction("hinton2006")
    records = list(paper.run(made))
    results = [r for r in records if isinstance(r, Result)]
    assert all(r.ours is not None and np.isfinite(r.ours) and r.ours >= 0 for r in results)
    methods = {(r.task, r.method): r for r in results}
    assert methods["Curves, 6 numbers", "PCA, 18 components"].paper == 5.90
    assert methods["Curves, 6 numbers", "PCA, 6 components"].paper is None
    assert methods["Curves, 6 numbers", "RBMs, then L-BFGS"].paper == 1.44
    assert methods["MNIST, 30 numbers", "RBMs, then L-BFGS"].paper == 3.00
    assert methods["Faces, 30 numbers", "RBMs, then L-BFGS"].paper == 126
    assert methods["MNIST, classes", "RBMs, then Adam"].paper == 1.2
    assert {"Reuters, 10 numbers", "MNIST, 2 numbers"} <= {r.task for r in results}
    names = [r.name for r in records if isinstance(r, Picture)]
    assert len(names) == len(set(names)) == 8
    assert any("pre-training" in r.title for r in records if isinstance(r, Progress))


def test_the_same_seed_gives_the_same_numbers(made):
    paper = reproduction("hinton2006")
    one, two = ([r.ours for r in paper.run(made, ["mnist2"]) if isinstance(r, Result)] for _ in range(2))
    assert one == two


def test_what_needs_data_says_how_to_get_them():
    paper = reproduction("hinton2006")
    results = [r for r in paper.run(Setup(), ["faces", "documents"]) if isinstance(r, Result)]
    assert [(r.ours, r.paper) for r in results] == [(None, 126), (None, None)]
    assert "--faces PATH: the Olivetti faces" in results[0].note
    assert "--reuters PATH: an NPZ file" in results[1].note


def test_a_face_bilinear_its_pixels_is_linear():
    image = 2.0 * np.arange(8)[:, None] + 3.0 * np.arange(6)
    rows, columns = np.array([0.0, 2.25, 7.0, 9.0]), np.array([0.5, 4.75, 5.0, -2.0])
    assert _bilinear(image, rows, columns) == pytest.approx([1.5, 18.75, 29.0, 14.0])


def test_patches_are_turned_and_enlarged_about_the_middle():
    place = np.arange(64) - 31.5
    distance = np.hypot(place[:, None], place)[None]
    x = patches(distance, 50, seed=0).reshape(50, 25, 25)
    assert x[:, 12, 12] == pytest.approx(np.zeros(50), abs=1.0)  # the middle stays
    # Twelve of 25 steps from the middle, whatever the turn, are 12/25 of a window of 64/1.4 to 64/1.8.
    reach = x[:, 12, 24] / (64 * 12 / 25)
    assert reach.min() > 1 / 1.8 - 0.02
    assert reach.max() < 1 / 1.4 + 0.02
    assert np.ptp(reach) > 0.1
    ramp = patches(np.broadcast_to(place, (1, 64, 64)), 50, seed=0).reshape(50, 25, 25)
    assert (ramp[:, 12, 24] > -1).all()  # no turn of more than a right angle
    assert np.array_equal(patches(distance, 5, seed=3), patches(distance, 5, seed=3))


def test_faces_come_from_a_file_or_are_refused_in_a_sentence(made, tmp_path):
    faces, people = read_faces(made.paths["faces"])
    assert faces.shape == (40, 20, 18)
    assert people.tolist() == [i // 10 for i in range(40)]
    np.save(tmp_path / "table.npy", np.zeros((10, 4)))
    with pytest.raises(DataError, match="no grey images"):
        read_faces(tmp_path / "table.npy")
    np.save(tmp_path / "one.npy", np.zeros((10, 8, 8)))
    with pytest.raises(DataError, match="one person only"):
        read_faces(tmp_path / "one.npy")


def test_stories_are_words_per_hundred_in_two_halves(made):
    data = read_documents(made.paths["reuters"], 50, seed=0)
    assert data.train.shape == data.test.shape == (25, 30)
    assert data.train.sum(axis=1) == pytest.approx(np.full(25, 100), rel=1e-5)


def test_files_that_hold_no_stories_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(DataNotFoundError, match="--reuters takes"):
        read_documents(tmp_path / "none.npz", 10, 0)
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(DataError, match="cannot be used"):
        read_documents(tmp_path / "other.npz", 10, 0)
    np.savez(tmp_path / "odd.npz", counts=np.ones((5, 3)), labels=np.ones(4))
    with pytest.raises(DataError, match="one label per story"):
        read_documents(tmp_path / "odd.npz", 10, 0)


def test_retrieval_is_the_share_of_the_nearest_that_are_of_the_class():
    rng = np.random.default_rng(0)
    z, labels = rng.normal(size=(30, 4)), rng.integers(0, 3, 30)
    at = np.array([1, 5, 12])
    expected = np.zeros(3)
    for i in range(30):
        cosines = [-2.0 if j == i else z[i] @ z[j] / np.linalg.norm(z[i]) / np.linalg.norm(z[j]) for j in range(30)]
        order = np.argsort(cosines)[::-1]
        expected += [np.mean(labels[order[:n]] == labels[i]) for n in at]
    assert retrieval(z, labels, at, seed=0) == pytest.approx(expected / 30)
    assert retrieval(np.eye(3)[labels], labels, np.array([1]), seed=0) == pytest.approx([1.0])


def test_the_loss_of_words_is_the_cross_entropy_of_their_shares():
    output = torch.tensor([[0.3, -1.0, 2.0]])
    x = torch.tensor([[50.0, 30.0, 20.0]])
    p = output.exp() / output.exp().sum()
    assert float(Multinomial().loss(output, x).sum()) == pytest.approx(-float((x * p.log()).sum()))
    torch.testing.assert_close(Multinomial().mean(output), p)


def test_a_pretrained_classifier_learns_the_digits_of_scikit_learn():
    from narrows import read
    from narrows.model import MLP, Linear

    rows = read("digits")
    x = np.asarray(rows.block(), np.float32)
    data = TrainTest(x[:1200], x[1200:], rows.labels[:1200], rows.labels[1200:])
    generator = torch.Generator().manual_seed(0)
    network = MLP([Linear(64, 100), Linear(100, 60), Linear(60, 10)], "sigmoid", "linear")
    network.initialise(generator, 0.1)

    def seconds(steps) -> float:
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value

    assert data.train_labels is not None
    assert data.test_labels is not None
    assert seconds(_pretrained(network, torch.from_numpy(data.train), 20, generator)) > 0
    taught = fine_tune(network, data.train, data.train_labels, epochs=80, generator=generator, title="digits")
    assert seconds(taught) > 0
    assert percent_wrong(network, data.test, data.test_labels) < 12

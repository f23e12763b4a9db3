from __future__ import annotations

import gzip
import hashlib
import os
import struct
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from sklearn.datasets import load_digits

from narrows.data import SETS, KnownSet, fetch_set, find_set, load_set, read, read_held_out
from narrows.errors import DataFormatError, DataNotFoundError, DownloadError


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


IMAGES = np.arange(5 * 8 * 8).reshape(5, 8, 8).astype(np.uint8)
LABELS = np.arange(5).astype(np.uint8)
FILES = {
    "train-images-idx3-ubyte.gz": gzip.compress(idx(IMAGES)),
    "train-labels-idx1-ubyte.gz": gzip.compress(idx(LABELS)),
    "t10k-images-idx3-ubyte.gz": gzip.compress(idx(IMAGES[:2])),
    "t10k-labels-idx1-ubyte.gz": gzip.compress(idx(LABELS[:2])),
}


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A web folder on this machine that holds a small set named "tiny", and an empty cache."""
    web = tmp_path / "web"
    web.mkdir()
    for name, content in FILES.items():
        (web / name).write_bytes(content)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(web)))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    dead, alive = "http://127.0.0.1:9/", f"http://127.0.0.1:{server.server_port}/"
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    monkeypatch.setitem(SETS, "tiny", KnownSet("tiny", "five images", 5, sums, (dead, alive)))
    monkeypatch.setenv("NARROWS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NARROWS_DATA", raising=False)
    yield web
    server.shutdown()
    server.server_close()


def test_digits_need_no_files():
    train, test = load_set("digits")
    assert test is None
    assert read_held_out("digits") is None
    assert (train.image_shape, len(train), train.dtypes[0]) == ((8, 8, 1), 1797, "float32")
    np.testing.assert_array_equal(train.block() * 16, load_digits(return_X_y=True)[0])
    np.testing.assert_array_equal(train.labels, load_digits().target)  # pyright: ignore


def test_a_set_is_downloaded_from_the_first_home_that_answers_and_kept(home, tmp_path):
    assert find_set("tiny") is None
    rows = read("tiny")
    np.testing.assert_array_equal(rows.block().reshape(IMAGES.shape), IMAGES)
    np.testing.assert_array_equal(rows.labels, LABELS)
    for file in home.iterdir():
        file.unlink()
    held_out = read_held_out("tiny")
    assert held_out is not None
    assert len(held_out) == 2
    assert find_set("tiny") == tmp_path / "cache" / "tiny"
    assert sorted(os.listdir(tmp_path / "cache" / "tiny")) == sorted(FILES)


def test_a_damaged_file_in_the_cache_is_fetched_again(home):
    damaged = fetch_set("tiny") / "train-images-idx3-ubyte.gz"
    damaged.write_bytes(b"damaged")
    assert len(read("tiny")) == 5


def test_a_wrong_checksum_leaves_nothing(home, tmp_path):
    (home / "train-images-idx3-ubyte.gz").write_bytes(b"forged")
    with pytest.raises(DownloadError, match=r"checksum is wrong.*NARROWS_DATA"):
        read("tiny")
    assert os.listdir(tmp_path / "cache" / "tiny") == []


def test_a_home_that_lacks_the_file_or_refuses_is_said(home):
    (home / "train-images-idx3-ubyte.gz").unlink()
    with pytest.raises(DownloadError, match=r"[Rr]efused.*[Nn]ot [Ff]ound.*put the files"):
        read("tiny")


def test_a_users_own_folder_comes_first(home, tmp_path, monkeypatch):
    own = tmp_path / "own" / "tiny"
    own.mkdir(parents=True)
    for name, content in FILES.items():
        (own / name.removesuffix(".gz")).write_bytes(gzip.decompress(content))
    for result in (own.parent, own):
        monkeypatch.setenv("NARROWS_DATA", str(result))
        assert find_set("tiny") == own
    assert len(read("tiny")) == 5
    (own / "train-labels-idx1-ubyte").write_bytes(idx(LABELS[:3]))
    with pytest.raises(DataFormatError, match="do not belong together"):
        read("tiny")


def test_a_name_means_the_set_and_a_path_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    assert len(read("digits")) == 1797
    with pytest.raises(DataFormatError, match="no images that narrows reads"):
        read("./digits")
    with pytest.raises(DataNotFoundError, match="no dataset named"):
        load_set("cifar")


def test_mnist_is_found(data_folder, monkeypatch):
    monkeypatch.setenv("NARROWS_DATA", str(data_folder))
    train, test = load_set("mnist")
    assert test is not None
    assert (len(train), len(test), train.image_shape) == (60_000, 10_000, (28, 28, 1))
    assert test.labels is not None
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]

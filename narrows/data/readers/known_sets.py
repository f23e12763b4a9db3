"""Data sets by name: found, cached or downloaded."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from narrows.data.atomic import whole_file
from narrows.data.containers import rows_of
from narrows.data.readers.array_files import read_idx
from narrows.data.rows import Part, Rows
from narrows.errors import DataFormatError, DataNotFoundError, DownloadError
from narrows.machine import cache_folder

if TYPE_CHECKING:
    from sklearn.utils import Bunch

_TIMEOUT = 30  # seconds without a byte


@dataclass(frozen=True)
class KnownSet:
    """A data set with its published files, their addresses and checksums."""

    name: str
    description: str
    n_rows: int
    files: dict[str, str]
    """File name -> SHA-256 of the file as published; empty where the set comes with scikit-learn."""
    urls: tuple[str, ...] = ()
    """Folders on the web that hold the files, in the order in which they are tried."""
    class_names: tuple[str, ...] = ()
    """Names of the classes 0, 1, 2, ...; empty where the numbers are their names."""


_TRAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
_TEST = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")

# The checksums are those that TensorFlow Datasets lists (tensorflow_datasets/url_checksums).
SETS: dict[str, KnownSet] = {
    "digits": KnownSet("digits", "handwritten digits, 8 x 8 grey, from scikit-learn; needs no network", 1797, {}),
    "mnist": KnownSet(
        "mnist",
        "handwritten digits, 28 x 28 grey (LeCun, Cortes, Burges)",
        60_000,
        {
            "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        },
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
    ),
    "fashion-mnist": KnownSet(
        "fashion-mnist",
        "pictures of clothes, 28 x 28 grey (Zalando Research)",
        60_000,
        {
            "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
        ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
        ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
}


def load_set(name: str) -> tuple[Rows, Rows | None]:
    """Return the training rows and the test rows (None for digits) of a data set, with labels.

    digits: float32 in [0, 1], (1797, 8, 8). mnist, fashion-mnist: uint8, (60000, 28, 28) and (10000, 28, 28).

    Raises DataNotFoundError for an unknown name, DownloadError where the set can be neither found nor
    fetched, DataFormatError where a file in the user's own folder is damaged.
    """
    return load_train(name), load_test(name)


def load_train(name: str) -> Rows:
    """Return the training rows of a data set."""
    return _idx_rows(name, name, "train", *_TRAIN) if _known(name).files else _digits()


def load_test(name: str) -> Rows | None:
    """Return the test rows of a data set; None where it has none."""
    return _idx_rows(name, f"the test set of {name}", "test", *_TEST) if _known(name).files else None


def _idx_rows(name: str, source: str, part: Part, images_stem: str, labels_stem: str) -> Rows:
    folder = fetch_set(name)
    images, labels = read_idx(_present(folder, images_stem)), read_idx(_present(folder, labels_stem))
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise DataFormatError(f"The images and labels of {name} in {folder} do not belong together; fetch them again.")
    return replace(rows_of(images, name=source), labels=labels, part=part, first_row=1)


def find_set(name: str) -> Path | None:
    """Return the folder with the files of a data set, or None; always None for digits, which has no files.

    Looked for in ``$NARROWS_DATA/NAME``, in ``$NARROWS_DATA`` itself if it is so named, then in the cache
    (``$NARROWS_CACHE``, else the platform's own place).
    """
    files = _known(name).files
    places = [cache_folder() / name]
    if given := os.environ.get("NARROWS_DATA"):
        own = Path(given)
        places = [own / name, *([own] if own.name == name else []), *places]
    stems = [file.removesuffix(".gz") for file in files]
    for place in places:
        if stems and all((place / f"{stem}.gz").is_file() or (place / stem).is_file() for stem in stems):
            return place
    return None


def fetch_set(name: str) -> Path:
    """Return the folder with the files of a data set; absent files are downloaded and their SHA-256 is checked.

    Files in the cache are checked again, and fetched again if they are damaged.
    """
    known, cache = _known(name), cache_folder() / name
    found = find_set(name)
    if found is not None and found != cache:
        return found
    for file, sha256 in known.files.items():
        target = cache / file
        if not target.is_file() or _sha256(target) != sha256:
            _download(known, file, sha256, target)
    return cache


def _known(name: str) -> KnownSet:
    if name not in SETS:
        raise DataNotFoundError(f"There is no dataset named {name!r}; the datasets are {', '.join(SETS)}.")
    return SETS[name]


def _present(folder: Path, stem: str) -> Path:
    packed = folder / f"{stem}.gz"
    return packed if packed.is_file() else folder / stem


def _digits() -> Rows:
    images, labels = _parsed_digits()
    return replace(rows_of(images.copy(), name="digits"), labels=labels.copy(), first_row=1)


@cache
def _parsed_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels, parsed once in a process: scikit-learn keeps them as compressed text."""
    from sklearn.datasets import load_digits

    found = cast("Bunch", load_digits())
    return (found.images / 16).astype(np.float32), found.target  # published as whole numbers from 0 to 16


def _download(known: KnownSet, file: str, sha256: str, target: Path) -> None:
    problems: list[str] = []
    for url in known.urls:
        try:
            _fetch(url + file, sha256, target)
            return
        except (OSError, urllib.error.URLError, ValueError) as error:
            problems.append(f"{url}: {getattr(error, 'reason', None) or error}")
    raise DownloadError(
        f"{file} of {known.name} could not be fetched ({'; '.join(problems)}); try again later, or "
        f"put the files {', '.join(known.files)} into a folder {known.name} "
        "and set NARROWS_DATA to the folder above it."
    )


def _fetch(url: str, sha256: str, target: Path) -> None:
    """Download one file whole or not at all; raise ValueError where its checksum is wrong."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer, whole_file(target) as file:
        while block := answer.read(1 << 20):
            digest.update(block)
            file.write(block)
        if digest.hexdigest() != sha256:
            raise ValueError("the checksum is wrong")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

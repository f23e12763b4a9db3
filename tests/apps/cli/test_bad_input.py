"""Each kind of bad input: one sentence, the right status, nothing left behind."""

from __future__ import annotations

import gzip
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def png(path: Path, size: tuple[int, int], seed: int = 0) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)).save(path)


def bomb(path: Path) -> None:
    """A PNG of a few bytes that says that it has 60,000 x 60,000 pixels."""
    path.parent.mkdir(exist_ok=True)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


def empty() -> str:
    Path("d.csv").write_text("")
    return "d.csv"


def header_alone() -> str:
    Path("d.csv").write_text("a,b\n")
    return "d.csv"


def one_row() -> str:
    Path("d.csv").write_text("a,b\n1,2\n")
    return "d.csv"


def nothing_but_names() -> str:
    Path("d.csv").write_text("a,b,c\nx,y,1\nz,w,1\n")
    return "d.csv"


def infinity() -> str:
    np.save("d.npy", np.array([[1.0, 2.0], [3.0, np.inf], [5.0, 6.0]]))
    return "d.npy"


def ragged() -> str:
    Path("d.csv").write_text("a,b\n1,2\n3\n5,6\n")
    return "d.csv"


def two_of_a_name() -> str:
    Path("d.csv").write_text("a,a\n1,2\n3,4\n")
    return "d.csv"


def another_encoding() -> str:
    Path("d.csv").write_bytes("a,b\nSüd,2\nÖst,4\n".encode() + "Süd,5\n".encode("latin1"))
    return "d.csv"


def different_sizes() -> str:
    png(Path("d/1.png"), (8, 8))
    png(Path("d/2.png"), (9, 8))
    return "d"


def a_truncated_png() -> str:
    png(Path("d/1.png"), (32, 32))
    png(Path("d/2.png"), (32, 32))
    whole = Path("d/2.png").read_bytes()
    Path("d/2.png").write_bytes(whole[: len(whole) // 2])
    return "d"


def a_bomb() -> str:
    bomb(Path("d/1.png"))
    return "d"


def a_pickle() -> str:
    np.save("d.npy", np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
    return "d.npy"


def an_unknown_ending() -> str:
    Path("d.xyz").write_text("1,2\n")
    return "d.xyz"


def a_cut_gzip() -> str:
    whole = gzip.compress(b"a,b\n" + b"1,2\n" * 500)
    Path("d.csv.gz").write_bytes(whole[:-12])
    return "d.csv.gz"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: "nowhere.csv", ("no file", "nowhere.csv")),
        (empty, ("empty", "d.csv")),
        (header_alone, ("no rows",)),
        (one_row, ("at least 2 rows",)),
        (
            nothing_but_names,
            ("no column to learn from", "'a' (a different value in almost every row)", "'c' (constant)"),
        ),
        (infinity, ("infinity", "row 2", "'x1'")),
        (ragged, ("Line 3", "1 cells")),
        (two_of_a_name, ("two columns named 'a'",)),
        (another_encoding, ("Line 4", "not UTF-8")),
        (different_sizes, ("differ in size", "--image-size")),
        (a_truncated_png, ("2.png", "damaged or cut short")),
        (a_bomb, ("1.png", "pixels")),
        (a_pickle, ("pickled",)),
        (an_unknown_ending, ("ending",)),
        (a_cut_gzip, ("gzip",)),
    ],
)
def test_bad_data_is_one_sentence_and_leaves_nothing_behind(shell, quick, make, words) -> None:
    data = make()
    before = sorted(Path().rglob("*"))
    failed = shell("fit", data, "-o", "m", *quick)
    assert failed.status == 1
    assert failed.err.startswith("Error: ")
    assert failed.err.count("\n") == 1
    for word in words:
        assert word in failed.err
    assert failed.out == ""
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize("setting", [("--loss", "bce"), ("--output-activation", "sigmoid")])
def test_data_outside_the_outputs_range_is_refused(shell, quick, setting) -> None:
    np.save("d.npy", np.random.default_rng(0).uniform(0, 300, size=(40, 3)))
    failed = shell("fit", "d.npy", "-o", "m", "--scale", "none", *setting, *quick)
    assert failed.status in (1, 2)
    assert failed.err.startswith("Error: ")
    assert not Path("m").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("fit",),
        ("fit", "digits", "--nonsense"),
        ("fit", "digits", "--activation", "wiggle"),
        ("fit", "digits", "--epochs", "many"),
        ("fit", "digits", "--hidden", "3,x"),
        ("fit", "digits", "--hidden", "0"),
        ("fit", "digits", "--n-components", "0"),
        ("fit", "digits", "--epochs", "0"),
        ("fit", "digits", "--level", "2", "--corruption", "masking"),
        ("fit", "digits", "--device", "abacus"),
        ("fit", "digits", "--columns", "a"),
        ("frobnicate",),
        ("generate", "m", "-n", "0", "-o", "x.npy"),
        ("encode", "m", "digits"),
    ],
)
def test_a_wrong_call_is_one_sentence_with_status_2(shell, arguments) -> None:
    failed = shell(*arguments)
    assert failed.status == 2
    assert failed.err.startswith("Error: ")
    assert failed.err.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_a_diverged_training_names_the_epoch_and_the_setting_and_saves_nothing(shell) -> None:
    np.save("d.npy", np.random.default_rng(0).normal(size=(200, 6)))
    wild = ("--optimizer", "sgd", "--lr", "1e18", "--epochs", "3", "--hidden", "8")
    failed = shell("fit", "d.npy", "-o", "m", *wild)
    assert failed.status == 1
    assert "epoch" in failed.err.lower()
    assert "learning_rate" in failed.err
    assert not Path("m").exists()


def test_a_model_that_is_damaged_foreign_or_absent_is_named(shell, models: Path) -> None:
    assert "no model" in shell("score", "nowhere", "digits").err
    Path("other").mkdir()
    Path("other/file.txt").write_text("hello")
    foreign = shell("score", "other", "digits")
    assert foreign.status == 1
    assert "other" in foreign.err
    shutil.copytree(models / "plain", "damaged")
    weights = Path("damaged/model.safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    damaged = shell("score", "damaged", "digits")
    assert damaged.status == 1
    assert "model.safetensors" in damaged.err


def test_names_that_look_like_markup_do_no_harm(shell, quick) -> None:
    Path("d.csv").write_text("[/bold],b,[red]\n" + "".join(f"{i},{i * i % 7},t\n" for i in range(30)))
    done = shell("fit", "d.csv", "-o", "m", *quick)
    assert done.status == 0
    assert "[red] (constant)" in done.out


@pytest.mark.parametrize("place", ["-", "/dev/null", "/dev/stdout"])
def test_a_result_is_not_written_to_a_pipe_or_a_device(shell, tabular: Path, table: Path, place: str) -> None:
    for command in ("encode", "score", "reconstruct"):
        refused = shell(command, tabular, table, "-o", place)
        assert refused.status == 1
        assert "written to files" in refused.err
        assert refused.err.count("\n") == 1

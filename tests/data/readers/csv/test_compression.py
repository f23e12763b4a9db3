from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile

import pyarrow as pa
import pytest

from narrows.data.readers.csv.compression import compression, content_size, is_compressed, opened
from narrows.errors import DataFormatError

RAW = b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(9000))


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
        archive.writestr("__MACOSX/._t.csv", b"\0")
    return packed.getvalue()


PACKED = {
    "t.csv.gz": gzip.compress(RAW),
    "t.csv.bz2": bz2.compress(RAW),
    "t.csv.xz": lzma.compress(RAW),
    "t.csv.zst": pa.compress(RAW, "zstd", asbytes=True),
    "t.csv.zip": zipped(t_csv=RAW),
}


def content(path) -> bytes:
    with opened(path) as file:
        parts = []
        while part := file.read(10_000):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("name", PACKED)
def test_what_a_file_holds_is_read_by_its_name_or_its_first_bytes(tmp_path, name):
    for given in (name, name.upper(), "t.csv"):
        (tmp_path / given).write_bytes(PACKED[name])
        assert content(tmp_path / given) == RAW
    assert is_compressed(tmp_path / name)
    assert compression(tmp_path / "t.csv") == compression(tmp_path / name)


@pytest.mark.parametrize("name", PACKED)
def test_the_size_of_the_content_is_counted_and_counting_ends_soon_after_the_limit(tmp_path, name, monkeypatch):
    path = tmp_path / name
    path.write_bytes(PACKED[name])
    assert content_size(path) == len(RAW)
    (tmp_path / "plain.csv").write_bytes(RAW)
    assert content_size(tmp_path / "plain.csv") == len(RAW)
    monkeypatch.setattr("narrows.data.readers.csv.compression._PART", 10)
    assert 100 < content_size(path, most=100) <= 110


def test_files_of_several_members_are_read_to_their_end(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(PACKED["t.csv.gz"] * 2)
    assert content(path) == RAW * 2


@pytest.mark.parametrize("name", PACKED)
def test_a_damaged_file_is_one_sentence(tmp_path, name):
    whole, path = PACKED[name], tmp_path / name
    wrong_sum = whole[:-8] + bytes(b ^ 0x55 for b in whole[-8:-4]) + whole[-4:]
    for damaged in [whole[: len(whole) // 2], whole[:-5], b"a,b\n1,2\n", *([wrong_sum] if name.endswith("gz") else [])]:
        path.write_bytes(damaged)
        with pytest.raises(DataFormatError, match=f"^{name} is not a .* file, or is damaged or cut short"):
            content(path)


def test_an_archive_holds_one_table(tmp_path):
    path = tmp_path / "t.zip"
    path.write_bytes(zipped(t_csv=RAW, readme_txt=b"words"))
    assert content(path) == RAW
    for files in ({"t_csv": RAW, "u_csv": RAW}, {"a_png": b"?"}):
        path.write_bytes(zipped(**files))
        listed = ", ".join(repr(name.replace("_", ".")) for name in files)
        with pytest.raises(DataFormatError, match=rf"^t\.zip should hold one CSV file but holds {listed}; unpack it"):
            content(path)

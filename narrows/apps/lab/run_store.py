"""Runs on the disk, one folder each; a folder is replaced as a whole, so that a crash leaves the previous one.

Several labs may share the disk: a run belongs to the lab that trains it, which holds a lock on its name.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from narrows.apps.lab.run_settings import NAMES
from narrows.apps.viewer.datasets import Source
from narrows.apps.viewer.prepared_answers import PreparedAnswers
from narrows.apps.viewer.runs import ACTIVE, Frames, PastWeights, Run, Weights

if TYPE_CHECKING:
    from filelock import BaseFileLock

SHIPPED_RUN = Path(__file__).parent / "digits_run"
"""Folder of a finished run on the digits that comes with narrows, see `narrows.apps.lab.make_shipped_run`."""
MOST_RUNS = 20
MOST_NUMBERS = 65_535  # two bytes in a frame
_FORMAT = 1
_CONFIG, _HISTORY, _FRAMES, _MODEL = "config.json", "history.json", "frames.npz", "model"
_WEIGHTS = "weights.npz"
_SHOWN = "shown.txt"


def home_folder() -> Path:
    """Return the folder of runs and uploads: ``$NARROWS_LAB``, else "lab" in the cache folder of narrows."""
    if path := os.environ.get("NARROWS_LAB"):
        return Path(path)
    from narrows.machine import cache_folder

    return cache_folder() / "lab"


class RunStore:
    """Saves and loads runs.

    Parameters
    ----------
    home : Path
        Runs are in home/runs, their checkpoints in home/checkpoints, locks in home/locks.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "runs"
        self._lock_folder = home / "locks"
        self._locks: dict[str, BaseFileLock] = {}

    def checkpoint(self, identity: str) -> Path:
        """Return the folder in which the training of a run is kept, which `save` does not replace."""
        return self.folder.parent / "checkpoints" / identity

    def forget_checkpoint(self, identity: str) -> None:
        """Delete the files of a training that has ended."""
        shutil.rmtree(self.checkpoint(identity), ignore_errors=True)

    def claim_number(self, first: int) -> int:
        """Return the first number from `first` on that no run of any lab has, and claim the run of that number."""
        number = first
        while (self.folder / _name(number)).exists() or not self.claim(_name(number)):
            number = number % MOST_NUMBERS + 1
        self.forget_checkpoint(_name(number))  # of an earlier run of this number
        return number

    def shipped_run(self) -> tuple[Run, dict[str, Any] | None]:
        """Return the run that comes with narrows under a number of this lab, and its description."""
        run, description = _read(SHIPPED_RUN)
        run.number = self.claim_number(1)
        run.id = _name(run.number)
        return run, description

    def keep_shipped_run(self, run: Run) -> None:
        """Copy the files of the run of `shipped_run` to the runs of this lab, if they are not there."""
        from narrows.data import whole_folder

        if (self.folder / run.id).exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with whole_folder(self.folder / run.id) as folder:
            shutil.copytree(SHIPPED_RUN, folder, dirs_exist_ok=True)
            config = json.loads((folder / _CONFIG).read_text("utf-8")) | {"id": run.id, "number": run.number}
            (folder / _CONFIG).write_text(json.dumps(config), "utf-8")
        self._release(run.id)

    def opens_prepared(self) -> bool:
        """Return whether a lab that opens on the last run has its first answers without PyTorch."""
        runs = [path.parent.name for path in self.folder.glob("r*/config.json")]
        shown = self.last_shown()
        first = shown if shown in runs else runs[0] if len(runs) == 1 else None
        return not runs or (first is not None and PreparedAnswers.of(self.folder / first) is not None)

    def claim(self, identity: str) -> bool:
        """Return whether this lab may write a run; from then on no other one may, until `close` or `remove`."""
        from filelock import FileLock, Timeout

        if identity in self._locks:
            return True
        self._lock_folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._lock_folder / f"{identity}.lock", thread_local=False)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return False
        self._locks[identity] = lock
        return True

    def close(self) -> None:
        """Let other labs write the runs of this one."""
        for identity in list(self._locks):
            self._release(identity)

    def save(self, run: Run, description: dict[str, Any] | None) -> None:
        """Write a run at its latest weights, whole or not at all.

        description : of its dataset, which the page shows before the rows are read.
        """
        import numpy as np

        from narrows.data import whole_folder

        model, epoch = run.weights.get()
        history = [record for record in run.history if record["number"] <= epoch]
        frames = run.frames.until(epoch)
        config = {
            "format": _FORMAT,
            "id": run.id,
            "number": run.number,
            "dataset": run.dataset,
            "data_name": run.data_name,
            "source": None if run.source is None else run.source.to_dict(),
            "description": description,
            "variant": run.variant,
            "settings": run.settings,
            "state": run.state,
            "message": run.message,
            "hint": run.hint,
            "about": run.about,
            "epoch": epoch,
            "example": run.example,
            "shipped": run.shipped,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        with whole_folder(self.folder / run.id) as folder:
            (folder / _CONFIG).write_text(json.dumps(config), "utf-8")
            (folder / _HISTORY).write_text(json.dumps(history), "utf-8")
            model.save(folder / _MODEL)
            if run.positions is not None and run.original is not None and frames:
                np.savez_compressed(
                    folder / _FRAMES,
                    positions=run.positions,
                    original=run.original,
                    epochs=np.array([number for number, _ in frames]),
                    rebuilt=np.stack([frame for _, frame in frames]),
                )
            run.past_weights.write(folder / _WEIGHTS, epoch)

    def remember_shown(self, identity: str) -> None:
        """Write down which run the visitor looked at last."""
        from narrows.data import whole_file

        self.home.mkdir(parents=True, exist_ok=True)
        with whole_file(self.home / _SHOWN) as file:
            file.write(identity.encode())

    def last_shown(self) -> str | None:
        """Return the id of the run that the visitor looked at last; None if it is not known."""
        try:
            return (self.home / _SHOWN).read_text("utf-8")
        except (OSError, ValueError):
            return None

    def remove(self, identity: str) -> None:
        """Delete a run."""
        shutil.rmtree(self.folder / identity, ignore_errors=True)
        self.forget_checkpoint(identity)
        self._release(identity)

    def load(self) -> list[tuple[Run, dict[str, Any] | None]]:
        """Return the latest 20 runs with the descriptions of their datasets, oldest first.

        Damaged runs and those of another lab that is open are skipped.
        """
        if not self.folder.is_dir():
            return []
        self._tidy()
        found = []
        for folder in self.folder.iterdir():
            if self._belongs_to_another(folder.name):
                continue
            try:
                found.append(_read(folder))
            except (OSError, ValueError, KeyError, TypeError, AttributeError, BadZipFile):
                continue
        found.sort(key=lambda pair: pair[0].number)
        for run, _ in found[:-MOST_RUNS]:
            self.remove(run.id)
        return found[-MOST_RUNS:]

    def _tidy(self) -> None:
        """Clean up after a crash: restore runs whose replacement was not finished, delete other leftovers."""
        for left in sorted(self.folder.glob(".*"), key=lambda path: path.suffix != ".old"):
            target = self.folder / left.name[1:].rsplit(".", 2)[0]
            if self._belongs_to_another(target.name):
                continue
            if left.suffix == ".old" and not target.exists():
                os.replace(left, target)
            else:
                shutil.rmtree(left, ignore_errors=True)

    def _belongs_to_another(self, identity: str) -> bool:
        if identity in self._locks or not (self._lock_folder / f"{identity}.lock").exists():
            return False
        is_free = self.claim(identity)
        if is_free:
            self._release(identity)
        return not is_free

    def _release(self, identity: str) -> None:
        lock = self._locks.pop(identity, None)
        if lock is not None:
            lock.release()
            with suppress(OSError):
                os.unlink(lock.lock_file)


def _name(number: int) -> str:
    return f"r{number}"


def _read(folder: Path) -> tuple[Run, dict[str, Any] | None]:
    import numpy as np

    config = json.loads((folder / _CONFIG).read_text("utf-8"))
    if config["format"] != _FORMAT or config["id"] != folder.name or not (folder / _MODEL).is_dir():
        raise ValueError("another format")
    history = json.loads((folder / _HISTORY).read_text("utf-8"))
    source = None if config["source"] is None else Source.from_dict(config["source"])
    weights = Weights(folder / _MODEL)
    weights.epoch = int(config["epoch"])
    run = Run(
        id=config["id"],
        number=int(config["number"]),
        dataset=config["dataset"],
        source=source,
        variant=str(config["variant"]),
        settings={**dict.fromkeys(NAMES), **config["settings"]},  # those of earlier versions lack some
        data_name=str(config["data_name"]),
        state=config["state"],
        message=config["message"],
        hint=config["hint"],
        history=[dict(record) for record in history],
        about=dict(config["about"]),
        weights=weights,
        example=bool(config.get("example", False)),
        shipped=bool(config.get("shipped", False)),
        prepared=PreparedAnswers.of(folder),
    )
    if run.state in ACTIVE:
        run.state = "stopped"
        run.message = f"The server ended during this training; the weights of epoch {weights.epoch} are kept."
    if (folder / _FRAMES).is_file():
        with (folder / _FRAMES).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            run.positions, run.original = arrays["positions"], arrays["original"]
            run.frames = Frames()
            for epoch, rebuilt in zip(arrays["epochs"].tolist(), arrays["rebuilt"], strict=True):
                run.frames.add(int(epoch), rebuilt)
    if (folder / _WEIGHTS).is_file():
        run.past_weights = PastWeights(folder / _WEIGHTS)
    return run, config["description"]

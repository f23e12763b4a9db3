"""Trains the run that the lab opens with at the first visit, and writes it into the package.

    python -m narrows.apps.lab.make_shipped_run [FOLDER]

It is the run that the lab itself would start on the digits, with the first answers of its views. To be made again when
the lab's defaults or the training change; a test compares the settings.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from narrows.apps.lab.run_store import SHIPPED_RUN
from narrows.apps.lab.session import InitialContent, Session
from narrows.apps.viewer.datasets import Source
from narrows.apps.viewer.prepared_answers import PreparedAnswers
from narrows.apps.viewer.runs import Run

_FILES = ("config.json", "history.json", "frames.npz", "model")
"""Without the weights of each epoch, which are 3 MB."""


def main() -> None:
    """Train the run and write it."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED_RUN
    with tempfile.TemporaryDirectory() as home:
        session = Session(Path(home))
        asyncio.run(_train(session))
        _write(session, session.runs["r1"], target)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    print(f"Wrote {target}: {size:,} bytes")


async def _train(session: Session) -> None:
    await session.begin(lambda: InitialContent(Source.of("digits")))
    if session.failure is not None:
        raise session.failure
    while session.runs["r1"].active:
        await asyncio.sleep(0.1)
    await session.close()


def _write(session: Session, run: Run, target: Path) -> None:
    if run.state != "done":
        raise SystemExit(f"The training did not end well: {run.state}. {run.message or ''}")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    source = session.run_store.folder / run.id
    for name in _FILES:
        copy = shutil.copytree if (source / name).is_dir() else shutil.copyfile
        copy(source / name, target / name)
    config = json.loads((target / "config.json").read_text("utf-8"))
    config |= {"id": target.name, "example": True, "shipped": True}
    (target / "config.json").write_text(json.dumps(config, indent=1) + "\n", "utf-8")
    PreparedAnswers.write(target, _frames(session, run))


def _frames(session: Session, run: Run) -> Iterator[bytes]:
    """Yield the answers to the queries with which the views Flow and Latent begin."""
    from narrows.apps.viewer.prefetched_answers import packed

    rows = session.queries.answer(run, "rows", {"n": 48})
    first = int(rows.arrays["position"][0])
    opening: list[tuple[str, dict[str, Any]]] = [
        ("rows", {"n": 48}),
        ("activations", {"position": first}),
        ("codes", {"most": 70_000}),
        ("code_neighbours", {}),
        ("diagnosis", {}),
    ]
    for view, given in opening:
        yield packed(view, session.queries.answer(run, view, given), given)


if __name__ == "__main__":
    main()

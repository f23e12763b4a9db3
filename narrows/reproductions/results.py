"""Write the results of a reproduction to a folder: results.json, results.md and the figures."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path

from narrows.formatting import duration, number
from narrows.machine import machine
from narrows.reproductions.experiment import Picture, Reproduction, Result, Setup

HEADINGS = ("task", "method", "ours", "paper", "unit", "time", "note")
_DPI = 160


def cells(result: Result) -> tuple[str, ...]:
    """Return the texts of a result, one for each of `HEADINGS`."""
    paper = "–" if result.paper is None else f"{result.paper:g}"
    if result.source:
        paper += f" ({result.source})"
    time = "–" if result.seconds is None else duration(result.seconds)
    return (result.task, result.method, number(result.ours), paper, result.unit, time, result.note)


def write_results(
    folder: Path,
    paper: Reproduction,
    setup: Setup,
    results: Sequence[Result],
    pictures: Sequence[Picture],
    *,
    command: str,
    seconds: float,
) -> dict[str, object]:
    """Write a folder atomically, replacing an earlier one; returns the content of results.json.

    command : the shell command of the run. seconds : time of the whole run.

    Raises OutputError if the folder cannot be written.
    """
    from narrows.data import whole_folder
    from narrows.errors import OutputError

    about: dict[str, object] = {
        "name": paper.name,
        "citation": paper.citation,
        "command": command,
        "quick": setup.quick,
        "seed": setup.seed,
        "seconds": seconds,
        "machine": machine(),
        "results": [result.to_dict() for result in results],
        "figures": {_file(picture): picture.caption for picture in pictures},
    }
    try:
        with whole_folder(folder) as new:
            (new / "results.json").write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", "utf-8")
            (new / "results.md").write_text(_markdown(about, results), "utf-8")
            for picture in pictures:
                _draw(picture, new / _file(picture))
    except OSError as error:
        raise OutputError(f"{folder} could not be written ({error.strerror or error}).") from error
    return about


def _markdown(about: dict[str, object], results: Sequence[Result]) -> str:
    machine_text = ", ".join(f"{name} {value}" for name, value in machine().items())
    lines = [
        f"# {about['citation']}",
        "",
        f"    {about['command']}",
        "",
        f"Seed {about['seed']}, {duration(float(str(about['seconds'])))} in all. Measured on: {machine_text}.",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|" + "---|" * len(HEADINGS),
        *("| " + " | ".join(cell.replace("|", r"\|") for cell in cells(result)) + " |" for result in results),
    ]
    figures = about["figures"]
    assert isinstance(figures, dict)
    for file, caption in figures.items():
        lines += ["", f"![{caption}]({file})", "", f"*{caption}*"]
    return "\n".join(lines) + "\n"


def _file(picture: Picture) -> str:
    return f"{picture.name}.{picture.format}"


def _draw(picture: Picture, path: Path) -> None:
    import matplotlib as mpl

    metadata = {"Date": None} if picture.format == "svg" else {"Software": None}  # the same bytes every time
    with mpl.rc_context({"svg.hashsalt": picture.name, "svg.fonttype": "none"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        picture.figure.savefig(path, format=picture.format, dpi=_DPI, metadata=metadata)

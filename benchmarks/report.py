"""A table, a picture and raw JSON for every question."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.rounds import middle, seconds
from narrows.machine import machine

RESULTS = Path(__file__).parent / "results"
OURS, THEIRS = "#3f90da", "#94a4a2"  # of Petroff's ten
LINES = ("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300")


@dataclass(frozen=True)
class Report:
    """What one question found.

    name : of the three files.
    question : the title.
    columns, rows : the table, cells as text.
    raw : everything that was measured.
    draw : paints the picture on matplotlib axes.
    remarks : what a reader must know, one sentence each.
    """

    name: str
    question: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    raw: dict[str, Any]
    draw: Callable[[Any], None]
    remarks: Sequence[str] = ()

    def write(self, folder: Path = RESULTS) -> None:
        """Print the table and write `name`.md, .png and .json into `folder`."""
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        description = {**machine(), "products": products_text()}
        about = ", ".join(f"{key} {value}" for key, value in description.items())
        lines = [f"# {self.question}", "", about, "", _line(self.columns), _line(["---"] * len(self.columns))]
        lines += [_line(row) for row in self.rows] + [""]
        lines += [f"- {remark}" for remark in self.remarks]
        table = "\n".join(lines).rstrip() + "\n"
        print(table, flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.md").write_text(table)
        (folder / f"{self.name}.json").write_text(json_text({"machine": description, **self.raw}) + "\n")
        figure, axes = pyplot.subplots(figsize=(9, 5), layout="constrained")
        self.draw(axes)
        axes.set_title(self.question, loc="left", fontsize=11)
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(folder / f"{self.name}.png", dpi=130)
        pyplot.close(figure)


def json_text(value: Any, indent: int = 0) -> str:
    """Return JSON with a line for each key, lists of numbers in one line, and five significant digits."""
    if not isinstance(value, Mapping) or not value:
        return json.dumps(_rounded(value))
    inner = " " * (indent + 1)
    lines = [f"{inner}{json.dumps(str(key))}: {json_text(part, indent + 1)}" for key, part in value.items()]
    return "{\n" + ",\n".join(lines) + f"\n{' ' * indent}}}"


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


@cache
@cache
def product_rates() -> dict[str, float]:
    """Return the operations per second of one product of 1000 x 1000 x 1000 on this machine, by type; measured once."""
    return {str(dtype).removeprefix("torch."): product_rate(1000, dtype) for dtype in (torch.float32, torch.bfloat16)}


def product_rate(n: int, dtype: torch.dtype) -> float:
    """Floating-point operations per second of one product of n x n x n."""
    a, b, out = torch.randn(n, n).to(dtype), torch.randn(n, n).to(dtype), torch.empty(n, n, dtype=dtype)
    return 2 * n**3 / middle(seconds(partial(torch.mm, a, b, out=out), 20))


def products_text() -> str:
    """Return the rates as text."""
    return " and ".join(f"{rate / 1e9:,.0f} GFLOP/s in {name}" for name, rate in product_rates().items())


def bars(axes: Any, names: Sequence[str], values: Sequence[float], label: str, form: str = "{:,.0f}") -> None:
    """Horizontal bars, the first on top, ours in colour."""
    places = range(len(names))[::-1]
    drawn = axes.barh(places, values, color=[OURS if name.startswith("narrows") else THEIRS for name in names])
    axes.bar_label(drawn, labels=[form.format(value) for value in values], padding=4, fontsize=8)
    axes.set_yticks(places, names, fontsize=8)
    axes.set_xlabel(label)
    axes.margins(x=0.12)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"

"""What a command says: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


@dataclass(frozen=True)
class Messages:
    """How one run of a command talks.

    Parameters
    ----------
    as_json : bool
        The result is one JSON object on standard output instead of words.
    quiet : bool
        No progress and no remarks; errors and results remain.
    shortfalls : list of str
        What was asked for and could not be done, though the work itself is done.
    """

    as_json: bool = False
    quiet: bool = False
    shortfalls: list[str] = field(default_factory=list)

    def info(self, text: str) -> None:
        """One line on standard error."""
        if not self.quiet:
            self.aside.print(text, soft_wrap=True)

    def shortfall(self, sentence: str) -> None:
        """Say what cannot be done as asked; the command goes on, tells its result, and ends with status 1."""
        self.shortfalls.append(sentence)
        self.aside.print(f"Error: {sentence}", soft_wrap=True)

    def result(self, data: Mapping[str, object], *shown: RenderableType) -> None:
        """The result: `data` as JSON where that was asked for, else what is `shown`, in words.

        Raises
        ------
        typer.Exit
            With status 1, where the command fell short; the JSON then has an "error" too.
        """
        if self.as_json:
            error = {"error": " ".join(self.shortfalls)} if self.shortfalls else {}
            print(json.dumps(_plain({**data, **error}), allow_nan=False))
        else:
            from narrows.apps.cli.console import results

            for part in shown:
                results().print(part, soft_wrap=isinstance(part, str))
        if self.shortfalls:
            import typer

            raise typer.Exit(1)

    @property
    def aside(self) -> Console:
        """The console for progress and remarks."""
        from narrows.apps.cli.console import aside

        return aside()


def _plain(value: object) -> object:
    """JSON has neither NaN nor infinity: both become null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def number(value: float | None) -> str:
    """Four significant digits, without an exponent where a person can do without: 1,234 · 13.87 · 0.004012."""
    if value is None:
        return "–"
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if abs(value) >= 1000:
        return f"{value:,.0f}" if abs(value) < 1e9 else f"{value:.3e}"
    return f"{value:#.4g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.3e}"


def counted(n: int, noun: str) -> str:
    """1 component, 8 components."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def duration(seconds: float) -> str:
    """8.3 s · 2 min 05 s · 1 h 12 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"

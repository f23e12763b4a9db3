"""What a command says: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from narrows.formatting import json_safe

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
            print(json.dumps(json_safe({**data, **error}), allow_nan=False))
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

"""Output of a command: results on standard output, everything else on standard error."""

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
    """Prints the messages and the result of one run of a command.

    Parameters
    ----------
    as_json : bool
        Print the result as one JSON object instead of text.
    quiet : bool
        Print no progress and no notes; errors and results remain.
    shortfalls : list of str
        Errors that did not end the command: the work is done, but a part of the request was not possible.
    """

    as_json: bool = False
    quiet: bool = False
    shortfalls: list[str] = field(default_factory=list)

    def info(self, text: str) -> None:
        """Print one line on standard error, unless quiet."""
        if not self.quiet:
            self.stderr.print(text, soft_wrap=True)

    def shortfall(self, sentence: str) -> None:
        """Print an error that does not end the command; its exit status will be 1."""
        self.shortfalls.append(sentence)
        self.stderr.print(f"Error: {sentence}", soft_wrap=True)

    def result(self, data: Mapping[str, object], *parts: RenderableType) -> None:
        """Print the result: `data` if JSON was requested, else `parts`.

        Raises
        ------
        typer.Exit
            With status 1 after a shortfall; the JSON then has an "error" too.
        """
        if self.as_json:
            error = {"error": " ".join(self.shortfalls)} if self.shortfalls else {}
            print(json.dumps(json_safe({**data, **error}), allow_nan=False))
        else:
            from narrows.apps.cli.console import stdout_console

            for part in parts:
                stdout_console().print(part, soft_wrap=isinstance(part, str))
        if self.shortfalls:
            import typer

            raise typer.Exit(1)

    @property
    def stderr(self) -> Console:
        """Console for progress and notes."""
        from narrows.apps.cli.console import stderr_console

        return stderr_console()

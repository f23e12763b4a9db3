"""Options that are given more than once: lists are joined; of other values the last one counts, with a warning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperOption


class Command(TyperCommand):
    """A command that loses no value of a repeated option in silence, where Typer would keep the last one alone."""

    def make_parser(self, ctx: Any) -> Any:
        """Return a parser that collects the values of each option, and gives the command one value."""
        options = [p for p in self.get_params(ctx) if isinstance(p, TyperOption)]
        single = [p for p in options if not (p.multiple or p.is_flag or p.count)]
        for option in single:
            option.multiple = True
        try:
            parser = super().make_parser(ctx)
        finally:
            for option in single:
                option.multiple = False
        parse = parser.parse_args

        def parse_args(args: list[str]) -> Any:
            values, rest, order = parse(args)
            for option in single:
                if option.name in values:
                    values[option.name] = _only(option, values[option.name])
            return values, rest, order

        parser.parse_args = parse_args
        return parser


def _only(option: TyperOption, values: Sequence[Any]) -> Any:
    """Return the value of an option that was given with these: of lists, all of their elements."""
    if len(set(values)) == 1:
        return values[0]
    if "," in (option.metavar or ""):
        return ",".join(values)
    given = ", ".join(repr(value) for value in values)
    typer.echo(f"Warning: {option.opts[0]} is given {len(values)} times, with {given}; the last one is used.", err=True)
    return values[-1]

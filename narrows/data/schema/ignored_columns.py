"""Messages about ignored columns, and how to keep them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from narrows.data.kinds import Ignored
from narrows.data.schema.layout import SchemaLayout

_SHOWN = 10


def ignored_columns_message(
    schema: SchemaLayout, source: str, *, place: Literal["python", "shell"] = "python"
) -> str | None:
    """Return a sentence on ignored columns that hold information, with reasons and how to keep them; None for none.

    Empty and constant columns are not named: nothing can be learned from them.
    """
    whys = _reasons(schema)
    if not whys:
        return None
    texts = [f"{name!r} ({why})" for name, why in whys.items()]
    return f"{source}: nothing is learned from {_listed(texts)}; {_how(schema, place)}"


def how_to_keep(schema: SchemaLayout, *, place: Literal["python", "shell"] = "shell") -> str | None:
    """Return how to make a fit learn from ignored columns; None where there are none."""
    if not _reasons(schema):
        return None
    text = _how(schema, place)
    return text[0].upper() + text[1:]


def _reasons(schema: SchemaLayout) -> dict[str, str]:
    names = schema.feature_names
    kept = (kind for kind in schema.kinds if isinstance(kind, Ignored) and kind.value is None)
    return {names[int(k.columns[0])]: k.reason for k in kept if k.is_informative}


def _how(schema: SchemaLayout, place: Literal["python", "shell"]) -> str:
    lists = {
        name
        for name, kind in zip(schema.feature_names, schema.types or (), strict=False)
        if kind is not None and kind.ignored
    }
    reasons = _reasons(schema)
    named = [name for name in reasons if name not in lists]
    ways = []
    if named:
        shown = [*named[:_SHOWN], *["..."] * (len(named) > _SHOWN)]
        setting = f"--categorical {','.join(shown)}" if place == "shell" else f"categorical={tuple(shown)!r}"
        ways.append(f"to learn from {'it' if len(named) == 1 else 'them'} as from categories, set {setting}")
    if lists:
        ways.append(f"to learn from {_listed([repr(n) for n in reasons if n in lists])}, give each value a column")
    return "; ".join(ways) + "."


def _listed(words: Sequence[str]) -> str:
    shown = list(words[:_SHOWN])
    if len(words) > _SHOWN:
        return ", ".join(shown) + f" and {len(words) - _SHOWN:,} more columns"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]

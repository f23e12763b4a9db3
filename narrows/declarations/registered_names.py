"""Names that a registry of another module offers, read from its source: importing it would load PyTorch."""

from __future__ import annotations

import ast
import re
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def registered_names(module: str, registry: str, *, but: str | None = None) -> tuple[str, ...]:
    """Return the text keys of a dict, or the text items of a tuple or a `Literal`, in the order of the source.

    Parameters
    ----------
    module : str
        File of the module, relative to the package: "model/code.py".
    registry : str
        Name that the module assigns to, at its top level.
    but : str or None
        A name to leave out.

    Raises
    ------
    LookupError
        The module assigns nothing to that name.
    """
    value = _assigned((_PACKAGE / module).read_text(encoding="utf-8").splitlines(), registry)
    if value is None:
        raise LookupError(f"{module} has no registry {registry}.")
    if isinstance(value, ast.Subscript):  # Literal["a", "b"]
        value = value.slice
    items = value.keys if isinstance(value, ast.Dict) else value.elts if isinstance(value, ast.Tuple) else []
    names = (item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str))
    return tuple(name for name in names if name != but)


def class_defaults(module: str) -> dict[str, object]:
    """Return the default of each annotated attribute of the classes of a module, if it is a literal.

    Parameters
    ----------
    module : str
        File of the module, relative to the package: "estimators/autoencoder.py".
    """
    found = re.findall(r"^    (\w+): .* = (.+)$", (_PACKAGE / module).read_text(encoding="utf-8"), re.MULTILINE)
    return {name: ast.literal_eval(value) for name, value in found}


def class_body(module: str, name: str) -> list[ast.stmt]:
    """Return the statements of a class of a module; see `registered_names`."""
    tree = ast.parse((_PACKAGE / module).read_text(encoding="utf-8"))
    return next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)


def _assigned(lines: list[str], name: str) -> ast.expr | None:
    """Return the expression that a module assigns to `name`."""
    first = next((i for i, line in enumerate(lines) if re.match(rf"{name}\b[^=]*= ", line)), len(lines))
    # Parsing the one statement, line by line until it is whole, is much faster than parsing the module.
    for last in range(first + 1, len(lines) + 1):
        try:
            (statement,) = ast.parse("\n".join(lines[first:last])).body
        except SyntaxError:
            continue
        assert isinstance(statement, ast.Assign | ast.AnnAssign)
        return statement.value
    return None

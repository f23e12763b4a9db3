"""Bundle the JavaScript modules of the views into one script, for the notebook widget and the report."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

_IMPORT = re.compile(
    r'^import (?:\{(?P<names>[^}]*)\}|\* as (?P<all>\w+)) from "(?P<path>[^"]+)";[ \t]*\n', re.MULTILINE
)
_EXPORT = re.compile(r"^export (?P<kind>(?:async )?function\*?|const|class) (?P<name>\w+)", re.MULTILINE)
_MODULE_WORDS = re.compile(r"^\s*(?:import|export)\b|\bimport\s*\(|\bimport\.meta\b", re.MULTILINE)
_ENDS_SCRIPTS = ("</script", "<!--")
STYLES = ("styles/base.css", "styles/maps.css", "styles/views.css", "embed/embed.css")
"""Style sheets of the views outside the page of the lab."""


class BundleError(ValueError):
    """A module uses import or export syntax that the bundler does not support."""


@cache
def script(entry: str) -> str:
    """Return a module of static/ and all its imports as one script.

    Parameters
    ----------
    entry : str
        Path of the module in static/, as "embed/widget.js".

    Returns
    -------
    str
        A module whose default export holds the exports of the entry. Each module becomes a function, so that two may
        use the same names; imports come before the modules that use them.

    Raises
    ------
    BundleError
        For imports that are not relative, for cycles, and for unsupported import or export syntax.
    """
    return flatten(files("narrows.apps.viewer") / "static", entry)


@cache
def modules(entry: str) -> tuple[str, ...]:
    """Return the paths of a module of static/ and of all its imports, in static/."""
    order: dict[str, str] = {}
    _add(files("narrows.apps.viewer") / "static", entry, order, ())
    return tuple(order)


@cache
def style() -> str:
    """Return the style sheet of the views; every rule is scoped to the class narrows-lab."""
    static = files("narrows.apps.viewer") / "static"
    return "\n".join((static / name).read_text("utf-8") for name in STYLES)


def flatten(root: Traversable, entry: str) -> str:
    """Return a module of any folder and all its imports as one script; see `script`."""
    order: dict[str, str] = {}
    _add(root, entry, order, ())
    names = {path: f"module{i}" for i, path in enumerate(order)}
    parts = [_wrapped(path, order[path], names) for path in order]
    return "\n".join([*parts, f"export default {names[entry]};", ""])


def _add(root: Traversable, path: str, order: dict[str, str], above: tuple[str, ...]) -> None:
    """Add a module after all its imports."""
    if path in order:
        return
    if path in above:
        raise BundleError(f"{path} imports itself by way of {', '.join(above[above.index(path) + 1 :]) or 'itself'}.")
    text = (root / path).read_text("utf-8")
    for found in _IMPORT.finditer(text):
        _add(root, _resolve(path, found["path"]), order, (*above, path))
    order[path] = text


def _wrapped(path: str, text: str, names: dict[str, str]) -> str:
    def imported(found: re.Match[str]) -> str:
        source = names[_resolve(path, found["path"])]
        wanted = found["all"] or "{ " + re.sub(r"\b(\w+) as (\w+)", r"\1: \2", " ".join(found["names"].split())) + " }"
        return f"const {wanted} = {source};\n"

    exports = [found["name"] for found in _EXPORT.finditer(text)]
    body = _EXPORT.sub(r"\g<kind> \g<name>", _IMPORT.sub(imported, text))
    if left := _MODULE_WORDS.search(_without_comments(body)):
        raise BundleError(f"{path} has {left[0].strip()!r}, which is not supported.")
    if any(word in body for word in _ENDS_SCRIPTS):
        raise BundleError(f"{path} contains a text that would end the script of a page.")
    return f"// {path}\nconst {names[path]} = (() => {{\n{body}\nreturn {{ {', '.join(exports)} }};\n}})();"


def _without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|^\s*//[^\n]*", "", text, flags=re.DOTALL | re.MULTILINE)


def _resolve(path: str, imported: str) -> str:
    """Return the path, from the root, of an import of a module."""
    if not imported.startswith(("./", "../")):
        raise BundleError(f"{path} imports {imported!r}, which is not relative.")
    parts: list[str] = []
    for part in (PurePosixPath(path).parent / imported).parts:
        if part == "..":
            if not parts:
                raise BundleError(f"{path} imports {imported!r}, which is outside the root.")
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)

"""Sphinx settings. `make docs` builds the site into docs/_build."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
from pathlib import Path
from types import ModuleType

from sphinx.application import Sphinx

import narrows

HERE = Path(__file__).parent
ROOT = HERE.parent

project = "narrows"
author = "the narrows developers"
project_copyright = "2026, the narrows developers"
version = release = narrows.__version__


# An object is described once, in the first package that exports it.
PACKAGES = ["", ".data", ".model", ".training", ".estimators", ".insight", ".insight.figures", ".insight.payloads"]


def public_names(module: ModuleType) -> list[str]:
    """Return the names of `__all__ = [...]`; what `__all__ += [...]` adds is for the other packages of narrows."""
    tree = ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8"))
    first = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "__all__"
    )
    if isinstance(first, ast.List) and all(isinstance(item, ast.Constant) for item in first.elts):
        return ast.literal_eval(first)
    return list(module.__all__)


def names_by_package() -> dict[str, list[str]]:
    """Return the public names of each package that no earlier package has."""
    names, seen = {}, set()
    for package in ("narrows" + suffix for suffix in PACKAGES):
        module = importlib.import_module(package)
        exported = {name: id(getattr(module, name)) for name in public_names(module)}
        names[package] = [name for name, identity in exported.items() if identity not in seen]
        seen |= set(exported.values())
    errors = vars(importlib.import_module("narrows.errors")).values()
    names["narrows.errors"] = [
        error.__name__ for error in errors if isinstance(error, type) and error.__module__ == "narrows.errors"
    ]
    return names


extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]

# Markdown and notebooks. The notebooks are committed with their outputs, which tests compare with a fresh run.
myst_enable_extensions = ["deflist", "colon_fence", "dollarmath"]
myst_heading_anchors = 4
nb_execution_mode = "off"
nb_merge_streams = True

# API reference from the docstrings.
autosummary_generate = True
autosummary_imported_members = True
autosummary_ignore_module_all = False
autosummary_context = {"described_here": names_by_package()}
autodoc_typehints = "none"
default_role = "literal"
autodoc_member_order = "bysource"
smartquotes = False  # texts such as "auto" are code
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
nitpicky = True
nitpick_ignore_regex = [
    # Types of other packages, whose inventories cannot be fetched without a network.
    (r"py:.*", r"(torch|np|numpy|nn|sklearn|pandas|matplotlib|pathlib|os|collections|typing|dataclasses)\..*"),
]

html_theme = "pydata_sphinx_theme"
html_title = f"narrows {release}"
html_static_path = ["_static"]
html_css_files = ["narrows.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "show_nav_level": 1,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 7,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {"index": []}

linkcheck_timeout = 20
linkcheck_anchors = False


def copy_from_the_repository() -> None:
    """Copy notebooks and measured tables, which live outside of docs/, to where Sphinx reads."""
    copies = {
        "tutorials": (ROOT / "examples").glob("*.ipynb"),
        "benchmarks": (ROOT / "benchmarks" / "results").glob("*"),
    }
    for folder, files in copies.items():
        (HERE / folder).mkdir(exist_ok=True)
        for file in files:
            copy = HERE / folder / file.name
            if file.suffix != ".json" and (not copy.exists() or copy.read_bytes() != file.read_bytes()):
                shutil.copyfile(file, copy)


# Links that work in the repository, as they are on the site.
SITE_LINKS = {
    r"\((?:\.\./)+examples/(\w+\.ipynb)\)": r"(/tutorials/\1)",
    r"\((?:\.\./)+benchmarks/results/([\w-]+\.md)\)": r"(/benchmarks/\1)",
    r"\((?:\.\./)+benchmarks/results/?\)": r"(/benchmarks/index.md)",
}


def use_links_of_the_site(app: object, docname: str, source: list[str]) -> None:
    for pattern, link in SITE_LINKS.items():
        source[0] = re.sub(pattern, link, source[0])


def skip_inherited(app: object, what: str, name: str, member: object, skip: bool, options: object) -> bool:
    """Leave out what scikit-learn and PyTorch document themselves."""
    home = getattr(member, "__module__", None) or ""
    if name == "forward" and not getattr(member, "__doc__", None):
        return True  # else autodoc shows the docstring of torch.nn.Module
    return skip or (home.split(".")[0] in {"sklearn", "torch"} and name != "fit_transform")


def setup(app: Sphinx) -> None:
    copy_from_the_repository()
    app.connect("autodoc-skip-member", skip_inherited)
    app.connect("source-read", use_links_of_the_site)

"""The floors of docs/architecture.md: lower ones never import upper ones."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import narrows

PACKAGE = Path(narrows.__file__).parent
BELOW = {
    "version": set(),
    "errors": set(),
    "formatting": set(),
    "machine": set(),
    "declarations": set(),
    "data": {"errors", "formatting", "machine"},
    "model": {"declarations", "errors"},
    "training": {"declarations", "errors", "machine", "model"},
    "export": {"errors", "data", "model"},
    "estimators": {"declarations", "errors", "machine", "data", "model", "training", "export"},
    "insight": {"errors", "formatting", "data", "model", "training", "estimators"},
    "reproductions": {"errors", "formatting", "machine", "data", "model", "training", "estimators", "insight"},
    "mlflow": {"errors", "data", "estimators"},
    "ray": {"errors", "data", "training", "estimators", "insight"},
    "apps": {
        "declarations",
        "errors",
        "formatting",
        "machine",
        "data",
        "estimators",
        "insight",
        "reproductions",
        "ray",
    },
}


def imported_floors(path: Path) -> set[str]:
    modules = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            modules.append(node.module or "")
            modules += [f"{node.module}.{alias.name}" for alias in node.names if node.module == "narrows"]
    parts = [module.split(".") for module in modules if module.startswith("narrows.")]
    return {part[1] for part in parts} & BELOW.keys()


FACES = {
    "cli": {"lab", "notebook", "report", "service", "site", "viewer", "web"},
    "lab": {"site", "viewer", "web"},
    "notebook": {"viewer"},
    "report": {"viewer"},
    "service": {"web"},
    "site": {"viewer"},
    "viewer": set(),
    "web": set(),
}
"""Which folders of narrows/apps a folder may import."""
EXCEPTIONS: set[tuple[str, str]] = set()
"""(importing file, imported folder) that break the rule of `FACES`; none may be added."""


def imported_faces(path: Path) -> set[str]:
    """Return the folders of narrows/apps that a file imports, within functions and for types too."""
    modules = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules += [f"{node.module}.{alias.name}" for alias in node.names]
    return {module.split(".")[2] for module in modules if module.startswith("narrows.apps.")}


@pytest.mark.parametrize("face", FACES)
def test_the_faces_never_import_each_other(face):
    files = sorted((PACKAGE / "apps" / face).rglob("*.py"))
    assert files
    broken = {
        (file.relative_to(PACKAGE).as_posix(), other)
        for file in files
        for other in imported_faces(file) - FACES[face] - {face}
    }
    assert broken <= EXCEPTIONS


def test_every_folder_of_apps_is_a_face():
    folders = {path.name for path in (PACKAGE / "apps").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == FACES.keys()


@pytest.mark.parametrize("floor", BELOW)
def test_a_floor_imports_only_what_lies_below_it(floor):
    file = PACKAGE / f"{floor}.py"
    files = [file] if file.exists() else sorted((PACKAGE / floor).rglob("*.py"))
    assert files
    for file in files:
        assert imported_floors(file) <= BELOW[floor] | {floor, "version"}, file


PRIVATE_OF_OTHERS = {
    "_repr_html_": "IPython's hook for notebooks",
    "_fused_adam_": "a torch operator without a public name",
    "_fused_adamw_": "a torch operator without a public name",
    "_fused_sgd_": "a torch operator without a public name",
    "_forward_hooks": "torch has no public way to see whether a module has hooks",
    "_forward_pre_hooks": "torch has no public way to see whether a module has hooks",
}
"""Private members of other packages' objects that a file may read."""


def own_private_names(tree: ast.Module) -> set[str]:
    """Private names that the classes of a module define, as methods, fields or attributes of self."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            names |= {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
            names |= {item.target.id for item in node.body if isinstance(item, ast.AnnAssign)}
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_self(node.value):
            names.add(node.attr)
    return names


def is_self(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "super"
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_file_reads_a_private_member_of_another_files_object(file):
    tree = ast.parse(file.read_text())
    allowed = own_private_names(tree) | PRIVATE_OF_OTHERS.keys()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            assert is_self(node.value) or node.attr in allowed, f"{file}:{node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("narrows"):
            private = [alias.name for alias in node.names if alias.name.startswith("_") and alias.name != "__version__"]
            assert not private, f"{file}:{node.lineno} imports {private}"


def test_every_module_belongs_to_a_floor():
    assert {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()} <= BELOW.keys() | {
        "__init__",
        "__main__",
        "__pycache__",
    }


@pytest.mark.parametrize(
    "statement",
    ["import narrows", "import narrows; dir(narrows)", "import narrows.apps.cli", "import narrows.reproductions"],
)
def test_importing_narrows_loads_nothing_heavy(statement):
    heavy = "torch sklearn scipy pandas polars pyarrow numpy"
    code = f"{statement}; import sys; print([m for m in {heavy!r}.split() if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_every_public_name_is_there():
    for name in narrows.__all__:
        assert getattr(narrows, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        narrows.nothing  # noqa: B018


@pytest.mark.parametrize("package", [narrows, narrows.estimators])
def test_type_checkers_know_every_public_name(package):
    (lines,) = (
        node.body
        for node in ast.parse(Path(package.__file__).read_text()).body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    )
    assert {alias.asname for line in lines for alias in line.names} == set(package.__all__) - {"__version__"}


# The rooms of data, lowest first: a room imports only itself and those before it.
DATA_ROOMS = (
    "atomic",
    "location",
    "frames",
    "rows",
    "nested_columns",
    "containers",
    "text",
    "kinds",
    "schema",
    "image_grid",
    "one_row",
    "series",
    "readers.csv",
    "readers",
    "imputation",
    "read",
    "inspection",
    "writers",
)


def import_graph() -> dict[str, set[str]]:
    """Module -> the modules of narrows that it imports anywhere: in functions and under TYPE_CHECKING too."""
    paths = {}
    for path in PACKAGE.rglob("*.py"):
        parts = ("narrows", *path.relative_to(PACKAGE).with_suffix("").parts)
        paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    graph = {}
    for module, path in paths.items():
        graph[module] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                graph[module] |= {alias.name for alias in node.names} & paths.keys()
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    name = f"{node.module}.{alias.name}"
                    graph[module] |= {name if name in paths else node.module or ""} & paths.keys()
        graph[module].discard(module)
    return graph


def circles(graph: dict[str, set[str]]) -> list[frozenset[str]]:
    """The largest sets of modules each of which imports every other, directly or by way of others."""
    reached = {}
    for start in graph:
        seen, waiting = set(), [start]
        while waiting:
            for module in graph[waiting.pop()] - seen:
                seen.add(module)
                waiting.append(module)
        reached[start] = seen
    found = {frozenset(b for b in reached[a] if a in reached[b]) for a in graph}
    return [circle for circle in found if len(circle) > 1]


def data_room(module: str) -> str:
    rest = module.removeprefix("narrows.data.")
    return next(room for room in sorted(DATA_ROOMS, reverse=True) if f"{rest}.".startswith(f"{room}."))


def test_a_room_of_data_imports_only_rooms_below_it():
    for module, imported in import_graph().items():
        if module.startswith("narrows.data."):
            for other in imported:
                assert other != "narrows.data", f"{module} imports the facade of its own package"
                if other.startswith("narrows.data."):
                    below = DATA_ROOMS.index(data_room(other)) <= DATA_ROOMS.index(data_room(module))
                    assert below, f"{module} imports {other}"


def test_no_modules_import_in_a_circle():
    assert [sorted(circle) for circle in circles(import_graph())] == []


# A command has the name of the subject that it shows; a figure that of the payload that it draws.
NAMED_AFTER_ANOTHER = ("apps/cli/commands", "insight/figures")


def test_no_file_name_stands_for_two_things():
    names = [
        path.name
        for path in PACKAGE.rglob("*.py")
        if path.name != "__init__.py" and path.parent.relative_to(PACKAGE).as_posix() not in NAMED_AFTER_ANOTHER
    ]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_no_function_has_more_than_sixty_lines_of_its_own():
    """Without its signature, its docstring, and the functions and classes in it."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert _own_lines(node) <= 60, f"{file.relative_to(PACKAGE)}: {node.name}"


def _own_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) else node.body
    nested = [part for part in body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    return sum(_lines(part) for part in body) - sum(_lines(part) for part in nested)


def _lines(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def test_no_file_of_the_package_has_more_than_450_lines():
    for file in PACKAGE.rglob("*.py"):
        assert len(file.read_text().splitlines()) <= 450, file.relative_to(PACKAGE)

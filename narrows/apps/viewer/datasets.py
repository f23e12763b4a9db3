"""Datasets of a page: their source, reading, and description.

The server and the training process read the same rows in the same order from a `Source`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from narrows.data import Rows, Schema

MOST_ROWS = 70_000
MOST_COLUMNS = 4096
"""Limit for the columns of a table."""
LONGEST_SIDE = 64
"""Limit for the sides of an image in pixels; larger images are resized."""
_MOST_CLASSES, _MOST_GUESSED = 100, 20
_CLASS_NAMES = ("species", "class", "target", "label", "y")
_OFFERED = {"mnist": ("MNIST", 70_000), "fashion-mnist": ("Fashion-MNIST", 70_000)}


@dataclass(frozen=True)
class Source:
    """Source of the rows of a dataset.

    Parameters
    ----------
    name : str
        Name on the page.
    where : str
        Name of a dataset that narrows knows, or a path.
    is_set : bool, default=False
        Whether `where` is the name of a dataset.
    label : str or None
        Column of a table with the classes.
    image_size : (height, width) or None
        Size of the images of a folder after resizing; None decides by the folder.
    """

    name: str
    where: str
    is_set: bool = False
    label: str | None = None
    image_size: tuple[int, int] | None = None

    @classmethod
    def of(cls, data: str, *, label: str | None = None, image_size: tuple[int, int] | None = None) -> Source:
        """Return the source for DATA of the command line."""
        if data in ("digits", *_OFFERED):
            return cls(data, data, True)
        path = Path(data).resolve()
        return cls(path.name, str(path), False, label, image_size)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Source:
        """Return the source for the result of `to_dict`."""
        size = values.get("image_size")
        return cls(
            str(values["name"]),
            str(values["where"]),
            bool(values["is_set"]),
            values.get("label"),
            None if size is None else (int(size[0]), int(size[1])),
        )


@lru_cache(maxsize=3)
def load(source: Source) -> Rows:
    """Read the rows of a source, at most 70,000, with class names as labels.

    Raises
    ------
    NarrowsError
        The rows cannot be read or used.
    """
    from narrows.errors import DataError
    from narrows.insight.labels import classes_of

    rows = _read_set(source.where) if source.is_set else _read_path(source)
    if len(rows) < 2:
        raise DataError(f"{source.name} has a single row; give at least two rows.")
    if rows.image_shape is None and rows.n_columns > MOST_COLUMNS:
        raise _too_wide(source, rows.n_columns)
    labels = classes_of(rows.labels)
    if source.label is not None:
        n = 0 if labels is None else len(set(labels.tolist()))
        if labels is None or n > _MOST_CLASSES:
            content = "numbers that are not classes" if labels is None else f"{n:,} different values"
            raise DataError(
                f"Column {source.label!r} contains {content}; choose one with at most {_MOST_CLASSES} different values."
            )
    rows = replace(rows, labels=labels, source=source.name)
    chosen = stratified(labels, len(rows), MOST_ROWS)
    if chosen is None:
        return rows
    how = "at random" if labels is None else "class by class"
    note = f"These are {MOST_ROWS:,} of the {len(rows):,} rows, drawn {how}."
    return replace(rows.take(chosen), notes=(*rows.notes, note))


def with_guessed_label(source: Source) -> Source:
    """Return the source of a table with a column of classes, if one has a usual name and few different values."""
    from narrows.insight.labels import classes_of

    if source.label is not None or source.is_set or not Path(source.where).is_file():
        return source
    rows = load(source)
    if rows.image_shape is not None or rows.feature_names is None or rows.n_columns < 3:
        return source
    for j, name in enumerate(rows.feature_names):
        if name.casefold() in _CLASS_NAMES:
            classes = classes_of(rows.column(j))
            n = 0 if classes is None else len(set(classes.tolist()))
            if 2 <= n <= min(_MOST_GUESSED, len(rows) // 5):
                return replace(source, label=name)
    return source


def stratified(labels: np.ndarray | None, n: int, most: int, *, seed: int = 0) -> np.ndarray | None:
    """Return `most` of n row indices, ascending, with the class shares of all rows; None if n is not larger."""
    import numpy as np

    if n <= most:
        return None
    rng = np.random.default_rng(seed)
    if labels is None:
        return np.sort(rng.choice(n, most, replace=False))
    _, classes = np.unique(labels.astype(str), return_inverse=True)
    # Each row's place within its class as a share of the class, so that a prefix of the order has every class's share.
    order = rng.permutation(n)
    turn = np.empty(n)
    for c in range(int(classes.max()) + 1):
        of_class = order[classes[order] == c]
        turn[of_class] = (np.arange(len(of_class)) + 0.5) / len(of_class)
    return np.sort(np.argsort(turn, kind="stable")[:most])


def describe(source: Source, identity: str) -> dict[str, Any]:
    """Read a source and return its description, see `described`; NarrowsError if no column can be used."""
    import numpy as np

    from narrows.data import Schema

    rows = load(source)
    # a sample is enough for the types; the fit checks every cell
    schema = Schema.learn(rows if rows.image_shape is None else rows.take(np.arange(min(len(rows), 100))))
    return described(rows, schema, identity, label=source.label)


def described(rows: Rows, schema: Schema, identity: str, *, label: str | None = None) -> dict[str, Any]:
    """Return the description of rows that a page shows, as plain values.

    Parameters
    ----------
    rows : Rows
    schema : Schema
        Column types of the rows.
    identity : str
        Id of the dataset.
    label : str or None, default=None
        Column of the classes.
    """
    is_table = rows.image_shape is None
    columns = kinds = None
    notes = list(rows.notes)
    if is_table:
        columns = list(rows.feature_names)
        kinds = [schema.column_types.get(name, "ignored") for name in columns]
        notes += [f"{name!r} is not used: {why}." for name, why in schema.ignored_columns.items()]
        if label is not None:
            columns, kinds = [*columns, label], [*kinds, "class"]
    classes, counts = (None, None) if rows.labels is None else _counted(rows.labels)
    return {
        "id": identity,
        "name": rows.source,
        "kind": "table" if is_table else "images",
        "rows": len(rows),
        "shape": None if is_table else list(rows.image_shape or ()),
        "columns": columns,
        "kinds": kinds,
        "classes": classes,
        "counts": counts,
        "notes": notes,
        "labels": label,
    }


def offered() -> list[dict[str, Any]]:
    """Return the datasets that narrows knows by name, and whether they are on this machine."""
    from narrows.data import SETS, find_set

    return [
        {
            "id": name,
            "name": words,
            "rows": rows,
            "here": (here := find_set(name) is not None),
            "how": None if here else f"narrows data fetch {name}",
        }
        for name, (words, rows) in _OFFERED.items()
        if name in SETS
    ]


def python_of(source: Source) -> str:
    """Return Python code that reads the same rows into `rows`."""
    if source.is_set and source.where in _OFFERED:
        return _python_of_set(source.where)
    where = Path(source.where)
    if not source.is_set and where.is_dir():
        lines = [
            "from pathlib import Path",
            "",
            "import numpy as np",
            "from narrows.data.readers.image_folder import read_images",
            "",
            f"rows = read_images(Path({source.where!r}), {_size(source)!r}, unreadable='skip')",
        ]
    else:
        arguments = "" if source.label is None else f", label={source.label!r}"
        lines = ["import numpy as np", "from narrows import read", "", f"rows = read({source.where!r}{arguments})"]
    if not source.is_set and len(load(source)) == MOST_ROWS:
        lines += [
            "",
            "from narrows.apps.viewer.datasets import stratified",
            "from narrows.insight.labels import classes_of",
            "",
            f"sample = stratified(classes_of(rows.labels), len(rows), {MOST_ROWS})",
            "rows = rows if sample is None else rows.take(sample)",
        ]
    return "\n".join(lines)


def _python_of_set(name: str) -> str:
    from narrows.data import SETS

    names = SETS[name].class_names
    return "\n".join(
        [
            "from dataclasses import replace",
            "",
            "import numpy as np",
            f"from narrows.data import {'SETS, ' if names else ''}load_set",
            "",
            f"train, test = load_set({name!r})",
            "labels = np.concatenate([train.labels, test.labels])",
            *([f"labels = np.array(SETS[{name!r}].class_names, object)[labels.astype(int)]"] if names else []),
            "values = np.concatenate([train.block(), test.block()])",
            "rows = replace(train, values=values, labels=labels)",
        ]
    )


def _read_set(name: str) -> Rows:
    import numpy as np

    from narrows.data import SETS, load_set

    train, test = load_set(name)
    if test is None or train.labels is None or test.labels is None:
        return train
    labels = np.concatenate([train.labels, test.labels])
    if names := SETS[name].class_names:
        labels = np.array(names, object)[labels.astype(int)]
    return replace(
        train,
        values=np.concatenate([train.block(), test.block()]),
        labels=labels,
    )


def _read_path(source: Source) -> Rows:
    from narrows.data import read
    from narrows.data.readers.image_folder import read_images

    path = Path(source.where)
    if not path.is_dir():
        if (n := _n_fields(path)) > MOST_COLUMNS:
            raise _too_wide(source, n)
        return read(path, label=source.label)
    size = _size(source)
    rows = read_images(path, size, unreadable="skip")
    if size is None:
        return rows
    note = f"Every image was resized to {size[0]} x {size[1]} pixels (height x width)."
    return replace(rows, notes=(*rows.notes, note))


def _n_fields(path: Path) -> int:
    """Return the number of fields of a text table, 0 for other files: reading 100,000 columns would take minutes."""
    from narrows.data import csv_fields
    from narrows.errors import DataError

    try:
        return csv_fields(path)
    except DataError:
        return 0  # the reader raises a better error


def _too_wide(source: Source, n: int) -> Exception:
    from narrows.errors import DataError

    return DataError(
        f"{source.name} has {n:,} columns, and the page shows tables of {MOST_COLUMNS:,} at most; "
        "choose some of them, or use narrows fit."
    )


def _size(source: Source) -> tuple[int, int] | None:
    from narrows.data.readers.image_folder import common_size

    return source.image_size or common_size(Path(source.where), longest=LONGEST_SIDE)


def _counted(labels: np.ndarray) -> tuple[list[str], list[int]]:
    import numpy as np

    names, counts = np.unique(np.array([label for label in labels if label is not None], dtype=str), return_counts=True)
    return names.tolist(), counts.tolist()

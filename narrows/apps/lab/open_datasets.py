"""The datasets of a session that are open, by id."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from narrows.apps.lab.example_runs import Example
from narrows.apps.lab.session_types import LabError
from narrows.apps.viewer.datasets import Source


@dataclass(eq=False)
class Dataset:
    """A dataset that is open."""

    source: Source
    description: dict[str, Any]
    examples: dict[str, tuple[Example, ...]] = field(default_factory=dict)
    """The settings of the runs that a view opens on, by the name of the view, once they are known."""


class OpenDatasets(dict[str, Dataset]):
    """Open datasets by id."""

    def opened(self, identity: str) -> Dataset:
        """Return the dataset with an id; LabError if it is not open."""
        if identity not in self:
            raise LabError("This dataset is not open.", "Open it again.")
        return self[identity]

    def source_now(self, identity: str) -> Source | None:
        """Return the current source of a dataset; None if it is not open."""
        dataset = self.get(identity)
        return None if dataset is None else dataset.source

    def known_as(self, source: Source) -> tuple[str, Source]:
        """Return the id of a source, and the source with the class column that was chosen before."""
        for identity, dataset in self.items():
            if _is_same(dataset.source, source):
                return identity, dataset.source
        return self.new_id(source), source

    def with_label(self, identity: str, column: str | None) -> Source:
        """Return the source of a table with another column of classes, or none; LabError if there is no such column."""
        dataset = self.opened(identity)
        if dataset.description["kind"] != "table":
            raise LabError("Only tables have a column of classes to choose.")
        if column is not None and column not in dataset.description["columns"]:
            raise LabError(f"{dataset.source.name} has no column {column!r}.")
        return replace(dataset.source, label=column)

    def new_id(self, source: Source) -> str:
        """Return an id that no open dataset has."""
        base = "".join(c if c.isalnum() else "-" for c in Path(source.name).stem.lower()).strip("-") or "data"
        name, n = base, 2
        while name in self:
            name, n = f"{base}-{n}", n + 1
        return name


def offered_source(identity: str, offered: list[dict[str, Any]]) -> Source:
    """Return the source of a dataset that narrows knows by name; LabError if it is not on this machine.

    offered : see `narrows.apps.viewer.datasets.offered`.
    """
    known = next((one for one in offered if one["id"] == identity), None)
    if identity != "digits" and known is None:
        raise LabError(f"There is no dataset {identity!r}.")
    if known is not None and not known["here"]:
        raise LabError(f"{known['name']} is not on this machine.", f"Run {known['how']} in a terminal, then reload.")
    return Source.of(identity)


def _is_same(known: Source, source: Source) -> bool:
    return known == source or (source.label is None and replace(known, label=None) == source)

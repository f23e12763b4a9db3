"""Conditions on other parameters under which a parameter has an effect, and their descriptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Requirement(Protocol):
    """A condition on the other parameters."""

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Return whether these parameters meet the condition."""
        ...

    def remedy(self, values: Mapping[str, Any]) -> str:
        """Return which setting prevents the effect and what to set: "code='point'; set code='top-k'"."""
        ...


@dataclass(frozen=True)
class Value:
    """The condition that another parameter has one of these values, or a list that contains one of them.

    An object meets it only if its class or a base class has the name `instance_of`: objects have their own settings.
    """

    parameter: str
    values: tuple[object, ...]
    instance_of: str | None = None

    def holds(self, values: Mapping[str, Any]) -> bool:
        given = values[self.parameter]
        return any(self._is_one(item) for item in (given if isinstance(given, list | tuple) else [given]))

    def remedy(self, values: Mapping[str, Any]) -> str:
        given = f"{self.parameter}={_short(values[self.parameter])}"
        return f"{given}; set {self.parameter}={alternatives(map(repr, self.values))}"

    def __str__(self) -> str:
        words = [f"{self.parameter}={value!r}" for value in self.values]
        return alternatives([*words, f"a {self.instance_of}"] if self.instance_of else words)

    def _is_one(self, item: object) -> bool:
        if isinstance(item, str | bool) or item is None:
            return item in self.values
        return any(base.__name__ == self.instance_of for base in type(item).__mro__)


@dataclass(frozen=True)
class Positive:
    """The condition that another parameter, a number, is above 0."""

    parameter: str

    def holds(self, values: Mapping[str, Any]) -> bool:
        return values[self.parameter] != 0

    def remedy(self, values: Mapping[str, Any]) -> str:
        return f"{self.parameter}={values[self.parameter]!r}; set {self.parameter} above 0"

    def __str__(self) -> str:
        return f"{self.parameter} > 0"


@dataclass(frozen=True)
class NotGiven:
    """The condition that at least one of `parameters`, which take the user's own objects, is None."""

    parameters: tuple[str, ...]
    remedy_words: str | None = None

    def holds(self, values: Mapping[str, Any]) -> bool:
        return any(values[name] is None for name in self.parameters)

    def remedy(self, values: Mapping[str, Any]) -> str:
        cure = self.remedy_words or f"set {self.parameters[-1]}=None"
        return f"your own {' and '.join(self.parameters)}; {cure}"

    def __str__(self) -> str:
        return alternatives([f"{name}=None" for name in self.parameters])


@dataclass(frozen=True)
class NotInstance:
    """The condition that another parameter is not an object whose class or a base class has the name `of`."""

    parameter: str
    of: str
    remedy_words: str

    def holds(self, values: Mapping[str, Any]) -> bool:
        return all(base.__name__ != self.of for base in type(values[self.parameter]).__mro__)

    def remedy(self, values: Mapping[str, Any]) -> str:
        return f"your own {self.parameter}; {self.remedy_words}"

    def __str__(self) -> str:
        return f"no {self.of} as {self.parameter}"


def alternatives(words: Iterator[str] | Sequence[str]) -> str:
    """Join words as in "a, b or c"."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{type(value).__name__}(...)"

"""One thing that was found out about a model."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Literal

Verdict = Literal["good", "watch", "bad"]
"""A traffic light: as it should be; worth a look; something is wrong."""

SEVERITY: dict[str, int] = {"good": 0, "watch": 1, "bad": 2}


@dataclass(frozen=True, repr=False)
class Finding:
    """A figure, what it means, and what to change.

    Parameters
    ----------
    name : str
        What was looked at, in a few plain words.
    verdict : {"good", "watch", "bad"}
    figure : str
        The number, with its unit, as a phrase.
    meaning : str
        One or two sentences without jargon.
    advice : str
        What to change; empty where nothing needs to be.
    values : dict[str, float | list[float]]
        The numbers behind it.
    """

    name: str
    verdict: Verdict
    figure: str
    meaning: str
    advice: str = ""
    values: dict[str, float | list[float]] = field(default_factory=dict)

    def number(self, name: str) -> float:
        """The single number of this name among the `values`."""
        value = self.values[name]
        assert isinstance(value, float)
        return value

    def __repr__(self) -> str:
        advice = f"\n-> {self.advice}" if self.advice else ""
        return f"{self.name} {self.verdict}: {self.figure}.\n{self.meaning}{advice}"

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)

"""The result of one check of a model."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Literal

Verdict = Literal["good", "unknown", "watch", "bad"]
"""As it should be; not enough rows to say; worth a look; wrong."""

SEVERITY: dict[str, int] = {"good": 0, "unknown": 1, "watch": 2, "bad": 3}


@dataclass(frozen=True, repr=False)
class Finding:
    """A question about a model, its answer in figures and words, and advice.

    Parameters
    ----------
    name : str
        The question.
    verdict : {"good", "unknown", "watch", "bad"}
        "unknown": too few rows were measured for a verdict.
    figure : str
        The numbers with their units, as a phrase.
    meaning : str
        The answer in one or two sentences.
    advice : str
        Changes to try; empty if none is needed.
    values : dict[str, float | list[float]]
        All numbers of the check.
    narrower : bool, default=False
        Whether the advice is a narrower code, so that no other finding advises a wider one.
    """

    name: str
    verdict: Verdict
    figure: str
    meaning: str
    advice: str = ""
    values: dict[str, float | list[float]] = field(default_factory=dict)
    narrower: bool = False

    def number(self, name: str) -> float:
        """Return the number of this name in `values`."""
        value = self.values[name]
        assert isinstance(value, float)
        return value

    def without_verdict(self) -> Finding:
        """Return a copy with the figures alone, for a sample that is too small to judge by."""
        return replace(
            self, verdict="unknown", meaning="Too few rows were measured for a verdict.", advice="", narrower=False
        )

    def __repr__(self) -> str:
        advice = f"\n-> {self.advice}" if self.advice else ""
        return f"{self.name} {self.verdict}: {self.figure}.\n{self.meaning}{advice}"

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return asdict(self)

"""The result of one check of a model."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

Verdict = Literal["good", "unknown", "watch", "bad"]
"""As it should be; not enough rows to say; worth a look; wrong."""

_OF_IMAGES = {"row": "image", "rows": "images", "column": "pixel", "columns": "pixels"}

SEVERITY: dict[str, int] = {"good": 0, "unknown": 1, "watch": 2, "bad": 3}


@dataclass(frozen=True, repr=False)
class Finding:
    """A question about a model, its answer in figures and words, and advice.

    Parameters
    ----------
    name : str
        The question, in the words of tables; `question` has those of the data.
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
    of_images : bool, default=False
        Whether the sentences speak of images, see `on_images`.
    """

    name: str
    verdict: Verdict
    figure: str
    meaning: str
    advice: str = ""
    values: dict[str, float | list[float]] = field(default_factory=dict)
    narrower: bool = False
    of_images: bool = False

    @property
    def question(self) -> str:
        """The question, which speaks of images and pixels where the rows are images."""
        return words_of_images(self.name) if self.of_images else self.name

    def on_images(self) -> Finding:
        """Return a copy whose sentences speak of images and pixels, not of rows and columns."""
        figure, meaning, advice = (words_of_images(text) for text in (self.figure, self.meaning, self.advice))
        return replace(self, figure=figure, meaning=meaning, advice=advice, of_images=True)

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
        return f"{self.question} {self.verdict}: {self.figure}.\n{self.meaning}{advice}"

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        values = asdict(self)
        del values["of_images"]
        return values


def words_of_images(text: str) -> str:
    """Return a sentence about rows and columns as one about images and pixels.

    >>> words_of_images("Which columns are hardest? Rows 3 and 5, and a row of ones.")
    'Which pixels are hardest? Images 3 and 5, and an image of ones.'
    """

    def of_image(found: re.Match[str]) -> str:
        word = _OF_IMAGES[found[0].lower()]
        return word.capitalize() if found[0][0].isupper() else word

    text = re.sub(r"\b([Aa]) (?=row\b)", r"\1n ", text)
    return re.sub(r"\b(rows?|columns?)\b", of_image, text, flags=re.IGNORECASE)

"""Facts of a fitted schema: columns, kinds, floats and names, which the modules above it read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from narrows.data.frames.column_labels import Labels
from narrows.data.frames.columns import ColumnType
from narrows.data.kinds import ColumnKind, CommonValue, Ignored, MissingMask, Numeric
from narrows.data.kinds.ignored import CONSTANT
from narrows.data.rows import Container, Layout, feature_names
from narrows.data.schema.magnitudes import Magnitudes
from narrows.data.schema.pixel_range import FROM_MEAN, PIXELS
from narrows.errors import warn

Missing = Literal["mask", "error", "mean"]


@dataclass(frozen=True, eq=False)
class SchemaLayout:
    """Columns of the training rows, their kinds, and the floats that each kind becomes.

    The floats of the kinds lie one kind after another, and the mask of a column's missing cells apart from its values.
    """

    kinds: tuple[ColumnKind, ...]
    names: tuple[str, ...] | None
    image_shape: tuple[int, int, int] | None
    layout: Layout
    container: Container
    dtypes: tuple[str, ...]
    missing: Missing
    unit: str
    """Unit of an encoded float in words."""
    types: tuple[ColumnType | None, ...] | None = None
    """Types of the columns in their frame, where the dtype does not say it."""
    delimiter: str = ","
    """Delimiter of the CSV file of the training rows; results are written with it."""
    labels: Labels | None = None
    """The column labels of a pandas frame where they are more than texts."""
    magnitudes: Magnitudes | None = None
    """Sizes of the numbers of a table, to recognise other units; None for images, and in older saved models."""

    @property
    def n_columns(self) -> int:
        return len(self.dtypes)

    @property
    def n_floats(self) -> int:
        return len(self.float_columns)

    @property
    def is_mixed(self) -> bool:
        """Whether there is more than numbers: categories, dates, booleans or masks."""
        return any(not isinstance(kind, Numeric | Ignored) for kind in self.kinds)

    @property
    def bounded(self) -> bool:
        """Whether this is a table of numbers or images, with every encoded float of the training rows in [0, 1]."""
        return not self.is_mixed and all(kind.bounded for kind in self.kinds if isinstance(kind, Numeric))

    @property
    def pixel_range(self) -> tuple[float, float] | None:
        """Values of black and white in the user's units; None where the data are not pixels."""
        kind = self.kinds[0]
        if not isinstance(kind, Numeric):
            return None
        # The median, because a hot pixel has a black and a white of its own.
        if self.unit == FROM_MEAN and kind.extent is not None:
            return float(np.median(kind.extent.low)), float(np.median(kind.extent.high))
        if self.unit != PIXELS:
            return None
        return float(np.median(kind.offset)), float(np.median(kind.offset + kind.scale))

    @property
    def floats_are_pixels(self) -> bool:
        """Whether an encoded float is a pixel's brightness in [0, 1]."""
        return self.unit == PIXELS and isinstance(self.kinds[0], Numeric)

    @cached_property
    def learned_columns(self) -> list[int]:
        """The columns that have floats."""
        return np.unique(self.float_columns).tolist()

    @cached_property
    def constant_columns(self) -> dict[int, Ignored]:
        """The columns that are ignored because they were constant -> their kinds, which hold the constants."""
        return {int(k.columns[0]): k for k in self.kinds if isinstance(k, Ignored) and k.value is not None}

    @property
    def ignored_columns(self) -> dict[str, str]:
        """Columns that are not learned from -> the reason in a few words; they are returned unchanged."""
        names = self.feature_names
        aside = {int(k.columns[0]): k.reason for k in self.kinds if isinstance(k, Ignored)}
        if self.names is not None and self.image_shape is None:
            for kind in self.kinds:
                if isinstance(kind, Numeric):
                    aside |= {int(column): CONSTANT for column in kind.columns[kind.constant]}
        return {names[column]: aside[column] for column in sorted(aside)}

    @property
    def column_types(self) -> dict[str, str]:
        """Each learned column -> its kind in a word: "numeric", "category", "date", ..."""
        words = {
            int(i): k.word
            for k in self.kinds
            if not isinstance(k, MissingMask | CommonValue | Ignored)
            for i in k.columns
        }
        names, aside = self.feature_names, self.ignored_columns
        return {names[i]: words[i] for i in sorted(words) if names[i] not in aside}

    @property
    def left_out(self) -> dict[str, str]:
        """Return `ignored_columns`, under its name before version 0.2."""
        return _renamed("left_out", "ignored_columns", self.ignored_columns)

    @property
    def kind_words(self) -> dict[str, str]:
        """Return `column_types`, under its name before version 0.2."""
        return _renamed("kind_words", "column_types", self.column_types)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The column names, or "x0", "x1", ... where there are none; labels such as years as texts."""
        return feature_names(self.names, self.labels, self.n_columns)

    @cached_property
    def number_columns(self) -> dict[int, np.dtype]:
        """The columns whose cells must be numbers or dates as at the fit -> their dtypes.

        Levels are compared by their texts, whatever their type.
        """
        numbers = (kind for kind in self.kinds if kind.loss in ("square", "binary"))
        return {i: np.dtype(self.dtypes[i]) for kind in numbers for i in kind.columns.tolist()}

    @cached_property
    def float_columns(self) -> np.ndarray:
        """The column that each float belongs to, integers (n_floats,)."""
        return np.concatenate([kind.float_columns for kind in self.kinds])

    @property
    def float_names(self) -> tuple[str, ...]:
        """Meaning of each float: "age", "sex = male", "age is missing", "when: sine of the day"."""
        names = self.feature_names
        return tuple(
            names[i] + word for kind in self.kinds for i, word in zip(kind.float_columns, kind.float_words, strict=True)
        )

    def float_slices(self) -> list[tuple[ColumnKind, slice]]:
        """Return each kind with the slice of its floats."""
        return list(self._float_slices)

    @cached_property
    def _float_slices(self) -> list[tuple[ColumnKind, slice]]:
        ends = np.cumsum([len(kind.float_columns) for kind in self.kinds])
        return [
            (kind, slice(int(end) - len(kind.float_columns), int(end)))
            for kind, end in zip(self.kinds, ends, strict=True)
        ]


def _renamed(old: str, new: str, value: dict[str, str]) -> dict[str, str]:
    warn(f"Schema.{old} is now Schema.{new}; the old name will be removed.", DeprecationWarning)
    return value

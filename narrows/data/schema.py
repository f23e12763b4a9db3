"""The schema: learned from the training rows, it turns rows into floats and floats into rows."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np

from narrows.data.kinds import KINDS, ColumnKind, Numeric
from narrows.data.memory import by, give_back
from narrows.data.rows import Columns, Container, Layout, Rows
from narrows.data.statistics import Statistics, measure
from narrows.errors import DataRangeError, MissingValuesError, SchemaMismatchError, SettingError

Scale = Literal["auto", "standard", "minmax", "none"]
Missing = Literal["error", "mean"]

_PIXELS = "pixels in [0, 1]"
_OWN = "the data's own units"


@dataclass(frozen=True, eq=False)
class Schema:
    """How rows of one kind become floats (n, n_floats), float32, and how floats become rows again.

    The floats of the kinds lie one kind after another. Learn one with `learn`; it never changes.
    """

    kinds: tuple[ColumnKind, ...]
    names: tuple[str, ...] | None
    image_shape: tuple[int, int, int] | None
    layout: Layout
    container: Container
    dtypes: tuple[str, ...]
    missing: Missing
    unit: str
    """What one unit of an encoded float is."""

    @classmethod
    def learn(
        cls,
        rows: Rows,
        *,
        scale: Scale = "auto",
        missing: Missing = "error",
        sample_weight: np.ndarray | None = None,
    ) -> Schema:
        """Learn the schema of the training rows.

        Parameters
        ----------
        rows : Rows
        scale : {"auto", "standard", "minmax", "none"}, default "auto"
            "auto": images become pixels in [0, 1] (uint8 / 255, uint16 / 65535, data already in [0, 1] as
            they are, other images by the smallest and largest pixel of the whole set); a table whose every
            value lies in [0, 1] stays as it is; every column of another table is standardised.
            "standard", "minmax": per column. "none": as it is.
        missing : {"error", "mean"}, default "error"
            What to do with NaN. "mean" fills in the training mean of the column. Infinity is always an error.
        sample_weight : array (n,), optional
            Weight of each row in the statistics; rows of weight 0 do not count at all.

        Raises
        ------
        MissingValuesError
            Infinity; NaN where ``missing="error"``; a column of nothing but NaN.
        DataRangeError
            A column spans more than float64 can express.
        SettingError
            Unknown ``scale`` or ``missing``.
        """
        _check_choice("scale", scale, Scale)
        _check_choice("missing", missing, Missing)
        _check_finite(rows, missing)
        kind, unit = _learn_numeric(rows, measure(rows, sample_weight), scale)
        return cls(
            kinds=(kind,),
            names=rows.names,
            image_shape=rows.image_shape,
            layout=rows.layout,
            container=rows.container,
            dtypes=rows.dtypes,
            missing=missing,
            unit=unit,
        )

    @property
    def n_columns(self) -> int:
        return len(self.dtypes)

    @property
    def n_floats(self) -> int:
        return len(self.float_columns)

    @property
    def bounded(self) -> bool:
        """Whether every encoded float of the training rows lies in [0, 1]."""
        return all(kind.bounded for kind in self.kinds)

    @property
    def pixel_range(self) -> tuple[float, float] | None:
        """What black and white are in the user's units; None where the data are not pixels."""
        kind = self.kinds[0]
        if self.unit != _PIXELS or not isinstance(kind, Numeric):
            return None
        return float(kind.offset[0]), float(kind.offset[0] + kind.scale[0])

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The column names, or "x0", "x1", ... where there are none."""
        return self.names or tuple(f"x{i}" for i in range(self.n_columns))

    @cached_property
    def float_columns(self) -> np.ndarray:
        """The column that each float belongs to, integers (n_floats,)."""
        return np.concatenate([kind.float_columns for kind in self.kinds])

    def encode(self, rows: Rows, *, who: str = "narrows") -> np.ndarray:
        """Rows as floats (n, n_floats), float32, C-contiguous, in a new array.

        ``who`` is what the messages call the model.

        Raises
        ------
        SchemaMismatchError
            Other columns or images than at the fit, or pixels in other units.
        MissingValuesError
            Infinity, or NaN where the schema was learned with ``missing="error"``.
        DataRangeError
            A value that float32 cannot hold once it is scaled.
        """
        self.check(rows, who=who)
        floats = np.empty((len(rows), self.n_floats), dtype=np.float32)
        for chunk in rows.chunks():
            self.encode_chunk(rows, chunk, out=floats[chunk])
        return floats

    def check(self, rows: Rows, *, who: str = "narrows") -> None:
        """Raise what `encode` raises, save DataRangeError, without encoding anything."""
        self.check_columns(rows, who=who)
        _check_finite(rows, self.missing)
        self._check_pixel_units(rows)

    def encode_chunk(self, rows: Rows, chunk: slice, *, out: np.ndarray) -> None:
        """Write the floats of a slice of rows that `check` has passed into `out` (n, n_floats); DataRangeError."""
        for kind, place in self._places():
            # Choosing columns copies, so all of them in their order are not chosen.
            columns = None if np.array_equal(kind.columns, np.arange(rows.n_columns)) else kind.columns
            with np.errstate(over="ignore", under="ignore"):
                out[:, place] = kind.encode(rows.block(columns, chunk))
        self._check_range(out, rows, chunk.start)

    def decode(self, floats: np.ndarray, *, like: Rows | None = None) -> Any:
        """Floats (n, n_floats) as the user's container: names, dtypes, index and image layout as at the fit.

        With ``like``, in that container and layout, under its index.
        """
        rows = self.decode_rows(floats)
        if like is not None:
            rows = replace(
                rows,
                container=like.container,
                layout=like.layout if self.image_shape else rows.layout,
                names=like.names or (rows.names if like.container != "pandas" else None),
                index=like.index if len(like) == len(rows) else None,
                column_labels=like.column_labels,
            )
        return give_back(rows)

    def decode_rows(self, floats: np.ndarray) -> Rows:
        """Floats (n, n_floats) as Rows; whole numbers are rounded and clipped, bool is true from 0.5 on."""
        floats = np.asarray(floats)
        n = len(floats)
        mixed = len(set(self.dtypes)) > 1
        dtypes = [np.dtype(name) for name in self.dtypes]
        if mixed:
            values: Columns = tuple(np.empty(n, dtype) for dtype in dtypes)
        else:
            values = np.empty((n, self.n_columns), dtypes[0])
        rows = Rows(values, self.names, self.image_shape, self.layout, self.container)
        for chunk in rows.chunks():
            for kind, place in self._places():
                block = kind.decode(floats[chunk, place])
                if isinstance(values, tuple):
                    for i, column in zip(kind.columns, block.T, strict=True):
                        values[i][chunk] = _cast(column, dtypes[i])
                else:
                    values[chunk, kind.columns] = _cast(block, dtypes[0])
        return rows

    def check_columns(self, rows: Rows, *, who: str = "narrows") -> None:
        """Raise SchemaMismatchError, in scikit-learn's words, unless the rows have the columns of the fit.

        Warns, as scikit-learn does, where only one side has column names.
        """
        if self.names is None and rows.names is not None:
            warnings.warn(f"X has feature names, but {who} was fitted without feature names", stacklevel=3)
        elif self.names is not None and rows.names is None:
            warnings.warn(f"X does not have valid feature names, but {who} was fitted with feature names", stacklevel=3)
        elif self.names != rows.names:
            raise SchemaMismatchError(_names_message(self.names or (), rows.names or ()))
        if rows.image_shape is not None and rows.image_shape != self.image_shape:
            expected = f"images of {by(self.image_shape)}" if self.image_shape else "a table, not images,"
            raise SchemaMismatchError(
                f"{expected} expected by {who}, but {rows.source} has images of {by(rows.image_shape)}; "
                "give it the kind of rows that it was fitted on."
            )
        if rows.n_columns != self.n_columns:
            raise SchemaMismatchError(
                f"X has {rows.n_columns} features, but {who} is expecting {self.n_columns} features as input."
            )

    def describe(self) -> dict:
        """What JSON can hold of the schema; with `arrays`, all of it."""
        same = len(set(self.dtypes)) == 1
        return {
            "n_columns": self.n_columns,
            "names": None if self.names is None else list(self.names),
            "dtypes": self.dtypes[0] if same else list(self.dtypes),
            "image_shape": None if self.image_shape is None else list(self.image_shape),
            "layout": self.layout,
            "container": self.container,
            "missing": self.missing,
            "unit": self.unit,
            "kinds": [kind.describe() for kind in self.kinds],
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """The learned numbers, named "0.offset" and so on, after the kind's place."""
        return {f"{i}.{key}": a for i, kind in enumerate(self.kinds) for key, a in kind.arrays().items()}

    @classmethod
    def restore(cls, description: dict, arrays: dict[str, np.ndarray]) -> Schema:
        """The inverse of `describe` and `arrays`. Raises ValueError, KeyError or TypeError on nonsense."""
        n, dtypes, names, image_shape = (description[k] for k in ("n_columns", "dtypes", "names", "image_shape"))
        dtypes = (dtypes,) * n if isinstance(dtypes, str) else tuple(dtypes)
        kinds = tuple(
            KINDS[told["kind"]].restore(
                told, {key.split(".", 1)[1]: a for key, a in arrays.items() if key.startswith(f"{i}.")}
            )
            for i, told in enumerate(description["kinds"])
        )
        covered = np.sort(np.concatenate([kind.columns for kind in kinds]))
        if len(dtypes) != n or not np.array_equal(covered, np.arange(n)):
            raise ValueError(f"the schema's columns are not 0 to {n - 1}")
        if any(not isinstance(name, str) or np.dtype(name).kind not in "biuf" for name in dtypes):
            raise ValueError("the schema names a dtype that is not numeric")
        if names is not None and (len(names) != n or not all(isinstance(name, str) for name in names)):
            raise ValueError(f"the schema's names are not {n} texts")
        if image_shape is not None:
            height, width, channels = (int(size) for size in image_shape)
            if height * width * channels != n:
                raise ValueError(f"images of {by(image_shape)} do not have {n} pixels")
            image_shape = (height, width, channels)
        for key, choices in (("layout", Layout), ("container", Container), ("missing", Missing)):
            _check_choice(key, description[key], choices)
        return cls(
            kinds=kinds,
            names=None if names is None else tuple(names),
            image_shape=image_shape,
            layout=description["layout"],
            container=description["container"],
            dtypes=dtypes,
            missing=description["missing"],
            unit=str(description["unit"]),
        )

    def _places(self) -> list[tuple[ColumnKind, slice]]:
        """Each kind with the slice of floats that is its own."""
        ends = np.cumsum([len(kind.float_columns) for kind in self.kinds])
        return [
            (kind, slice(int(end) - len(kind.float_columns), int(end)))
            for kind, end in zip(self.kinds, ends, strict=True)
        ]

    def _check_pixel_units(self, rows: Rows) -> None:
        """Refuse the commonest slip with images: two of 0 to 1, 0 to 255 and 0 to 65535 at the fit and at use."""
        if self.pixel_range is None or rows.image_shape is None:
            return
        bright = self.pixel_range[1]
        largest = max(float(rows.block(rows=chunk).max()) for chunk in rows.chunks())
        whole = np.dtype(rows.dtypes[0]).kind in "iu"
        # Noisy pixels may leave the range of the fit by a little, so only another scale is refused.
        if (
            (bright >= 255 and 0 < largest <= 1 and not whole)
            or (bright == 1 and (largest > 50 or (whole and largest > 1)))
            or (bright == 255 and whole and largest > 255)
            or (bright == 65535 and rows.dtypes[0] == "uint8")
        ):
            raise SchemaMismatchError(
                f"{rows.source} has pixels up to {largest:.4g}, but the model was fitted on pixels from "
                f"{self.pixel_range[0]:.4g} to {bright:.4g}; bring them to the same units."
            )

    def _check_range(self, floats: np.ndarray, rows: Rows, start: int) -> None:
        if not np.isfinite(floats).all():
            row, place = np.argwhere(~np.isfinite(floats))[0]
            column = int(self.float_columns[place])
            value = rows.block(np.array([column]))[start + row, 0]
            raise DataRangeError(
                f"{_cell(rows, start + row, column)} holds {value:.6g}, which does not fit into "
                "32-bit floats once it is scaled; rescale the column or leave the row out."
            )


def _learn_numeric(rows: Rows, found: Statistics, scale: Scale) -> tuple[Numeric, str]:
    low, high, mean = found.low, found.high, found.mean
    ones, zeros = np.ones(rows.n_columns), np.zeros(rows.n_columns)
    inside = bool((low >= 0).all() and (high <= 1).all())
    constant = found.constant
    if scale == "none" or (scale == "auto" and inside):
        offset, width, bounded = zeros, ones, inside
        unit = _PIXELS if inside and rows.image_shape else _OWN
    elif scale == "auto" and rows.image_shape is not None:
        dark, bright = _pixel_range(rows, float(low.min()), float(high.max()))
        offset, width, bounded, unit = dark * ones, (bright - dark) * ones, True, _PIXELS
    elif scale == "minmax":
        with np.errstate(over="ignore"):
            offset, width, bounded, unit = low, high - low, True, "parts of the column's range"
    else:
        offset, width, bounded, unit = mean, found.spread, False, "standard deviations"
    if not np.isfinite(width).all():
        column = rows.feature_names[int(np.flatnonzero(~np.isfinite(width))[0])]
        raise DataRangeError(f"Column {column!r} of {rows.source} spans more than 64-bit floats can express.")
    if rows.image_shape is not None and scale in ("auto", "none"):
        constant = np.zeros_like(constant)  # a border pixel that was black in training may be lit later
    width = np.where(constant & (width == 0), 1.0, np.maximum(width, np.finfo(np.float64).tiny))
    kind = Numeric(
        columns=np.arange(rows.n_columns),
        offset=offset,
        scale=width,
        fill=mean,
        constant=constant,
        bounded=bounded,
    )
    return kind, unit


def _pixel_range(rows: Rows, low: float, high: float) -> tuple[float, float]:
    """The values that black and white stand for."""
    of_dtype = {"uint8": (0.0, 255.0), "uint16": (0.0, 65535.0)}
    dtype = rows.dtypes[0]
    if dtype in of_dtype:
        return of_dtype[dtype]
    return (low, high) if high > low else (low, low + 1.0)


def _cast(block: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if dtype.kind == "b":
        return block >= 0.5
    if dtype.kind == "f":
        limits = np.finfo(dtype)
        return block.astype(dtype) if limits.bits >= 64 else block.clip(limits.min, limits.max).astype(dtype)
    limits = np.iinfo(dtype)
    top = float(limits.max)
    if int(top) > limits.max:  # 2**63 - 1 is not a float64
        top = float(np.nextafter(top, 0))
    return np.rint(block).clip(limits.min, top).astype(dtype)


def _check_finite(rows: Rows, missing: Missing) -> None:
    """Raise MissingValuesError where infinity stands, or NaN that may not be there."""
    if all(np.dtype(name).kind != "f" for name in set(rows.dtypes)):
        return
    n_rows, first, is_gap = 0, None, False
    for chunk in rows.chunks():
        block = rows.block(rows=chunk)
        offending = np.isinf(block) if missing == "mean" else ~np.isfinite(block)
        affected = offending.any(axis=1)
        if first is None and affected.any():
            row, column = (int(i) for i in np.argwhere(offending)[0])
            first, is_gap = (chunk.start + row, column), bool(np.isnan(block[row, column]))
        n_rows += int(affected.sum())
    if first is None:
        return
    what = "NaN (a missing value)" if is_gap else "infinity"
    advice = (
        'fill them with missing="mean" or drop those rows (in the shell: --missing mean or --missing drop)'
        if is_gap
        else "replace it or leave the row out"
    )
    rows_affected = "1 row is" if n_rows == 1 else f"{n_rows} rows are"
    raise MissingValuesError(
        f"{_cell(rows, *first)} holds {what}, and {rows_affected} affected of {len(rows)}; {advice}."
    )


def _cell(rows: Rows, row: int, column: int) -> str:
    return f"Column {rows.feature_names[column]!r}, {rows.row_name(row)} of {rows.source}"


def _names_message(fitted: tuple[str, ...], given: tuple[str, ...]) -> str:
    """What scikit-learn's _check_feature_names says, because its tests match the words."""

    def listed(names: set[str]) -> str:
        lines = [f"- {name}\n" for name in sorted(names)[:5]]
        return "".join(lines) + ("- ...\n" if len(names) > 5 else "")

    message = "The feature names should match those that were passed during fit.\n"
    unseen, gone = set(given) - set(fitted), set(fitted) - set(given)
    if unseen:
        message += "Feature names unseen at fit time:\n" + listed(unseen)
    if gone:
        message += "Feature names seen at fit time, yet now missing:\n" + listed(gone)
    if not unseen and not gone:
        message += "Feature names must be in the same order as they were in fit.\n"
    return message


def _check_choice(name: str, value: object, choices: Any) -> None:
    if value not in get_args(choices):
        listed = ", ".join(repr(choice) for choice in get_args(choices))
        raise SettingError(f"{name}={value!r} is not known; choose one of {listed}.")

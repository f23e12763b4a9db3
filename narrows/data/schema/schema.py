"""The schema: learned from the training rows, it turns rows into floats and floats into rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

import numpy as np

from narrows.data.containers import to_container
from narrows.data.frames.column_labels import Labels
from narrows.data.frames.columns import ColumnType, is_missing
from narrows.data.kinds import KINDS, Category, ColumnKind, CommonValue, Ignored, MissingMask, Numeric, Quantile
from narrows.data.rows import Container, Layout, Rows, size_text
from narrows.data.schema.alignment import by_name, by_position, check_image_shape
from narrows.data.schema.decoding import decoded, filled
from narrows.data.schema.kind_inference import learn_kinds
from narrows.data.schema.large_integers import with_numbers
from narrows.data.schema.layout import Missing, SchemaLayout
from narrows.data.schema.loss_weights import mask_indices
from narrows.data.schema.magnitudes import Magnitudes
from narrows.data.schema.pixel_units import check_pixel_units
from narrows.data.schema.row_checks import (
    cell_name,
    check_booleans,
    check_cells,
    check_columns,
    check_kinds,
    check_units,
    check_zones,
    without_invalid,
)
from narrows.data.schema.scaling import Scale
from narrows.data.schema.unknown_levels import UnknownLevels
from narrows.errors import DataRangeError, SettingError


@dataclass(frozen=True, eq=False)
class Schema(SchemaLayout):
    """Encodes rows as floats (n, n_floats), float32, and decodes floats as rows.

    Learned from training rows with `learn`; it never changes. Its fields and facts are those of `SchemaLayout`.
    """

    @classmethod
    def learn(
        cls,
        rows: Rows,
        *,
        scale: Scale = "auto",
        missing: Missing = "mask",
        categorical: Sequence[str] = (),
        sample_weight: np.ndarray | None = None,
    ) -> Schema:
        """Learn the schema of the training rows.

        Parameters
        ----------
        rows : Rows
        scale : {"auto", "standard", "minmax", "quantile", "none"}, default "auto"
            "auto": images become pixels in [0, 1]. Those that use at least half of 0..255, 0..1023, 0..4095, 0..16383,
            0..65535 (uint8 and uint16) or 0..1 are scaled by it, others by the smallest and largest pixel of the
            whole set, without a few positions that are far from all others. Images that differ little from
            their mean by that measure are centred on it and divided by the standard deviation of all pixels. A table
            of numbers in [0, 1] stays as it is where every column is wide (a standard deviation of at least 0.1),
            where it is all zeros and ones, or where it looks like flattened pictures (those of 0 to 255 are divided by
            255; see `narrows.data.schema.common_unit`); every number column of another table is standardised, or where
            it is skewed and the table has other kinds or missing cells, normalised by its quantiles.
            "standard", "minmax": per column. "quantile": per column, the normal score of its rank, as skewed columns
            have it; for tables. "none": as it is.
        missing : {"mask", "error", "mean"}, default "mask"
            How to treat missing cells. "mask" adds a mask to each column that has some, "mean" fills in the training
            mean of the column. Infinity is always an error, as is a missing cell in an image under "mask".
        categorical : names, default ()
            Columns to encode as categories.
        sample_weight : array (n,), optional
            Weight of each row in the statistics; rows of weight 0 do not count at all.

        Raises
        ------
        MissingValuesError
            Infinity; a missing cell where ``missing="error"``; a column of nothing but NaN in an array.
        DataRangeError
            A column spans more than float64 can express.
        DataError
            No column is left to learn from.
        SettingError
            Unknown ``scale``, ``missing`` or ``categorical``; quantiles of images.
        """
        _check_choice("scale", scale, Scale)
        _check_choice("missing", missing, Missing)
        check_cells(rows, missing)
        rows = with_numbers(rows, categorical)
        kinds, unit = learn_kinds(
            rows,
            scale=scale,
            with_masks=missing == "mask",
            categorical=categorical,
            sample_weight=sample_weight,
        )
        return cls(
            kinds=kinds,
            names=rows.names,
            image_shape=rows.image_shape,
            layout=rows.layout,
            container=rows.container,
            dtypes=rows.dtypes,
            missing=missing,
            unit=unit,
            types=rows.types,
            delimiter=rows.delimiter,
            labels=None if rows.column_labels is None or rows.column_labels.is_plain else rows.column_labels,
            magnitudes=_magnitudes(kinds, rows, sample_weight),
        )

    @cached_property
    def mask_indices(self) -> np.ndarray:
        """For each float, the index of the mask under which the loss ignores it; -1 where it never does.

        A mask tells that the cell is missing, or that a number is the column's common value.
        """
        return mask_indices(self)

    def observed(self, floats: np.ndarray) -> np.ndarray:
        """Return which encoded floats (n, n_floats) count: those of cells that are there, and masks; bool."""
        present = floats[:, self.mask_indices] < 0.5
        present[:, self.mask_indices < 0] = True
        return present

    def sum_by_column(self, floats: np.ndarray) -> np.ndarray:
        """Return the sums over the floats of each column: (..., n_floats) -> (..., n_columns)."""
        if np.array_equal(self.float_columns, np.arange(self.n_columns)):
            return floats
        order = np.argsort(self.float_columns, kind="stable")
        columns, starts = np.unique(self.float_columns[order], return_index=True)
        sums = np.zeros((*floats.shape[:-1], self.n_columns), dtype=floats.dtype)
        sums[..., columns] = np.add.reduceat(floats[..., order], starts, axis=-1)
        return sums

    def changed_constants(self, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Return the columns (k,) ignored as constant, and where rows have another value there, bool (n, k)."""
        constant = self.constant_columns
        found = np.zeros((len(rows), len(constant)), dtype=bool)
        for place, (column, kind) in enumerate(constant.items()):
            found[:, place] = kind.differs(rows.column(column))
        return np.array(list(constant), dtype=np.intp), found

    def unknown_levels(self, rows: Rows) -> UnknownLevels:
        """Return where rows have a level that the training rows lack."""
        return UnknownLevels.of([kind for kind in self.kinds if isinstance(kind, Category)], rows)

    def align(self, rows: Rows) -> Rows:
        """Return rows in the form of the fit: its columns by name and in its order.

        Rows without names are taken in the order of the fit, and a note says so. Columns that the model did not learn
        from may be absent, and are empty then.

        Raises
        ------
        SchemaMismatchError
            Images of another shape, or columns of the fit that are absent.
        """
        check_image_shape(rows, self.image_shape)
        if self.names is None:
            return by_position(rows, None, self.n_columns)
        if rows.names is not None:
            return by_name(rows, self.names, self.learned_columns)
        if rows.n_columns == len(self.learned_columns) < self.n_columns:
            named = by_position(rows, [self.names[i] for i in self.learned_columns], rows.n_columns)
            return by_name(named, self.names, self.learned_columns)
        return by_position(rows, self.names, self.n_columns)

    def encode(self, rows: Rows, *, who: str = "narrows", units: bool = True) -> np.ndarray:
        """Encode rows as floats (n, n_floats), float32, C-contiguous, in a new array.

        ``who`` is the name of the model in messages; ``units`` whether to warn of columns in other units than during
        fit.

        Raises
        ------
        SchemaMismatchError
            Other columns or images than during fit, or pixels in other units.
        MissingValuesError
            Infinity, or NaN where the schema was learned with ``missing="error"``.
        DataRangeError
            A value that float32 cannot hold once it is scaled.
        """
        self.check(rows, who=who, units=units)
        floats = np.empty((len(rows), self.n_floats), dtype=np.float32)
        for chunk in rows.chunks():
            self.encode_chunk(rows, chunk, out=floats[chunk])
        return floats

    def check(self, rows: Rows, *, who: str = "narrows", units: bool = True) -> None:
        """Raise the errors of `encode`, except DataRangeError, without encoding anything.

        Warns of missing cells in new places and, with ``units``, of columns in other units than during fit.
        """
        check_columns(self, rows, who=who)
        check_kinds(self, rows, who=who)
        check_booleans(self, rows, who=who)
        check_zones(self, rows, who=who)
        masked = [int(i) for kind in self.kinds if isinstance(kind, MissingMask) for i in kind.columns]
        check_cells(without_invalid(rows), self.missing, columns=self.learned_columns, masked=masked)
        check_pixel_units(self, rows)
        if units:
            check_units(self, rows)

    def encode_chunk(self, rows: Rows, chunk: slice, *, out: np.ndarray) -> None:
        """Write the floats of a slice of rows that `check` accepted into `out` (n, n_floats).

        Raises DataRangeError for values that float32 cannot hold.
        """
        for kind, place in self.float_slices():
            with np.errstate(over="ignore", under="ignore"):
                out[:, place] = kind.encode(self._block(kind, rows, chunk))
        if not np.isfinite(out).all():
            row, place = np.argwhere(~np.isfinite(out))[0]
            row, column = int(chunk.start + row), int(self.float_columns[place])
            raise DataRangeError(
                f"{cell_name(rows, row, column)} holds {_text(rows.column(column)[row])}, which does not fit into "
                "32-bit floats once it is scaled; rescale the column or leave the row out.",
                column=rows.feature_names[column],
            )

    def decode(self, floats: np.ndarray, *, like: Rows | None = None, with_missing: bool = False) -> Any:
        """Decode floats (n, n_floats) to the user's container, with names, dtypes, index and image layout of the fit.

        With ``like``, in its container and layout, under its index, and with its ignored columns.
        With ``with_missing``, cells are missing where their masks say so.
        """
        return to_container(decoded(self, np.asarray(floats), like=like, with_missing=with_missing))

    def decode_rows(self, floats: np.ndarray, *, like: Rows | None = None, with_missing: bool = False) -> Rows:
        """Return `decode` as Rows."""
        return decoded(self, np.asarray(floats), like=like, with_missing=with_missing)

    def fill(self, rows: Rows, floats: np.ndarray) -> Rows:
        """Return the rows with missing cells filled from floats (n, n_floats); all other cells stay the same."""
        return filled(self, rows, floats)

    def describe(self) -> dict:
        """Return the part of the schema that JSON can hold; `arrays` has the rest."""
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
            **({} if self.types is None else {"types": [kind and kind.describe() for kind in self.types]}),
            **({} if self.delimiter == "," else {"delimiter": self.delimiter}),
            **({} if self.labels is None else {"labels": self.labels.describe()}),
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the learned numbers under names such as "0.offset": index of the kind, then its own name."""
        found = {f"{i}.{key}": a for i, kind in enumerate(self.kinds) for key, a in kind.arrays().items()}
        if self.magnitudes is not None:
            found |= {f"magnitudes.{key}": a for key, a in vars(self.magnitudes).items()}
        return found

    @classmethod
    def restore(cls, description: dict, arrays: dict[str, np.ndarray]) -> Schema:
        """Return the inverse of `describe` and `arrays`; raise ValueError, KeyError or TypeError on nonsense."""
        n, dtypes, names, image_shape = (description[k] for k in ("n_columns", "dtypes", "names", "image_shape"))
        of_kind: dict[str, dict[str, np.ndarray]] = {}
        for key, array in arrays.items():
            i, _, name = key.partition(".")
            of_kind.setdefault(i, {})[name] = array
        kinds = tuple(
            KINDS[stored["kind"]].restore(stored, of_kind.get(str(i), {}))
            for i, stored in enumerate(description["kinds"])
        )
        covered = np.sort(
            np.concatenate([kind.columns for kind in kinds if not isinstance(kind, MissingMask | CommonValue)])
        )
        if type(n) is not int or n != len(covered):  # before anything of that length is made
            raise ValueError(f"the schema's columns are not {n}")
        dtypes = (dtypes,) * n if isinstance(dtypes, str) else tuple(dtypes)
        masked = [column for kind in kinds if isinstance(kind, MissingMask | CommonValue) for column in kind.columns]
        if len(dtypes) != n or not np.array_equal(covered, np.arange(n)) or not set(masked) <= set(range(n)):
            raise ValueError(f"the schema's columns are not 0 to {n - 1}")
        texts = {int(i) for kind in kinds if isinstance(kind, Category | Ignored) for i in kind.columns}
        for i, name in enumerate(dtypes):
            if not isinstance(name, str) or np.dtype(name).kind not in ("biufMO" if i in texts else "biufM"):
                raise ValueError("the schema names a dtype that no column of that kind has")
        types = description.get("types")
        if types is not None and len(types) != n:
            raise ValueError(f"the schema's types are not {n}")
        if names is not None and (len(names) != n or not all(isinstance(name, str) for name in names)):
            raise ValueError(f"the schema's names are not {n} texts")
        if image_shape is not None:
            height, width, channels = (int(size) for size in image_shape)
            if height * width * channels != n:
                raise ValueError(f"images of {size_text(image_shape)} do not have {n} pixels")
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
            types=None
            if types is None
            else tuple(None if kind is None else ColumnType.restore(kind) for kind in types),
            delimiter=_checked_delimiter(description.get("delimiter", ",")),
            labels=Labels.restore(description["labels"]) if "labels" in description else None,
            magnitudes=Magnitudes.restore(arrays, n) if "magnitudes.columns" in arrays else None,
        )

    def _block(self, kind: ColumnKind, rows: Rows, chunk: slice) -> np.ndarray:
        """Return the block of a slice of rows that a kind encodes; for masks, where cells are missing."""
        if isinstance(kind, MissingMask):
            return np.column_stack([is_missing(rows.column(i, chunk)) for i in kind.columns])
        if len(kind.columns) == 1:
            block = rows.column(int(kind.columns[0]), chunk)[:, None]
        else:
            # Choosing columns copies, so all of them in their order are not chosen.
            chosen = None if np.array_equal(kind.columns, np.arange(rows.n_columns)) else kind.columns
            block = rows.block(chosen, chunk)
        if kind.loss in ("square", "binary"):
            wanted = np.dtype(self.dtypes[kind.columns[0]])
            if (wanted.kind == "M") != (block.dtype.kind == "M"):  # missing cells only, which any dtype can hold
                return np.full(block.shape, np.datetime64("NaT"), wanted)
            return block.astype(np.float64) if block.dtype.kind == "O" else block
        return block


def _checked_delimiter(delimiter: object) -> str:
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '\r\n"':
        raise ValueError("the delimiter of the schema's file is not one character")
    return delimiter


def _magnitudes(kinds: Sequence[ColumnKind], rows: Rows, sample_weight: np.ndarray | None) -> Magnitudes | None:
    if rows.image_shape is not None:
        return None
    dtypes = rows.dtypes
    columns = [int(i) for kind in kinds if isinstance(kind, Numeric | Quantile) for i in kind.columns]
    columns = [i for i in sorted(columns) if np.dtype(dtypes[i]).kind in "iuf"]
    return Magnitudes.learn(rows, np.array(columns), sample_weight) if columns else None


def _check_choice(name: str, value: object, choices: Any) -> None:
    if value not in get_args(choices):
        listed = ", ".join(repr(choice) for choice in get_args(choices))
        raise SettingError(f"{name}={value!r} is not known; choose one of {listed}.")


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)

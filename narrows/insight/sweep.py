"""Sweeps: the same fit with several code sizes, depths or shares of the rows."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import torch

from narrows.data import Rows, Schema, as_rows
from narrows.errors import DataError, NarrowsError, SettingError, warn
from narrows.estimators.fitting.parallel import in_parallel
from narrows.estimators.parameters.resolution import learn_schema, resolve
from narrows.insight.baselines import PCABaseline, mean_baseline
from narrows.insight.measure import n_active, observed, squared_error
from narrows.insight.refits import check_autoencoder, fresh_copy
from narrows.insight.sweep_values import Over, checked_values, default_values, label_of, settings_of
from narrows.training import distinct_rows

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

_AXES: dict[str, str] = {
    "n_components": "code size (n_components)",
    "depth": "depth (hidden layers on each side of the code)",
    "share": "share of the training rows",
}
_HELD_OUT, _MOST_HELD_OUT = 0.2, 10_000
_LEAST_FALL = 0.03  # of the first error; a smaller decrease is noise
_LEAST_BEND = 0.1  # distance to the chord in the unit square; a straighter curve has no knee


@dataclass(frozen=True)
class SweepPoint:
    """Fits with one value of the varied setting, one for each seed.

    Parameters
    ----------
    value : float
        Value of the varied setting.
    label : str
        The value as text: "8", "128, 64", "25%".
    held_out, training : tuple of float
        Squared error per row in encoded floats for each seed, on held-out rows and on training rows.
    pca, mean_row : float
        The same error of PCA with as many components (for a top-k code: k), and of predicting the mean row, both
        fitted on the same training rows.
    n_rows, n_parameters : int
        Number of training rows, and of weights and biases.
    seconds : float
        Time of all fits.
    """

    value: float
    label: str
    held_out: tuple[float, ...]
    training: tuple[float, ...]
    pca: float
    mean_row: float
    n_rows: int
    n_parameters: int
    seconds: float


@dataclass(frozen=True)
class _Fit:
    """One fit of a point, of one seed; `pca` and `mean_row` are those of the last seed alone."""

    label: str
    held_out: float
    training: float
    pca: float
    mean_row: float
    n_rows: int
    n_parameters: int
    seconds: float


@dataclass(frozen=True, repr=False)
class Sweep:
    """Errors over code size, depth or share of the rows.

    Parameters
    ----------
    over : {"n_components", "depth", "share"}
    points : tuple of SweepPoint
        In ascending order of the value.
    n_held_out : int
        Number of held-out rows, the same for all points.
    """

    over: Over
    points: tuple[SweepPoint, ...]
    n_held_out: int

    @property
    def axis(self) -> str:
        """The varied setting, in words."""
        return _AXES[self.over]

    @property
    def is_logarithmic(self) -> bool:
        """Whether errors are compared, and drawn, by their logarithms: unless one of them is 0."""
        return all(min(*point.held_out, *point.training, point.pca) > 0 for point in self.points)

    @property
    def knee(self) -> float | None:
        """The value beyond which a larger one improves little; None if the curve is too straight."""
        values = np.array([point.value for point in self.points])
        errors = np.array([np.mean(point.held_out) for point in self.points])
        at = knee(values if self.over == "depth" else np.log2(values), errors, logarithmic=self.is_logarithmic)
        return None if at is None else float(values[at])

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return {
            "over": self.over,
            "knee": self.knee,
            "held_out_rows": self.n_held_out,
            "points": [asdict(point) for point in self.points],
        }

    def __str__(self) -> str:
        rows = [_HEADINGS[self.over], *(_cells(point) for point in self.points)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        found = self.knee
        for i, point in enumerate(self.points):
            lines[i + 1] += "  <- knee" if point.value == found else ""
        return "\n".join([f"Squared error per row on {self.n_held_out:,} held-out rows", *lines])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{html.escape(name)}</th>" for name in _HEADINGS[self.over])
        body = "".join(
            f"<tr{' style=font-weight:bold' if point.value == self.knee else ''}>"
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in _cells(point))
            + "</tr>"
            for point in self.points
        )
        heading = f"Squared error per row on {self.n_held_out:,} held-out rows"
        heading += "" if self.knee is None else "; the knee in bold"
        return f"<p>{heading}.</p><table><tr>{heads}</tr>{body}</table>"


def sweep(
    estimator: Autoencoder,
    X: Any,
    *,
    over: Over = "n_components",
    values: Sequence[float] | None = None,
    n_seeds: int = 1,
    random_state: int = 0,
    test: Any = None,
) -> Sweep:
    """Fit copies of `estimator` with one setting varied, and measure all of them on the same held-out rows.

    Where a backend of joblib is set, as by ``joblib.parallel_config("loky", n_jobs=4)`` or
    `narrows.ray.joblib_backend`, several fits run at once.

    Parameters
    ----------
    estimator : Autoencoder
        Fitted or not; only its parameters are used.
    X : like that of `fit`, or Rows
    over : {"n_components", "depth", "share"}, default="n_components"
        The size of the code; the number of hidden layers on each side of it, the first of `hidden_layer_sizes`, each
        further one half as wide; or the share of the training rows.
    values : sequence of numbers or None, default=None
        Default: 1, 2, 4, ... (for a top-k code k, 2k, ...) up to 64 and below the number of columns; 0 to one layer
        more than the estimator has; or 5, 10, 25, 50 and 100 % of the rows, if that is at least ten rows.
    n_seeds : int, default=1
        Number of fits for each value, with seeds `random_state`, `random_state` + 1, ...
    random_state : int, default=0
        Seed, also of the held-out rows and of the shares.
    test : like X, or None
        Rows to measure on. Default: a fifth of X, at most 10,000 rows; equal rows are all on one side.

    Returns
    -------
    Sweep
        All errors have one unit: that of the floats of all training rows.

    Raises
    ------
    DataError, SettingError
        X, `over` or `values` cannot be used. If a later value fails, the sweep ends there with a warning.
    """
    plan = plan_sweep(estimator, X, over=over, values=values, n_seeds=n_seeds, random_state=random_state, test=test)
    points: tuple[SweepPoint, ...] = ()
    try:
        for point in plan.points():
            points = (*points, point)
    except NarrowsError as error:
        if not points:
            raise
        warn(f"The sweep ended after {len(points)} of {len(plan.values)} values: {error}")
    return plan.result(points)


@dataclass(frozen=True, eq=False)
class SweepPlan:
    """A sweep that is ready to run: `points` fits and yields the values one by one."""

    estimator: Autoencoder
    over: Over
    values: tuple[float, ...]
    n_seeds: int
    random_state: int
    known: Rows
    schema: Schema
    training: np.ndarray
    held_out: np.ndarray

    def points(self) -> Iterator[SweepPoint]:
        """Fit for each value, as `sweep` does; stopping the iterator keeps the points computed so far."""
        order = np.random.default_rng([self.random_state, 1]).permutation(len(self.training))
        calls = []
        for value in self.values:
            n_rows = max(1, round(len(order) * value)) if self.over == "share" else len(order)
            # Shares are nested, so that a larger one only adds rows.
            calls += [partial(self._fit, value, np.sort(order[:n_rows]), i) for i in range(self.n_seeds)]
        fits = in_parallel(calls)
        for value in self.values:
            yield _point(value, [next(fits) for _ in range(self.n_seeds)])

    def result(self, points: tuple[SweepPoint, ...]) -> Sweep:
        """Return the sweep of the fitted points."""
        return Sweep(self.over, points, len(self.held_out))

    def _fit(self, value: float, places: np.ndarray, i: int) -> _Fit:
        """Fit and measure a value with the seed of number i."""
        start = time.perf_counter()
        training, rows = self.training[places], self.known.take(places)
        some = training
        if len(training) > _MOST_HELD_OUT:
            some = training[np.random.default_rng([self.random_state, 2]).choice(len(training), _MOST_HELD_OUT, False)]
        model = self._copy(value, self.random_state + i)
        for _ in model.fit_epochs(rows, schema=self.schema):
            pass
        if model.interrupted_:  # an interrupted training is no result
            raise KeyboardInterrupt
        pca = mean_row = 0.0
        if i == self.n_seeds - 1:  # they are the same for all seeds
            counted = observed(model, self.held_out)
            pca = float(PCABaseline.fit(training, n_active(model)).squared_error(self.held_out, counted).mean())
            mean_row = float(mean_baseline(training, self.held_out, counted).mean())
        return _Fit(
            label=label_of(self.over, value, model),
            held_out=float(squared_error(model, self.held_out).mean()),
            training=float(squared_error(model, some).mean()),
            pca=pca,
            mean_row=mean_row,
            n_rows=len(training),
            n_parameters=model.network_.n_parameters,
            seconds=time.perf_counter() - start,
        )

    def _copy(self, value: float, seed: int) -> Autoencoder:
        settings = settings_of(self.over, value, self.estimator, self.training.shape[1], self.schema.image_shape)
        return fresh_copy(self.estimator, random_state=seed, **settings)

    def _refusal(self, value: float) -> SettingError | None:
        """Return the error of building the network of a value, without a fit; None if there is none."""
        model = self._copy(value, 0)
        try:
            with torch.device("meta"):  # allocates nothing
                resolve(model.get_params(deep=False), self.schema, None, generator=None)
        except SettingError as error:
            return error
        return None

    def checked(self, *, drop: bool) -> SweepPlan:
        """Return the plan with the values that a network can have.

        drop : leave out other values, as of default ones; otherwise, or if none is left, raise their SettingError.
        """
        if self.over == "share":
            return self
        refused = {value: error for value in self.values if (error := self._refusal(value)) is not None}
        kept = tuple(value for value in self.values if value not in refused)
        if refused and not (drop and kept):
            raise next(iter(refused.values()))
        return replace(self, values=kept)


def plan_sweep(
    estimator: Autoencoder,
    X: Any,
    *,
    over: Over = "n_components",
    values: Sequence[float] | None = None,
    n_seeds: int = 1,
    random_state: int = 0,
    test: Any = None,
) -> SweepPlan:
    """Check and prepare a sweep; parameters and errors are those of `sweep`."""
    check_autoencoder(estimator)
    if over not in get_args(Over):
        raise SettingError(f"over={over!r} is not known; choose n_components, depth or share.")
    if n_seeds < 1:
        raise SettingError(f"n_seeds must be a whole number from 1, got {n_seeds!r}.")
    if over != "share" and (estimator.encoder is not None or estimator.decoder is not None):
        raise SettingError(f"A sweep over {over} builds networks, and this estimator has given ones; sweep over share.")
    rows = as_rows(X, image_shape=estimator.image_shape)
    known, measured = _split(estimator, rows, None if test is None else as_rows(test), random_state)
    schema = learn_schema(estimator.get_params(deep=False), known)
    training, held_out = schema.encode(known), schema.encode(measured)
    if values is None:
        chosen = default_values(over, estimator, training, schema.image_shape)
    else:
        chosen = checked_values(over, values, len(training))
    plan = SweepPlan(estimator, over, chosen, n_seeds, random_state, known, schema, training, held_out)
    return plan.checked(drop=values is None)


def _point(value: float, fits: Sequence[_Fit]) -> SweepPoint:
    """Return the point of a value from its fits, one for each seed."""
    last = fits[-1]
    return SweepPoint(
        value=float(value),
        label=last.label,
        held_out=tuple(fit.held_out for fit in fits),
        training=tuple(fit.training for fit in fits),
        pca=last.pca,
        mean_row=last.mean_row,
        n_rows=last.n_rows,
        n_parameters=last.n_parameters,
        seconds=sum(fit.seconds for fit in fits),
    )


def knee(x: np.ndarray, y: np.ndarray, *, logarithmic: bool = False) -> int | None:
    """Return the knee of a falling curve: the point farthest below the chord (Satopää et al. 2011, "Kneedle").

    Parameters
    ----------
    x : ndarray of shape (n,), ascending
    y : ndarray of shape (n,)
        Increases count as noise: the running minimum is used.
    logarithmic : bool, default=False
        Whether the curve is that of log y, for y above 0: an error that falls by the same share with every step has
        no knee.

    Returns
    -------
    int or None
        A position; None for fewer than three points, for a curve that hardly falls, and for a nearly straight one.

    >>> knee(np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.array([10.0, 5.0, 1.0, 0.9, 0.8]))
    2
    >>> knee(np.array([0.0, 1.0, 2.0, 3.0]), np.array([8.0, 4.0, 2.0, 1.0]), logarithmic=True) is None
    True
    """
    if len(x) < 3:
        return None
    y = np.minimum.accumulate(y)
    if not y[0] - y[-1] > _LEAST_FALL * abs(y[0]):
        return None
    if logarithmic:
        y = np.log(y)
    below = 1 - (x - x[0]) / (x[-1] - x[0]) - (y - y[-1]) / (y[0] - y[-1])
    at = int(below.argmax())
    return at if below[at] > _LEAST_BEND else None


def _split(estimator: Autoencoder, rows: Rows, test: Rows | None, seed: int) -> tuple[Rows, Rows]:
    """Return rows to fit on and rows to measure on; equal encoded rows are all on one side."""
    rng = np.random.default_rng([seed, 0])
    if test is not None:
        places = np.arange(len(test))
        if len(test) > _MOST_HELD_OUT:
            places = np.sort(rng.choice(len(test), _MOST_HELD_OUT, replace=False))
        return rows, test.take(places)
    schema = learn_schema(estimator.get_params(deep=False), rows)
    distinct = distinct_rows(schema.encode(rows))
    n = len(distinct.first)
    if n < 5:
        raise DataError(f"A sweep needs at least 5 different rows, and {rows.source} has {n}; give it more rows.")
    held = rng.permutation(n)[: max(1, min(_MOST_HELD_OUT, round(_HELD_OUT * n)))]
    is_held = np.isin(distinct.group, held)
    return rows.take(np.flatnonzero(~is_held)), rows.take(np.sort(distinct.first[held]))


_HEADINGS: dict[str, tuple[str, ...]] = {
    over: (name, "rows", "parameters", "held out", "training", "PCA", "seconds")
    for over, name in (("n_components", "code"), ("depth", "hidden layers"), ("share", "share"))
}


def _cells(point: SweepPoint) -> tuple[str, ...]:
    held_out = f"{np.mean(point.held_out):.4g}"
    if len(point.held_out) > 1:
        held_out += f" ({min(point.held_out):.4g} to {max(point.held_out):.4g})"
    return (
        point.label,
        f"{point.n_rows:,}",
        f"{point.n_parameters:,}",
        held_out,
        f"{np.mean(point.training):.4g}",
        f"{point.pca:.4g}",
        f"{point.seconds:.1f}",
    )

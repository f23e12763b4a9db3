"""What a fit came to, honestly: the numbers of the table that `narrows fit` ends with."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from narrows.insight.baselines import PCABaseline, mean_baseline
from narrows.insight.measure import n_active, observed, squared_error
from narrows.insight.splits import EvaluationSplit
from narrows.model import GaussianCode

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder

HeldOut = Literal["test", "validation", "training"]

_MAX_MEASURED = 50_000  # rows; more would not move the mean by what a reader can see


@dataclass(frozen=True)
class FitSummary:
    """One fitted model, its error on held-out rows, and PCA's on the same rows.

    Parameters
    ----------
    estimator : str
        The class's name.
    rows, columns : int
        What was given to `fit`.
    kinds : dict[str, str]
        Of a table with names: each column that is learned from, and its kind in a word.
    left_out : dict[str, str]
        Columns set aside, and why.
    floats : int
        Encoded floats per row.
    n_components, parameters : int
        Size of the code, and weights and biases of the network.
    epochs : int
        Epochs run.
    stopped : str
        "all epochs", "early stopping" or "interrupted".
    seconds : float
        Training time.
    device, precision, seed : str, str, int
        Where, in what large matrix products were computed ("float32" or "bfloat16"), and from which seed.
    held_out : {"test", "validation", "training"}
        Which rows the errors below are of: the set's own test part, rows that `fit` held out, or, where there are
        none, the training rows themselves.
    held_out_rows : int
        How many.
    loss, unit : str
        What the reconstruction is measured by, and its unit per row.
    error_per_row, error_per_feature : float
        The mean reconstruction error in that unit, summed over the floats of a row, and divided by their number.
    squared_error, pca_squared_error, mean_squared_error : float
        Squared error per row in encoded floats: the model's, PCA's with `pca_components`, and that of answering every
        row with the mean row.
    pca_components, pca_rows : int
        Components that PCA could use, and rows it was fitted on.
    loss_parts : dict[str, float]
        The loss that training made small, part by part and as weighted in it, per row in `unit`: that of held-out rows
        in the epoch whose weights were kept, else of the training rows in the last epoch.
    elbo : float or None
        Nats per row, for a variational model.
    notes : tuple[str, ...]
        What a reader should know before he trusts the numbers.
    """

    estimator: str
    rows: int
    columns: int
    kinds: dict[str, str]
    left_out: dict[str, str]
    floats: int
    n_components: int
    parameters: int
    epochs: int
    stopped: str
    seconds: float
    device: str
    precision: str
    seed: int
    held_out: HeldOut
    held_out_rows: int
    loss: str
    unit: str
    error_per_row: float
    error_per_feature: float
    squared_error: float
    pca_squared_error: float
    mean_squared_error: float
    pca_components: int
    pca_rows: int
    loss_parts: dict[str, float] = field(default_factory=dict)
    elbo: float | None = None
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {**asdict(self), "notes": list(self.notes)}


def summarise(model: Autoencoder, rows: Rows, test: Rows | None = None, *, seconds: float) -> FitSummary:
    """Measure a fitted `model` beside PCA.

    Parameters
    ----------
    model : Autoencoder
        Fitted on `rows`.
    rows : Rows
        What `fit` was given, in any order.
    test : Rows or None
        Rows that training never saw; without them the rows that `fit` held out are measured, and where it held out
        none, the training rows.
    seconds : float
        How long training took.
    """
    kind, trained, measured = _parts(model, rows, test)
    schema = model.schema_
    train, held_out = schema.encode(trained), schema.encode(measured)
    pca = PCABaseline.fit(train, n_active(model))
    error = float(np.mean(model.reconstruction_error(measured)))
    summary = FitSummary(
        estimator=type(model).__name__,
        rows=len(rows),
        columns=schema.n_columns,
        kinds=schema.column_types if schema.names else {},
        left_out=schema.ignored_columns,
        floats=schema.n_floats,
        n_components=model.n_components_,
        parameters=model.network_.n_parameters,
        epochs=len(model.history_),
        stopped=_stopped(model),
        seconds=seconds,
        device=str(model.device_),
        precision=model.precision_,
        seed=int(model.seed_),
        held_out=kind,
        held_out_rows=len(measured),
        loss=model.loss_,
        unit=model.network_.likelihood.unit,
        error_per_row=error,
        error_per_feature=error / schema.n_floats,
        squared_error=float(squared_error(model, held_out).mean()),
        pca_squared_error=float(pca.squared_error(held_out, observed(model, held_out)).mean()),
        mean_squared_error=float(mean_baseline(train, held_out, observed(model, held_out)).mean()),
        pca_components=len(pca.components),
        pca_rows=pca.n_rows,
        loss_parts=_loss_parts(model),
        elbo=_elbo(model, measured),
    )
    return FitSummary(**{**summary.__dict__, "notes": tuple(_notes(summary, model, n_trained=len(trained)))})


def _parts(model: Autoencoder, rows: Rows, test: Rows | None) -> tuple[HeldOut, Rows, Rows]:
    """Which rows are measured, the rows PCA may learn from, and the measured rows."""
    if test is not None:
        return "test", rows, test.sampled(_MAX_MEASURED)
    parts = EvaluationSplit.of(model, rows)
    if not parts.measured_is_unseen:
        return "training", rows, rows.sampled(_MAX_MEASURED)
    return "validation", rows.take(np.sort(parts.known)), rows.take(np.sort(parts.measured)).sampled(_MAX_MEASURED)


def _elbo(model: Autoencoder, rows: Rows) -> float | None:
    network = model.network_
    if not hasattr(model, "elbo") or not network.likelihood.is_density or not isinstance(network.code, GaussianCode):
        return None
    return float(np.mean(model.elbo(rows), dtype=np.float64))  # pyright: ignore[reportAttributeAccessIssue]


def _loss_parts(model: Autoencoder) -> dict[str, float]:
    watched = [epoch for epoch in model.history_ if epoch.validation is not None]
    if not watched:
        return dict(model.history_[-1].parts) if model.history_ else {}
    kept = (
        min(watched, key=lambda epoch: epoch.validation or 0.0)
        if model.fitted_params_["early_stopping"]
        else watched[-1]
    )
    return dict(kept.validation_parts)


def _stopped(model: Autoencoder) -> str:
    if model.interrupted_:
        return "interrupted"
    return "all epochs" if len(model.history_) >= model.epochs_ else "early stopping"


def _notes(summary: FitSummary, model: Autoencoder, *, n_trained: int) -> list[str]:
    notes = []
    if summary.held_out == "training":
        notes.append("No rows were held out: these errors are of the training rows and flatter the model.")
    elif summary.held_out == "validation" and model.fitted_params_["early_stopping"]:
        notes.append("The held-out rows also chose the best epoch, which flatters the model a little.")
    if n_active(model) >= summary.floats:
        notes.append(
            f"The code ({summary.n_components}) is at least as wide as the data ({summary.floats}): PCA's error is 0 "
            "there, and a model need not compress anything."
        )
    elif summary.pca_squared_error < summary.squared_error:
        advice = (
            "a variational model pays for its prior, less so with a smaller --beta"
            if summary.elbo is not None
            else "train for more epochs, widen the hidden layers, or use PCA"
        )
        notes.append(f"PCA with as many components reconstructs these rows better: {advice}.")
    if summary.pca_rows < n_trained:
        notes.append(f"PCA was fitted on a sample of {summary.pca_rows:,} of the {n_trained:,} training rows.")
    return notes

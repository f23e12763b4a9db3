"""Summary of a fit: the numbers that `narrows fit` prints at the end."""

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

_COMPONENTS = 32  # of PCA, for a network without a code
_MAX_MEASURED = 50_000  # rows; more would not change the printed digits


@dataclass(frozen=True)
class FitSummary:
    """A fitted model, its error on held-out rows, and PCA's error on the same rows.

    Parameters
    ----------
    estimator : str
        The class's name.
    rows, columns : int
        Size of the table given to `fit`.
    kinds : dict[str, str]
        Kinds of the columns that the model learns from; empty for arrays without names.
    left_out : dict[str, str]
        Columns that are ignored, with the reason.
    floats : int
        Encoded floats per row.
    n_components, parameters : int
        Size of the code, and number of weights and biases of the network.
    epochs : int
        Number of epochs.
    stopped : str
        "all epochs", "early stopping" or "interrupted".
    seconds : float
        Training time.
    device, precision, seed : str, str, int
        The device, the precision of large matrix products ("float32" or "bfloat16"), and the random seed.
    held_out : {"test", "validation", "training"}
        Rows of the errors below: the test set, rows that `fit` held out, or, without any of these, the training
        rows.
    held_out_rows : int
        Number of these rows.
    held_out_by : {"random", "groups", "last"} or None
        How `fit` chose them; None for other rows.
    loss, unit : str
        Name of the reconstruction loss, and its unit per row.
    error_per_row, error_per_feature : float
        The mean reconstruction error in that unit, summed over the floats of a row, and divided by their number.
    squared_error, pca_squared_error, mean_squared_error : float
        Squared error per row in encoded floats: of the model, of PCA with `pca_components`, and of predicting the mean
        row.
    pca_components, pca_rows : int
        Components of PCA, and rows it was fitted on.
    loss_parts : dict[str, float]
        Terms of the training objective, weighted, per row in `unit`: on held-out rows in the epoch whose weights were
        kept, else on the training rows in the last epoch.
    elbo : float or None
        Evidence lower bound in nats per row, for a variational model.
    notes : tuple[str, ...]
        Warnings about these numbers.
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
    held_out_by: str | None = None

    @property
    def r2(self) -> float:
        """Share of the mean row's squared error that the model explains, 1 for a perfect reconstruction."""
        return 1 - self.squared_error / self.mean_squared_error if self.mean_squared_error else 0.0

    @property
    def pca_r2(self) -> float:
        """The same of PCA."""
        return 1 - self.pca_squared_error / self.mean_squared_error if self.mean_squared_error else 0.0

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return {**asdict(self), "r2": self.r2, "pca_r2": self.pca_r2, "notes": list(self.notes)}


def summarise(model: Autoencoder, rows: Rows, test: Rows | None = None, *, seconds: float) -> FitSummary:
    """Measure a fitted `model` and PCA on the same rows.

    Parameters
    ----------
    model : Autoencoder
        Fitted on `rows`.
    rows : Rows
        The rows given to `fit`, in any order.
    test : Rows or None
        Rows that training did not see. Default: the rows that `fit` held out, or the training rows if it held out
        none.
    seconds : float
        Training time.
    """
    kind, trained, measured = _split(model, rows, test)
    schema = model.schema_
    train, held_out = schema.encode(trained), schema.encode(measured)
    k = n_active(model) if model.network_.compresses else min(_COMPONENTS, schema.n_floats)
    pca = PCABaseline.fit(train, k)
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
        held_out_by=model.validation_ if kind == "validation" else None,
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


def _split(model: Autoencoder, rows: Rows, test: Rows | None) -> tuple[HeldOut, Rows, Rows]:
    """Return the name of the measured rows, the rows to fit PCA on, and the measured rows."""
    if test is not None:
        return "test", rows, test.sampled(_MAX_MEASURED)
    split = EvaluationSplit.of(model, rows)
    if not split.measured_is_unseen:
        return "training", rows, rows.sampled(_MAX_MEASURED)
    return "validation", rows.take(np.sort(split.known)), rows.take(np.sort(split.measured)).sampled(_MAX_MEASURED)


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
        notes.append("No rows were held out: these errors are of the training rows and are optimistic.")
    elif summary.held_out == "validation" and model.fitted_params_["early_stopping"]:
        notes.append("The held-out rows also chose the best epoch, so these errors are slightly optimistic.")
    if not model.network_.compresses:
        notes.append("The network compresses nothing; these are errors of rows without noise.")
    elif n_active(model) >= summary.floats:
        notes.append(
            f"The code ({summary.n_components}) is at least as wide as the data ({summary.floats}): PCA has no "
            "error, and the model need not compress anything."
        )
    elif summary.pca_squared_error < summary.squared_error:
        prior = ": a variational model also fits its prior, less so with a smaller --beta"
        notes.append(
            f"PCA with as many components reconstructs these rows better{prior if summary.elbo is not None else ''}."
        )
    if summary.pca_rows < n_trained:
        notes.append(f"PCA was fitted on a sample of {summary.pca_rows:,} of the {n_trained:,} training rows.")
    return notes

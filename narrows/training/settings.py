"""Settings of a training, checked once at construction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from narrows.declarations.parameter import Option, parameter
from narrows.declarations.registered_names import registered_names
from narrows.declarations.requirements import Positive, Value
from narrows.errors import SettingError
from narrows.training.optimizers import OPTIMIZERS
from narrows.training.precision import PRECISIONS

SCHEDULES = ("linear", "cosine", "constant")
REDUCTIONS = ("exact", "fast")

_STEPS = 4000
_ROWS_OF_PAIRS = 512_000  # drawn in all: 2000 steps of 256 rows


@dataclass(eq=False, repr=False, kw_only=True)
class TrainingParameters:
    """Parameters of the estimators on the training.

    `narrows.estimators.parameters` reads them from this source.
    """

    pretrain: str | None = parameter(
        None,
        "Optimizer",
        "name",
        "Pre-training: restricted Boltzmann machines (rbm), one for each encoder layer, give the initial weights.",
        choices=registered_names("training/pretraining.py", "PRETRAINERS"),
    )
    pretrain_epochs: int = parameter(
        50,
        "Optimizer",
        "int",
        "Number of pre-training epochs for each layer.",
        requires=Value("pretrain", registered_names("training/pretraining.py", "PRETRAINERS")),
    )
    optimizer: str = parameter(
        "muon",
        "Optimizer",
        "name",
        "Algorithm that updates the weights.",
        choices=registered_names("training/optimizers.py", "OPTIMIZERS"),
    )
    learning_rate: float | Literal["auto"] = parameter(
        "auto",
        "Optimizer",
        "float",
        "Learning rate after the warm-up; by default 0.005 for muon, 0.003 for sgd, 1 for lbfgs, else 0.001.",
        choices=("auto",),
        option=Option("lr"),
    )
    momentum: float = parameter(
        0.9,
        "Optimizer",
        "float",
        "Momentum of the optimizers sgd and rmsprop.",
        requires=Value("optimizer", ("rmsprop", "sgd")),
    )
    weight_decay: float | Literal["auto"] = parameter(
        "auto",
        "Optimizer",
        "float",
        "Weight decay; by default 0.2 for muon, 0.01 for adamw and 0 for the others.",
        choices=("auto",),
    )
    schedule: str = parameter(
        "linear",
        "Optimizer",
        "name",
        "Decay of the learning rate after the warm-up.",
        choices=registered_names("training/settings.py", "SCHEDULES"),
        requires=Value("optimizer", registered_names("training/optimizers.py", "OPTIMIZERS", but="lbfgs")),
    )
    warmup: float = parameter(
        0.05,
        "Optimizer",
        "float",
        "Share of the training steps, from 0 to 1, in which the learning rate rises.",
        requires=Value("optimizer", registered_names("training/optimizers.py", "OPTIMIZERS", but="lbfgs")),
    )
    batch_size: int | Literal["auto"] = parameter(
        "auto",
        "Optimizer",
        "int",
        "Number of rows in each training step; by default so many that an epoch has about 80 steps.",
        choices=("auto",),
    )
    n_pieces: int | Literal["auto"] = parameter(
        "auto",
        "Optimizer",
        "int",
        "Number of pieces of each batch, which workers share; by default the number of workers.",
        choices=("auto",),
    )
    reduce: str = parameter(
        "exact",
        "Optimizer",
        "name",
        "How workers add gradients: in a fixed order (exact), or in any order with less to send (fast).",
        choices=registered_names("training/settings.py", "REDUCTIONS"),
    )
    clip_norm: float | None = parameter(
        None,
        "Optimizer",
        "float",
        "Maximum norm of the gradient; larger gradients are scaled down to it.",
    )
    epochs: int | Literal["auto"] = parameter(
        "auto",
        "Stopping",
        "int",
        "Maximum number of passes over the training rows; by default 20 to 200, for about 4,000 steps.",
        choices=("auto",),
    )
    validation_fraction: float = parameter(
        0.1,
        "Stopping",
        "float",
        "Share of the rows, from 0 to 1, that is held out of training.",
    )
    validation: str = parameter(
        "auto",
        "Stopping",
        "name",
        "Which rows are held out: random ones, whole groups, or the last; 'auto' is groups or last if they are known.",
        choices=("auto", "random", "groups", "last"),
        requires=Positive("validation_fraction"),
    )
    early_stopping: bool = parameter(
        True,
        "Stopping",
        "bool",
        "Stop when the loss on held-out rows no longer falls, and keep the best weights.",
    )
    patience: int = parameter(
        10,
        "Stopping",
        "int",
        "Number of epochs without improvement after which training stops; of a map, at least a third of the epochs.",
        requires=Value("early_stopping", (True,)),
    )
    tol: float = parameter(
        1e-4,
        "Stopping",
        "float",
        "Smallest relative decrease of the loss that counts as an improvement.",
        requires=Value("early_stopping", (True,)),
    )
    precision: str = parameter(
        "auto",
        "Run",
        "name",
        "Type of large matrix products in training; 'auto' is bfloat16 if the processor is faster in it, else float32.",
        choices=registered_names("training/precision.py", "PRECISIONS"),
    )


@dataclass(frozen=True)
class TrainingSettings:
    """Optimizer, schedule and stopping rule.

    Parameters
    ----------
    optimizer : {"adam", "adamw", "rmsprop", "sgd", "muon", "lbfgs"}
        Muon updates matrices and convolution kernels, AdamW the rest (Jordan 2024; Liu et al. 2025). "lbfgs" makes
        three line searches on every batch, in float32 unless `precision` is set, and has no schedule.
    learning_rate : float or "auto"
        Peak rate; "auto" takes that of the optimizer in `OPTIMIZERS`.
    momentum : float
        Of sgd and rmsprop; Muon keeps its own 0.95.
    weight_decay : float or "auto"
        Decoupled for adamw and muon, an L2 term for the others.
    schedule : {"linear", "cosine", "constant"}
        How the rate falls, step by step, from its peak to zero at the last epoch.
    warmup : float in [0, 1)
        Share of all steps over which the rate rises linearly to its peak.
    batch_size : int
        Rows per step.
    epochs : int
        Passes over the training rows, at most.
    early_stopping : bool
        Stop after `patience` epochs without a relative improvement of `tol`, and restore the best weights.
    patience : int
        Epochs.
    tol : float
        Relative improvement of the held-out objective (of the training objective where no row is held out).
    clip_norm : float or None
        Bound on the Euclidean norm of the whole gradient of the objective per feature.
    precision : {"auto", "float32", "bfloat16"}
        Of the large matrix products, see `narrows.training.precision`.
    n_pieces : int
        Pieces of a batch, whose gradients are added; workers share them.
    reduce : {"exact", "fast"}
        How workers add gradients: piece by piece in a fixed order, or in the order of the process group.
    """

    optimizer: str
    learning_rate: float
    momentum: float
    weight_decay: float
    schedule: str
    warmup: float
    batch_size: int
    epochs: int
    early_stopping: bool
    patience: int
    tol: float
    clip_norm: float | None
    precision: str
    n_pieces: int = 1
    reduce: str = "exact"

    @classmethod
    def resolve(
        cls,
        *,
        optimizer: str,
        learning_rate: float | str,
        momentum: float,
        weight_decay: float | str,
        schedule: str,
        warmup: float,
        batch_size: int | str,
        epochs: int | str,
        early_stopping: bool,
        patience: int,
        tol: float,
        clip_norm: float | None,
        precision: str,
        n_rows: int,
        n_parameters: int,
        n_pieces: int | str = 1,
        reduce: str = "exact",
        n_workers: int = 1,
        of_pairs: bool = False,
    ) -> TrainingSettings:
        """Check every setting and replace "auto" by a number; raises `SettingError`.

        n_workers : workers that share the pieces, and the number that "auto" stands for.
        of_pairs : whether batches hold pairs of neighbours, which are to be apart from all other rows of their batch.
        Then batches are larger, epochs fewer, and `patience` is at least a third of the epochs.
        """
        _one_of("optimizer", optimizer, tuple(OPTIMIZERS))
        _one_of("schedule", schedule, SCHEDULES)
        _one_of("precision", precision, PRECISIONS)
        _one_of("reduce", reduce, REDUCTIONS)
        if learning_rate == "auto":
            learning_rate = OPTIMIZERS[optimizer].learning_rate
        if weight_decay == "auto":
            weight_decay = OPTIMIZERS[optimizer].weight_decay
        if batch_size == "auto":
            batch_size = automatic_batch_size(n_rows, n_parameters)
            if of_pairs:
                batch_size = max(batch_size, automatic_batch_size_of_pairs(n_rows))
        batch_size = count("batch_size", batch_size)
        if epochs == "auto":
            n_steps = min(_STEPS, _ROWS_OF_PAIRS // batch_size) if of_pairs else _STEPS
            epochs = automatic_epochs(n_rows, batch_size, n_steps)
        n_pieces = pieces_of_batch(n_pieces, n_workers, batch_rows=min(batch_size, n_rows))
        epochs, patience = count("epochs", epochs), count("patience", patience)
        if of_pairs:
            # A map becomes sharp when the rate is low.
            patience = max(patience, epochs // 3)
        if optimizer == "lbfgs":
            if clip_norm is not None:
                raise SettingError("clip_norm has no meaning for lbfgs, which searches for its step; set it to None.")
            # A search compares losses that differ by less than bfloat16 rounds.
            precision = "float32" if precision == "auto" else precision
        return cls(
            optimizer=optimizer,
            learning_rate=_number("learning_rate", learning_rate, above=0),
            momentum=_number("momentum", momentum, at_least=0, below=1),
            weight_decay=_number("weight_decay", weight_decay, at_least=0),
            schedule=schedule,
            warmup=_number("warmup", warmup, at_least=0, below=1),
            batch_size=batch_size,
            epochs=epochs,
            early_stopping=bool(early_stopping),
            patience=patience,
            tol=_number("tol", tol, at_least=0),
            clip_norm=None if clip_norm is None else _number("clip_norm", clip_norm, above=0),
            precision=precision,
            n_pieces=n_pieces,
            reduce=reduce,
        )

    def rate(self, step: int, n_steps: int) -> float:
        """Return the learning rate of `step` (from 0) out of `n_steps`; a line search always starts from the peak."""
        if self.optimizer == "lbfgs":
            return self.learning_rate
        n_warm = int(self.warmup * n_steps)
        if step < n_warm:
            return self.learning_rate * (step + 1) / (n_warm + 1)
        left = (n_steps - step) / max(1, n_steps - n_warm)
        if self.schedule == "linear":
            return self.learning_rate * left
        if self.schedule == "cosine":
            return self.learning_rate * 0.5 * (1 - math.cos(math.pi * left))
        return self.learning_rate


def automatic_batch_size(n_rows: int, n_parameters: int) -> int:
    """Return a batch size for about eighty steps an epoch, a power of two between 16 and 1024.

    Large networks take no fewer than 128 rows where there are that many: below, the optimizer's
    pass over the weights costs more than the batch.
    """
    smallest = 128 if n_parameters > 500_000 else 16
    wanted = max(smallest, min(1024, n_rows // 80))
    return max(1, min(1 << (wanted.bit_length() - 1), n_rows))


def automatic_batch_size_of_pairs(n_rows: int) -> int:
    """Return a batch size for pairs of neighbours: a sixteenth of the rows, a power of two between 32 and 256."""
    wanted = max(32, min(256, n_rows // 16))
    return max(1, min(1 << (wanted.bit_length() - 1), n_rows))


def automatic_epochs(n_rows: int, batch_size: int, n_steps: int = _STEPS) -> int:
    """Return a number of epochs for about `n_steps` steps, between 20 and 200."""
    steps = math.ceil(n_rows / batch_size)
    return max(20, min(200, math.ceil(n_steps / steps)))


def pieces_of_batch(n_pieces: int | str, n_workers: int, *, batch_rows: int | None = None) -> int:
    """Return the number of pieces, the number of workers for "auto"; SettingError where it does not fit them.

    batch_rows : rows of a batch, where they are known; it has no more pieces than rows.
    """
    n_pieces = count("n_pieces", n_workers if n_pieces == "auto" else n_pieces)
    if n_pieces % n_workers:
        raise SettingError(
            f"n_pieces={n_pieces} is not a multiple of the {n_workers} workers, which all take the same number of "
            "pieces; set another n_pieces, or another number of workers."
        )
    if batch_rows is not None and n_pieces > batch_rows:
        raise SettingError(
            f"A batch of {batch_rows} rows has no {n_pieces} pieces; use fewer workers or pieces, or a larger "
            "batch_size."
        )
    return n_pieces


def _one_of(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SettingError(f"{name}={value!r} is not one of {', '.join(choices)}.")


def _number(
    name: str,
    value: object,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
) -> float:
    bounds = [
        f"above {above}" if above is not None else "",
        f"at least {at_least}" if at_least is not None else "",
        f"below {below}" if below is not None else "",
    ]
    sentence = f"{name} must be a number {' and '.join(filter(None, bounds))}, got {value!r}."
    if isinstance(value, (str, bool)) or (not isinstance(value, (int, float)) and not hasattr(value, "__float__")):
        raise SettingError(sentence)
    try:
        number = float(value)  # pyright: ignore[reportArgumentType]
    except OverflowError:
        number = math.inf
    if (
        not abs(number) < 1e30
        or (above is not None and number <= above)
        or (at_least is not None and number < at_least)
        or (below is not None and number >= below)
    ):
        raise SettingError(sentence)
    return number


def count(name: str, value: object) -> int:
    """Return `value` as a whole number from 1; raise SettingError naming `name` if it is none."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or not 1 <= int(value) < 2**31:  # pyright: ignore[reportArgumentType]
        raise SettingError(f"{name} must be a whole number from 1 to 2**31, got {value!r}.")
    return int(value)  # pyright: ignore[reportArgumentType]

"""How an autoencoder is fitted: step by step, from a checkpoint, or one pass more."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from copy import copy, deepcopy
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, Self

from narrows.data import Missing, Rows, RowStream, Schema, as_rows
from narrows.errors import IdleParameterWarning, warn
from narrows.estimators.fitted_autoencoder import FittedAutoencoder
from narrows.estimators.fitting.column_warnings import warn_of_ignored_columns
from narrows.estimators.fitting.preparation import FitOptions, prepare
from narrows.estimators.fitting.prepared_fit import PreparedFit
from narrows.estimators.fitting.training_rows import joined_hashes, training_tensors
from narrows.estimators.parameters import parameter_checks
from narrows.estimators.parameters.idle_parameters import warn_of_changed_parameters, warn_of_idle_parameters
from narrows.estimators.saving.checkpoint import EVERY, Checkpoint, Checkpointing
from narrows.estimators.saving.persistence import describe
from narrows.estimators.saving.saved_trainer import SavedTrainer
from narrows.estimators.state import FitRows, FittedState, TrainingProgress
from narrows.training import Epoch, History, LayerEpoch, Workers

_OF_EACH_WORKER = ("verbose", "device")


class TrainableAutoencoder(FittedAutoencoder):
    """Base class of `Autoencoder` with the methods that train it."""

    random_state: Any
    warm_start: bool
    verbose: int

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        validation_data: Any = None,
        groups: Any = None,
        checkpoint: str | PathLike[str] | Checkpointing | None = None,
        checkpoint_every: float = EVERY,
        resume: bool = False,
    ) -> Self:
        """Fit the scaling and the network to X.

        Parameters
        ----------
        X : array, DataFrame, sparse matrix, tensor, Rows, RowStream or path
            (n, features), or images (n, height, width[, channels]) or (n, channels, height, width). A DataFrame of
            pandas, polars or pyarrow may contain text, categories, dates and missing values. A path leads to a file
            that `narrows.read` can read, such as a CSV or a Parquet file. A RowStream, which `narrows.scan` returns
            for large files, is read in chunks, encoded to a temporary file, and never in memory as a whole; scaling
            and validation rows then come from a sample.
        y : ignored
        sample_weight : array of shape (n,) or None
            Weights, none negative. A row of weight 2 has exactly the same effect as two copies of the row.
        validation_data : like X, or None
            Validation rows; None uses a share `validation_fraction` of X.
        groups : array of shape (n,) or None
            The group of each row, such as the person that it was measured on: whole groups are held out. None takes
            those of Rows, if they have any. They are not learned from.
        checkpoint : path or None
            Folder in which the state of the training is kept, replaced as a whole; `save` removes it.
        checkpoint_every : float, default=60
            Seconds between two checkpoints, each after an epoch; within an epoch that takes longer, after a batch.
        resume : bool, default=False
            Whether to go on from `checkpoint`, if it is there: with the same settings, rows, machine, number of
            threads and version of torch to the bit as without an interruption.

        Returns
        -------
        self

        Raises
        ------
        DataError, SettingError, DivergedError
            See `narrows.errors`.
        """
        where = Checkpointing.of(checkpoint, checkpoint_every, resume=resume)
        try:
            for record in self.fit_epochs(
                X, y, sample_weight=sample_weight, validation_data=validation_data, groups=groups, checkpoint=where
            ):
                if self.verbose and Workers.current().is_first:
                    print(progress_line(record, self.epochs_))
        except KeyboardInterrupt:
            if self._progress is None:
                raise
            self._progress.interrupted = True
        if self.interrupted_:
            warn(
                f"Training was interrupted after {len(self.history_)} of {self.epochs_} epochs; "
                "the model keeps the weights that it had then."
            )
        return self

    def fit_epochs(
        self,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        validation_data: Any = None,
        groups: Any = None,
        schema: Schema | None = None,
        checkpoint: Checkpointing | None = None,
    ) -> Iterator[Epoch | LayerEpoch]:
        """Fit step by step and yield an `Epoch` after each pass over the rows; parameters as for `fit`.

        With `pretrain`, a `LayerEpoch` for each pass of each layer comes first. Between two records the model can be
        used. Closing the iterator, or Ctrl-C, ends the training; the model keeps the weights it has then. A given
        `schema` replaces the one that is otherwise learned from X, so that several fits can share one.
        """
        yield from self.start_fit(
            X,
            y,
            sample_weight=sample_weight,
            validation_data=validation_data,
            groups=groups,
            schema=schema,
            checkpoint=checkpoint,
        )

    def start_fit(
        self,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        validation_data: Any = None,
        groups: Any = None,
        schema: Schema | None = None,
        checkpoint: Checkpointing | None = None,
        after_batch: Callable[[float], None] | None = None,
        stop_requested: Callable[[], bool] | None = None,
    ) -> Generator[Epoch | LayerEpoch]:
        """Prepare a fit and return the iterator that trains; parameters as for `fit_epochs`.

        On return the model counts as fitted, with a network that is not trained on X yet. `after_batch` is called
        after each batch with the share of the epoch that is done, in (0, 1]; the model can be used in it. Where several
        workers train, all end the training after the same batch, as after Ctrl-C, if `stop_requested` returns True
        on one of them.
        """
        params, workers = self.get_params(deep=False), Workers.current()
        parameter_checks.truths(params)
        kept = None if checkpoint is None else Checkpoint(checkpoint, type(self).__name__, params, workers)
        seed = self._seed_of_workers(workers) if kept is None or kept.seed is None else kept.seed
        with workers.together():
            rows = X if isinstance(X, RowStream) else as_rows(X, image_shape=self.image_shape)
            parameter_checks.targets(y, len(rows))
            if isinstance(rows, Rows) and rows is not X:  # the reader of Rows has already given their notes
                for note in rows.notes:
                    warn(note)
            previous = self._state if self.warm_start else None
            history = History(self.history_ if previous is not None else [])
            options = FitOptions(
                estimator=type(self).__name__,
                sample_weight=sample_weight,
                validation_data=validation_data,
                groups=groups,
                schema=schema,
                epochs_before=len(history),
                seed=seed,
                n_pieces=None if kept is None else kept.n_pieces,
            )
            warn_of_idle_parameters(self)
            if params["reduce"] == "fast" and workers.size == 1:
                warn('reduce="fast" has no effect with one process; see torchrun or --ray.', IdleParameterWarning)
            prepared, progress = prepare(params, rows, previous, options), TrainingProgress(history)
            if kept is not None:
                prepared = kept.join(prepared, progress)
                if workers.size == 1:
                    prepared.trainer.keep_state = partial(kept.keep_within_epoch, prepared, progress)
            if rows is not X and schema is None and previous is None:
                warn_of_ignored_columns(prepared.state.schema, rows.source)
        if workers.size > 1:
            settings = {name: describe(value) for name, value in params.items() if name not in _OF_EACH_WORKER}
            workers.check_same({"rows": prepared.identity(), "settings": settings})
        prepared.trainer.after_batch, prepared.trainer.stop_requested = after_batch, stop_requested
        before = self._state, self._progress
        self._trainer = self._saved_trainer = None
        self._state, self._progress = prepared.state, progress
        self._checkpoint = None if kept is None else kept.path
        self.network_.eval()
        sample = rows.sample if isinstance(rows, RowStream) else rows
        return self._train(prepared, progress, before, kept, FitRows(sample, y, sample_weight))

    def _train(
        self,
        prepared: PreparedFit,
        progress: TrainingProgress,
        before: tuple[FittedState | None, TrainingProgress | None],
        kept: Checkpoint | None,
        fit_rows: FitRows,
    ) -> Generator[Epoch | LayerEpoch]:
        """Train and yield each record; an error restores the state before the fit."""
        try:
            for record in prepared.records():
                if isinstance(record, Epoch):
                    progress.history.append(record)
                else:
                    progress.pretraining.append(record)
                if kept is not None:
                    kept.keep(prepared, progress, record)
                progress.interrupted = True  # unless the next record is requested
                try:
                    yield record
                except GeneratorExit:
                    if kept is not None and kept.at_close:
                        kept.keep(prepared, progress, record, is_due=True)
                    raise
                progress.interrupted = False
        except KeyboardInterrupt:
            progress.interrupted = True
        except Exception:
            self._state, self._progress = before
            raise
        finally:
            prepared.state.network.eval()
            progress.has_begun = prepared.trainer.has_begun
            if self._state is prepared.state:
                self._state = self._completed(prepared.state, fit_rows)

    def _seed_of_workers(self, workers: Workers) -> int | None:
        """Return the seed that the first of several workers draws; None where `prepare` draws it."""
        return None if workers.size == 1 else workers.agreed(lambda: parameter_checks.seed(self.random_state))

    def _completed(self, state: FittedState, fit_rows: FitRows) -> FittedState:
        """Return the state of a trained network with the parts that a variant adds to it."""
        return state

    def partial_fit(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> Self:
        """Train for one pass over X, at the peak learning rate; the optimizer's state is kept between calls.

        It is also kept in a saved or pickled model. If the model is not fitted, the first call also fits the scaling
        to X, which then needs at least two rows.
        """
        workers = Workers.current()
        parameter_checks.truths(self.get_params(deep=False))
        rows = as_rows(X, image_shape=self.image_shape)
        parameter_checks.targets(y, len(rows))
        before = self._state, self._progress
        if self._trainer is None and self._state is not None and self._saved_trainer is not None:
            self._trainer, self._saved_trainer = self._saved_trainer.resumed(self._state), None
        if self._trainer is None or self._state is None:
            history = History() if self._progress is None else self._progress.history
            options = FitOptions(
                estimator=type(self).__name__,
                sample_weight=sample_weight,
                hold_out=False,
                epochs_before=len(history),
                seed=self._seed_of_workers(workers),
            )
            warn_of_idle_parameters(self)
            prepared = prepare(self.get_params(deep=False), rows, self._state, options)
            progress = TrainingProgress(history, list(prepared.pretraining or ()))
            self._trainer, x, weight, after = prepared.trainer, prepared.x, prepared.weight, prepared.state
            self._state, self._progress = after, progress
        else:
            state = self._state
            warn_of_changed_parameters(self.get_params(deep=False), state.params)
            x, weight, new = training_tensors(state, rows, sample_weight)
            hashes = joined_hashes(state.rows.training_hashes, new)
            n_rows = None if state.rows.n_rows is None else state.rows.n_rows + len(rows)
            after = replace(state, rows=replace(state.rows, training_hashes=hashes, n_rows=n_rows))
            # The trainer changes the network in place.
            before = replace(state, network=deepcopy(state.network)), self._progress
        try:
            self.history_.append(self._trainer.one_pass(x, weight=weight))
            self._state = self._completed(after, FitRows(rows, y, sample_weight))
        except Exception:
            self._trainer = None
            self._state, self._progress = before
            raise
        return self

    @classmethod
    def from_state(cls, state: FittedState, progress: TrainingProgress, trainer: SavedTrainer | None = None) -> Self:
        """Return a fitted model with this state and the parameters of its fit; `partial_fit` goes on with `trainer`."""
        model = cls(**state.params)
        model._state, model._progress, model._saved_trainer = state, progress, trainer
        return model

    def with_missing(self, missing: Missing) -> Self:
        """Return a copy of the fitted model, sharing its network, that treats missing values in another way."""
        state = self.state_
        model = copy(self)
        model._state = replace(state, schema=replace(state.schema, missing=missing))
        return model

    def adopt_fit(self, fitted: Self, *, checkpoint: Path | None = None) -> Self:
        """Take the fit of a copy of this estimator, which another process fitted; `save` removes its checkpoint."""
        self._state, self._progress, self._trainer = fitted._state, fitted._progress, None
        self._saved_trainer, self._checkpoint = fitted._saved_trainer, checkpoint
        return self

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()  # pyright: ignore[reportAssignmentType]
        kept = {name: value for name, value in state.items() if name not in ("_trainer", "_checkpoint")}
        return kept if self._trainer is None else kept | {"_saved_trainer": self.saved_trainer()}


def progress_line(epoch: Epoch | LayerEpoch, n_epochs: int) -> str:
    """Return the line that verbose=1 prints."""
    if isinstance(epoch, LayerEpoch):
        start = f"layer {epoch.layer}/{epoch.n_layers}  epoch {epoch.number}/{epoch.n_epochs}"
        return f"{start}  error {epoch.error:.5g}  {epoch.rows_per_second:,.0f} rows/s"
    validation = "" if epoch.validation is None else f"  validation {epoch.validation:.5g}"
    return f"epoch {epoch.number}/{n_epochs}  loss {epoch.loss:.5g}{validation}  {epoch.rows_per_second:,.0f} rows/s"

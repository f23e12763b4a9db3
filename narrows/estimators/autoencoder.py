"""The base autoencoder; every variant is a subclass with other defaults."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterator
from copy import copy, deepcopy
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from torch import Tensor, nn

from narrows.data import Missing, Rows, RowStream, Scale, Schema, as_one_row, as_rows, fill_missing, materialize
from narrows.estimators import model_folder, parameter_checks, persistence
from narrows.estimators.column_warnings import warn_of_aside
from narrows.estimators.descriptions import html_summary
from narrows.estimators.inference import map_floats, map_rows
from narrows.estimators.parameters import warn_of_idle_parameters
from narrows.estimators.preparation import FitOptions, PreparedFit, joined_hashes, prepare, training_tensors
from narrows.estimators.state import FittedAttributes, FittedState, TrainingProgress
from narrows.model import Code, Corruption, Likelihood, Penalty
from narrows.training import Epoch, History, LayerEpoch, fingerprint


@dataclass(eq=False, repr=False, kw_only=True)
class Autoencoder(FittedAttributes, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A neural network that squeezes rows through a narrow code and rebuilds them from it.

    Every variant is this estimator with other defaults, and every parameter works with every variant:
    a denoising sparse variational autoencoder is legal.

    The parameters stand in six blocks: network (`n_components` to `decoder`), data (`image_shape` to `categorical`),
    objective (`output_activation` to `free_bits`), optimizer (`pretrain` to `clip_norm`), stopping (`epochs` to `tol`)
    and run (`precision` to `verbose`). A parameter that differs from its default and has no effect among the others
    gives an `IdleParameterWarning` at `fit`.

    Parameters
    ----------
    n_components : int or "auto", default="auto"
        Size of the code. "auto" is a quarter of the columns, at least 1 and at most 32.
    hidden_layer_sizes : tuple of int or "auto", default="auto"
        Encoder layers before the code; the decoder mirrors them. Units per layer for network="mlp"
        ("auto" is (128, 64)), channels per stage for "conv", each of which halves height and width
        ("auto" is (16, 32), more for large images). The empty tuple is a one-layer encoder.
    network : {"mlp", "conv"}, default="mlp"
        Dense layers, or convolutions, which need images of at least 8 x 8.
    activation : {"relu", "gelu", "silu", "elu", "tanh", "sigmoid", "linear"}, default="silu"
        Activation of the hidden layers.
    code_activation : {"auto", "relu", "gelu", "silu", "elu", "tanh", "sigmoid", "linear"}, default="auto"
        Activation of the code. "auto" is "sigmoid" under the "kl" and "contractive" penalties, "relu" under "l1",
        else "linear".
    tied_weights : bool, default=False
        Whether the decoder uses the encoder's transposed weights (with biases of its own).
    encoder, decoder : nn.Module or None, default=None
        Your own networks. They receive (n, features), or (n, channels, height, width) for images; the decoder
        returns either, without a final sigmoid. Copies are trained, never the given modules.
    image_shape : (height, width) or (height, width, channels) or None, default=None
        Reads the columns of a two-dimensional X as images. Arrays of three or four dimensions need no hint.
    scale : {"auto", "standard", "minmax", "quantile", "none"}, default="auto"
        How number columns become floats. "auto" brings pixels to [0, 1], keeps a table in [0, 1] whose columns all
        use that interval (see `Schema.learn`), and standardises every column of anything else; in a table with text,
        dates or missing cells skewed columns are scaled by their quantiles, with "quantile" all columns are. Under
        loss="bce" or output_activation="sigmoid" every table in [0, 1] is kept.
    missing : {"mask", "error", "mean"}, default="mask"
        How missing cells are treated: the model learns where they are and the loss ignores them, an error is raised,
        or the training mean of the column is filled in.
    categorical : tuple of str, default=()
        Number columns whose values are categories. Text is always a category, or ignored if it names each row.
    output_activation : {"auto", "sigmoid", "linear"}, default="auto"
        Activation of the output. "auto" is "sigmoid" if every float lies in [0, 1].
    loss : {"auto", "mse", "bce", "mae", "huber", "gaussian"} or Likelihood, default="auto"
        Summed over features. "mse" squared error, "bce" cross-entropy (Bernoulli, nats), "mae" absolute error,
        "huber" Huber's loss with delta 1, "gaussian" a normal density with one learned variance per feature (nats).
        "auto" is "mse", and for a gaussian code "bce" under a sigmoid output, else "gaussian". In a table with text,
        dates or missing cells "auto" has a loss for each kind (`narrows.model.MixedError`), for a gaussian code a
        density of each.
    corruption : {None, "gaussian", "masking", "salt-and-pepper"} or Corruption, default=None
        Noise on the encoder's input, new for every batch; the target stays clean (Vincent et al. 2010), except under
        `narrows.model.Binarised`.
    level : float, default=0.3
        Standard deviation of gaussian noise in encoded units, or the share of features that is masked or flipped; in
        a table with text, dates or missing cells the share of cells that "masking" hides. Requires a named
        `corruption`.
    code : {"point", "top-k", "gaussian"} or Code, default="point"
        Type of the code: one point, a point with `k` active units, or a gaussian distribution.
    k : int or None, default=None
        Active units of a "top-k" code (Makhzani & Frey 2013). Requires code="top-k".
    penalty : {None, "l1", "kl", "contractive"} or Penalty or a list of them, default=None
        Added to the loss. "l1" sum of absolute codes; "kl" KL(rho || mean activity) of sigmoid codes (Ng 2011);
        "contractive" squared Frobenius norm of the encoder's Jacobian (Rifai et al. 2011).
    penalty_weight : float, default=0.1
        Weight of the penalty against the loss per row. Requires a named `penalty`.
    rho : float, default=0.05
        Target mean activity, in (0, 1). Requires penalty="kl".
    beta : float, default=1.0
        Weight of KL(posterior || prior) (Kingma & Welling 2014; Higgins et al. 2017). Requires a gaussian code.
    kl_warmup : float, default=0
        Epochs over which beta rises from 0. Requires a gaussian code.
    free_bits : float, default=0.0
        Nats per code unit that the KL term does not count (Kingma et al. 2016). Requires a gaussian code.
    pretrain : {None, "rbm"}, default=None
        "rbm" trains a stack of restricted Boltzmann machines first, one for each layer of the encoder, and starts from
        their weights, transposed in the decoder (Hinton & Salakhutdinov 2006). For network="mlp" with
        activation="sigmoid", tied or not, and columns of one kind.
    pretrain_epochs : int, default=50
        Passes over the rows for each layer. Requires `pretrain`.
    optimizer : {"adam", "adamw", "rmsprop", "sgd", "muon", "lbfgs"}, default="muon"
        Muon updates matrices and kernels, AdamW the rest. "lbfgs" makes three line searches on every batch, which
        should be large (1000 rows).
    learning_rate : float or "auto", default="auto"
        Largest rate. "auto" is 1e-3 for adam, adamw and rmsprop, 3e-3 for sgd, 5e-3 for muon, 1 for lbfgs
        (the first step that a search tries).
    momentum : float, default=0.9
        Requires optimizer="sgd" or "rmsprop"; Muon has a momentum of its own, 0.95.
    weight_decay : float or "auto", default="auto"
        "auto" is 0.2 for muon, 0.01 for adamw, else 0.
    schedule : {"linear", "cosine", "constant"}, default="linear"
        How the rate falls to zero over `epochs`. No effect with optimizer="lbfgs".
    warmup : float, default=0.05
        Share of the steps, in [0, 1), over which the rate rises first. No effect with optimizer="lbfgs".
    batch_size : int or "auto", default="auto"
        Rows per step. "auto" gives about eighty steps an epoch, or more if 1024 rows a step are too few.
    clip_norm : float or None, default=None
        Largest norm of the whole gradient (of the objective per feature). Not for optimizer="lbfgs".
    epochs : int or "auto", default="auto"
        Largest number of passes over the rows. "auto" makes about four thousand steps, in 20 to 200 passes.
    validation_fraction : float, default=0.1
        Share of the distinct rows, in [0, 1), that is held out if no `validation_data` is given.
    early_stopping : bool, default=True
        Stop when the held-out objective no longer falls, and restore the weights of its best epoch. A network with the
        default loss, output and layers begins at PCA, and returns to that if no epoch was clearly better.
    patience : int, default=10
        Epochs without improvement before stopping. Requires early_stopping=True.
    tol : float, default=1e-4
        Smallest relative improvement that counts. Requires early_stopping=True.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Type of the large matrix products in training; weights, losses, small products and every result of the
        fitted model are float32. "auto" is bfloat16 on a processor that has it in hardware (and not for your
        own modules), "bfloat16" wherever a product is large enough to gain, "float32" exact (except
        the directions of Muon for large matrices, which need no exactness).
    warm_start : bool, default=False
        Whether `fit` continues from the weights of the fit before.
    device : str, default="auto"
        "cpu", "cuda", "cuda:1", "mps"; "auto" is a CUDA device if there is one, else the CPU.
    random_state : int, RandomState or None, default=None
        Seeds weights, split, order and noise; None draws a seed, kept in `seed_`. The global seeds of NumPy and torch
        are neither read nor set. The same seed on the same machine gives the same model to the bit.
    verbose : int, default=0
        1 prints a line per epoch.

    Attributes
    ----------
    network_ : AutoencoderNetwork
        The trained network, on `device_`.
    schema_ : Schema
        How rows become floats and floats become rows.
    history_ : History
        A list with one `Epoch` per epoch; `history_.to_dict()` is a column for each of its numbers.
    pretraining_ : list of LayerEpoch
        One for each epoch of each layer's pre-training; empty where there was none, and in a model that was loaded.
    validation_rows_ : ndarray of int
        Positions in X of the rows that were held out; empty where none was.
    validation_hashes_, training_hashes_ : ndarray of uint64
        Of the distinct rows that were held out and trained on, by which they are known again in any order; None for
        more than four million training rows and in models that an earlier version saved.
    fingerprint_ : str
        Of the rows of the fit, in any order; see `was_fitted_on`.
    interrupted_ : bool
        Whether Ctrl-C (or the driver of `fit_epochs`) ended the training early.
    precision_ : {"float32", "bfloat16"}
        In what large matrix products were computed.
    loss_unit_ : str
        What a loss or a reconstruction error counts.
    n_components_, hidden_layer_sizes_, code_activation_, loss_, batch_size_, epochs_, learning_rate_, device_, seed_
        What "auto" became.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from narrows import Autoencoder
    >>> X = load_iris(as_frame=True).data
    >>> ae = Autoencoder(n_components=2, random_state=0, epochs=20).fit(X)
    >>> ae.transform(X).shape
    (150, 2)
    >>> ae.reconstruct(X).columns.equals(X.columns)
    True
    >>> ae.score(X) > 0.8
    True
    """

    n_components: int | Literal["auto"] = "auto"
    hidden_layer_sizes: tuple[int, ...] | Literal["auto"] = "auto"
    network: str = "mlp"
    activation: str = "silu"
    code_activation: str = "auto"
    tied_weights: bool = False
    encoder: nn.Module | None = None
    decoder: nn.Module | None = None

    image_shape: tuple[int, ...] | None = None
    scale: Scale = "auto"
    missing: Missing = "mask"
    categorical: tuple[str, ...] = ()

    output_activation: str = "auto"
    loss: str | Likelihood = "auto"
    corruption: str | Corruption | None = None
    level: float = 0.3
    code: str | Code = "point"
    k: int | None = None
    penalty: str | Penalty | list[str | Penalty] | None = None
    penalty_weight: float = 0.1
    rho: float = 0.05
    beta: float = 1.0
    kl_warmup: float = 0
    free_bits: float = 0.0

    pretrain: str | None = None
    pretrain_epochs: int = 50
    optimizer: str = "muon"
    learning_rate: float | Literal["auto"] = "auto"
    momentum: float = 0.9
    weight_decay: float | Literal["auto"] = "auto"
    schedule: str = "linear"
    warmup: float = 0.05
    batch_size: int | Literal["auto"] = "auto"
    clip_norm: float | None = None

    epochs: int | Literal["auto"] = "auto"
    validation_fraction: float = 0.1
    early_stopping: bool = True
    patience: int = 10
    tol: float = 1e-4

    precision: str = "auto"
    warm_start: bool = False
    device: str = "auto"
    random_state: int | np.random.RandomState | None = None
    verbose: int = 0

    variant: ClassVar[str] = "plain"

    def fit(self, X: Any, y: Any = None, *, sample_weight: Any = None, validation_data: Any = None) -> Self:
        """Learn the scaling and the network from X.

        Parameters
        ----------
        X : array, DataFrame, sparse matrix, tensor, Rows, RowStream or path
            (n, features), or images (n, height, width[, channels]) or (n, channels, height, width). A DataFrame of
            pandas, polars or pyarrow may hold text, categories, dates and gaps as they are; a path is that of a file
            which `narrows.read` knows, such as a CSV or a Parquet file. What `narrows.scan` makes of larger files is
            read in chunks, encoded to temporary files, and never in memory as a whole; scaling and held-out rows then
            come from a sample.
        y : ignored
        sample_weight : array of shape (n,) or None
            Not negative. A row of weight 2 trains exactly as the same row given twice.
        validation_data : like X, or None
            Rows to watch instead of a held-out share of X.

        Returns
        -------
        self

        Raises
        ------
        DataError, SettingError, DivergedError
            See `narrows.errors`.
        """
        try:
            for record in self.fit_epochs(X, y, sample_weight=sample_weight, validation_data=validation_data):
                if self.verbose:
                    print(_line(record, self.epochs_))
        except KeyboardInterrupt:
            if self._progress is None:
                raise
            self._progress.interrupted = True
        if self.interrupted_:
            warnings.warn(
                f"Training was interrupted after {len(self.history_)} of {self.epochs_} epochs; "
                "the model keeps what it had learned by then.",
                stacklevel=2,
            )
        return self

    def fit_epochs(
        self,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        validation_data: Any = None,
        schema: Schema | None = None,
    ) -> Iterator[Epoch | LayerEpoch]:
        """Fit step by step: yields an `Epoch` after each pass over the rows; parameters as for `fit`.

        With `pretrain`, a `LayerEpoch` for each pass of each layer comes before. Between two records the model can be
        used. Closing the iterator, or Ctrl-C, ends the training and keeps what was learned. With a `schema` none is
        learned from X: fits that are compared share one.
        """
        yield from self.start_fit(X, sample_weight=sample_weight, validation_data=validation_data, schema=schema)

    def start_fit(
        self, X: Any, *, sample_weight: Any = None, validation_data: Any = None, schema: Schema | None = None
    ) -> Generator[Epoch | LayerEpoch]:
        """Prepare a fit and return the iterator that trains; parameters as for `fit_epochs`.

        On return the model is fitted, with a network that has not learned from X yet.
        """
        rows = X if isinstance(X, RowStream) else as_rows(X, image_shape=self.image_shape)
        if isinstance(rows, Rows) and rows is not X:  # Rows carry their notes; other inputs have them from here alone
            for note in rows.notes:
                warnings.warn(note, stacklevel=2)
        previous = self._state if self.warm_start else None
        history = History(self.history_ if previous is not None else [])
        options = FitOptions(
            estimator=type(self).__name__,
            sample_weight=sample_weight,
            validation_data=validation_data,
            schema=schema,
            epochs_before=len(history),
        )
        warn_of_idle_parameters(self)
        prepared = prepare(self.get_params(deep=False), rows, previous, options)
        if rows is not X and schema is None and previous is None:
            warn_of_aside(prepared.state.schema, rows.source)
        before = self._state, self._progress
        self._trainer = None
        self._state, self._progress = prepared.state, TrainingProgress(history)
        self.network_.eval()
        return self._train(prepared, self._progress, before)

    def _train(
        self,
        prepared: PreparedFit,
        progress: TrainingProgress,
        before: tuple[FittedState | None, TrainingProgress | None],
    ) -> Generator[Epoch | LayerEpoch]:
        """Train and yield each record; an error restores the state before the fit."""
        try:
            for record in prepared.records():
                if isinstance(record, Epoch):
                    progress.history.append(record)
                else:
                    progress.pretraining.append(record)
                progress.interrupted = True  # unless the next record is requested
                yield record
                progress.interrupted = False
        except KeyboardInterrupt:
            progress.interrupted = True
        except Exception:
            self._state, self._progress = before
            raise
        finally:
            prepared.state.network.eval()

    def partial_fit(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> Self:
        """Train on X once, at the peak learning rate, keeping the optimizer's state between calls.

        The first call (of a model that is not fitted) learns the scaling from its X, which therefore needs
        at least two rows.
        """
        rows = as_rows(X, image_shape=self.image_shape)
        before = self._state, self._progress
        if self._trainer is None or self._state is None:
            history = History() if self._progress is None else self._progress.history
            options = FitOptions(
                estimator=type(self).__name__, sample_weight=sample_weight, hold_out=False, epochs_before=len(history)
            )
            warn_of_idle_parameters(self)
            prepared = prepare(self.get_params(deep=False), rows, self._state, options)
            progress = TrainingProgress(history, list(prepared.pretraining))
            self._trainer, x, weight, after = prepared.trainer, prepared.x, prepared.weight, prepared.state
            self._state, self._progress = after, progress
        else:
            state = self._state
            x, weight, new = training_tensors(state, rows, sample_weight)
            hashes = joined_hashes(state.rows.training_hashes, new)
            after = replace(state, rows=replace(state.rows, training_hashes=hashes))
            # The trainer changes the network in place.
            before = replace(state, network=deepcopy(state.network)), self._progress
        try:
            self.history_.append(self._trainer.one_pass(x, weight=weight))
            self._state = after
        except Exception:
            self._trainer = None
            self._state, self._progress = before
            raise
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Codes of X: float32 of shape (n, n_components).

        Deterministic: without corruption, and for a gaussian code the mean of the posterior.
        """
        return map_rows(self.state_, self.rows_of(X), self.network_.codes)

    def inverse_transform(self, X: Any) -> Any:
        """Rows rebuilt from codes (n, n_components), in the units, names, dtypes and image shape of the fit."""
        self.check_is_fitted()
        codes = parameter_checks.codes(X, self.n_components_)
        return self.schema_.decode(map_floats(codes, self.network_.decode, self.device_))

    def reconstruct(self, X: Any) -> Any:
        """X after its passage through the code, in X's own container, units, dtypes and shape."""
        rows = self.rows_of(X)
        return self.schema_.decode(map_rows(self.state_, rows, self.network_.reconstruct), like=rows)

    def impute(self, X: Any) -> Any:
        """X with its gaps filled with what the model expects there; what is there stays exactly as it is.

        In a frame a column keeps its dtype where that can hold what is filled in, and one of objects is filled with
        such objects as stand in it: whole numbers, truth values, decimals. A model that was trained with
        ``corruption="masking"`` has learned to fill gaps, and does it best.
        """
        self.check_is_fitted()
        X = materialize(as_one_row(X, self.schema_))
        rows = self.rows_of(X)
        return fill_missing(X, rows, self.impute_rows(rows))

    def impute_rows(self, rows: Rows) -> Rows:
        """`impute` of `Rows` as such."""
        self.check_is_fitted()
        filled = self.schema_.fill(rows, map_rows(self.state_, rows, self.network_.reconstruct))
        # The second pass sees a whole row, which tells its place among the others better than one with gaps.
        return self.schema_.fill(rows, map_rows(self.state_, filled, self.network_.reconstruct))

    def reconstruction_error(self, X: Any, *, per_feature: bool = False) -> np.ndarray:
        """Loss of rebuilding each row from its (deterministic) code, in `loss_unit_`.

        Parameters
        ----------
        X : like that of `fit`
        per_feature : bool, default=False

        Returns
        -------
        ndarray of shape (n,), summed over features, or (n, n_features)
        """
        rows = self.rows_of(X)
        likelihood = self.network_.likelihood

        def error(x: Tensor) -> Tensor:
            losses = likelihood.loss(self.network_.output(self.network_.codes(x)), x)
            return losses if per_feature else losses.sum(dim=1)

        errors = map_rows(self.state_, rows, error, check=partial(parameter_checks.within_density, likelihood))
        if not per_feature:
            return errors
        return self.schema_.sum_by_column(errors)

    def score(self, X: Any, y: Any = None) -> float:
        """Share of the variance that the reconstruction keeps; 1 is perfect, 0 is no better than the training mean.

        1 - sum (x - x̂)² / sum (x - mean)² over the encoded floats of what is there, whatever the loss, so that models
        with different settings compare.
        """
        rows = self.rows_of(X)
        mean = torch.as_tensor(self.mean_, device=self.device_)
        gap_floats = torch.as_tensor(self.schema_.mask_indices, device=self.device_)
        has_gaps = gap_floats >= 0

        def squares(x: Tensor) -> Tensor:
            squares = torch.stack([x - self.network_.reconstruct(x), x - mean], dim=2).double().square()
            if has_gaps.any():
                squares[:, has_gaps] *= (1 - x[:, gap_floats[has_gaps]])[:, :, None]
            return squares.sum(dim=1)

        error, spread = map_rows(self.state_, rows, squares).sum(axis=0)
        if spread == 0:
            return float(error == 0)
        return float(1 - error / spread)

    def was_fitted_on(self, X: Any) -> bool:
        """Whether these are the rows of the fit, in any order."""
        return fingerprint(self.state_.encode(self.rows_of(X))) == self.fingerprint_

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> None:
        """Write the model as a folder (see `narrows.load`), whole or not at all.

        Raises
        ------
        OutputExistsError, OutputError
        """
        model_folder.write_folder(Path(path), self.to_files(), overwrite=overwrite)

    def to_files(self) -> dict[str, bytes]:
        """Return the files of the saved model by name.

        Raises
        ------
        NotFittedError
        SettingError
            For a class outside narrows, which `narrows.load` could not find again.
        """
        state, progress = self.state_, self._progress
        assert progress is not None
        return persistence.files_of(type(self), state, progress)

    @classmethod
    def from_state(cls, state: FittedState, progress: TrainingProgress) -> Self:
        """Return a fitted model with this state and the parameters of its fit."""
        model = cls(**state.params)
        model._state, model._progress = state, progress
        return model

    def with_missing(self, missing: Missing) -> Self:
        """Return a copy of the fitted model, sharing its network, that treats missing values in another way."""
        state = self.state_
        model = copy(self)
        model._state = replace(state, schema=replace(state.schema, missing=missing))
        return model

    def rows_of(self, X: Any) -> Rows:
        """Read X as rows with the columns of the fit.

        Raises
        ------
        NotFittedError, DataError
        """
        return as_rows(X, image_shape=self.image_shape, schema=self.state_.schema)

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.missing != "error"
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _html_repr(self) -> str:
        """scikit-learn's hook for notebooks."""
        box = super()._html_repr()
        if self._state is None:
            return box
        return f"<div>{box}{html_summary(self._state, self.history_)}</div>"

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()  # pyright: ignore[reportAssignmentType]
        return {name: value for name, value in state.items() if name != "_trainer"}


def _line(epoch: Epoch | LayerEpoch, n_epochs: int) -> str:
    """The line that verbose=1 prints."""
    if isinstance(epoch, LayerEpoch):
        start = f"layer {epoch.layer}/{epoch.n_layers}  epoch {epoch.number}/{epoch.n_epochs}"
        return f"{start}  error {epoch.error:.5g}  {epoch.rows_per_second:,.0f} rows/s"
    validation = "" if epoch.validation is None else f"  validation {epoch.validation:.5g}"
    return f"epoch {epoch.number}/{n_epochs}  loss {epoch.loss:.5g}{validation}  {epoch.rows_per_second:,.0f} rows/s"

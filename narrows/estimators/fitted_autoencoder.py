"""Methods of a fitted autoencoder: codes, reconstructions, errors, and its saved form."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from torch import Tensor

from narrows.data import Missing, Rows, as_one_row, as_rows, check_same_columns, fill_missing, materialize
from narrows.estimators.descriptions import HasCardFacts, html_summary, model_card
from narrows.estimators.inference import map_floats, map_rows
from narrows.estimators.parameters import parameter_checks
from narrows.estimators.saving import model_folder, onnx_file, persistence
from narrows.estimators.saving.checkpoint_folder import remove_checkpoint
from narrows.estimators.saving.saved_trainer import SavedTrainer
from narrows.estimators.state import FittedAttributes
from narrows.export import Dates
from narrows.model import AutoencoderNetwork
from narrows.training import fingerprint


def row_losses(network: AutoencoderNetwork, *, per_feature: bool = False) -> Callable[[Tensor], Tensor]:
    """Return the function from encoded rows (n, d) to their reconstruction losses (n,), or (n, d) by float."""

    def losses(x: Tensor) -> Tensor:
        found = network.likelihood.loss(network.output(network.codes(x)), x)
        return found if per_feature else found.sum(dim=1)

    return losses


class FittedAutoencoder(FittedAttributes, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Base class of `Autoencoder` with every method that needs a fit; `NotFittedError` before it."""

    missing: Missing
    image_shape: tuple[int, ...] | None

    _saved_trainer: SavedTrainer | None = None  # with which `partial_fit` continues after loading

    def transform(self, X: Any) -> np.ndarray:
        """Return the codes of X, float32 of shape (n, n_components).

        They are deterministic: X is not corrupted, and a gaussian code is the mean of its posterior.
        """
        return map_rows(self.state_, self.rows_of(X), self.network_.codes)

    def inverse_transform(self, X: Any) -> Any:
        """Return rows decoded from codes (n, n_components), in the units, names, dtypes and image shape of the fit.

        Of a frame with the columns of `get_feature_names_out`, in any order, the names decide.
        """
        self.check_is_fitted()
        ordered = parameter_checks.codes_in_order(X, list(self.get_feature_names_out()))
        floats = map_floats(parameter_checks.codes(ordered, self.n_components_), self.network_.decode, self.device_)
        parameter_checks.decodable(floats)
        return self.schema_.decode(floats)

    def reconstruct(self, X: Any) -> Any:
        """Return the reconstruction of X from its codes, in the container, units, dtypes and shape of X."""
        rows = self.rows_of(X)
        return self.schema_.decode(map_rows(self.state_, rows, self.network_.reconstruct), like=rows)

    def impute(self, X: Any) -> Any:
        """Return X with missing values replaced by their reconstructions; observed values do not change.

        A column of a DataFrame keeps its dtype if that can represent the imputed values. A column of Python objects
        is filled with objects of the type that it contains: int, bool or Decimal. Models trained with
        ``corruption="masking"`` impute best, because they have learned to reconstruct masked values.
        """
        self.check_is_fitted()
        X = materialize(as_one_row(X, self.schema_))
        rows = self.rows_of(X)
        check_same_columns(X, rows)
        return fill_missing(X, rows, self.impute_rows(rows))

    def impute_rows(self, rows: Rows) -> Rows:
        """Impute `Rows` and return `Rows`; see `impute`."""
        self.check_is_fitted()
        filled = self.schema_.fill(rows, map_rows(self.state_, rows, self.network_.reconstruct))
        # The code of a complete row is more accurate than that of a row with missing values.
        return self.schema_.fill(rows, map_rows(self.state_, filled, self.network_.reconstruct))

    def reconstruction_error(self, X: Any, *, per_feature: bool = False) -> np.ndarray:
        """Return the reconstruction loss of each row from its (deterministic) code, in `loss_unit_`.

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

        error = row_losses(self.network_, per_feature=per_feature)
        errors = map_rows(self.state_, rows, error, check=partial(parameter_checks.within_density, likelihood))
        if not per_feature:
            return errors
        return self.schema_.sum_by_column(errors)

    def score(self, X: Any, y: Any = None) -> float:
        """Return the share of variance explained by the reconstruction (R²).

        1 is a perfect reconstruction, 0 is no better than the training mean. It is
        1 - sum (x - x̂)² / sum (x - mean)² over the encoded floats of observed values. It does not depend on the loss,
        so that models with different settings can be compared.
        """
        rows = self.rows_of(X)
        parameter_checks.targets(y, len(rows))
        mean = torch.as_tensor(self.mean_, device=self.device_)
        mask_floats = torch.as_tensor(self.schema_.mask_indices, device=self.device_)
        has_mask = mask_floats >= 0

        def squares(x: Tensor) -> Tensor:
            squares = torch.stack([x - self.network_.reconstruct(x), x - mean], dim=2).double().square()
            if has_mask.any():
                squares[:, has_mask] *= (1 - x[:, mask_floats[has_mask]])[:, :, None]
            return squares.sum(dim=1)

        error, spread = map_rows(self.state_, rows, squares).sum(axis=0)
        if spread == 0:
            return float(error == 0)
        return float(1 - error / spread)

    def was_fitted_on(self, X: Any) -> bool:
        """Return whether X has the same rows as the fit, in any order."""
        return fingerprint(self.state_.encode(self.rows_of(X))) == self.fingerprint_

    def save(
        self,
        path: str | PathLike[str],
        *,
        overwrite: bool = False,
        row_hashes: bool = True,
        diagnosis: HasCardFacts | None = None,
    ) -> None:
        """Save the model as a folder for `narrows.load`; after an error no partial folder is left.

        The checkpoint of its fit is removed, unless the training was interrupted and could be resumed.

        Parameters
        ----------
        path : path
            The folder.
        overwrite : bool, default=False
            Whether a model at `path` is replaced.
        row_hashes : bool, default=True
            Whether to save a 64-bit hash of each distinct row of the fit. By them `narrows.diagnose` recognises the
            rows among others; anyone who has the model and a row can check whether it was one of them. Without
            them, only the whole table of the fit is recognised, by the sum of all hashes, which is always saved.
        diagnosis : Diagnosis or None, default=None
            The result of `narrows.diagnose`; its verdict and R² go into the card of the model, README.md.

        Raises
        ------
        OutputExistsError, OutputError
        """
        files = self.to_files(row_hashes=row_hashes, diagnosis=diagnosis)
        model_folder.write_folder(Path(path), files, overwrite=overwrite)
        if self._checkpoint is not None and not self.interrupted_:
            remove_checkpoint(self._checkpoint)
            self._checkpoint = None

    def to_onnx(
        self, path: str | PathLike[str] | None = None, *, dates: Dates = "text", overwrite: bool = False
    ) -> Any:
        """Return the whole model as an `onnx.ModelProto`, and write it to a file; needs ``narrows[onnx]``.

        Rows go in by column, in the user's units: numbers as float64 with NaN where they are missing, texts with "",
        dates as ISO 8601 texts. Images and arrays without column names are one input, "images" or "X". Outputs are
        "code", "reconstruction" (of a table with names one for each column, "reconstruction.COLUMN") and "error".
        The results are those of `transform`, `reconstruct` and `reconstruction_error` up to rounding; the rows are not
        checked.

        Parameters
        ----------
        path : path or None, default=None
        dates : {"text", "int64"}, default="text"
            Whether dates are ISO 8601 texts or ticks since 1970 in the unit of the column, int64.
        overwrite : bool, default=False

        Raises
        ------
        SettingError
            A part of the model has no emitter, such as a module of your own.
        MissingExtraError, OutputExistsError, OutputError
        """
        model = onnx_file.autoencoder_model(self.state_, dates)
        if path is not None:
            onnx_file.write_model(model, path, overwrite=overwrite)
        return model

    def card(self, diagnosis: HasCardFacts | None = None, *, row_hashes: bool = True) -> str:
        """Return the card of the saved model in Markdown; parameters as for `save`."""
        defaults = type(self)().get_params(deep=False)
        has_hashes = row_hashes and self.training_hashes_ is not None
        facts = {} if diagnosis is None else diagnosis.card_facts()
        return model_card(self.state_, self.history_, defaults, model_folder.versions(), facts, has_hashes=has_hashes)

    def to_files(self, *, row_hashes: bool = True, diagnosis: HasCardFacts | None = None) -> dict[str, bytes]:
        """Return the files of the saved model by name; parameters as for `save`.

        Raises
        ------
        NotFittedError
        SettingError
            If the class is not part of narrows, so that `narrows.load` could not find it.
        """
        state, progress = self.state_, self._progress
        assert progress is not None
        card = self.card(diagnosis, row_hashes=row_hashes)
        return persistence.files_of(type(self), state, progress, self.saved_trainer(), card, row_hashes=row_hashes)

    def saved_trainer(self) -> SavedTrainer | None:
        """Return the state with which `partial_fit` goes on; None where it was not the last training."""
        return self._saved_trainer if self._trainer is None else SavedTrainer.of(self._trainer)

    def rows_of(self, X: Any) -> Rows:
        """Read X as rows with the columns of the fit.

        Named columns may come in any order and among others, which are left out: the names decide, as in the shell.
        (scikit-learn's own estimators refuse both.) A column that is absent is an error.

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
        tags.input_tags.sparse = tags.input_tags.three_d_array = True
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = self.missing != "error"
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _html_repr(self) -> str:
        """Return the HTML for notebooks, as scikit-learn's hook of this name does."""
        box = super()._html_repr()
        if self._state is None:
            return box
        return f"<div>{box}{html_summary(self._state, self.history_)}</div>"

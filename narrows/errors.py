"""Every error that a user of narrows can meet.

NarrowsError
├── DataError (ValueError)                the rows cannot be used
│   ├── DataFormatError                   a file is damaged, empty, or of a kind narrows does not read
│   ├── MissingValuesError                NaN or infinity where numbers are needed
│   ├── NotNumericError (TypeError)       text, dates or objects where numbers are needed
│   ├── DataRangeError                    values outside what the output layer or the loss can express
│   └── SchemaMismatchError               columns or images differ from those of the fit
├── DataNotFoundError (FileNotFoundError) no such file, folder or data set
├── DownloadError (OSError)               a data set could not be fetched, or its checksum is wrong
├── SettingError (ValueError)             a parameter has an impossible value
│   └── NetworkShapeError                 a user's encoder or decoder gives the wrong shape
├── DivergedError (ArithmeticError)       the loss became NaN or infinite during training
├── NotFittedError (scikit-learn's)       the model has not been fitted
├── ModelError (ValueError)               a saved model cannot be loaded
│   ├── NotAModelError                    the path holds something else
│   ├── ModelDamagedError                 a file of the model is missing or was altered
│   └── ModelVersionError                 written by a later version of narrows
├── ModelNotFoundError (FileNotFoundError)
├── OutputError (OSError)                 a result could not be written
│   └── OutputExistsError (FileExistsError)
└── MissingExtraError (ImportError)       an optional dependency is not installed

IgnoredColumnWarning (UserWarning)        a fit does not learn from some columns

A message is one sentence: what is wrong, where, and what to do.
"""

from __future__ import annotations

import warnings

from sklearn.exceptions import NotFittedError as _SklearnNotFittedError


class NarrowsError(Exception):
    """Base class of every error that narrows raises on purpose."""


class DataError(NarrowsError, ValueError):
    """The rows cannot be used."""


class DataFormatError(DataError):
    """A file is damaged, empty, or of a kind that narrows does not read."""


class MissingValuesError(DataError):
    """NaN or infinity stands where numbers are needed."""


class NotNumericError(DataError, TypeError):
    """Text, dates or objects stand where numbers are needed."""


class DataRangeError(DataError):
    """Values lie outside what the output layer or the loss can express."""


class SchemaMismatchError(DataError):
    """Columns or images differ from those the model was fitted on."""


class DataNotFoundError(NarrowsError, FileNotFoundError):
    """There is no such file, folder or data set."""


class DownloadError(NarrowsError, OSError):
    """A data set could not be fetched, or its checksum is wrong."""


class SettingError(NarrowsError, ValueError):
    """A parameter has an impossible value."""


class NetworkShapeError(SettingError):
    """A user's encoder or decoder answers with the wrong shape."""


class DivergedError(NarrowsError, ArithmeticError):
    """The loss became NaN or infinite during training."""


class NotFittedError(NarrowsError, _SklearnNotFittedError):
    """The model has not been fitted."""


class ModelError(NarrowsError, ValueError):
    """A saved model cannot be loaded."""


class NotAModelError(ModelError):
    """The path holds something other than a narrows model."""


class ModelDamagedError(ModelError):
    """A file of the saved model is missing or was altered."""


class ModelVersionError(ModelError):
    """The model was written by a version of narrows that this one cannot follow."""


class ModelNotFoundError(NarrowsError, FileNotFoundError):
    """There is no saved model at the path."""


class OutputError(NarrowsError, OSError):
    """A result could not be written."""


class OutputExistsError(OutputError, FileExistsError):
    """The output is already there and may not be overwritten."""


class MissingExtraError(NarrowsError, ImportError):
    """An optional dependency is not installed."""


class IgnoredColumnWarning(UserWarning):
    """A fit does not learn from some columns; the message names them, with reasons and how to keep them."""


def __getattr__(name: str) -> type[UserWarning]:
    """Return `IgnoredColumnWarning` under its name before version 0.2, with a DeprecationWarning."""
    if name == "SetAsideWarning":
        warnings.warn(
            "narrows.errors.SetAsideWarning is now IgnoredColumnWarning; the old name will be removed.",
            DeprecationWarning,
            stacklevel=2,
        )
        return IgnoredColumnWarning
    raise AttributeError(f"module 'narrows.errors' has no attribute {name!r}")

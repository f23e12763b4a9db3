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
├── WorkerError (RuntimeError)            another process of the same training failed
│   └── WorkerLostError                   it ended, or cannot be reached
├── ModelError (ValueError)               a saved model cannot be loaded
│   ├── NotAModelError                    the path holds something else
│   ├── ModelDamagedError                 a file of the model is missing or was altered
│   └── ModelVersionError                 written by a later version of narrows
├── ModelNotFoundError (FileNotFoundError)
├── OutputError (OSError)                 a result could not be written
│   └── OutputExistsError (FileExistsError)
└── MissingExtraError (ImportError)       an optional dependency is not installed

IgnoredColumnWarning (UserWarning)        a fit does not learn from some columns
IdleParameterWarning (UserWarning)        a parameter has no effect among the others

A message is one sentence: what is wrong, where, and what to do.
"""

from __future__ import annotations

import errno
import inspect
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sklearn.exceptions import NotFittedError as _SklearnNotFittedError


class NarrowsError(Exception):
    """Base class of every error that narrows raises on purpose."""


class DataError(NarrowsError, ValueError):
    """The rows cannot be used.

    Parameters
    ----------
    message : str
    column : str or None
        Name of the column, or of the first one, that is the cause.
    problem : str or None
        The message without its advice, which differs between the shell and a service.
    """

    def __init__(self, message: str = "", *, column: str | None = None, problem: str | None = None) -> None:
        super().__init__(message)
        self.column = column
        self.problem = problem


class DataFormatError(DataError):
    """A file is damaged, empty, or of a kind that narrows does not read."""


class MissingValuesError(DataError):
    """NaN or infinity stands where numbers are needed."""


class NotNumericError(DataError, TypeError):
    """Text, dates or objects stand where numbers are needed."""


class DataRangeError(DataError):
    """Values lie outside the range of the output layer or the loss."""


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
    """The loss became NaN or infinite during training.

    Parameters
    ----------
    problem, advice : str
        The two parts of the message; without advice the problem is the whole sentence.
    """

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem, advice)
        self.problem = problem
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.problem}; {self.advice}." if self.advice else self.problem


class NotFittedError(NarrowsError, _SklearnNotFittedError):
    """The model has not been fitted."""


class WorkerError(NarrowsError, RuntimeError):
    """Another process of the same training failed, or was given something else."""


class WorkerLostError(WorkerError):
    """Another process of the same training ended, or cannot be reached."""


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


class UnknownLevelWarning(UserWarning):
    """Rows have levels that no row of the fit has."""


class IdleParameterWarning(UserWarning):
    """A parameter differs from its default and has no effect; the message names the setting that it needs."""


_SYSTEM_ERRORS = {
    errno.ENOSPC: "The disk is full{where}; free some space or write to another place.",
    errno.EDQUOT: "The disk quota is used up{where}; free some space or write to another place.",
    errno.EROFS: "The file system is read-only{where}; write to another place.",
    errno.EACCES: "Permission denied{where}; choose a path that you may use.",
    errno.EPERM: "Permission denied{where}; choose a path that you may use.",
    errno.EISDIR: "A file is needed, but there is a folder{where}.",
    errno.ENOTDIR: "A folder is needed, but there is a file{where}.",
    errno.ENAMETOOLONG: "The file name is too long{where}.",
}


def sentence_of(error: BaseException) -> str:
    """Return any error as one sentence: what is wrong, where, and what to do.

    Errors of narrows are sentences already; operating system errors and a lack of memory get one. Any other error
    is named as unexpected.
    """
    if isinstance(error, NarrowsError):
        return _one_line(str(error))
    if isinstance(error, MemoryError) or _is_out_of_memory(error):
        return "Memory ran out: use fewer rows, smaller hidden layers or a smaller batch size."
    if isinstance(error, OSError) and error.errno is not None:
        where = f": {error.filename}" if error.filename else ""
        sentence = _SYSTEM_ERRORS.get(error.errno)
        return _one_line(sentence.format(where=where) if sentence else f"{error.strerror}{where}.")
    return f"Unexpected {type(error).__name__}: {_one_line(str(error)) or 'no message'}"


def is_expected(error: BaseException) -> bool:
    """Return whether `sentence_of` says what to do about an error, so that it need not be reported as a bug."""
    known = isinstance(error, NarrowsError | MemoryError) or _is_out_of_memory(error)
    return known or (isinstance(error, OSError) and error.errno is not None)


@contextmanager
def full_disk_as_data_error(contents: str) -> Iterator[None]:
    """Raise DataError, which names ``TMPDIR``, if the disk is full while the block writes temporary files.

    Parameters
    ----------
    contents : str
        The data that are written, for the message.
    """
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise DataError(
            f"The disk of {tempfile.gettempdir()} is too small for {contents}; set TMPDIR to a folder on a larger one."
        ) from error


def _is_out_of_memory(error: BaseException) -> bool:
    """Return whether PyTorch ran out of memory; on the CPU it raises a plain RuntimeError."""
    return isinstance(error, RuntimeError) and any(
        words in str(error) for words in ("out of memory", "can't allocate memory")
    )


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Give a warning that points at the line of the user: the innermost frame outside narrows and scikit-learn.

    scikit-learn wraps methods and calls them from pipelines and searches, which the user did not write either.
    """
    frame = inspect.currentframe()
    assert frame is not None
    while frame.f_back is not None and _is_internal(frame):
        frame = frame.f_back
    warnings.warn_explicit(
        message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__", "<unknown>"),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def _is_internal(frame: FrameType) -> bool:
    package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return package in ("narrows", "sklearn", "importlib") or frame.f_code.co_filename.startswith("<frozen importlib")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def __getattr__(name: str) -> type[UserWarning]:
    """Return `IgnoredColumnWarning` under its name before version 0.2, with a DeprecationWarning."""
    if name == "SetAsideWarning":
        message = "narrows.errors.SetAsideWarning is now IgnoredColumnWarning; the old name will be removed."
        warn(message, DeprecationWarning)
        return IgnoredColumnWarning
    raise AttributeError(f"module 'narrows.errors' has no attribute {name!r}")

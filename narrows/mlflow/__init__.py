"""Saved models in MLflow: `save_model` and `log_model`; needs ``narrows[mlflow]``.

A model is stored as its own folder, without pickle, next to a file of Python code (`model_code`), which MLflow calls
"models from code". ``mlflow.pyfunc.load_model`` loads it anywhere.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from narrows.data import Schema, holds, input_columns, is_block
from narrows.errors import MissingExtraError
from narrows.estimators import AnomalyDetector
from narrows.version import __version__

__all__ = ["log_model", "save_model", "signature_of"]

_CODE = Path(__file__).with_name("model_code.py")


def save_model(model: Any, path: str | Path, **settings: Any) -> None:
    """Save a fitted model as an MLflow model in a folder.

    Parameters
    ----------
    model : Autoencoder or AnomalyDetector
        Fitted.
    path : path
        A folder that does not exist yet.
    settings : further parameters of `mlflow.pyfunc.save_model`
        Such as `input_example` or `metadata`.

    Raises
    ------
    MissingExtraError
    """
    pyfunc = _pyfunc()
    with _parts(model) as parts:
        pyfunc.save_model(path=str(path), **{**parts, **settings})


def log_model(model: Any, name: str = "model", **settings: Any) -> Any:
    """Log a fitted model to the active run of MLflow, and return MLflow's `ModelInfo`.

    Parameters
    ----------
    model : Autoencoder or AnomalyDetector
        Fitted.
    name : str, default="model"
    settings : further parameters of `mlflow.pyfunc.log_model`
        Such as `registered_model_name`.

    Raises
    ------
    MissingExtraError
    """
    pyfunc = _pyfunc()
    with _parts(model) as parts:
        return pyfunc.log_model(name=name, **{**parts, **settings})


def signature_of(model: Any) -> Any:
    """Return the signature of a fitted model: its learned columns, and the parameter "output".

    Columns with missing values in the fit are optional. Whole numbers are of the type "double" where they had missing
    values. Images, and arrays without column names, are one tensor.

    Raises
    ------
    MissingExtraError
    """
    _pyfunc()
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, TensorSpec
    from mlflow.types import Schema as Columns

    schema: Schema = model.schema_
    parameters = ParamSchema([ParamSpec("output", DataType.string, "score")])
    if is_block(schema):
        spec = TensorSpec(np.dtype(schema.dtypes[0]), (-1, *_row_shape(schema)))
        return ModelSignature(inputs=Columns([spec]), params=parameters)
    optional = columns_with_gaps(schema)
    types = {"text": DataType.string, "date": DataType.datetime}
    specs = []
    for i in input_columns(schema, with_constants=isinstance(model, AnomalyDetector)):
        what = holds(schema, i)
        type_of = _number_type(schema, i) if what == "number" else types[what]
        specs.append(ColSpec(type_of, schema.feature_names[i], required=i not in optional))
    return ModelSignature(inputs=Columns(specs), params=parameters)


def columns_with_gaps(schema: Schema) -> set[int]:
    """Return the columns that had missing values in the fit, and those that were not learned from."""
    from narrows.data.kinds import MissingMask

    masked = {int(i) for kind in schema.kinds if isinstance(kind, MissingMask) for i in kind.columns}
    return masked | (set(range(schema.n_columns)) - set(schema.learned_columns))


def _number_type(schema: Schema, i: int) -> Any:
    from mlflow.types import DataType

    kind = np.dtype(schema.dtypes[i])
    if kind.kind == "b":
        return DataType.boolean
    return DataType.long if kind.kind in "iu" else DataType.double


def _row_shape(schema: Schema) -> tuple[int, ...]:
    if schema.image_shape is None:
        return (schema.n_columns,)
    height, width, channels = schema.image_shape
    shapes = {"flat": (schema.n_columns,), "hw": (height, width), "hwc": (height, width, channels)}
    return shapes.get(schema.layout, (channels, height, width))


@contextmanager
def _parts(model: Any) -> Iterator[dict[str, Any]]:
    """Yield the parameters of `mlflow.pyfunc.save_model`; the folder of the model exists within the block."""
    with tempfile.TemporaryDirectory(prefix="narrows-") as folder:
        saved = Path(folder) / "narrows-model"
        model.save(saved)
        yield {
            "python_model": str(_CODE),
            "artifacts": {"model": str(saved)},
            "signature": signature_of(model),
            "pip_requirements": [f"narrows=={__version__}", "pandas"],
        }


def _pyfunc() -> Any:
    try:
        import mlflow.pyfunc
    except ImportError as error:
        raise MissingExtraError(
            "MLflow is not installed; run pip install 'narrows[mlflow]', or pip install mlflow."
        ) from error
    return mlflow.pyfunc

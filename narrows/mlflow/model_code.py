"""The code of a narrows model in MLflow ("models from code"): MLflow copies this file and runs it to load the model."""

from __future__ import annotations

from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

import narrows
from narrows.errors import SettingError


class NarrowsModel(PythonModel):
    """A saved narrows model; `params={"output": ...}` chooses "score", "code" or "reconstruction"."""

    def load_context(self, context: Any) -> None:
        """Load the saved model."""
        self.model = narrows.load(context.artifacts["model"])

    # MLflow reads type hints as a signature.
    def predict(self, context, model_input, params=None):  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return a frame of scores, the codes (n, n_components), or the reconstruction as rows of the fit."""
        output = (params or {}).get("output", "score")
        model, is_detector = self.model, isinstance(self.model, narrows.AnomalyDetector)
        rows = model.schema_.align(model.rows_of(model_input))  # MLflow leaves out columns that were not learned from
        if output == "score" and is_detector:
            scores = -model.score_samples(rows)
            return pd.DataFrame({"score": scores, "anomaly": model.alarms(scores).astype("int8")})
        if output == "score":
            return pd.DataFrame({"reconstruction_error": model.reconstruction_error(rows)})
        if output == "code" and not is_detector:
            return model.transform(rows)
        if output == "reconstruction" and not is_detector:
            return model.inverse_transform(model.transform(rows))
        outputs = "score" if is_detector else "score, code and reconstruction"
        raise SettingError(f"There is no output {output!r}; this model has {outputs}.")


set_model(NarrowsModel())

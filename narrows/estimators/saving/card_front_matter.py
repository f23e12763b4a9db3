"""The front matter of a model's card, by which Hugging Face and other stores file the model."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

_LICENCE = "license: unknown  # the licence under which you share the model"


def front_matter(
    estimator: str, tags: Sequence[str], version: str, *, metric: tuple[str, str, float] | None = None
) -> str:
    """Return YAML between two lines of dashes, with a line break behind it.

    Parameters
    ----------
    estimator : str
        Class of the model.
    tags : sequence of str
    version : str
        Version of narrows.
    metric : (str, str, float) or None
        Type, name and value of a result on held-out rows. None leaves the results out.
    """
    lines = [
        "---",
        "library_name: narrows",
        _LICENCE,
        "tags:",
        *(f"- {tag}" for tag in ("narrows", *tags)),
        f"narrows_version: {json.dumps(version)}",
    ]
    if metric is not None and math.isfinite(metric[2]):
        kind, name, value = metric
        lines += [
            "model-index:",
            f"- name: {estimator}",
            "  results:",
            "  - task:",
            "      type: feature-extraction",
            "    dataset:",
            "      type: custom",
            "      name: held-out rows of the fit",
            "    metrics:",
            f"    - type: {kind}",
            f"      name: {json.dumps(name)}",
            f"      value: {value!r}",
        ]
    return "\n".join([*lines, "---", ""])

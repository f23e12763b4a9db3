"""Descriptions of a fitted model for people: the card of a saved model and the summary in a notebook."""

from __future__ import annotations

import html
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from narrows.estimators.saving.card_front_matter import front_matter
from narrows.estimators.state import FittedState
from narrows.training import History

_MOST_NAMES = 50
_HOW = {"random": ", drawn at random", "groups": ", whole groups", "last": ", the last ones"}
_WITH_HASHES = (
    "The model contains a 64-bit hash of each distinct row of the fit (`training_hashes`, `validation_hashes`): who "
    "has this folder and a row can check whether that row was used. `save(path, row_hashes=False)`, or "
    "`--no-row-hashes` in the shell, leaves the hashes out. The weights may also give away something about single rows."
)
_WITHOUT_HASHES = (
    "The model contains no hashes of single rows, only the sum of the hashes of all rows, by which the whole table is "
    "recognised. The weights may still give away something about single rows."
)


class HasCardFacts(Protocol):
    """A diagnosis."""

    def card_facts(self) -> Mapping[str, str]:
        """Return the text of the card: names and texts."""
        ...


def model_card(
    state: FittedState,
    history: History,
    defaults: Mapping[str, Any],
    versions: Mapping[str, str],
    facts: Mapping[str, str],
    *,
    has_hashes: bool,
) -> str:
    """Return the model, its data, its training and its use in Markdown, below a front matter.

    Parameters
    ----------
    state : FittedState
    history : History
    defaults : mapping
        Default values of the constructor parameters; the card lists those that differ.
    versions : mapping
        Versions of the libraries; needs "narrows".
    facts : mapping
        Results of a diagnosis; empty if there was none.
    has_hashes : bool
        Whether hashes of the rows of the fit are saved.
    """
    schema = state.schema
    shape = (
        f"images of {schema.image_shape[0]} x {schema.image_shape[1]}, channels: {schema.image_shape[2]}"
        if schema.image_shape
        else f"rows of {schema.n_columns} columns"
    )
    changed = {name: value for name, value in state.params.items() if value != defaults[name]}
    settings = "\n".join(f"- `{name}` = `{value!r}`" for name, value in changed.items()) or "- all defaults"
    return f"""{_front_matter(state, history, versions["narrows"])}
# {state.estimator}

Fitted by narrows {versions["narrows"]} on {_counted(state)}{shape}; the code has {state.n_components} components.
Saved on {datetime.now(UTC):%Y-%m-%d}.
{_columns(state)}
| | |
|---|---|
| parameters of the network | {state.network.n_parameters:,} |
| share of the layers; the rest is PCA | {state.network.share_of_layers:g} |
| loss | {state.loss_unit} |
| epochs | {len(history)} |
| last training loss | {_last_loss(history)} |
| lowest held-out loss | {_lowest_validation(history)} |
| precision | {state.precision} |
| seed | {state.seed} |
| rows held out | {_held_out(state)} |
{_table(facts) or "| diagnosis | none yet; run `narrows diagnose` with this folder and data |"}

Settings that differ from the defaults:

{settings}

Use it:

```python
import narrows

model = narrows.load("path/of/this/folder")
codes = model.transform(X)
```

`model.safetensors` holds weights and scalers, `narrows.json` everything else, `history.json` the training; their
checksums are verified on loading. This file is for people and may be edited.

{_WITH_HASHES if has_hashes else _WITHOUT_HASHES}
"""


def html_summary(state: FittedState, history: History) -> str:
    """Return the network, the data and the training as an HTML table, and the curve of the losses."""
    schema, params = state.schema, state.params
    shape = f"images of {' × '.join(map(str, schema.image_shape))}" if schema.image_shape else "a table"
    sizes = (schema.n_floats, *state.hidden_layer_sizes, state.n_components)
    is_dense = params["encoder"] is None and params["network"] == "mlp"
    layers = " → ".join(map(str, sizes)) if is_dense else f"{schema.n_floats} → … → {state.n_components}"
    facts = {
        "fitted on": f"{shape}, {schema.n_columns} columns",
        "encoder": f"{layers} ({state.network.n_parameters:,} weights and biases with its decoder)",
        "loss": state.loss_unit,
        "seed": f"{state.seed} ({state.precision} on {state.device})",
    }
    rows = "".join(
        f"<tr><th style=text-align:left>{name}</th><td style=text-align:left>{html.escape(str(fact))}</td></tr>"
        for name, fact in facts.items()
    )
    return f"<table>{rows}</table>{history._repr_html_()}"


def _front_matter(state: FittedState, history: History, version: str) -> str:
    kind = "images" if state.schema.image_shape else "tabular"
    values = [epoch.validation for epoch in history if epoch.validation is not None]
    metric = ("loss", f"lowest held-out loss, {state.loss_unit}", float(min(values))) if values else None
    return front_matter(state.estimator, ("autoencoder", kind, "dimensionality-reduction"), version, metric=metric)


def _counted(state: FittedState) -> str:
    n = state.rows.n_rows
    return "" if n is None else f"{n:,} rows, which are "


def _held_out(state: FittedState) -> str:
    n, by = len(state.rows.validation_rows), state.rows.held_out_by
    if by == "given":
        return "none; the validation rows were given"
    return f"{n:,}{_HOW[by]}" if n else "none"


def _table(facts: Mapping[str, str]) -> str:
    texts = {name: " ".join(text.split()).replace("|", r"\|") for name, text in facts.items()}
    return "\n".join(f"| {name} | {text} |" for name, text in texts.items())


def _columns(state: FittedState) -> str:
    """Return the column names of the fit, with their types in a mixed table; empty without names."""
    schema = state.schema
    if schema.names is None:
        return ""
    types = (schema.ignored_columns | schema.column_types) if schema.is_mixed or schema.ignored_columns else {}
    listed = ", ".join(f"`{name}`" + (f" ({types[name]})" if types else "") for name in schema.names[:_MOST_NAMES])
    return f"\nColumns: {listed}{', ...' if len(schema.names) > _MOST_NAMES else ''}\n"


def _last_loss(history: History) -> str:
    return f"{history[-1].loss:.6g}" if history else "never trained"


def _lowest_validation(history: History) -> str:
    values = [epoch.validation for epoch in history if epoch.validation is not None]
    return f"{min(values):.6g}" if values else "no row was held out"

"""The model card: what a person reads who finds a saved model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from narrows.estimators.autoencoder import Autoencoder


def model_card(model: Autoencoder, versions: dict[str, str]) -> str:
    """Markdown: what the model is, what it was fitted on, how well, and how to use it."""
    schema, network = model.schema_, model.network_
    shape = (
        f"images of {schema.image_shape[0]} x {schema.image_shape[1]}, channels: {schema.image_shape[2]}"
        if schema.image_shape
        else f"rows of {schema.n_columns} columns"
    )
    changed = {name: value for name, value in model._fitted_params.items() if value != type(model)().get_params()[name]}
    settings = "\n".join(f"- `{name}` = `{value!r}`" for name, value in changed.items()) or "- all defaults"
    columns = ""
    if schema.names is not None:
        words = (schema.ignored_columns | schema.column_types) if schema.is_mixed or schema.ignored_columns else {}
        shown = ", ".join(f"`{name}`" + (f" ({words[name]})" if words else "") for name in schema.names[:50])
        columns = f"\nColumns: {shown}{', ...' if len(schema.names) > 50 else ''}\n"
    return f"""# {type(model).__name__}

Fitted by narrows {versions["narrows"]} on {shape}; the code has {model.n_components_} components.
{columns}
| | |
|---|---|
| parameters of the network | {network.n_parameters:,} |
| loss | {model.loss_unit_} |
| epochs | {len(model.history_)} |
| last training loss | {_last(model, "loss")} |
| lowest held-out loss | {_lowest_validation(model)} |
| precision | {model.precision_} |
| seed | {model.seed_} |

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
"""


def _last(model: Autoencoder, name: str) -> str:
    return f"{getattr(model.history_[-1], name):.6g}" if model.history_ else "never trained"


def _lowest_validation(model: Autoencoder) -> str:
    values = [epoch.validation for epoch in model.history_ if epoch.validation is not None]
    return f"{min(values):.6g}" if values else "no row was held out"

"""The settings of `narrows fit`: one list, from which the options, their help and the estimator's arguments follow.

A setting that is left out keeps the variant's own default, which stands in the estimator alone.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

import typer

from narrows.estimators.variants import VARIANTS, Variant

VariantName = Annotated[
    Variant,
    typer.Option(metavar="NAME", help=f"The kind of autoencoder. ({', '.join(VARIANTS)})", rich_help_panel="Variant"),
]
_Activation = Literal["relu", "gelu", "silu", "elu", "tanh", "sigmoid", "linear"]

DATA, NETWORK, VARIANT, TRAINING = "Data", "Network", "Variant", "Training"
_PANELS = (None, "Sweep", DATA, NETWORK, VARIANT, TRAINING, "Output")


def layer_sizes(text: str) -> tuple[int, ...]:
    """`1000,500,250` as sizes; `none` as no hidden layer."""
    if text.strip().lower() == "none":
        return ()
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = (0,)
    if min(sizes) < 1:
        raise typer.BadParameter(f"{text!r} is not a list of layer sizes such as 1000,500,250, or 'none'.")
    return sizes


def column_names(text: str) -> tuple[str, ...]:
    """`a,b` as names."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


@dataclass(frozen=True)
class Setting:
    """One option of `fit`.

    Parameters
    ----------
    name : str
        The estimator's parameter; the option is the same word with dashes.
    kind : object
        Its type: int, float, str, bool or a Literal.
    panel, help : str
        Where it stands in `narrows fit --help`, and what it says there; the choices of a Literal are appended.
    also : str or None
        A second, shorter name.
    parser : callable or None
        Turns the text into the value, where the type alone cannot.
    metavar : str or None
        What stands for the value in the help, where the type does not say it.
    """

    name: str
    kind: object
    panel: str
    help: str
    also: str | None = None
    parser: Callable[[str], object] | None = None
    metavar: str | None = None

    def parameters(self) -> list[inspect.Parameter]:
        """The arguments from which Typer makes the option: its own name, and hidden ones for the names besides it.

        Typer's help has a column for each name, which would leave no room for the words.
        """
        choices = ", ".join(get_args(self.kind))
        text = f"{self.help} ({choices})" if choices else self.help
        if self.kind is bool:
            text += f" (off: {_flag('no_' + self.name)})"
            return [self._parameter(self.name, text), self._parameter(f"no_{self.name}", None)]
        if self.also:
            text += f" Also {_flag(self.also)}."
            return [self._parameter(self.name, text), self._parameter(self.also, None)]
        return [self._parameter(self.name, text)]

    def value(self, arguments: dict[str, object]) -> object:
        """The setting as given under any of its names, taken out of `arguments`; None where it was not."""
        if self.kind is bool:
            on, off = arguments.pop(self.name), arguments.pop(f"no_{self.name}")
            return False if off else on
        value = arguments.pop(self.name)
        other = arguments.pop(self.also) if self.also else None
        return value if other is None else other

    def _parameter(self, name: str, text: str | None) -> inspect.Parameter:
        option = typer.Option(
            _flag(name),
            help=text,
            hidden=text is None,
            rich_help_panel=self.panel,
            parser=self.parser,
            metavar=self.metavar or _METAVARS.get(self.kind, "NAME"),
            show_default=False,
        )
        kind = Annotated[self.kind | None, option]  # pyright: ignore[reportOperatorIssue, reportInvalidTypeForm]
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)


_METAVARS: dict[object, str] = {int: "N", float: "X", bool: ""}


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "categorical",
        str,
        DATA,
        "Columns of numbers that only name something; text is a category anyway.",
        parser=column_names,
        metavar="A,B",
    ),
    Setting("n_components", int, NETWORK, "Size of the code."),
    Setting(
        "hidden_layer_sizes",
        str,
        NETWORK,
        "Hidden layers from the input to the code, mirrored on the way out; 'none' for none.",
        "hidden",
        layer_sizes,
        "1000,500,250",
    ),
    Setting("network", Literal["mlp", "conv"], NETWORK, "Dense layers, or convolutions for images."),
    Setting("activation", _Activation, NETWORK, "After every hidden layer."),
    Setting("code_activation", _Activation, NETWORK, "On the code itself."),
    Setting("tied_weights", bool, NETWORK, "The decoder uses the encoder's weights, transposed."),
    Setting(
        "loss",
        Literal["mse", "bce", "mae", "huber", "gaussian"],
        NETWORK,
        "What the reconstruction is measured by; bce needs data in 0 to 1.",
    ),
    Setting("output_activation", Literal["sigmoid", "linear"], NETWORK, "Of the output; sigmoid needs data in 0 to 1."),
    Setting(
        "scale",
        Literal["standard", "minmax", "quantile", "none"],
        NETWORK,
        "How columns become floats; left out, pixels and data in 0 to 1 stay and other columns are standardised.",
    ),
    Setting(
        "corruption",
        Literal["gaussian", "masking", "salt-and-pepper"],
        VARIANT,
        "Noise on the input during training; the target stays clean.",
    ),
    Setting("level", float, VARIANT, "Standard deviation of the gaussian noise, or share of the floats that is hit."),
    Setting("code", Literal["point", "gaussian", "top-k"], VARIANT, "What travels from encoder to decoder."),
    Setting("k", int, VARIANT, "Active units of a top-k code.", "top_k"),
    Setting("penalty", Literal["l1", "kl", "contractive"], VARIANT, "Added to the loss: on the code, or on its slope."),
    Setting("penalty_weight", float, VARIANT, "Weight of the penalty."),
    Setting("rho", float, VARIANT, "Mean activity of a unit that the kl penalty aims at."),
    Setting("beta", float, VARIANT, "Weight of the KL to the prior (variational)."),
    Setting("kl_warmup", float, VARIANT, "Epochs over which beta grows from 0 (variational)."),
    Setting("free_bits", float, VARIANT, "Nats per code unit that cost nothing (variational)."),
    Setting("pretrain", Literal["rbm"], TRAINING, "Start from a stack of Boltzmann machines, layer by layer."),
    Setting("pretrain_epochs", int, TRAINING, "Passes over the rows for each layer of it."),
    Setting(
        "optimizer", Literal["adam", "adamw", "rmsprop", "sgd", "muon", "lbfgs"], TRAINING, "What moves the weights."
    ),
    Setting("learning_rate", float, TRAINING, "Its peak, after warm-up.", "lr"),
    Setting("momentum", float, TRAINING, "Of sgd and rmsprop."),
    Setting("weight_decay", float, TRAINING, "Decoupled from the gradient."),
    Setting("schedule", Literal["linear", "cosine", "constant"], TRAINING, "Of the learning rate, after warm-up."),
    Setting("warmup", float, TRAINING, "Share of the steps over which the learning rate rises."),
    Setting("batch_size", int, TRAINING, "Rows per step."),
    Setting("epochs", int, TRAINING, "Passes over the rows, at most."),
    Setting("validation_fraction", float, TRAINING, "Share of the rows held out."),
    Setting("early_stopping", bool, TRAINING, "Stop when held-out rows no longer improve, and keep the best weights."),
    Setting("patience", int, TRAINING, "Epochs without improvement before stopping."),
    Setting("tol", float, TRAINING, "The least relative improvement that counts."),
    Setting("clip_norm", float, TRAINING, "Largest norm of the gradient."),
    Setting(
        "precision",
        Literal["auto", "float32", "bfloat16"],
        TRAINING,
        "Of large matrix products; auto is the faster one.",
    ),
    Setting("device", str, TRAINING, "cpu, cuda, cuda:1, mps; left out, a GPU where there is one.", metavar="DEVICE"),
    Setting("random_state", int, TRAINING, "The same number gives the same model, to the bit.", "seed"),
)


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command(..., **settings)` one option for each of `SETTINGS`, panel by panel."""
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    settings = [parameter for setting in SETTINGS for parameter in setting.parameters()]

    @functools.wraps(command)
    def with_values(**arguments: object) -> None:
        given = {setting.name: setting.value(arguments) for setting in SETTINGS}
        command(**arguments, **given)

    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*own, *settings)]
    parameters.sort(key=lambda p: _PANELS.index(p.annotation.__metadata__[0].rich_help_panel))
    with_values.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportAttributeAccessIssue]
    return with_values

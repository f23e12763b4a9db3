"""The parameters of the autoencoders: a table of their names, choices, help, groups and conditions.

The options of the shell, the settings of the lab, docs/parameters.md and the warnings about parameters without effect
are made from it. Defaults are defined only in the constructors. Importing this module does not load PyTorch.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from narrows.estimators.registered_names import registered_names
from narrows.estimators.requirements import NotGiven, Requirement, Value

Group = Literal["Network", "Data", "Objective", "Optimizer", "Stopping", "Run"]
GROUPS: tuple[Group, ...] = ("Network", "Data", "Objective", "Optimizer", "Stopping", "Run")

Kind = Literal["int", "float", "bool", "name", "text", "sizes", "columns", "object"]


@dataclass(frozen=True)
class Option:
    """An option of the shell.

    Parameters
    ----------
    short : str or None
        A second name, without dashes in front; the parameter's own name is the first.
    metavar : str or None
        Placeholder of the value in the help; None follows from the type.
    """

    short: str | None = None
    metavar: str | None = None


@dataclass(frozen=True)
class LabField:
    """A field of the lab's settings.

    Parameters
    ----------
    parameter : str
        The parameter that it sets.
    key : str
        Its name in the messages between page and server, and in stored runs.
    label, hint : str
        Its title and its one-line explanation.
    phrase : str
        Its name in an error message.
    low, high : float
        Limits of a number, both included.
    variants : tuple of str
        Variants that have the field; empty for all.
    excluded : tuple of str
        Choices of the parameter that the lab does not offer.
    section : {"model", "training", "more", "images"}
        Section of the page; "images" is for image data only. Ignored for fields of single variants.
    """

    parameter: str
    key: str
    label: str
    hint: str
    phrase: str
    low: float = 0.0
    high: float = 1e6
    variants: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    section: Literal["model", "training", "more", "images"] = "model"

    @property
    def kind(self) -> Kind:
        return BY_NAME[self.parameter].kind

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the names that the lab offers; empty for numbers and sizes."""
        names = BY_NAME[self.parameter].choices if self.kind == "name" else ()
        return tuple(name for name in names if name not in self.excluded)


@dataclass(frozen=True)
class Parameter:
    """One parameter of the constructors.

    Parameters
    ----------
    name : str
    group : {"Network", "Data", "Objective", "Optimizer", "Stopping", "Run"}
    kind : {"int", "float", "bool", "name", "text", "sizes", "columns", "object"}
        Type of its value; "name" is one of `choices`.
    help : str
        One sentence.
    choices : tuple of str
        Names that it accepts, including "auto" if there is one; without None and objects.
    accepts : str or None
        Class whose instances it accepts in addition to the names.
    requires : Requirement or None
        Condition under which it has an effect; None is always.
    option : Option or None
        The option of the shell; None if the shell has none.
    """

    name: str
    group: Group
    kind: Kind
    help: str
    choices: tuple[str, ...] = ()
    accepts: str | None = None
    requires: Requirement | None = None
    option: Option | None = Option()

    @property
    def flag(self) -> str:
        """The shortest option of the shell, such as ``--top-k``."""
        short = self.option.short if self.option else None
        return "--" + (short or self.name).replace("_", "-")


def _choices(module: str, registry: str, *, auto: bool = False) -> tuple[str, ...]:
    return (("auto",) if auto else ()) + registered_names(module, registry)


_ACTIVATIONS = _choices("model/activations.py", "ActivationName")
_NETWORKS = _choices("model/network.py", "NETWORKS")
_SCALES = _choices("data/schema/scaling.py", "Scale")
_MISSING = _choices("data/schema/layout.py", "Missing")
_LOSSES = _choices("model/likelihood.py", "LIKELIHOODS", auto=True)
_CORRUPTIONS = _choices("model/corruption.py", "CORRUPTIONS")
_CODES = _choices("model/code.py", "CODES")
_PENALTIES = _choices("model/penalty.py", "PENALTIES")
_PRETRAINERS = _choices("training/pretraining.py", "PRETRAINERS")
_OPTIMIZERS = _choices("training/optimizers.py", "OPTIMIZERS")
_SCHEDULES = _choices("training/settings.py", "SCHEDULES")
_PRECISIONS = _choices("training/compute.py", "PRECISIONS")

_HIDDEN_LAYERS = NotGiven(("encoder", "decoder"))
_TOP_K = Value("code", ("top-k",))
_GAUSSIAN = Value("code", ("gaussian",), instance_of="GaussianCode")
_CORRUPTED = Value("corruption", _CORRUPTIONS)
_PENALIZED = Value("penalty", _PENALTIES)
_KL = Value("penalty", ("kl",))
_PRETRAINED = Value("pretrain", _PRETRAINERS)
_MOMENTUM = Value("optimizer", ("rmsprop", "sgd"))
_STEPS = Value("optimizer", tuple(name for name in _OPTIMIZERS if name != "lbfgs"))
_STOPPING = Value("early_stopping", (True,))

PARAMETERS: tuple[Parameter, ...] = (
    Parameter("n_components", "Network", "int", "Size of the code.", ("auto",)),
    Parameter(
        "hidden_layer_sizes",
        "Network",
        "sizes",
        "Hidden layers of the encoder, mirrored in the decoder; 'none' for none.",
        ("auto",),
        requires=_HIDDEN_LAYERS,
        option=Option("hidden", "1000,500,250"),
    ),
    Parameter(
        "network", "Network", "name", "Dense layers, or convolutions for images.", _NETWORKS, requires=_HIDDEN_LAYERS
    ),
    Parameter(
        "activation", "Network", "name", "Activation of the hidden layers.", _ACTIVATIONS, requires=_HIDDEN_LAYERS
    ),
    Parameter(
        "code_activation",
        "Network",
        "name",
        "Activation of the code.",
        ("auto", *_ACTIVATIONS),
        requires=NotGiven(("encoder",)),
    ),
    Parameter("tied_weights", "Network", "bool", "The decoder uses the encoder's weights, transposed."),
    Parameter("encoder", "Network", "object", "Your own encoder.", accepts="nn.Module", option=None),
    Parameter("decoder", "Network", "object", "Your own decoder.", accepts="nn.Module", option=None),
    Parameter(
        "image_shape", "Data", "sizes", "Height and width (and channels) of the images in the columns.", option=None
    ),
    Parameter(
        "scale",
        "Data",
        "name",
        "How columns become floats; 'auto' keeps pixels and data in 0 to 1, and standardises other columns.",
        _SCALES,
    ),
    Parameter(
        "missing",
        "Data",
        "name",
        "Missing cells: learn where they are, refuse them, or fill in the mean.",
        _MISSING,
        option=None,
    ),
    Parameter(
        "categorical",
        "Data",
        "columns",
        "Number columns whose values are categories; text columns are found without it.",
        option=Option(metavar="A,B"),
    ),
    Parameter(
        "output_activation",
        "Objective",
        "name",
        "Activation of the output; sigmoid needs data in 0 to 1.",
        ("auto", "sigmoid", "linear"),
    ),
    Parameter(
        "loss", "Objective", "name", "Loss of the reconstruction; bce needs data in 0 to 1.", _LOSSES, "Likelihood"
    ),
    Parameter(
        "corruption",
        "Objective",
        "name",
        "Noise on the input during training; the target stays clean.",
        _CORRUPTIONS,
        "Corruption",
    ),
    Parameter(
        "level",
        "Objective",
        "float",
        "Standard deviation of gaussian noise, or share of the floats that other noise changes.",
        requires=_CORRUPTED,
    ),
    Parameter(
        "code", "Objective", "name", "Type of the code: one point, its k largest units, or a gaussian.", _CODES, "Code"
    ),
    Parameter("k", "Objective", "int", "Active units of a top-k code.", requires=_TOP_K, option=Option("top_k")),
    Parameter(
        "penalty", "Objective", "name", "Added to the loss: on the code, or on its slope.", _PENALTIES, "Penalty"
    ),
    Parameter("penalty_weight", "Objective", "float", "Weight of the penalty.", requires=_PENALIZED),
    Parameter("rho", "Objective", "float", "Target mean activity of a unit under the kl penalty.", requires=_KL),
    Parameter("beta", "Objective", "float", "Weight of the KL divergence from the prior.", requires=_GAUSSIAN),
    Parameter("kl_warmup", "Objective", "float", "Epochs over which beta rises from 0.", requires=_GAUSSIAN),
    Parameter(
        "free_bits", "Objective", "float", "Nats per code unit that the KL term does not count.", requires=_GAUSSIAN
    ),
    Parameter(
        "pretrain",
        "Optimizer",
        "name",
        "Start from a stack of Boltzmann machines, trained layer by layer.",
        _PRETRAINERS,
    ),
    Parameter("pretrain_epochs", "Optimizer", "int", "Pre-training epochs of each layer.", requires=_PRETRAINED),
    Parameter("optimizer", "Optimizer", "name", "Rule by which the weights are updated.", _OPTIMIZERS),
    Parameter(
        "learning_rate", "Optimizer", "float", "Largest learning rate, after warm-up.", ("auto",), option=Option("lr")
    ),
    Parameter("momentum", "Optimizer", "float", "Momentum of sgd and rmsprop.", requires=_MOMENTUM),
    Parameter("weight_decay", "Optimizer", "float", "Decay of the weights in each step.", ("auto",)),
    Parameter(
        "schedule", "Optimizer", "name", "How the learning rate falls after warm-up.", _SCHEDULES, requires=_STEPS
    ),
    Parameter(
        "warmup", "Optimizer", "float", "Share of the steps over which the learning rate rises.", requires=_STEPS
    ),
    Parameter("batch_size", "Optimizer", "int", "Rows per step.", ("auto",)),
    Parameter("clip_norm", "Optimizer", "float", "Largest norm of the gradient."),
    Parameter("epochs", "Stopping", "int", "Largest number of passes over the rows.", ("auto",)),
    Parameter("validation_fraction", "Stopping", "float", "Share of the rows held out."),
    Parameter(
        "early_stopping", "Stopping", "bool", "Stop when held-out rows no longer improve, and keep the best weights."
    ),
    Parameter("patience", "Stopping", "int", "Epochs without improvement before stopping.", requires=_STOPPING),
    Parameter("tol", "Stopping", "float", "Smallest relative improvement that counts.", requires=_STOPPING),
    Parameter(
        "precision", "Run", "name", "Type of large matrix products in training; auto is the faster one.", _PRECISIONS
    ),
    Parameter("warm_start", "Run", "bool", "Each fit continues from the weights of the fit before.", option=None),
    Parameter(
        "device",
        "Run",
        "text",
        "cpu, cuda, cuda:1 or mps; 'auto' is a GPU if there is one.",
        option=Option(metavar="DEVICE"),
    ),
    Parameter(
        "random_state", "Run", "int", "Seed; the same seed gives the same model to the bit.", option=Option("seed")
    ),
    Parameter("verbose", "Run", "int", "1 prints a line per epoch.", option=None),
)


LAB_FIELDS: tuple[LabField, ...] = (
    LabField(
        "corruption",
        "corruption",
        "Noise",
        "Corruption of the input rows during training.",
        "The noise",
        variants=("denoising",),
    ),
    LabField(
        "level",
        "corruption_level",
        "Noise level",
        "Gaussian: standard deviation. Others: share of the values that are corrupted.",
        "The amount of noise",
        variants=("denoising",),
    ),
    LabField(
        "penalty_weight",
        "sparsity",
        "Sparsity weight",
        "Weight of the sparsity penalty.",
        "The weight of sparsity",
        variants=("sparse",),
    ),
    LabField(
        "penalty_weight",
        "contraction",
        "Contraction weight",
        "Weight of the contraction penalty.",
        "The weight of contraction",
        variants=("contractive",),
    ),
    LabField(
        "beta",
        "beta",
        "Beta",
        "Weight of the KL divergence to the prior. 1 is the standard VAE; less gives sharper pictures.",
        "Beta",
        variants=("variational",),
    ),
    LabField("network", "architecture", "Network", "Dense layers, or convolutions.", "The network", section="images"),
    LabField(
        "n_components",
        "n_components",
        "Code size",
        "Numbers in the code of each row. Two can be drawn as a map.",
        "The size of the code",
        1,
        512,
    ),
    LabField(
        "hidden_layer_sizes",
        "hidden_layer_sizes",
        "Hidden layers",
        "Units of the encoder layers, as in 64, 32; the decoder mirrors them.",
        "The hidden layers",
        1,
        4096,
    ),
    LabField(
        "activation",
        "activation",
        "Activation",
        "Function that each unit applies to its weighted sum.",
        "The activation",
    ),
    LabField(
        "epochs",
        "epochs",
        "Epochs",
        "Passes over the training rows.",
        "The number of epochs",
        1,
        10_000,
        section="training",
    ),
    LabField(
        "learning_rate",
        "learning_rate",
        "Learning rate",
        "Size of each update of the weights. Too large a value makes the loss diverge.",
        "The learning rate",
        high=1e9,
        section="training",
    ),
    LabField("batch_size", "batch_size", "Batch size", "Rows per update.", "The batch size", 1, 65_536, section="more"),
    LabField(
        "optimizer",
        "optimizer",
        "Optimizer",
        "Algorithm that updates the weights.",
        "The optimizer",
        excluded=("lbfgs",),
        section="more",
    ),
    LabField(
        "random_state", "seed", "Seed", "The same seed gives the same run.", "The seed", 0, 2**32 - 1, section="more"
    ),
)

BY_NAME: dict[str, Parameter] = {parameter.name: parameter for parameter in PARAMETERS}


REQUIREMENTS: dict[str, Requirement] = {
    parameter.name: parameter.requires for parameter in PARAMETERS if parameter.requires is not None
}
"""When each conditional parameter of the autoencoders has an effect."""

_SETTINGS_OF_ESTIMATOR = NotGiven(("estimator",), remedy_words="set it in the estimator")

DETECTOR_REQUIREMENTS: dict[str, Requirement] = {
    "contamination": Value("threshold", ("contamination", "budget")),
    "alpha": Value("threshold", ("conformal", "benjamini-hochberg")),
    "budget": Value("threshold", ("budget",)),
    "missing": _SETTINGS_OF_ESTIMATOR,
    "categorical": _SETTINGS_OF_ESTIMATOR,
}
"""When each conditional parameter of `AnomalyDetector` has an effect."""


def idle_parameters(
    values: Mapping[str, Any], defaults: Mapping[str, Any], requirements: Mapping[str, Requirement] = REQUIREMENTS
) -> Iterator[str]:
    """Yield the name of each parameter that differs from its default and has no effect among these values.

    values, defaults : every parameter by name; the defaults are those of the class.
    """
    for name, requirement in requirements.items():
        if not (_same(values[name], defaults[name]) or requirement.holds(values) or _is_refused(requirement, values)):
            yield name


def idle_sentence(name: str, values: Mapping[str, Any], requirement: Requirement) -> str:
    """Return the sentence on a parameter without effect: which setting prevents it, and the one it needs."""
    return f"{name}={values[name]!r} has no effect with {requirement.remedy(values)}."


def constructor_defaults(estimator: type[Any]) -> dict[str, Any]:
    """Return the default of each parameter of an estimator's constructor."""
    return {field.name: field.default for field in fields(estimator) if field.init}


def warn_of_idle_parameters(estimator: Any, requirements: Mapping[str, Requirement] = REQUIREMENTS) -> None:
    """Warn of each parameter of an estimator that differs from its default and has no effect."""
    from narrows.errors import IdleParameterWarning

    defaults = constructor_defaults(type(estimator))
    values = {name: getattr(estimator, name) for name in defaults}
    for name in idle_parameters(values, defaults, requirements):
        warnings.warn(idle_sentence(name, values, requirements[name]), IdleParameterWarning, stacklevel=2)


def _is_refused(requirement: Requirement, values: Mapping[str, Any]) -> bool:
    """Return whether the required setting has an unknown name, for which `fit` raises an error."""
    if not isinstance(requirement, Value) or requirement.parameter not in BY_NAME:
        return False
    given, choices = values[requirement.parameter], BY_NAME[requirement.parameter].choices
    return isinstance(given, str) and bool(choices) and given not in choices


def _same(value: Any, default: Any) -> bool:
    try:
        return value is default or bool(value == default)
    except (TypeError, ValueError):  # an array
        return False

"""The parameters of the autoencoders: a table of their names, choices, help, groups and conditions.

The options of the shell, the settings of the lab, docs/parameters.md and the warnings about parameters without effect
are made from it. Defaults are defined only in the constructors. Importing this module does not load PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from narrows.estimators.parameters.registered_names import registered_names
from narrows.estimators.parameters.requirements import NotGiven, Positive, Requirement, Value

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
_REDUCTIONS = _choices("training/settings.py", "REDUCTIONS")
_PRECISIONS = _choices("training/precision.py", "PRECISIONS")

_HIDDEN_LAYERS = NotGiven(("encoder", "decoder"))
_TOP_K = Value("code", ("top-k",))
_GAUSSIAN = Value("code", ("gaussian",), instance_of="GaussianCode")
_CORRUPTED = Value("corruption", _CORRUPTIONS)
_PENALIZED = Value("penalty", _PENALTIES)
_KL, _NEIGHBOURS = Value("penalty", ("kl",)), Value("penalty", ("neighbours",))
_PRETRAINED = Value("pretrain", _PRETRAINERS)
_MOMENTUM = Value("optimizer", ("rmsprop", "sgd"))
_STEPS = Value("optimizer", tuple(name for name in _OPTIMIZERS if name != "lbfgs"))
_STOPPING = Value("early_stopping", (True,))

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "n_components",
        "Network",
        "int",
        "Number of values in the code of each row; by default a quarter of the columns (variational: more), up to 32.",
        ("auto",),
    ),
    Parameter(
        "hidden_layer_sizes",
        "Network",
        "sizes",
        "Sizes of the encoder's hidden layers, mirrored; by default 128,64 to 512,256, by the columns. 'none': none.",
        ("auto",),
        requires=_HIDDEN_LAYERS,
        option=Option("hidden", "1000,500,250"),
    ),
    Parameter(
        "network",
        "Network",
        "name",
        "Type of the network: dense layers (mlp), convolutions for images (conv), or a denoiser of images of any size "
        "(residual).",
        _NETWORKS,
        requires=_HIDDEN_LAYERS,
    ),
    Parameter(
        "activation",
        "Network",
        "name",
        "Activation function of the hidden layers.",
        _ACTIVATIONS,
        requires=_HIDDEN_LAYERS,
    ),
    Parameter(
        "code_activation",
        "Network",
        "name",
        "Activation function of the code; 'auto' follows from the penalty, and is linear without one.",
        ("auto", *_ACTIVATIONS),
        requires=NotGiven(("encoder",)),
    ),
    Parameter("tied_weights", "Network", "bool", "Use the transposed weights of the encoder in the decoder."),
    Parameter(
        "linear_path",
        "Network",
        "name",
        "PCA parallel to the layers, for rows that do not support them; 'auto' is on with default loss and layers.",
        ("auto", "on", "off"),
    ),
    Parameter(
        "encoder", "Network", "object", "Your own network from the row to the code.", accepts="nn.Module", option=None
    ),
    Parameter(
        "decoder", "Network", "object", "Your own network from the code to the row.", accepts="nn.Module", option=None
    ),
    Parameter(
        "image_shape",
        "Data",
        "sizes",
        "Height and width, or height, width and channels, of images whose pixels are the columns.",
        option=None,
    ),
    Parameter(
        "scale",
        "Data",
        "name",
        "Scaling of number columns; 'auto' standardises them, but keeps values in 0 to 1 and scales pixels to 0 to 1.",
        _SCALES,
    ),
    Parameter(
        "missing",
        "Data",
        "name",
        "Treatment of missing values: learn from a mask of them, raise an error, or fill in the column mean.",
        _MISSING,
        option=None,
    ),
    Parameter(
        "categorical",
        "Data",
        "columns",
        "Names of number columns whose values are categories; text columns are always read as categories.",
        option=Option(metavar="A,B"),
    ),
    Parameter(
        "output_activation",
        "Objective",
        "name",
        "Activation function of the output; 'auto' is sigmoid if all values lie in 0 to 1, else linear.",
        ("auto", "sigmoid", "linear"),
    ),
    Parameter(
        "loss",
        "Objective",
        "name",
        "Reconstruction loss; 'auto' fits the data and the code, and 'bce' needs values from 0 to 1.",
        _LOSSES,
        "Likelihood",
    ),
    Parameter(
        "corruption",
        "Objective",
        "name",
        "Type of the noise that training adds to the input; the target stays clean.",
        _CORRUPTIONS,
        "Corruption",
    ),
    Parameter(
        "level",
        "Objective",
        "float",
        "Standard deviation of gaussian noise, in scaled units; for the other types, the share of values that change.",
        requires=_CORRUPTED,
    ),
    Parameter(
        "code",
        "Objective",
        "name",
        "Type of the code: a point, a point with only its k largest units, or a gaussian distribution.",
        _CODES,
        "Code",
    ),
    Parameter(
        "k",
        "Objective",
        "int",
        "Number of active units in a top-k code; must be given for such a code.",
        requires=_TOP_K,
        option=Option("top_k"),
    ),
    Parameter(
        "penalty",
        "Objective",
        "name",
        "Added to the loss: size (l1), activity (kl) or Jacobian (contractive) of codes, or distance of neighbours.",
        _PENALTIES,
        "Penalty",
    ),
    Parameter(
        "penalty_weight",
        "Objective",
        "float",
        "Weight of the penalty relative to the loss per row; of neighbours, relative to the loss per feature.",
        requires=_PENALIZED,
    ),
    Parameter(
        "rho",
        "Objective",
        "float",
        "Target of the kl penalty: the mean activity of each code unit, between 0 and 1.",
        requires=_KL,
    ),
    Parameter(
        "n_neighbors", "Objective", "int", "Number of rows in a neighbourhood, the row included.", requires=_NEIGHBOURS
    ),
    Parameter(
        "beta", "Objective", "float", "Weight of the KL divergence between the code and the prior.", requires=_GAUSSIAN
    ),
    Parameter(
        "kl_warmup", "Objective", "float", "Number of epochs in which beta rises to its value.", requires=_GAUSSIAN
    ),
    Parameter(
        "free_bits",
        "Objective",
        "float",
        "KL divergence of each code unit, in nats, below which it is not penalised.",
        requires=_GAUSSIAN,
    ),
    Parameter(
        "pretrain",
        "Optimizer",
        "name",
        "Pre-training: restricted Boltzmann machines (rbm), one for each encoder layer, give the initial weights.",
        _PRETRAINERS,
    ),
    Parameter(
        "pretrain_epochs", "Optimizer", "int", "Number of pre-training epochs for each layer.", requires=_PRETRAINED
    ),
    Parameter("optimizer", "Optimizer", "name", "Algorithm that updates the weights.", _OPTIMIZERS),
    Parameter(
        "learning_rate",
        "Optimizer",
        "float",
        "Learning rate after the warm-up; by default 0.005 for muon, 0.003 for sgd, 1 for lbfgs, else 0.001.",
        ("auto",),
        option=Option("lr"),
    ),
    Parameter("momentum", "Optimizer", "float", "Momentum of the optimizers sgd and rmsprop.", requires=_MOMENTUM),
    Parameter(
        "weight_decay",
        "Optimizer",
        "float",
        "Weight decay; by default 0.2 for muon, 0.01 for adamw and 0 for the others.",
        ("auto",),
    ),
    Parameter(
        "schedule", "Optimizer", "name", "Decay of the learning rate after the warm-up.", _SCHEDULES, requires=_STEPS
    ),
    Parameter(
        "warmup",
        "Optimizer",
        "float",
        "Share of the training steps, from 0 to 1, in which the learning rate rises.",
        requires=_STEPS,
    ),
    Parameter(
        "batch_size",
        "Optimizer",
        "int",
        "Number of rows in each training step; by default so many that an epoch has about 80 steps.",
        ("auto",),
    ),
    Parameter(
        "n_pieces",
        "Optimizer",
        "int",
        "Number of pieces of each batch, which workers share; by default the number of workers.",
        ("auto",),
    ),
    Parameter(
        "reduce",
        "Optimizer",
        "name",
        "How workers add gradients: in a fixed order (exact), or in any order with less to send (fast).",
        _REDUCTIONS,
    ),
    Parameter(
        "clip_norm", "Optimizer", "float", "Maximum norm of the gradient; larger gradients are scaled down to it."
    ),
    Parameter(
        "epochs",
        "Stopping",
        "int",
        "Maximum number of passes over the training rows; by default 20 to 200, for about 4,000 steps.",
        ("auto",),
    ),
    Parameter(
        "validation_fraction", "Stopping", "float", "Share of the rows, from 0 to 1, that is held out of training."
    ),
    Parameter(
        "validation",
        "Stopping",
        "name",
        "Which rows are held out: random ones, whole groups, or the last; 'auto' is groups or last if they are known.",
        ("auto", "random", "groups", "last"),
        requires=Positive("validation_fraction"),
    ),
    Parameter(
        "early_stopping",
        "Stopping",
        "bool",
        "Stop when the loss on held-out rows no longer falls, and keep the best weights.",
    ),
    Parameter(
        "patience",
        "Stopping",
        "int",
        "Number of epochs without improvement after which training stops; of a map, at least a third of the epochs.",
        requires=_STOPPING,
    ),
    Parameter(
        "tol",
        "Stopping",
        "float",
        "Smallest relative decrease of the loss that counts as an improvement.",
        requires=_STOPPING,
    ),
    Parameter(
        "precision",
        "Run",
        "name",
        "Type of large matrix products in training; 'auto' is bfloat16 if the processor is faster in it, else float32.",
        _PRECISIONS,
    ),
    Parameter("warm_start", "Run", "bool", "Start each fit from the weights of the previous fit.", option=None),
    Parameter(
        "device",
        "Run",
        "text",
        "Device for training: cpu, cuda, cuda:1 or mps; 'auto' is a CUDA GPU if there is one, else the CPU.",
        option=Option(metavar="DEVICE"),
    ),
    Parameter(
        "random_state",
        "Run",
        "int",
        "Seed of all random numbers; the same seed gives the same model. Without it, a seed is drawn.",
        option=Option("seed"),
    ),
    Parameter(
        "verbose", "Run", "int", "Amount of output: 1 prints a line for each epoch, 0 prints nothing.", option=None
    ),
)


BY_NAME: dict[str, Parameter] = {parameter.name: parameter for parameter in PARAMETERS}

"""The parameters of the autoencoders on the network, the data and the objective, without those on penalties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import nn

from narrows.data import Missing, Scale
from narrows.declarations.parameter import Option, parameter
from narrows.declarations.registered_names import registered_names
from narrows.declarations.requirements import NotGiven, Value
from narrows.model import Code, Corruption, Likelihood


@dataclass(eq=False, repr=False, kw_only=True)
class ModelParameters:
    """The network, the encoding of the rows, and the objective."""

    n_components: int | Literal["auto"] = parameter(
        "auto",
        "Network",
        "int",
        "Number of values in the code of each row; by default a quarter of the columns (variational: more), up to 32.",
        choices=("auto",),
    )
    hidden_layer_sizes: tuple[int, ...] | Literal["auto"] = parameter(
        "auto",
        "Network",
        "sizes",
        "Sizes of the encoder's hidden layers, mirrored; by default 128,64 to 512,256, by the columns. 'none': none.",
        choices=("auto",),
        requires=NotGiven(("encoder", "decoder")),
        option=Option("hidden", "1000,500,250"),
    )
    network: str = parameter(
        "mlp",
        "Network",
        "name",
        "Type of the network: dense layers (mlp), convolutions for images (conv), or a denoiser of images of any size "
        "(residual).",
        choices=registered_names("model/network.py", "NETWORKS"),
        requires=NotGiven(("encoder", "decoder")),
    )
    activation: str = parameter(
        "silu",
        "Network",
        "name",
        "Activation function of the hidden layers.",
        choices=registered_names("model/activations.py", "ActivationName"),
        requires=NotGiven(("encoder", "decoder")),
    )
    code_activation: str = parameter(
        "auto",
        "Network",
        "name",
        "Activation function of the code; 'auto' follows from the penalty, and is linear without one.",
        choices=("auto", *registered_names("model/activations.py", "ActivationName")),
        requires=NotGiven(("encoder",)),
    )
    tied_weights: bool = parameter(
        False,
        "Network",
        "bool",
        "Use the transposed weights of the encoder in the decoder.",
    )
    linear_path: str = parameter(
        "auto",
        "Network",
        "name",
        "PCA parallel to the layers, for rows that do not support them; 'auto' is on with default loss and layers.",
        choices=("auto", "on", "off"),
    )
    encoder: nn.Module | None = parameter(
        None,
        "Network",
        "object",
        "Your own network from the row to the code.",
        accepts="nn.Module",
        option=None,
    )
    decoder: nn.Module | None = parameter(
        None,
        "Network",
        "object",
        "Your own network from the code to the row.",
        accepts="nn.Module",
        option=None,
    )
    image_shape: tuple[int, ...] | None = parameter(
        None,
        "Data",
        "sizes",
        "Height and width, or height, width and channels, of images whose pixels are the columns.",
        option=None,
    )
    scale: Scale = parameter(
        "auto",
        "Data",
        "name",
        "Scaling of number columns; 'auto' standardises them, but keeps values in 0 to 1 and scales pixels to 0 to 1.",
        choices=registered_names("data/schema/scaling.py", "Scale"),
    )
    missing: Missing = parameter(
        "mask",
        "Data",
        "name",
        "Treatment of missing values: learn from a mask of them, raise an error, or fill in the column mean.",
        choices=registered_names("data/schema/layout.py", "Missing"),
        option=None,
    )
    categorical: tuple[str, ...] = parameter(
        (),
        "Data",
        "columns",
        "Names of number columns whose values are categories; text columns are always read as categories.",
        option=Option(metavar="A,B"),
    )
    output_activation: str = parameter(
        "auto",
        "Objective",
        "name",
        "Activation function of the output; 'auto' is sigmoid if all values lie in 0 to 1, else linear.",
        choices=("auto", "sigmoid", "linear"),
    )
    loss: str | Likelihood = parameter(
        "auto",
        "Objective",
        "name",
        "Reconstruction loss; 'auto' fits the data and the code, and 'bce' needs values from 0 to 1.",
        choices=("auto", *registered_names("model/likelihood.py", "LIKELIHOODS")),
        accepts="Likelihood",
    )
    corruption: str | Corruption | None = parameter(
        None,
        "Objective",
        "name",
        "Type of the noise that training adds to the input; the target stays clean.",
        choices=registered_names("model/corruption.py", "CORRUPTIONS"),
        accepts="Corruption",
    )
    level: float = parameter(
        0.3,
        "Objective",
        "float",
        "Standard deviation of gaussian noise, in scaled units; for the other types, the share of values that change.",
        requires=Value("corruption", registered_names("model/corruption.py", "CORRUPTIONS")),
    )
    code: str | Code = parameter(
        "point",
        "Objective",
        "name",
        "Type of the code: a point, a point with only its k largest units, or a gaussian distribution.",
        choices=registered_names("model/code.py", "CODES"),
        accepts="Code",
    )
    k: int | None = parameter(
        None,
        "Objective",
        "int",
        "Number of active units in a top-k code; must be given for such a code.",
        requires=Value("code", ("top-k",)),
        option=Option("top_k"),
    )

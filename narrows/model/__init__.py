"""What is trained: networks, and the stations between rows and loss."""

from narrows.model.activations import ACTIVATIONS, ActivationName
from narrows.model.code import (
    LOG_VARIANCE_BOUND,
    Code,
    GaussianCode,
    PointCode,
    TopK,
    kl_to_standard_normal,
    log_normal,
    make_code,
)
from narrows.model.corruption import (
    Binarised,
    Corruption,
    GaussianNoise,
    HiddenCells,
    Masking,
    SaltAndPepper,
    Warped,
    make_corruption,
)
from narrows.model.custom import OwnDecoder, OwnEncoder
from narrows.model.ensemble import StackedVariational
from narrows.model.initialization import can_start_linear, start_at_mean, start_linear
from narrows.model.layers import Linear, TiedLinear
from narrows.model.likelihood import (
    AbsoluteError,
    Bernoulli,
    Gaussian,
    Huber,
    Likelihood,
    SquaredError,
    make_likelihood,
)
from narrows.model.mixed_likelihood import MixedDensity, MixedError, make_mixed
from narrows.model.mlp import MLP
from narrows.model.network import AutoencoderNetwork, build_network, default_hidden_layer_sizes
from narrows.model.objective import Objective
from narrows.model.penalty import L1, Contractive, KLSparsity, KLToPrior, Penalty, Step, make_penalty
from narrows.model.serialization import describe_station, station_from_description

__all__ = [
    "ACTIVATIONS",
    "L1",
    "LOG_VARIANCE_BOUND",
    "MLP",
    "AbsoluteError",
    "ActivationName",
    "AutoencoderNetwork",
    "Bernoulli",
    "Binarised",
    "Code",
    "Contractive",
    "Corruption",
    "Gaussian",
    "GaussianCode",
    "GaussianNoise",
    "HiddenCells",
    "Huber",
    "KLSparsity",
    "KLToPrior",
    "Likelihood",
    "Linear",
    "Masking",
    "MixedDensity",
    "MixedError",
    "Objective",
    "OwnDecoder",
    "OwnEncoder",
    "Penalty",
    "PointCode",
    "SaltAndPepper",
    "SquaredError",
    "StackedVariational",
    "Step",
    "TiedLinear",
    "TopK",
    "Warped",
    "build_network",
    "can_start_linear",
    "default_hidden_layer_sizes",
    "describe_station",
    "kl_to_standard_normal",
    "log_normal",
    "make_code",
    "make_corruption",
    "make_likelihood",
    "make_mixed",
    "make_penalty",
    "start_at_mean",
    "start_linear",
    "station_from_description",
]

"""Networks, and the building blocks of the objective: corruption, code, likelihood and penalties."""

from narrows.errors import warn
from narrows.model.activations import ACTIVATIONS, ActivationName
from narrows.model.cell_network import CellNetwork
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
from narrows.model.custom import CustomDecoder, CustomEncoder
from narrows.model.ensemble import VAEEnsemble
from narrows.model.forward_pass import ForwardPass
from narrows.model.initialization import (
    ProbabilisticPCA,
    can_start_linear,
    can_start_map,
    can_start_probabilistic,
    start_at_mean,
    start_linear,
    start_map,
    start_probabilistic,
)
from narrows.model.layers import Linear, TiedLinear
from narrows.model.likelihood import (
    AbsoluteError,
    Bernoulli,
    Gaussian,
    Huber,
    Likelihood,
    SquaredError,
    make_likelihood,
    needs_unit_interval,
)
from narrows.model.linear_path import LinearPath
from narrows.model.mixed_likelihood import MixedDensity, MixedError, make_mixed
from narrows.model.mlp import MLP
from narrows.model.network import AutoencoderNetwork, build_network, default_hidden_layer_sizes
from narrows.model.objective import Objective
from narrows.model.penalty import (
    L1,
    Contractive,
    KLSparsity,
    KLToPrior,
    NeighbourCrossEntropy,
    Penalty,
    PenaltyParameters,
    make_penalty,
)
from narrows.model.residual import ResidualEncoder, noise_level
from narrows.model.row_means import BatchMeans, Means
from narrows.model.serialization import block_from_description, describe_block
from narrows.model.varied_noise import VariedNoise

__all__ = [
    "ACTIVATIONS",
    "L1",
    "LOG_VARIANCE_BOUND",
    "MLP",
    "AbsoluteError",
    "ActivationName",
    "AutoencoderNetwork",
    "BatchMeans",
    "Bernoulli",
    "Binarised",
    "CellNetwork",
    "Code",
    "Contractive",
    "Corruption",
    "CustomDecoder",
    "CustomEncoder",
    "ForwardPass",
    "Gaussian",
    "GaussianCode",
    "GaussianNoise",
    "HiddenCells",
    "Huber",
    "KLSparsity",
    "KLToPrior",
    "Likelihood",
    "Linear",
    "LinearPath",
    "Masking",
    "Means",
    "MixedDensity",
    "MixedError",
    "NeighbourCrossEntropy",
    "Objective",
    "Penalty",
    "PenaltyParameters",
    "PointCode",
    "ProbabilisticPCA",
    "ResidualEncoder",
    "SaltAndPepper",
    "SquaredError",
    "TiedLinear",
    "TopK",
    "VAEEnsemble",
    "VariedNoise",
    "Warped",
    "block_from_description",
    "build_network",
    "can_start_linear",
    "can_start_map",
    "can_start_probabilistic",
    "default_hidden_layer_sizes",
    "describe_block",
    "kl_to_standard_normal",
    "log_normal",
    "make_code",
    "make_corruption",
    "make_likelihood",
    "make_mixed",
    "make_penalty",
    "needs_unit_interval",
    "noise_level",
    "start_at_mean",
    "start_linear",
    "start_map",
    "start_probabilistic",
]


def __getattr__(name: str) -> object:
    """Give the names of version 0.1 for one more release, each with a DeprecationWarning."""
    renamed = {"Step": ForwardPass, "StackedVariational": VAEEnsemble}
    if name not in renamed:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warn(f"narrows.model.{name} is now narrows.model.{renamed[name].__name__}.", DeprecationWarning)
    return renamed[name]

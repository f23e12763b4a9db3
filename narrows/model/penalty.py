"""Penalties: terms of the objective on the code, added to the reconstruction loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from narrows.declarations.parameter import parameter
from narrows.declarations.registered_names import registered_names
from narrows.declarations.requirements import Value
from narrows.errors import SettingError
from narrows.model.code import GaussianCode, PointCode, kl_to_standard_normal
from narrows.model.forward_pass import ForwardPass
from narrows.model.generator_noise import signs
from narrows.model.mlp import MLP

if TYPE_CHECKING:
    from narrows.model.network import AutoencoderNetwork


@dataclass(frozen=True)
class Penalty:
    """A weighted term that is added to the reconstruction loss. Subclass it to define another.

    `name` is the key of the term in the history. As a dataclass it is saved with the model.

    >>> import torch
    >>> from dataclasses import dataclass
    >>> from narrows.model import Penalty
    >>> @dataclass(frozen=True)
    ... class Decorrelate(Penalty):
    ...     weight: float = 1.0
    ...     name = "decorrelate"
    ...     def __call__(self, forward):
    ...         covariance = torch.cov(forward.z.T)
    ...         return self.weight * (covariance - torch.diag(covariance.diagonal())).square().sum()
    >>> Decorrelate(weight=0.1).name
    'decorrelate'
    """

    name: ClassVar[str] = "penalty"
    # Whether its gradient reaches the weights by other ways than through h and z. False lets training be faster.
    through_network: ClassVar[bool] = True
    # Whether it may be computed in pieces of a batch (`n_pieces`): the term of a row depends on that row alone, and
    # on others only by `ForwardPass.mean_over_rows` of values that do.
    allows_pieces: ClassVar[bool] = False
    # The activation of the code that code_activation="auto" stands for.
    code_activation: ClassVar[str] = "linear"

    def __init_subclass__(cls) -> None:
        # The flags hold for the formula of their class; a subclass with another formula loses them.
        for flag, otherwise in (("through_network", True), ("allows_pieces", False)):
            first = next(base for base in cls.__mro__ if {"__call__", flag} & vars(base).keys())
            if flag not in vars(first):
                setattr(cls, flag, otherwise)

    @classmethod
    def of_settings(cls, **settings: float) -> Penalty:
        """Return the penalty with those of the settings that are fields of its own."""
        own = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in settings.items() if name in own})

    def __call__(self, forward: ForwardPass) -> Tensor:
        """Return the weighted penalty: one number per row (n,), or one scalar for the whole batch."""
        raise NotImplementedError

    def check(self, network: AutoencoderNetwork) -> None:
        """Raise SettingError where this penalty makes no sense for `network`."""

    def n_nearest(self) -> int:
        """Return the size of a row's neighbourhood, the row included, whose pairs it needs in a batch; 0 for none."""
        return 0


@dataclass(frozen=True)
class L1(Penalty):
    """``weight Σ_j |z_j|`` for each row."""

    weight: float

    name: ClassVar[str] = "l1"
    code_activation: ClassVar[str] = "relu"  # a rectified unit can be exactly 0
    through_network: ClassVar[bool] = False
    allows_pieces: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_weight(self.weight, "penalty_weight")

    def __call__(self, forward: ForwardPass) -> Tensor:
        return self.weight * forward.z.abs().sum(1)


@dataclass(frozen=True)
class KLSparsity(Penalty):
    """weight Σ_j KL(rho || mean activity of unit j over the batch), in nats (Ng 2011, p. 15).

    Codes must lie in (0, 1), as behind a sigmoid.
    """

    weight: float
    rho: float = 0.05

    name: ClassVar[str] = "kl_sparsity"
    code_activation: ClassVar[str] = "sigmoid"
    through_network: ClassVar[bool] = False
    allows_pieces: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_weight(self.weight, "penalty_weight")
        if not 0 < self.rho < 1:
            raise SettingError(
                f"rho={self.rho!r} must lie between 0 and 1: the share of rows in which a unit is active."
            )

    def __call__(self, forward: ForwardPass) -> Tensor:
        activity = forward.mean_over_rows(forward.z).clamp(1e-6, 1 - 1e-6)
        on = self.rho * torch.log(self.rho / activity)
        off = (1 - self.rho) * torch.log((1 - self.rho) / (1 - activity))
        return self.weight * (on + off).sum()

    def check(self, network: AutoencoderNetwork) -> None:
        if network.code_activation not in ("sigmoid", None):
            raise SettingError('penalty="kl" compares activities in (0, 1); set code_activation="sigmoid".')


@dataclass(frozen=True)
class KLToPrior(Penalty):
    """``beta KL(q(z|x) || N(0, 1))``, in nats, for gaussian codes (beta: Higgins et al. 2017).

    Parameters
    ----------
    beta : float, default=1.0
        Weight of the divergence.
    warmup : float, default=0.0
        Epochs over which beta rises in a straight line from 0 (Sønderby et al. 2016).
    free_bits : float, default=0.0
        Nats per component that cost nothing: ``Σ_j max(mean over the batch of KL_j, free_bits)``
        (Kingma et al. 2016, eq. 15). Held-out rows pay the plain, full beta KL.
    """

    beta: float = 1.0
    warmup: float = 0.0
    free_bits: float = 0.0

    name: ClassVar[str] = "kl_to_prior"
    through_network: ClassVar[bool] = False
    allows_pieces: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_weight(self.beta, "beta")
        _check_weight(self.warmup, "kl_warmup")
        _check_weight(self.free_bits, "free_bits")

    def __call__(self, forward: ForwardPass) -> Tensor:
        code = forward.network.code
        assert isinstance(code, GaussianCode)
        kl = kl_to_standard_normal(*code.mean_and_log_variance(forward.h))
        if not forward.training:
            return self.beta * kl.sum(1)
        beta = self.beta * min(1.0, forward.progress / self.warmup) if self.warmup else self.beta
        if self.free_bits:
            return beta * forward.mean_over_rows(kl).clamp(min=self.free_bits).sum()
        return beta * kl.sum(1)

    def check(self, network: AutoencoderNetwork) -> None:
        if not isinstance(network.code, GaussianCode):
            raise SettingError('the KL to the prior needs a distribution over codes; set code="gaussian".')


_MOST_OTHERS = 1024  # rows of a batch from which all others are pushed away: memory grows with their number

# Derivatives of activations as functions of their output h.
_SLOPES: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": lambda h: h * (1 - h),
    "tanh": lambda h: 1 - h.square(),
    "linear": torch.ones_like,
    "relu": lambda h: (h > 0).to(h.dtype),
}


@dataclass(frozen=True)
class Contractive(Penalty):
    """weight ‖∂z/∂x̃‖², the squared Frobenius norm of the encoder's Jacobian for each row (Rifai et al. 2011).

    z is the noiseless code, for a gaussian one its mean. One layer behind a sigmoid, tanh, relu or no
    activation has a closed form (their eq. 5-6). Deeper encoders with up to `exact_up_to` components take one
    vector-Jacobian product for each; beyond that, the unbiased estimate E‖vᵀ ∂z/∂x̃‖² over `n_probes` random
    sign vectors v (Hutchinson 1989). Batch normalisation breaks the
    norm: it makes the rows of a batch depend on one another.
    """

    weight: float
    exact_up_to: int = 16
    n_probes: int = 1

    name: ClassVar[str] = "contractive"
    code_activation: ClassVar[str] = "sigmoid"  # which contraction saturates (Rifai et al. 2011)
    allows_pieces: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_weight(self.weight, "penalty_weight")
        if self.n_probes < 1:
            raise SettingError(f"n_probes={self.n_probes!r} must be at least 1: the random vectors per row.")

    def __call__(self, forward: ForwardPass) -> Tensor:
        norm = _one_layer_norm(forward)
        return self.weight * (self._norm_by_autograd(forward) if norm is None else norm)

    def _norm_by_autograd(self, forward: ForwardPass) -> Tensor:
        with torch.inference_mode(False), torch.enable_grad():
            x = forward.x_tilde.detach().clone().requires_grad_()
            z = forward.network.codes(x)
            if z.shape[1] <= self.exact_up_to:
                vectors = torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
                products = [(v.expand_as(z), 1.0) for v in vectors]
            else:
                products = [(signs(z, forward.generator), 1 / self.n_probes) for _ in range(self.n_probes)]
            norm = torch.zeros(len(x), dtype=z.dtype, device=z.device)
            for vector, share in products:
                (row,) = torch.autograd.grad(z, x, vector, retain_graph=True, create_graph=forward.training)
                norm = norm + share * row.square().sum(1)
        return norm if forward.training else norm.detach()


def _one_layer_norm(forward: ForwardPass) -> Tensor | None:
    """Return Σ_j f'(a_j)² Σ_i W_ji² where the encoder is one layer, else None."""
    encoder = forward.network.encoder
    if not (isinstance(encoder, MLP) and len(encoder.layers) == 1 and type(forward.network.code) is PointCode):
        return None
    slope = _SLOPES.get(encoder.last_activation_name)
    if slope is None:
        return None
    weight: Tensor = encoder.layers[0].weight  # pyright: ignore[reportAssignmentType]
    return slope(forward.h).square() @ weight.square().sum(1)


@dataclass(frozen=True)
class NeighbourCrossEntropy(Penalty):
    """``weight d (mean over pairs of -log q + n_negatives mean over other rows of -log(1 - q))``, for d floats.

    It draws neighbouring rows together in the code and pushes others apart, so that the code is a map: UMAP's
    cross-entropy between the graph of nearest rows and that of the codes (McInnes, Healy & Melville 2018, sec. 3.2),
    for codes that an encoder computes (Sainburg, McInnes & Gentner 2021). ``q = 1 / (1 + a |z_i - z_j|^2b)`` is the
    similarity of two codes; a and b fit a curve that is 1 up to `min_dist` and ``exp(min_dist - distance)`` beyond.
    The pairs of a batch are drawn in proportion to the weights of the graph, see `narrows.training.NeighbourPairs`;
    the other rows are all that the batch has, at most a thousand.

    Parameters
    ----------
    weight : float
        Relative to the loss per float, so that it means the same for few and for many columns.
    n_neighbors : int, default=15
        Rows of a neighbourhood, the row itself included, as in UMAP. Fewer show finer structure, more the whole.
    min_dist : float, default=0.1
        Distance in the code up to which two rows count as equal; clusters are the denser, the smaller it is.
    n_negatives : float, default=5.0
        Weight of the other rows: the number of them that UMAP draws for each pair.
    """

    weight: float
    n_neighbors: int = 15
    min_dist: float = 0.1
    n_negatives: float = 5.0

    name: ClassVar[str] = "neighbours"
    through_network: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _check_weight(self.weight, "penalty_weight")
        _check_weight(self.n_negatives, "n_negatives")
        if isinstance(self.n_neighbors, bool) or not hasattr(self.n_neighbors, "__index__") or self.n_neighbors < 2:
            raise SettingError(
                f"n_neighbors={self.n_neighbors!r} must be a whole number from 2: a row and those nearest to it."
            )
        if not 0 <= self.min_dist < 1:
            raise SettingError(f"min_dist={self.min_dist!r} must be a number from 0 to below 1.")

    def __call__(self, forward: ForwardPass) -> Tensor:
        z = forward.z.clone()  # used several times: so its gradients are added in the same order in every training step
        if forward.pairs is None or not forward.pairs.shape[1]:
            return z.sum() * 0
        first, second = forward.pairs
        near = self._log_odds((z[first] - z[second]).square().sum(1))
        others = z[:_MOST_OTHERS]
        far = self._log_odds((z[:, None] - others).square().sum(2))
        counted = torch.ones_like(far)
        counted.fill_diagonal_(0)
        for one, two in ((first, second), (second, first)):
            inside = two < len(others)
            counted[one[inside], two[inside]] = 0
        apart = (functional.softplus(-far) * counted).sum() / counted.sum().clamp(min=1)
        return self.weight * forward.network.n_floats * (functional.softplus(near).mean() + self.n_negatives * apart)

    def check(self, network: AutoencoderNetwork) -> None:
        if network.path is not None:
            raise SettingError(
                "penalty='neighbours' makes a map of the code, which PCA parallel to the layers would undo; "
                "set linear_path='auto' or 'off'."
            )

    def n_nearest(self) -> int:
        return self.n_neighbors

    def _log_odds(self, squared: Tensor) -> Tensor:
        """Return log(1 - q) - log(q) of squared distances; the 0.001, as in UMAP, keeps gradients finite."""
        a, b = similarity_curve(self.min_dist)
        return math.log(a) + b * torch.log(squared + 0.001)


@cache
def similarity_curve(min_dist: float) -> tuple[float, float]:
    """Return a and b with which ``1 / (1 + a r^2b)`` is nearest to 1 up to `min_dist` and exp(min_dist - r) beyond.

    Least squares at 300 distances r from 0 to 3, as in UMAP.
    """
    from scipy.optimize import curve_fit

    r = np.linspace(0, 3, 300)
    wanted = np.where(r < min_dist, 1.0, np.exp(min_dist - r))
    (a, b), _ = curve_fit(lambda r, a, b: 1 / (1 + a * r ** (2 * b)), r, wanted)
    return float(a), float(b)


PENALTIES: dict[str, type[Penalty]] = {
    "l1": L1,
    "kl": KLSparsity,
    "contractive": Contractive,
    "neighbours": NeighbourCrossEntropy,
}
"""Every penalty by its name. The table of parameters reads the names from this source."""


@dataclass(eq=False, repr=False, kw_only=True)
class PenaltyParameters:
    """Parameters of the estimators on penalties, the KL divergence of a gaussian code among them.

    A penalty with a name gets those of its fields that stand here. `narrows.estimators.parameters` reads them from this
    source.
    """

    penalty: str | Penalty | list[str | Penalty] | None = parameter(
        None,
        "Objective",
        "name",
        "Added to the loss: size (l1), activity (kl) or Jacobian (contractive) of codes, or distance of neighbours.",
        choices=registered_names("model/penalty.py", "PENALTIES"),
        accepts="Penalty",
    )
    penalty_weight: float = parameter(
        0.1,
        "Objective",
        "float",
        "Weight of the penalty relative to the loss per row; of neighbours, relative to the loss per feature.",
        requires=Value("penalty", registered_names("model/penalty.py", "PENALTIES")),
    )
    rho: float = parameter(
        0.05,
        "Objective",
        "float",
        "Target of the kl penalty: the mean activity of each code unit, between 0 and 1.",
        requires=Value("penalty", ("kl",)),
    )
    n_neighbors: int = parameter(
        15,
        "Objective",
        "int",
        "Number of rows in a neighbourhood, the row included.",
        requires=Value("penalty", ("neighbours",)),
    )
    beta: float = parameter(
        1.0,
        "Objective",
        "float",
        "Weight of the KL divergence between the code and the prior.",
        requires=Value("code", ("gaussian",), instance_of="GaussianCode"),
    )
    kl_warmup: float = parameter(
        0,
        "Objective",
        "float",
        "Number of epochs in which beta rises to its value.",
        requires=Value("code", ("gaussian",), instance_of="GaussianCode"),
    )
    free_bits: float = parameter(
        0.0,
        "Objective",
        "float",
        "KL divergence of each code unit, in nats, below which it is not penalised.",
        requires=Value("code", ("gaussian",), instance_of="GaussianCode"),
    )


def make_penalty(
    spec: str | Penalty | Sequence[str | Penalty] | None, weight: float, **settings: float
) -> tuple[Penalty, ...]:
    """Return the penalties with names of `PENALTIES`, each with `weight`.

    settings : values of `PenaltyParameters`, of which each takes those that are fields of its own. None gives none;
    instances of Penalty keep their own settings; a list or tuple adds several up.
    """
    if spec is None:
        return ()
    if isinstance(spec, list | tuple):
        return tuple(penalty for one in spec for penalty in make_penalty(one, weight, **settings))
    if isinstance(spec, Penalty):
        return (spec,)
    if not isinstance(spec, str) or spec not in PENALTIES:
        names = ", ".join(f'"{name}"' for name in PENALTIES)
        raise SettingError(
            f"penalty={spec!r} is not known; choose None, {names}, a Penalty of your own, or a list of them."
        )
    return (PENALTIES[spec].of_settings(weight=weight, **settings),)


def _check_weight(value: float, setting: str) -> None:
    if not 0 <= value < float("inf"):
        raise SettingError(f"{setting}={value!r} must be a number from 0.")

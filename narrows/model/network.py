"""The autoencoder as one module, and how it is built from settings."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from numbers import Integral

import torch
from torch import Tensor, nn

from narrows.errors import SettingError
from narrows.model.activations import make_activation
from narrows.model.code import Code, PointCode
from narrows.model.conv import ConvDecoder, ConvEncoder, check_image_shape, stage_sizes
from narrows.model.custom import CustomDecoder, CustomEncoder, check_custom_width
from narrows.model.image_layout import ImageShape
from narrows.model.likelihood import Likelihood
from narrows.model.linear_path import LinearPath
from narrows.model.mlp import MLP, OUTPUT_GAIN, mlp_decoder, mlp_encoder
from narrows.model.residual import RESIDUAL_SIZES, CleanRows, ResidualEncoder, check_residual

NETWORKS = ("mlp", "conv", "residual")
_LAYERS_OF_MAP, _UNITS_OF_MAP = 4, (64, 256)  # a map gains more by depth than by width


class AutoencoderNetwork(nn.Module):
    """Encoder, code, decoder and likelihood: all that is trained and saved.

    n is the number of rows, d = `n_floats`, k = `n_components`.
    code_activation : the activation behind the encoder, None where the encoder is the user's own.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        code: Code,
        likelihood: Likelihood,
        n_floats: int,
        n_components: int,
        image_shape: ImageShape | None = None,
        code_activation: str | None = "linear",
        path: LinearPath | None = None,
    ):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.code = code
        self.likelihood = likelihood
        self.n_floats = n_floats
        self.n_components = n_components
        self.image_shape = image_shape
        self.code_activation = code_activation
        self.path = path

    def encode(self, x: Tensor) -> Tensor:
        """Return the code statistics h (n, k * code.floats_per_component) of rows (n, d)."""
        h = self.encoder(x)
        path = self._path_in_use()
        return h if path is None else path.blend(path.code(x), h)

    def codes(self, x: Tensor) -> Tensor:
        """Return the codes (n, k) of rows (n, d) without noise: the point, the k largest, or the posterior mean."""
        return self.code.point(self.encode(x))

    def output(self, z: Tensor) -> Tensor:
        """Return the raw output (n, d) of codes (n, k), the likelihood's input: logits if the data are bounded."""
        output = self.decoder(z)
        path = self._path_in_use()
        return output if path is None else path.blend(self.likelihood.raw(path.mean(z)), output)

    def decode(self, z: Tensor) -> Tensor:
        """Return the reconstructions (n, d) of codes (n, k)."""
        return self.likelihood.mean(self.output(z))

    def reconstruct(self, x: Tensor) -> Tensor:
        """Return the reconstructions (n, d) of rows (n, d) by way of the noiseless codes."""
        return self.decode(self.codes(x))

    def forward(self, x: Tensor) -> Tensor:
        """Reconstruct rows, see `reconstruct`."""
        return self.reconstruct(x)

    @property
    def compresses(self) -> bool:
        """Whether the code is a code, and not the clean row itself."""
        return not isinstance(self.encoder, ResidualEncoder)

    @property
    def share_of_layers(self) -> float:
        """Share of the layers, as opposed to the linear path: 0 is PCA, 1 the layers alone."""
        return 1.0 if self.path is None else float(self.path.share)

    def _path_in_use(self) -> LinearPath | None:
        # In training its share is 0; a value of it that is infinite in bfloat16 would make the sum NaN.
        return None if self.share_of_layers == 1.0 else self.path

    @property
    def n_parameters(self) -> int:
        """The number of learned parameters; tied weights count once."""
        return sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)


def build_network(
    *,
    n_floats: int,
    image_shape: ImageShape | None = None,
    n_components: int | None = None,
    hidden_layer_sizes: Sequence[int] = (),
    network: str = "mlp",
    activation: str = "silu",
    code_activation: str = "linear",
    tied_weights: bool = False,
    code: Code,
    likelihood: Likelihood,
    generator: torch.Generator | None,
    encoder: nn.Module | None = None,
    decoder: nn.Module | None = None,
    linear_path: bool = False,
    noise: str = "gaussian",
) -> AutoencoderNetwork:
    """Build an autoencoder for rows of `n_floats` floats.

    Parameters
    ----------
    image_shape : (height, width, channels) or None
        Where the rows are images, flattened with channels last.
    n_components : int or None
        Size of the code; None takes it from `encoder`.
    hidden_layer_sizes : sequence of int
        Units of each hidden layer for network="mlp"; channels of each stage for "conv". Both from input to code; the
        decoder mirrors them. For "residual" the channels of each hidden layer.
    tied_weights : bool
        Whether the decoder uses the encoder's weights, transposed, with separate biases.
    generator : torch.Generator or None
        Draws the initial weights, on the device where they shall live. None leaves them unset, to be loaded; on the
        meta device that costs nothing.
    linear_path : bool
        Whether PCA is parallel to the layers, see `LinearPath`.
    encoder, decoder : nn.Module or None
        The user's own modules, copied, not initialised again. They take (n, d), or for images
        (n, channels, height, width); `decoder` gives either shape, rows with channels last, and logits where the data
        are bounded.
    noise : str
        Name of the corruption that network="residual" removes.

    Raises
    ------
    SettingError
        A setting is impossible.
    NetworkShapeError
        An own module gives a wrong shape or fails.
    """
    if network not in NETWORKS:
        raise SettingError(f'network={network!r} is not known; choose "mlp", "conv" or "residual".')
    if network == "residual":
        own = encoder is not None or decoder is not None
        check_residual(image_shape, n_components, n_floats, bounded=likelihood.bounded, own=own, tied=tied_weights)
        if type(code) is not PointCode or code_activation != "linear":
            raise SettingError('network="residual" has no code to constrain; leave code and penalty out.')
    make_activation(activation)
    _check_code_activation(code_activation, code)
    sizes = _check_sizes(hidden_layer_sizes)
    with contextlib.nullcontext() if generator is None else generator.device:
        own_encoder = None if encoder is None else CustomEncoder(encoder, image_shape)
        own_decoder = None if decoder is None else CustomDecoder(decoder, image_shape, likelihood.bounded)
        if tied_weights and (own_encoder or own_decoder):
            raise SettingError("tied_weights=True needs narrows' own encoder and decoder; set it to False.")
        k = _check_components(n_components, n_floats, own_encoder, code, generator)
        if own_decoder:
            own_decoder.probe(k, n_floats, generator)
        front = own_encoder or _encoder(
            network, n_floats, image_shape, sizes, k * code.floats_per_component, activation, code_activation, noise
        )
        mirror = front if tied_weights else None
        back = own_decoder or _decoder(network, n_floats, image_shape, sizes, k, activation, mirror)
        if generator and not isinstance(front, CustomEncoder):
            front.initialise(generator, 1.0)
        if generator and not isinstance(back, CustomDecoder):
            back.initialise(generator, OUTPUT_GAIN)
    return AutoencoderNetwork(
        front,
        back,
        code=code,
        likelihood=likelihood,
        n_floats=n_floats,
        n_components=k,
        image_shape=image_shape,
        code_activation=None if own_encoder else code_activation,
        path=LinearPath(n_floats, k) if linear_path else None,
    ).float()


def default_hidden_layer_sizes(
    network: str, n_floats: int, image_shape: ImageShape | None, *, is_map: bool = False
) -> tuple[int, ...]:
    """Return the sizes for hidden_layer_sizes="auto".

    "mlp": two layers, the first of half the floats rounded up to a power of two, between 128 and 512, the
    second half of that; for a map, whose codes are fitted to pairs of neighbours, four layers of twice the floats,
    rounded up to a power of two, between 64 and 256. "conv": 16 channels, doubling to at most 128, in at least two
    stages and until the image is no larger than 8x8. "residual": six layers of 48 channels.
    """
    if network == "residual":
        return RESIDUAL_SIZES
    if network == "conv":
        height, width, _ = check_image_shape(image_shape)
        channels = [16, 32]
        while max(stage_sizes((height, width, 1), len(channels))[-1]) > 8 and min(height, width) > 2 ** len(channels):
            channels.append(min(2 * channels[-1], 128))
        return tuple(channels)
    if is_map:
        fewest, most = _UNITS_OF_MAP
        return (min(most, max(fewest, 1 << (2 * n_floats - 1).bit_length())),) * _LAYERS_OF_MAP
    first = min(512, max(128, 1 << (n_floats // 2 - 1).bit_length()))
    return (first, first // 2)


def _encoder(
    network: str,
    n_floats: int,
    image_shape: ImageShape | None,
    sizes: tuple[int, ...],
    n_outputs: int,
    activation: str,
    code_activation: str,
    noise: str,
) -> MLP | ConvEncoder | ResidualEncoder:
    if network == "mlp":
        return mlp_encoder(n_floats, sizes, n_outputs, activation, code_activation)
    if network == "residual":
        assert image_shape is not None
        return ResidualEncoder(image_shape, sizes, activation, noise)
    return ConvEncoder(check_image_shape(image_shape), sizes, n_outputs, activation, code_activation)


def _decoder(
    network: str,
    n_floats: int,
    image_shape: ImageShape | None,
    sizes: tuple[int, ...],
    n_components: int,
    activation: str,
    mirror: nn.Module | None,
) -> MLP | ConvDecoder | CleanRows:
    if network == "residual":
        return CleanRows()
    if network == "mlp":
        return mlp_decoder(n_components, sizes, n_floats, activation, mirror if isinstance(mirror, MLP) else None)
    encoder = mirror if isinstance(mirror, ConvEncoder) else None
    return ConvDecoder(n_components, check_image_shape(image_shape), sizes, activation, encoder)


def _check_components(
    n_components: int | None,
    n_floats: int,
    encoder: CustomEncoder | None,
    code: Code,
    generator: torch.Generator | None,
) -> int:
    if n_components is not None and not _is_count(n_components):
        raise SettingError(f"n_components={n_components!r} must be a whole number from 1.")
    if encoder:
        width = encoder.probe(n_floats, generator)
        n_components = check_custom_width(width, code.floats_per_component, n_components)
    if n_components is None:
        raise SettingError("n_components is needed where the encoder is narrows' own; give a number from 1.")
    code.check(n_components)
    return int(n_components)


def _check_sizes(hidden_layer_sizes: Sequence[int]) -> tuple[int, ...]:
    sizes = (hidden_layer_sizes,) if isinstance(hidden_layer_sizes, Integral) else hidden_layer_sizes
    if isinstance(sizes, str) or not hasattr(sizes, "__iter__"):
        raise SettingError(f"hidden_layer_sizes={sizes!r} must hold whole numbers from 1, as in (128, 64).")
    sizes = tuple(sizes)
    if not all(_is_count(size) for size in sizes):
        raise SettingError(f"hidden_layer_sizes={sizes} must hold whole numbers from 1, as in (128, 64).")
    return tuple(int(size) for size in sizes)


def _check_code_activation(code_activation: str, code: Code) -> None:
    make_activation(code_activation, "code_activation")
    if code.floats_per_component > 1 and code_activation != "linear":
        raise SettingError(
            f"code_activation={code_activation!r} has no meaning for a code of means and variances; "
            'set it to "linear" or "auto".'
        )


def _is_count(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and 1 <= int(value) < 2**31

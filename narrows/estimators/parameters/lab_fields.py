"""The settings of the lab that set a parameter of an autoencoder: their names, hints and limits.

Importing this module does not load PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from narrows.declarations.parameter import Kind
from narrows.declarations.registered_names import registered_names
from narrows.estimators.parameters.parameter_definitions import BY_NAME


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
        "penalty",
        "penalty",
        "Map",
        "neighbours: rows that are near each other in the data keep near each other in the code, as in UMAP.",
        "The penalty",
        variants=("plain",),
        excluded=registered_names("model/penalty.py", "PENALTIES", but="neighbours"),
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
    LabField(
        "network",
        "architecture",
        "Network",
        "Dense layers, or convolutions.",
        "The network",
        excluded=("residual",),  # it has no code to look at
        section="images",
    ),
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

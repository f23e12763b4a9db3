"""Libraries that fit an autoencoder, each called as its documentation says, on rows that are already scaled.

A contender is a function (x, task) -> Fitted: it fits, and says how to reconstruct rows and how long its training loop
took, where that can be told from the rest of the call.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import itertools
import logging
import math
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from narrows import Autoencoder, VariationalAutoencoder

Reconstruct = Callable[[np.ndarray], np.ndarray]
Fit = Callable[[np.ndarray, "Task"], "Fitted"]


@dataclass(frozen=True)
class Fitted:
    """A function from rows to reconstructions, and the seconds of the training loop (None: not told)."""

    reconstruct: Reconstruct
    training_seconds: float | None = None


@dataclass(frozen=True)
class Task:
    """A network and how long it is trained.

    hidden : units of the encoder's hidden layers; channels where `image` is given.
    batch : rows per step; None for each library's own default.
    """

    hidden: tuple[int, ...]
    n_components: int
    epochs: int
    batch: int | None
    image: tuple[int, int] | None = None

    @property
    def widths(self) -> list[int]:
        return [*self.hidden, self.n_components, *self.hidden[::-1]]


def narrows(optimizer: str, precision: str = "auto", kind: type[Autoencoder] = Autoencoder) -> Fit:
    """Ours; Adam at a constant rate, as everyone else's."""
    constant: dict[str, Any] = {"schedule": "constant", "warmup": 0.0} if optimizer == "adam" else {}

    def fit(x: np.ndarray, task: Task) -> Fitted:
        model = kind(
            hidden_layer_sizes=task.hidden,
            n_components=task.n_components,
            network="conv" if task.image else "mlp",
            image_shape=task.image,
            activation="relu",
            output_activation="linear",
            loss="mse",
            scale="none",
            optimizer=optimizer,
            precision=precision,
            batch_size=task.batch or "auto",
            epochs=task.epochs,
            validation_fraction=0.0,
            early_stopping=False,
            random_state=0,
            **constant,
        ).fit(x)
        return Fitted(model.reconstruct, sum(epoch.seconds for epoch in model.history_))

    return fit


def textbook(x: np.ndarray, task: Task) -> Fitted:
    """The loop that tutorials copy: DataLoader, Adam, `.item()` in every step."""
    model = _images(task) if task.image else perceptron(x.shape[1], task)
    optimizer = torch.optim.Adam(model.parameters())
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(x))
    loader = torch.utils.data.DataLoader(dataset, batch_size=task.batch or 32, shuffle=True)
    start = time.perf_counter()
    for _ in range(task.epochs):
        total = 0.0
        for (rows,) in loader:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(rows), rows)
            loss.backward()
            optimizer.step()
            total += loss.item()
    return Fitted(_of_module(model), time.perf_counter() - start)


def mlp_regressor(x: np.ndarray, task: Task) -> Fitted:
    """scikit-learn's perceptron, fitted to its own input."""
    from sklearn.neural_network import MLPRegressor

    model = MLPRegressor(
        hidden_layer_sizes=task.widths,
        batch_size=task.batch or "auto",
        max_iter=task.epochs,
        tol=0.0,
        n_iter_no_change=10**6,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged
        start = time.perf_counter()
        model.fit(x, x)
    return Fitted(model.predict, time.perf_counter() - start)


def pyod(bare: bool) -> Fit:
    """PyOD's AutoEncoder; `bare` without its batch normalisation and dropout, which leaves the same network as ours."""

    def fit(x: np.ndarray, task: Task) -> Fitted:
        from pyod.models.auto_encoder import AutoEncoder

        others: dict[str, Any] = {"batch_norm": False, "dropout_rate": 0.0} if bare else {}
        model = AutoEncoder(
            preprocessing=False,
            epoch_num=task.epochs,
            batch_size=task.batch or 32,
            hidden_neuron_list=[*task.hidden, task.n_components],
            verbose=0,
            **others,
        )
        seconds = _timed_training(model)
        model.fit(x)
        return Fitted(_of_module(model.model), seconds[0])

    return fit


def pyod_vae(x: np.ndarray, task: Task) -> Fitted:
    """PyOD's VAE, without dropout, on our objective and answering from the mean code as we do.

    By default it clamps the KL term to a capacity of 0, which leaves a noisy autoencoder without a prior; its squared
    error is a mean over features, so the KL term is divided by their number too.
    """
    from pyod.models.vae import VAE

    model = VAE(
        preprocessing=False,
        epoch_num=task.epochs,
        batch_size=task.batch or 32,
        encoder_neuron_list=list(task.hidden),
        decoder_neuron_list=list(task.hidden[::-1]),
        latent_dim=task.n_components,
        beta=1 / x.shape[1],
        capacity=math.inf,
        dropout_rate=0.0,
        verbose=0,
    )
    seconds = _timed_training(model)
    model.fit(x)
    network = model.model
    return Fitted(_of_module(network, lambda rows: network.decode(network.encode(rows)[0])), seconds[0])


def pythae(own: bool) -> Fit:
    """pythae's AE at the learning rate of all others, with our network or its `own`."""

    def fit(x: np.ndarray, task: Task) -> Fitted:
        from pythae.data.datasets import BaseDataset
        from pythae.models import AE, AEConfig
        from pythae.trainers import BaseTrainer, BaseTrainerConfig

        logging.disable(logging.WARNING)
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
            config = BaseTrainerConfig(
                output_dir=folder,
                per_device_train_batch_size=task.batch or 64,
                num_epochs=task.epochs,
                learning_rate=1e-3,
                no_cuda=True,
            )
            shape = AEConfig(input_dim=(x.shape[1],), latent_dim=task.n_components)
            model = AE(shape) if own else AE(shape, *_pythae_halves(x.shape[1], task))
            rows = torch.from_numpy(x)
            trainer = BaseTrainer(model, BaseDataset(rows, torch.zeros(len(rows))), training_config=config)
            start = time.perf_counter()
            trainer.train()
            seconds = time.perf_counter() - start
        logging.disable(logging.NOTSET)
        return Fitted(_of_module(model, model.reconstruct), seconds)

    return fit


def _pythae_halves(n: int, task: Task) -> tuple[nn.Module, nn.Module]:
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    whole = perceptron(n, task)
    cut = 2 * len(task.hidden) + 2  # behind the code

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            BaseEncoder.__init__(self)
            self.net = whole[:cut]

        def forward(self, x: torch.Tensor) -> ModelOutput:
            return ModelOutput(embedding=self.net(x))

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            BaseDecoder.__init__(self)
            self.net = whole[cut:]

        def forward(self, z: torch.Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=self.net(z))

    return Encoder(), Decoder()


def narrows_vae(x: np.ndarray, task: Task) -> Fitted:
    """Our VAE."""
    return narrows("adam", kind=VariationalAutoencoder)(x, task)


def installed(*names: str) -> bool:
    """Whether these packages can be imported; says how to get what is missing."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    for name in missing:
        print(f"{name} is left out: pip install -c constraints.txt -e '.[bench]' brings it.")
    return not missing


def _timed_training(model: Any) -> list[float]:
    """Lets PyOD's training loop note its seconds in the list."""
    train, seconds = model.train, []

    def timed(loader: Any) -> None:
        start = time.perf_counter()
        train(loader)
        seconds.append(time.perf_counter() - start)

    model.train = timed
    return seconds


def perceptron(n: int, task: Task) -> nn.Sequential:
    """The same network as ours: the code and the output are linear."""
    layers: list[nn.Module] = []
    widths = [n, *task.widths, n]
    for i, (a, b) in enumerate(itertools.pairwise(widths)):
        layers.append(nn.Linear(a, b))
        layers.append(nn.Identity() if i in (len(task.hidden), len(widths) - 2) else nn.ReLU())
    return nn.Sequential(*layers[:-1])


def _images(task: Task) -> nn.Module:
    assert task.image is not None
    height, width = task.image
    a, b = task.hidden
    small = (b, -(-height // 4), -(-width // 4))
    flat = small[0] * small[1] * small[2]
    return nn.Sequential(
        nn.Unflatten(1, (1, height, width)),
        nn.Conv2d(1, a, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(a, b, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(flat, task.n_components),
        nn.Linear(task.n_components, flat),
        nn.ReLU(),
        nn.Unflatten(1, small),
        nn.ConvTranspose2d(b, a, 3, stride=2, padding=1, output_padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(a, 1, 3, stride=2, padding=1, output_padding=1),
        nn.Flatten(),
    )


def _of_module(model: nn.Module, forward: Callable[[torch.Tensor], torch.Tensor] | None = None) -> Reconstruct:
    answer = forward or model

    def reconstruct(x: np.ndarray) -> np.ndarray:
        model.eval()
        with torch.no_grad():
            return answer(torch.from_numpy(x)).numpy()

    return reconstruct

"""The base autoencoder; every variant is a subclass with other defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from narrows.declarations.parameter import Option, parameter
from narrows.estimators.parameters.model_parameters import ModelParameters
from narrows.estimators.trainable_autoencoder import TrainableAutoencoder
from narrows.model import PenaltyParameters
from narrows.training import TrainingParameters


@dataclass(eq=False, repr=False, kw_only=True)
class Autoencoder(TrainingParameters, PenaltyParameters, ModelParameters, TrainableAutoencoder):
    """A neural network that compresses rows to a short code and reconstructs them from the code.

    Every variant is this estimator with other defaults, and every parameter works with every variant. Variants can be
    combined, such as a denoising sparse variational autoencoder.

    The parameters form six groups: network (`n_components` to `decoder`), data (`image_shape` to `categorical`),
    objective (`output_activation` to `free_bits`), optimizer (`pretrain` to `clip_norm`), stopping (`epochs` to `tol`)
    and run (`precision` to `verbose`). `fit` gives an `IdleParameterWarning` for each parameter that differs from its
    default and has no effect with the values of the others.

    Parameters
    ----------
    n_components : int or "auto", default="auto"
        Size of the code. "auto" is a quarter of the columns, at least 1 and at most 32; for gaussian codes of tables
        as many as columns, at most half of the floats that encode them, and 32, since the prior empties components
        that are not needed; for network="residual" all.
    hidden_layer_sizes : tuple of int or "auto", default="auto"
        Encoder layers before the code; the decoder mirrors them. Units per layer for network="mlp"
        ("auto" is (128, 64) to (512, 256), by the width of the rows; with penalty="neighbours" four layers of 64 to
        256 units), channels per stage for "conv", each of which halves height and width ("auto" is (16, 32), more
        for large images). The empty tuple is a one-layer encoder.
        For network="residual" the channels of each layer ("auto" is six layers of 48).
    network : {"mlp", "conv", "residual"}, default="mlp"
        Dense layers; convolutions, which need images of at least 8 x 8; or a fully convolutional network that
        subtracts noise from images of any size (Zhang et al. 2017, 2018) and compresses nothing: its code is the clean
        image, and it needs a corruption (see `DenoisingAutoencoder.denoise`).
    activation : {"relu", "gelu", "silu", "elu", "tanh", "sigmoid", "linear"}, default="silu"
        Activation of the hidden layers.
    code_activation : {"auto", "relu", "gelu", "silu", "elu", "tanh", "sigmoid", "linear"}, default="auto"
        Activation of the code. "auto" is "sigmoid" under the "kl" and "contractive" penalties, "relu" under "l1",
        else "linear".
    tied_weights : bool, default=False
        Whether the decoder uses the encoder's transposed weights (with biases of its own).
    linear_path : {"auto", "on", "off"}, default="auto"
        PCA parallel to the layers. Layers of which it is possible begin as PCA. With early stopping, held-out rows
        then decide how much of the layers remains: all, a share (for layers that began as PCA) or, where they are not
        clearly better, nothing, and the model is PCA. "auto" is "on" with the default loss, output and layers, a
        point code and no penalty. "off" is the network of the papers, without PCA. A gaussian code has no path: with
        "auto" and the "gaussian" loss the layers begin as probabilistic PCA (Tipping & Bishop 1999), to which the
        model returns where held-out rows do not support the trained ones.
    encoder, decoder : nn.Module or None, default=None
        Your own networks. They receive (n, features), or (n, channels, height, width) for images; the decoder
        returns one of these shapes, without a final sigmoid. Copies are trained; the given modules do not change.
    image_shape : (height, width) or (height, width, channels) or None, default=None
        Reads the columns of a two-dimensional X as images. Arrays of three or four dimensions do not need it.
    scale : {"auto", "standard", "minmax", "quantile", "none"}, default="auto"
        Scaling of number columns. "auto" scales pixels to [0, 1], does not change a table in [0, 1] whose columns all
        use that interval (see `Schema.learn`), and standardises the columns of any other table. In a table with text,
        dates or missing values "auto" scales skewed columns by their quantiles; "quantile" does so for all columns.
        With loss="bce" or output_activation="sigmoid" no table in [0, 1] is changed.
    missing : {"mask", "error", "mean"}, default="mask"
        Treatment of missing values. "mask": the model learns where they are and the loss ignores them. "error": an
        error is raised. "mean": the training mean of the column is filled in.
    categorical : tuple of str, default=()
        Number columns whose values are categories. A text column is always categorical, or ignored if its values
        identify single rows.
    output_activation : {"auto", "sigmoid", "linear"}, default="auto"
        Activation of the output. "auto" is "sigmoid" if every float lies in [0, 1].
    loss : {"auto", "mse", "bce", "mae", "huber", "gaussian"} or Likelihood, default="auto"
        Reconstruction loss, summed over features. "mse" squared error, "bce" binary cross-entropy (Bernoulli, nats),
        "mae" absolute error, "huber" Huber loss with delta 1, "gaussian" negative log-likelihood of a normal density
        with one learned variance per feature (nats). "auto" is "mse"; for a gaussian code it is "bce" with a sigmoid
        output, else "gaussian". In a table with text, dates or missing values "auto" uses one loss for each kind of
        column (`narrows.model.MixedError`), or one density for each kind if the code is gaussian.
    corruption : {None, "gaussian", "masking", "salt-and-pepper"} or Corruption, default=None
        Noise on the encoder's input, new for every batch; the target stays clean (Vincent et al. 2010), except under
        `narrows.model.Binarised`.
    level : float, default=0.3
        Standard deviation of gaussian noise in encoded units, or the share of features that is masked or flipped. In
        a table with text, dates or missing values it is the share of cells that "masking" masks. Requires a named
        `corruption`.
    code : {"point", "top-k", "gaussian"} or Code, default="point"
        Type of the code: a point, a point with `k` active units, or a gaussian distribution.
    k : int or None, default=None
        Active units of a "top-k" code (Makhzani & Frey 2013). Requires code="top-k".
    penalty : {None, "l1", "kl", "contractive", "neighbours"} or Penalty or a list of them, default=None
        Penalty added to the loss. "l1" sum of the absolute values of the code; "kl" KL(rho || mean activity) of
        sigmoid codes (Ng 2011); "contractive" squared Frobenius norm of the encoder's Jacobian (Rifai et al. 2011);
        "neighbours" cross-entropy between UMAP's graph of nearest rows and that of the codes, which with two components
        makes a map (Sainburg et al. 2021). It needs rows in memory.
    penalty_weight : float, default=0.1
        Weight of the penalty relative to the loss per row ("neighbours": per feature). Requires a named `penalty`.
    rho : float, default=0.05
        Target mean activity, in (0, 1). Requires penalty="kl".
    n_neighbors : int, default=15
        Rows of a neighbourhood, at least 2, the row itself included, as in UMAP. Requires penalty="neighbours".
    beta : float, default=1.0
        Weight of KL(posterior || prior) (Kingma & Welling 2014; Higgins et al. 2017). Requires a gaussian code.
    kl_warmup : float, default=0
        Epochs over which beta rises from 0. Requires a gaussian code.
    free_bits : float, default=0.0
        Nats per code unit below which the KL term is not penalised (Kingma et al. 2016). Requires a gaussian code.
    pretrain : {None, "rbm"}, default=None
        "rbm" first trains a stack of restricted Boltzmann machines, one for each layer of the encoder. Training starts
        from their weights, transposed in the decoder (Hinton & Salakhutdinov 2006). Requires network="mlp",
        activation="sigmoid" and columns of one kind; the weights may be tied.
    pretrain_epochs : int, default=50
        Passes over the rows for each layer. Requires `pretrain`.
    optimizer : {"adam", "adamw", "rmsprop", "sgd", "muon", "lbfgs"}, default="muon"
        "muon" updates matrices and kernels with Muon and all other weights with AdamW. "lbfgs" makes three line
        searches on every batch, which should be large (1000 rows).
    learning_rate : float or "auto", default="auto"
        Peak learning rate. "auto" is 1e-3 for adam, adamw and rmsprop, 3e-3 for sgd, 5e-3 for muon (5e-4 for layers
        that begin as probabilistic PCA), 1 for lbfgs (the first step size of each line search).
    momentum : float, default=0.9
        Momentum. Requires optimizer="sgd" or "rmsprop"; the momentum of Muon is always 0.95.
    weight_decay : float or "auto", default="auto"
        Weight decay. "auto" is 0.2 for muon, 0.01 for adamw, else 0.
    schedule : {"linear", "cosine", "constant"}, default="linear"
        Decay of the learning rate to zero over `epochs`, or none ("constant"). No effect with optimizer="lbfgs".
    warmup : float, default=0.05
        Share of the steps, in [0, 1), over which the learning rate first rises. No effect with optimizer="lbfgs".
    batch_size : int or "auto", default="auto"
        Rows per step. "auto" gives about eighty steps per epoch, and more if that would need batches of over 1024 rows;
        with penalty="neighbours" it is about a sixteenth of the rows, from 32 to 256, or more.
    n_pieces : int or "auto", default="auto"
        Pieces of each batch. Their gradients are added in a fixed order, so that as many workers as divide the number,
        or one process, give the same weights to the bit. "auto" is the number of workers: the processes of the
        initialised group of `torch.distributed`, or 1 without one.
    reduce : {"exact", "fast"}, default="exact"
        How workers add gradients: all pieces in their order, or as the process group does, which moves less between
        many workers with large networks, and is equal up to rounding.
    clip_norm : float or None, default=None
        Maximum norm of the whole gradient (of the objective per feature). Not for optimizer="lbfgs".
    epochs : int or "auto", default="auto"
        Maximum number of passes over the rows. "auto" makes about four thousand steps (with penalty="neighbours"
        and batches of 256 rows, fifteen hundred), in 20 to 200 passes.
    validation_fraction : float, default=0.1
        Share of the distinct rows, in [0, 1), that is used for validation if no `validation_data` is given.
    validation : {"auto", "random", "groups", "last"}, default="auto"
        Which rows are held out. "random": rows drawn at random. "groups": whole groups, as many as fit into
        `validation_fraction` (the smallest one if none does), so that the held-out error is that of new groups;
        `fit` needs `groups`. "last": the last rows of X, or the latest if X is `Rows` with times, so that the error
        is that of later rows; rows of one time stay together. "auto" is "groups" if `fit` is given groups, "last" if
        it is given times, else "random". No row that equals a training row is held out.
    early_stopping : bool, default=True
        Stop when the validation objective no longer falls, and restore the weights of its best epoch. The penalty
        "neighbours" does not count there: few held-out rows have hardly any neighbours.
    patience : int, default=10
        Epochs without improvement before stopping; with penalty="neighbours" at least a third of `epochs`. Requires
        early_stopping=True.
    tol : float, default=1e-4
        Smallest relative decrease that counts as an improvement. Requires early_stopping=True.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Type of the large matrix products in training. Weights, losses, small products and every result of the
        fitted model are float32. "auto" is bfloat16 on processors where it is faster (not for your own modules);
        `narrows doctor` shows the choice. "bfloat16" uses it for every product that is large enough to become faster.
        "float32" uses float32 for all products.
    warm_start : bool, default=False
        Whether `fit` continues from the weights of the previous fit.
    device : str, default="auto"
        Device such as "cpu", "cuda", "cuda:1" or "mps"; "auto" is a CUDA device if there is one, else the CPU.
    random_state : int, RandomState or None, default=None
        Seed of weights, validation split, row order and noise; None draws a seed, stored in `seed_`. The global seeds
        of NumPy and torch are neither read nor set. The same seed, machine and number of threads give bit-identical
        models. With None the number of threads follows the load of the machine, and the stored seed repeats the model
        up to rounding.
    verbose : int, default=0
        1 prints a line per epoch.

    Attributes
    ----------
    network_ : AutoencoderNetwork
        The trained network, on `device_`.
    schema_ : Schema
        The encoding of rows as floats, and its inverse.
    history_ : History
        A list with one `Epoch` per epoch; `history_.to_dict()` gives one column for each of its numbers.
    pretraining_ : list of LayerEpoch
        One record for each epoch of each layer's pre-training; empty without pre-training and in a loaded model.
    validation_rows_ : ndarray of int
        Positions in X of the validation rows; empty if there are none.
    validation_ : {"random", "groups", "last", "given"}
        How they were chosen; "given" if `fit` got `validation_data`.
    validation_hashes_, training_hashes_ : ndarray of uint64
        Hashes of the distinct validation and training rows, which identify these rows in any order; None for
        more than four million training rows and in models that an earlier version saved.
    label_column_ : str or None
        The `label` with which the rows were read: the column of their table that held the classes. It was not learned
        from; `narrows report`, `diagnose` and `lab` take the classes from it.
    fingerprint_ : str
        Fingerprint of the rows of the fit, independent of their order; see `was_fitted_on`.
    interrupted_ : bool
        Whether Ctrl-C (or the caller of `fit_epochs`) ended the training early.
    is_trained_ : bool
        Whether the training has moved the weights, if only by one batch; False if it ended earlier.
    precision_ : {"float32", "bfloat16"}
        Type of the large matrix products in training.
    loss_unit_ : str
        Unit of a loss or a reconstruction error.
    n_components_, hidden_layer_sizes_, code_activation_, loss_, batch_size_, n_pieces_, epochs_, learning_rate_,
    device_, seed_
        Values of the parameters after "auto" was resolved.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from narrows import Autoencoder
    >>> X = load_iris(as_frame=True).data
    >>> ae = Autoencoder(n_components=2, random_state=0, epochs=20).fit(X)
    >>> ae.transform(X).shape
    (150, 2)
    >>> ae.reconstruct(X).columns.equals(X.columns)
    True
    >>> ae.score(X) > 0.8
    True
    """

    warm_start: bool = parameter(
        False,
        "Run",
        "bool",
        "Start each fit from the weights of the previous fit.",
        option=None,
    )
    device: str = parameter(
        "auto",
        "Run",
        "text",
        "Device for training: cpu, cuda, cuda:1 or mps; 'auto' is a CUDA GPU if there is one, else the CPU.",
        option=Option(metavar="DEVICE"),
    )
    random_state: int | np.random.RandomState | None = parameter(
        None,
        "Run",
        "int",
        "Seed of all random numbers; the same seed gives the same model. Without it, a seed is drawn.",
        option=Option("seed"),
    )
    verbose: int = parameter(
        0,
        "Run",
        "int",
        "Amount of output: 1 prints a line for each epoch, 0 prints nothing.",
        option=None,
    )

    variant: ClassVar[str] = "plain"

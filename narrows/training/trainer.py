"""The training loop: a generator that yields one `Epoch` after another."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from narrows.model import AutoencoderNetwork, Objective
from narrows.training.batch_gradient import BatchGradient, PiecesOfBatch, WholeBatch, check_pieces, has_own_modules
from narrows.training.batches import Batch, Batches
from narrows.training.diverged_error import diverged_error
from narrows.training.epoch_progress import EpochProgress
from narrows.training.flat_parameters import FlatParameters
from narrows.training.held_out import HeldOutRows
from narrows.training.history import Epoch
from narrows.training.line_search import LBFGS
from narrows.training.neighbour_pairs import NeighbourPairs
from narrows.training.optimizers import clip_gradient, make_optimizer
from narrows.training.run_state import Run, RunState, copies
from narrows.training.settings import TrainingSettings
from narrows.training.shards import Shards
from narrows.training.shrinkage import keep_if_better, shrink_layers
from narrows.training.spool import Spool
from narrows.training.threads import FixedThreads, LoadFollower, limited_threads, threads_for
from narrows.training.training_step import make_step
from narrows.training.workers import Workers


class Trainer:
    """Train one network; `epochs` is an iterator, so the caller decides what happens between epochs.

    It minimises the objective per row divided by the number of features: the terms keep
    their proportions, and a learning rate or a clipping norm means the same on 30 and on 3000 columns.

    Parameters
    ----------
    network : AutoencoderNetwork
        On the device where it is to be trained.
    objective : Objective
        Corruption, likelihood and penalties.
    settings : TrainingSettings
    generator : torch.Generator
        On the CPU; the order of the rows comes from it.
    epochs_before : int
        Epochs that the network has already seen; numbers continue from there.
    n_rows : int or None
        Rows of the first epoch: batches, and the memory kept for them, are no larger. None: as large as a batch.
    began_as_pca : bool
        Whether the layers equal the linear path, which early stopping may return to in part, or probabilistic PCA.
    follows_load : bool
        Whether the number of threads follows the load of the machine, see `LoadFollower`; then a training is not
        repeated to the bit. Not with several workers.
    workers : Workers or None
        The processes that share the training, each with the same rows, settings and generator; None: this one alone.

    Raises
    ------
    SettingError
        A batch is to be computed in pieces, and its rows depend on one another.
    """

    def __init__(
        self,
        network: AutoencoderNetwork,
        objective: Objective,
        settings: TrainingSettings,
        *,
        generator: torch.Generator,
        epochs_before: int = 0,
        n_rows: int | None = None,
        began_as_pca: bool = False,
        follows_load: bool = False,
        workers: Workers | None = None,
    ) -> None:
        check_pieces(network, objective, settings.n_pieces)
        self.network = network
        self.objective = objective
        self.settings = settings
        self.workers = workers or Workers()
        self.number = epochs_before
        self.began_as_pca = began_as_pca
        self._first = copies(network.state_dict()) if began_as_pca and network.path is None else None
        self._generator = generator
        self._device = next(network.parameters()).device
        # Noise is drawn where the rows live; on the CPU one generator serves for both.
        self._noise = generator
        if self._device.type != "cpu":
            self._noise = torch.Generator(device=self._device)
            self._noise.manual_seed(int(torch.randint(2**62, (), generator=generator)))
        self.after_batch: Callable[[float], None] | None = None
        """Called after each batch with the share of the epoch that is done; the network is in evaluation mode then."""
        self.stop_requested: Callable[[], bool] | None = None
        """Whether this worker is to end the training; then all of them raise KeyboardInterrupt together."""
        self.keep_state: Callable[[], None] | None = None
        """Called after each batch after which `state` can be taken: not of several pieces, nor with own modules."""
        self.has_begun = False
        """Whether the weights have moved, if only by one batch."""
        self._run, self._restored = Run(), False
        self._epoch_progress: EpochProgress | None = None  # of a restored epoch, which is to go on
        self._running: tuple[EpochProgress, Batches, float] | None = None  # the epoch that runs, and its start
        self._flat = FlatParameters([p for p in network.parameters() if p.requires_grad])
        self._optimizer = make_optimizer(self._flat, settings)
        # The last batch may take one row more.
        self._make_step(min(settings.batch_size, n_rows or settings.batch_size) + 1)
        self._has_own_modules = has_own_modules(network)
        n_threads = threads_for(network, math.ceil(settings.batch_size / settings.n_pieces))
        follows = follows_load and n_threads > 1 and self._device.type == "cpu" and self.workers.size == 1
        self._threads = LoadFollower(n_threads) if follows else FixedThreads(n_threads)

    def _make_room(self, batches: Batches) -> None:
        """Let the training step have memory for the largest batch and piece."""
        rows, piece = max(batches.sizes), batches.largest_piece
        if rows > self._max_rows or (piece is not None and piece > (self._max_piece or 0)):
            self._make_step(max(rows, self._max_rows), piece)

    def _make_step(self, max_rows: int, max_piece: int | None = None) -> None:
        self._max_rows, self._max_piece = max_rows, max_piece
        precision, n_pieces = self.settings.precision, self.settings.n_pieces
        self._gradient: BatchGradient
        if n_pieces == 1:
            step = make_step(self.network, self.objective, self._flat, precision=precision, max_rows=max_rows)
            self._gradient = WholeBatch(step, self._noise)
            return
        self._gradient = PiecesOfBatch(
            self.network,
            self.objective,
            self._flat,
            n_pieces=n_pieces,
            workers=self.workers,
            precision=precision,
            max_rows=max_rows,
            max_piece=max_piece,
            is_exact=self.settings.reduce == "exact",
            stop_requested=lambda: self.stop_requested is not None and self.stop_requested(),
        )

    @property
    def precision(self) -> str:
        """ "bfloat16" where at least the large matrix products are computed in it, else "float32"."""
        dtypes = [*self._gradient.dtypes, *getattr(self._optimizer, "dtypes", ())]
        return "float32" if set(dtypes) == {torch.float32} else "bfloat16"

    @property
    def n_threads(self) -> int | None:
        """Number of threads of every step; None where it follows the load."""
        return self._threads.now if isinstance(self._threads, FixedThreads) else None

    @property
    def is_over(self) -> bool:
        """Whether no epoch follows the last one that `epochs` yielded."""
        return self._run.is_over

    def state(self) -> RunState:
        """Return a copy of the state: while `epochs` waits between two epochs, or within `keep_state`."""
        generators = {"order": self._generator.get_state()}
        if self._noise is not self._generator:
            generators["noise"] = self._noise.get_state()
        best = self._run.best_weights
        return RunState(
            replace(self._run, best_weights=None if best is None else copies(best)),
            self.number,
            self._max_rows,
            copies(self.network.state_dict()),
            self._optimizer.state(),
            generators,
            self._tensors_of_epoch(),
        )

    def _tensors_of_epoch(self) -> dict[str, Tensor]:
        """Return the progress of the epoch that runs; nothing between two epochs."""
        if self._running is None:
            return {}
        progress, batches, start = self._running
        return {} if batches.place is None else progress.tensors(batches.place, time.perf_counter() - start)

    def restore(self, state: RunState) -> None:
        """Let the next call of `epochs` or `one_pass` go on where `state` was taken.

        With the same settings, rows, seed, device, number of threads and version of torch it gives the same weights to
        the bit as a training without an interruption.

        Raises
        ------
        KeyError, ValueError, RuntimeError
            The state is that of another network or optimizer.
        """
        self.network.load_state_dict(state.network)
        self._optimizer.load(state.optimizer)
        self._generator.set_state(state.generators["order"])
        # Of a training on another kind of device the noise cannot go on: it is drawn from the seed of this one.
        if self._noise is not self._generator and "noise" in state.generators:
            self._noise.set_state(state.generators["noise"])
        if state.max_rows > self._max_rows:
            self._make_step(state.max_rows)
        self.number = state.number
        self._run, self._restored = replace(state.run), True
        self._epoch_progress = EpochProgress.from_tensors(state.epoch, self._device) if state.epoch else None

    def check_epoch(self, x: Tensor | Spool | Shards) -> None:
        """Raise ValueError where the restored epoch cannot be one of the rows `x`, see `epochs`."""
        progress = self._epoch_progress
        if progress is None or progress.place is None:
            return
        self._batches(x, None, pairs=None).check_place(progress.place)
        terms = {"reconstruction", *(penalty.name for penalty in self.objective.penalties)}
        if progress.sums.keys() != terms or any(value.shape for value in progress.sums.values()):
            raise ValueError("the sums are those of another objective")

    def epochs(
        self,
        x: Tensor | Spool | Shards,
        *,
        weight: Tensor | None = None,
        validation: Tensor | None = None,
        validation_weight: Tensor | None = None,
    ) -> Iterator[Epoch]:
        """Train, yielding a record after every epoch.

        Parameters
        ----------
        x : Tensor of shape (n, n_floats), Spool or Shards
            Encoded rows on the network's device, or on disk; in memory for a penalty that needs pairs of rows. With
            several workers all rows in memory, and shards on disk.
        weight : Tensor of shape (n,) or None
            With mean 1; a row of weight 2 counts as two rows.
        validation : Tensor of shape (m, n_floats) or None
            Held-out rows.
        validation_weight : Tensor of shape (m,) or None
            Theirs.

        Raises
        ------
        DivergedError
            When the loss is no longer finite.
        """
        settings = self.settings
        run = self._start()
        self._give_weights()
        batches = self._batches(x, weight, self._pairs(x, weight))
        n_batches = sum(math.ceil(size / settings.batch_size) for size in batches.block_sizes)
        held_out = None
        if validation is not None:
            n_training = len(x) if batches.are_of_pairs else 0
            held_out = HeldOutRows(self.network, self.objective, validation, validation_weight, n_training=n_training)
        try:
            while not run.is_over:
                epoch = self._epoch(batches, first_step=run.epoch * n_batches, n_steps=n_batches * settings.epochs)
                if held_out is not None:
                    epoch = self._validated(epoch, held_out)
                self._check_finite(epoch, batches)
                is_lowest = run.record(self._loss_to_judge_by(epoch), tol=settings.tol)
                if settings.early_stopping and is_lowest and held_out is not None:
                    run.best_weights = copies(self.network.state_dict())
                is_stale = settings.early_stopping and run.epochs_since >= settings.patience
                run.is_over = is_stale or run.epoch >= settings.epochs
                yield epoch
        finally:
            if run.best_weights is not None:
                self.network.load_state_dict(run.best_weights)
                run.best_weights = None
            if settings.early_stopping and held_out is not None:
                losses = partial(held_out.losses, self.number)
                if (path := self.network.path) is not None:
                    shrink_layers(path, losses, validation_weight, began_as_pca=self.began_as_pca)
                elif self._first is not None:
                    keep_if_better(self.network, self._first, losses, validation_weight)
            if run.is_over:
                self._give_weights()

    def _loss_to_judge_by(self, epoch: Epoch) -> float:
        """Return the held-out loss without penalties on pairs: few held-out rows have hardly any neighbours."""
        if epoch.validation is None:
            return epoch.loss
        of_pairs = {penalty.name for penalty in self.objective.penalties if penalty.n_nearest()}
        parts = epoch.validation_parts
        return sum(parts[name] for name in parts if name not in of_pairs) if of_pairs else epoch.validation

    def _start(self) -> Run:
        """Return the progress that `epochs` goes on from: the restored one, or none."""
        if self._restored:
            self._restored = False
            return self._run
        self._run = Run()
        return self._run

    def one_pass(self, x: Tensor | Spool | Shards, *, weight: Tensor | None = None) -> Epoch:
        """Train on every row once, at the peak learning rate; `x` and `weight` as for `epochs`."""
        self._restored, self._epoch_progress = False, None
        self._give_weights()
        batches = self._batches(x, weight, self._pairs(x, weight))
        epoch = self._epoch(batches, first_step=0, n_steps=None)
        self._check_finite(epoch, batches)
        return epoch

    def _give_weights(self) -> None:
        """Let all workers have the weights of the first: processors of other kinds round differently."""
        self.workers.give(self.network.state_dict().values())

    def _pairs(self, x: Tensor | Spool | Shards, weight: Tensor | None) -> NeighbourPairs | None:
        n_nearest = self.objective.n_nearest
        return NeighbourPairs.of(x, n_nearest, weight) if n_nearest and isinstance(x, Tensor) else None

    def _batches(self, x: Tensor | Spool | Shards, weight: Tensor | None, pairs: NeighbourPairs | None) -> Batches:
        return Batches(
            x,
            weight,
            pairs,
            batch_size=self.settings.batch_size,
            generator=self._generator,
            device=self._device,
            own=lambda n_rows: self._gradient.own(n_rows),
        )

    def _epoch(self, batches: Batches, *, first_step: int, n_steps: int | None) -> Epoch:
        start = time.perf_counter()
        progress, self._epoch_progress = self._epoch_progress or EpochProgress(), None
        self.network.train()
        if self.network.path is not None:
            self.network.path.share.fill_(1)
        self._make_room(batches)
        rate = self.settings.learning_rate
        can_keep = isinstance(self._gradient, WholeBatch) and not self._has_own_modules
        self._gradient.begin_epoch(self._generator)
        running = self._epoch_runs(progress, batches, start)
        with limited_threads(self._threads.now), self._seeded_modules(), self._flat.attached(), running:
            for batch in batches.epoch(progress.place):
                if n_steps is not None:
                    rate = self.settings.rate(first_step + progress.n_batches, n_steps)
                with self._threads.step(batch.n_rows):
                    done = progress.n_batches / len(batches)
                    terms = self._update(batch, progress=self.number + done, rate=rate)
                self.has_begun = True
                progress.add(terms, batch.n_rows)
                if self.after_batch is not None:
                    self.network.eval()
                    self.after_batch(progress.n_batches / len(batches))
                    self.network.train()
                if can_keep and self.keep_state is not None:
                    self.keep_state()
        self.network.eval()
        # The first numbers that leave the device in this epoch.
        parts = {name: float(value) / progress.n_rows for name, value in progress.sums.items()}
        seconds = progress.seconds + time.perf_counter() - start
        self.number += 1
        return Epoch(
            number=self.number,
            loss=sum(parts.values()),
            parts=parts,
            validation=None,
            learning_rate=rate,
            rows_per_second=batches.n_rows / seconds,
            seconds=seconds,
        )

    def _update(self, batch: Batch, *, progress: float, rate: float) -> dict[str, Tensor]:
        """Move the weights by one batch; returns the terms before."""
        if isinstance(self._optimizer, LBFGS):
            return self._search(self._optimizer, batch, progress=progress, rate=rate)
        terms = self._gradient(batch, progress=progress)
        clip_gradient(self._flat.gradients, self.settings.clip_norm)
        self._optimizer.step(rate)
        return terms

    def _search(self, optimizer: LBFGS, batch: Batch, *, progress: float, rate: float) -> dict[str, Tensor]:
        """Run one line search: it evaluates one batch, with fixed noise, several times."""
        before = self._gradient.noise()
        seen: list[dict[str, Tensor]] = []

        def evaluate() -> float:
            self._gradient.repeat(before)
            seen.append(self._gradient(batch, progress=progress))
            return float(sum(seen[-1].values(), torch.zeros((), device=batch.x.device))) / self.network.n_floats

        optimizer.search(evaluate, rate)
        return seen[0]

    def _validated(self, epoch: Epoch, held_out: HeldOutRows) -> Epoch:
        """Return the record with the held-out objective."""
        start = time.perf_counter()
        self.network.eval()
        # One worker measures it, so that early stopping is the same for all.
        parts = self.workers.agreed(lambda: held_out.parts(self.number))
        return replace(
            epoch,
            validation=sum(parts.values()),
            validation_parts=parts,
            seconds=epoch.seconds + time.perf_counter() - start,
        )

    @contextmanager
    def _epoch_runs(self, progress: EpochProgress, batches: Batches, start: float) -> Iterator[None]:
        """Let `state` tell in the block how far the epoch is."""
        self._running = progress, batches, start
        try:
            yield
        finally:
            self._running = None

    @contextmanager
    def _seeded_modules(self) -> Iterator[None]:
        """Let a user's own layers (Dropout draws from torch's global generator) draw from ours, and put theirs back."""
        if not self._has_own_modules:
            yield
            return
        devices = [self._device] if self._device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(int(torch.randint(2**62, (), generator=self._generator)))
            yield

    def _check_finite(self, epoch: Epoch, batches: Batches) -> None:
        if not math.isfinite(epoch.loss) or not math.isfinite(epoch.validation or 0.0):
            raise diverged_error(epoch, batches.some_rows(), self.settings)

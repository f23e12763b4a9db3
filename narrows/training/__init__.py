"""Training of a network: the epoch iterator, optimizers and schedules."""

from narrows.training.batch_gradient import check_pieces
from narrows.training.deduplication import DistinctRows, distinct_rows, fingerprint, fingerprint_of, row_hashes
from narrows.training.history import Epoch, History, LayerEpoch
from narrows.training.masked import train_masked
from narrows.training.muon import Muon
from narrows.training.neighbour_pairs import NeighbourPairs
from narrows.training.one_step import OneStep, one_step
from narrows.training.optimizers import OPTIMIZERS, make_optimizer
from narrows.training.precision import bfloat16_on
from narrows.training.pretraining import (
    ContrastiveDivergence,
    Pretraining,
    check_pretrainable,
    pretraining_settings,
    train_rbm,
)
from narrows.training.rbm import RBM, Gradient
from narrows.training.run_state import RunState, below
from narrows.training.settings import (
    REDUCTIONS,
    SCHEDULES,
    TrainingParameters,
    TrainingSettings,
    automatic_batch_size,
    pieces_of_batch,
)
from narrows.training.shards import Shards
from narrows.training.spool import Spool
from narrows.training.trainer import Trainer
from narrows.training.trimmed import train_trimmed
from narrows.training.workers import Workers, sendable

__all__ = [
    "OPTIMIZERS",
    "RBM",
    "REDUCTIONS",
    "SCHEDULES",
    "ContrastiveDivergence",
    "DistinctRows",
    "Epoch",
    "Gradient",
    "History",
    "LayerEpoch",
    "Muon",
    "NeighbourPairs",
    "OneStep",
    "Pretraining",
    "RunState",
    "Shards",
    "Spool",
    "Trainer",
    "TrainingParameters",
    "TrainingSettings",
    "Workers",
    "automatic_batch_size",
    "below",
    "bfloat16_on",
    "check_pieces",
    "check_pretrainable",
    "distinct_rows",
    "fingerprint",
    "fingerprint_of",
    "make_optimizer",
    "one_step",
    "pieces_of_batch",
    "pretraining_settings",
    "row_hashes",
    "sendable",
    "train_masked",
    "train_rbm",
    "train_trimmed",
]

"""How a network is trained: the epoch iterator, optimizers and schedules."""

from narrows.training.distinct import DistinctRows, distinct_rows, fingerprint, fingerprint_of, row_hashes
from narrows.training.epoch import Epoch
from narrows.training.history import History
from narrows.training.muon import Muon
from narrows.training.optimizers import make_optimizer
from narrows.training.settings import OPTIMIZERS, SCHEDULES, TrainingSettings, automatic_batch_size
from narrows.training.spool import Spool
from narrows.training.trainer import Trainer
from narrows.training.trimmed import train_trimmed

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "DistinctRows",
    "Epoch",
    "History",
    "Muon",
    "Spool",
    "Trainer",
    "TrainingSettings",
    "automatic_batch_size",
    "distinct_rows",
    "fingerprint",
    "fingerprint_of",
    "make_optimizer",
    "row_hashes",
    "train_trimmed",
]

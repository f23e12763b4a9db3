"""Papers done again: each prints its numbers beside ours, on this machine, from one seed.

A reproduction is a few experiments (`frame.py`), an experiment is a generator of records: how far it is, results,
pictures. Whoever drives it shows and keeps them. Nothing here loads torch before an experiment begins.
"""

from narrows.reproductions.catalogue import PAPERS, reproduction
from narrows.reproductions.experiment import Experiment, Picture, Progress, Record, Reproduction, Result, Setup
from narrows.reproductions.results import HEADINGS, cells, write_results

__all__ = [
    "HEADINGS",
    "PAPERS",
    "Experiment",
    "Picture",
    "Progress",
    "Record",
    "Reproduction",
    "Result",
    "Setup",
    "cells",
    "reproduction",
    "write_results",
]

"""Reproductions of papers: their experiments, run on this machine from one seed, with the paper's numbers.

A reproduction is a list of experiments, and an experiment is a generator of records: progress, results and pictures
(`experiment.py`). torch is imported when an experiment starts.
"""

from narrows.reproductions.catalogue import PAPERS, reproduction
from narrows.reproductions.experiment import Experiment, Picture, Progress, Record, Reproduction, Result, Setup
from narrows.reproductions.kept_trainings import keeping
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
    "keeping",
    "reproduction",
    "write_results",
]

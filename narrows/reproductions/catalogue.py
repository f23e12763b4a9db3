"""The papers by name. Each paper is a module or package of this folder that defines `REPRODUCTION`."""

from __future__ import annotations

import importlib

from narrows.reproductions.experiment import Reproduction

PAPERS: dict[str, str] = {
    "hinton2006": "Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks",
    "vincent2010": "Vincent et al. 2010, Stacked denoising autoencoders",
    "rifai2011": "Rifai et al. 2011, Contractive auto-encoders",
    "makhzani2013": "Makhzani & Frey 2014, k-sparse autoencoders",
    "burda2015": "Burda, Grosse & Salakhutdinov 2016, Importance weighted autoencoders",
}
"""Name -> authors, year and title."""


def reproduction(name: str) -> Reproduction:
    """Return the reproduction of the paper called `name`; SettingError if there is none."""
    if name not in PAPERS:
        from narrows.errors import SettingError

        raise SettingError(f"There is no reproduction named {name!r}; the papers are {', '.join(PAPERS)}.")
    return importlib.import_module(f"narrows.reproductions.{name}").REPRODUCTION

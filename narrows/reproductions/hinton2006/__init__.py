"""Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks, Science 313:504-507."""

from narrows.reproductions.frame import Reproduction
from narrows.reproductions.hinton2006.mnist import MNIST_30

REPRODUCTION = Reproduction(
    "hinton2006",
    "Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks (Science 313:504-507)",
    (MNIST_30,),
)

"""Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks, Science 313:504-507."""

from narrows.reproductions.experiment import Reproduction
from narrows.reproductions.hinton2006.curve_images import CURVES
from narrows.reproductions.hinton2006.digit_classifier import CLASSIFIER
from narrows.reproductions.hinton2006.digits import MNIST_30
from narrows.reproductions.hinton2006.documents import DOCUMENTS, HOW_TO_GET_REUTERS
from narrows.reproductions.hinton2006.faces import FACES, HOW_TO_GET_FACES
from narrows.reproductions.hinton2006.two_dimensions import MNIST_2

REPRODUCTION = Reproduction(
    "hinton2006",
    "Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks (Science 313:504-507)",
    (CURVES, MNIST_30, MNIST_2, FACES, DOCUMENTS, CLASSIFIER),
    {"faces": HOW_TO_GET_FACES, "reuters": HOW_TO_GET_REUTERS},
)

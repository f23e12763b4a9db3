from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from narrows.errors import SettingError
from narrows.model import (
    L1,
    AutoencoderNetwork,
    Contractive,
    CustomEncoder,
    GaussianCode,
    GaussianNoise,
    KLSparsity,
    KLToPrior,
    NeighbourCrossEntropy,
    Objective,
    Penalty,
    PointCode,
    SquaredError,
    build_network,
)
from narrows.training import Workers, precision
from narrows.training.batch_gradient import PiecesOfBatch, WholeBatch, check_pieces
from narrows.training.batches import Batch
from narrows.training.flat_parameters import FlatParameters
from narrows.training.training_step import make_step
from tests.training.building import settings

N, D = 11, 6


def network(**others) -> AutoencoderNetwork:
    given = {
        "n_floats": D,
        "n_components": 3,
        "hidden_layer_sizes": (5,),
        "code": PointCode(),
        "likelihood": SquaredError(),
        "generator": torch.Generator().manual_seed(0),
    }
    return build_network(**(given | others))


def in_pieces(
    net: AutoencoderNetwork, objective: Objective, n_pieces: int, *, seed: int = 0, max_rows: int = N, **others
) -> PiecesOfBatch:
    flat = others.pop("flat", None) or FlatParameters(list(net.parameters()))
    given = {"workers": Workers(), "precision": "float32", "is_exact": True, "stop_requested": lambda: False}
    gradient = PiecesOfBatch(net, objective, flat, n_pieces=n_pieces, max_rows=max_rows, **(given | others))
    gradient.begin_epoch(torch.Generator().manual_seed(seed))
    return gradient


def taken(
    gradient, flat: FlatParameters, x: Tensor, weight: Tensor | None, pieces: tuple[int, ...] | None = None
) -> tuple[dict[str, Tensor], Tensor]:
    with flat.attached():
        terms = gradient(Batch(x, len(x), weight, pieces=pieces), progress=0.5)
        return terms, flat.gradients.clone()


CASES = {
    "plain": ({}, ()),
    "tied, by autograd": ({"tied_weights": True}, (L1(0.1),)),
    "kl sparsity": ({"code_activation": "sigmoid"}, (KLSparsity(0.5, 0.1),)),
    "free bits": ({"code": GaussianCode()}, (KLToPrior(beta=2.0, free_bits=0.05),)),
    "several": ({"code_activation": "sigmoid"}, (Contractive(0.1), KLSparsity(0.5, 0.1), L1(0.2))),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("n_pieces", [2, 3, 16])  # 16: some pieces have no row
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("is_exact", [True, False], ids=["exact", "fast"])
def test_the_pieces_have_the_gradient_of_the_whole_batch(case, n_pieces, is_weighted, is_exact, monkeypatch):
    monkeypatch.setattr("narrows.model.code.normal", lambda like, generator: torch.zeros_like(like))
    others, penalties = CASES[case]
    net, objective = network(**others), Objective(None, penalties)
    x = torch.rand(N, D, generator=torch.Generator().manual_seed(1))
    weight = torch.linspace(0.5, 2.5, N) if is_weighted else None
    flat = FlatParameters(list(net.parameters()))
    whole = WholeBatch(make_step(net, objective, flat, precision="float32", max_rows=N), torch.Generator())
    terms, expected = taken(whole, flat, x, weight)
    found, gradient = taken(in_pieces(net, objective, n_pieces, flat=flat, is_exact=is_exact), flat, x, weight)
    torch.testing.assert_close(gradient, expected, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(found, terms, rtol=1e-5, atol=1e-7)
    uneven = (*range(1, n_pieces), N - n_pieces * (n_pieces - 1) // 2) if n_pieces < 4 else (0, N, *[0] * 14)
    pieces = in_pieces(net, objective, n_pieces, flat=flat, max_piece=N, is_exact=is_exact)
    found, gradient = taken(pieces, flat, x, weight, uneven)
    torch.testing.assert_close(gradient, expected, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(found, terms, rtol=1e-5, atol=1e-7)


def test_the_noise_of_a_piece_does_not_depend_on_the_worker_that_computes_it(monkeypatch):
    net, objective = network(), Objective(GaussianNoise(0.5), ())
    x = torch.rand(N, D, generator=torch.Generator().manual_seed(1))
    monkeypatch.setattr("narrows.training.batch_gradient.exchange_device", lambda: torch.device("cpu"))
    sent = {}
    for size in (1, 2, 4):
        lines = []
        for rank in range(size):
            flat = FlatParameters(list(net.parameters()))
            monkeypatch.setattr(
                Workers, "exchange", lambda self, of_all, lines=lines: lines.append(self.own_lines(of_all).clone())
            )
            monkeypatch.setattr(Workers, "size", size)
            gradient = in_pieces(net, objective, 4, seed=3, flat=flat, workers=Workers(rank, size))
            with flat.attached():
                gradient(Batch(x[gradient.own(N)], N), progress=0.0)
        sent[size] = torch.cat(lines)
    assert torch.equal(sent[2], sent[1])
    assert torch.equal(sent[4], sent[1])


def test_the_whole_batch_decides_on_the_type_of_the_products(monkeypatch):
    monkeypatch.setattr(precision, "is_large", lambda size, device: size >= 8 * D * 5)
    net, objective = network(), Objective()
    flat = FlatParameters(list(net.parameters()))
    assert torch.bfloat16 not in make_step(net, objective, flat, precision="bfloat16", max_rows=2).dtypes
    pieces = in_pieces(net, objective, 4, max_rows=8, precision="bfloat16")
    assert pieces.dtypes == make_step(net, objective, flat, precision="bfloat16", max_rows=8).dtypes
    assert torch.bfloat16 in pieces.dtypes


@dataclass(frozen=True)
class OfAllRows(Penalty):
    name = "of_all_rows"


@dataclass(frozen=True)
class OfOneRow(Penalty):
    name = "of_one_row"
    allows_pieces = True


@dataclass(frozen=True)
class Changed(OfOneRow):
    name = "changed"

    def __call__(self, forward):
        return forward.z.std()


@pytest.mark.parametrize("penalty", [OfAllRows(), Changed(), NeighbourCrossEntropy(0.1)], ids=lambda p: p.name)
def test_a_penalty_that_may_need_all_rows_is_refused(penalty):
    with pytest.raises(SettingError, match=rf"{penalty.name}.*allows_pieces = True"):
        check_pieces(network(), Objective(None, (penalty,)), 2)
    check_pieces(network(), Objective(None, (penalty,)), 1)
    check_pieces(network(), Objective(None, (OfOneRow(),)), 2)


def test_batch_normalisation_is_refused_unless_its_author_allows_pieces():
    class Frozen(nn.Sequential):
        allows_pieces = True

    for kind, is_refused in [(nn.Sequential, True), (Frozen, False)]:
        net = network()
        net.encoder = CustomEncoder(kind(nn.Linear(D, 3), nn.BatchNorm1d(3)), None)
        if is_refused:
            with pytest.raises(SettingError, match=r"BatchNorm1d.*LayerNorm"):
                check_pieces(net, Objective(), 2)
        else:
            check_pieces(net, Objective(), 2)


def test_there_are_as_many_pieces_as_workers_unless_they_are_given():
    assert settings("adam").n_pieces == 1
    assert settings("adam", n_pieces="auto", n_workers=4).n_pieces == 4
    assert settings("adam", n_pieces=8, n_workers=4).n_pieces == 8
    with pytest.raises(SettingError, match="n_pieces=6 is not a multiple of the 4 workers"):
        settings("adam", n_pieces=6, n_workers=4)
    with pytest.raises(SettingError, match="A batch of 8 rows has no 16 pieces"):
        settings("adam", n_pieces=16)

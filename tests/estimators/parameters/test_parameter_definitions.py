from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from torch import nn

from narrows import (
    AnomalyDetector,
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    SparseAutoencoder,
    VariationalAutoencoder,
)
from narrows.declarations.parameter import GROUPS
from narrows.declarations.registered_names import class_defaults, registered_names
from narrows.errors import IdleParameterWarning
from narrows.estimators.parameters.idle_parameters import (
    REQUIREMENTS,
    constructor_defaults,
    idle_parameters,
    idle_sentence,
)
from narrows.estimators.parameters.parameter_definitions import BY_NAME, PARAMETERS
from narrows.estimators.parameters.parameters_page import markdown
from narrows.estimators.variants import variant_classes
from narrows.model import (
    L1,
    ActivationName,
    GaussianCode,
    GaussianNoise,
    KLSparsity,
    NeighbourCrossEntropy,
    TopK,
    default_hidden_layer_sizes,
)
from narrows.model.code import CODES
from narrows.model.corruption import CORRUPTIONS
from narrows.model.likelihood import LIKELIHOODS
from narrows.model.penalty import PENALTIES
from narrows.training import OPTIMIZERS, SCHEDULES, TrainingSettings

X = np.random.default_rng(0).normal(size=(60, 4))
# Without early stopping, which may return to the weights before the training.
QUICK = {
    "early_stopping": False,
    "epochs": 2,
    "hidden_layer_sizes": (8,),
    "n_components": 2,
    "random_state": 0,
    "device": "cpu",
}
OWN = {"encoder": nn.Linear(4, 2), "decoder": nn.Linear(2, 4)}

# Parameter: (a value that is not the default, settings in which it has no effect, settings in which it has one).
CONDITIONAL: dict[str, tuple[object, list[dict[str, Any]], dict[str, Any]]] = {
    "k": (1, [{}, {"code": TopK(2)}, {"code": "gaussian"}], {"code": "top-k"}),
    "rho": (
        0.3,
        [{}, {"penalty": "l1"}, {"penalty": KLSparsity(0.1), "code_activation": "sigmoid"}],
        {"penalty": "kl"},
    ),
    "n_neighbors": (5, [{}, {"penalty": "l1"}, {"penalty": NeighbourCrossEntropy(0.1)}], {"penalty": "neighbours"}),
    "beta": (4.0, [{}, {"code": "top-k", "k": 1}], {"code": GaussianCode()}),
    "kl_warmup": (2, [{}], {"code": "gaussian"}),
    "free_bits": (5.0, [{}], {"code": "gaussian"}),
    "penalty_weight": (0.7, [{}, {"penalty": L1(0.1)}, {"penalty": [L1(0.1)]}], {"penalty": ["l1"]}),
    "level": (0.6, [{}, {"corruption": GaussianNoise(0.1)}], {"corruption": "masking"}),
    "momentum": (0.5, [{}, {"optimizer": "adam"}, {"optimizer": "lbfgs"}], {"optimizer": "sgd"}),
    "schedule": ("cosine", [{"optimizer": "lbfgs"}], {"optimizer": "adam"}),
    "warmup": (0.5, [{"optimizer": "lbfgs"}], {"optimizer": "adam"}),
    "pretrain_epochs": (1, [{}], {"pretrain": "rbm", "activation": "sigmoid", "scale": "minmax"}),
    "validation": ("last", [{"validation_fraction": 0}], {"validation_fraction": 0.2}),
    "patience": (1, [{}], {"early_stopping": True, "tol": 0.9, "epochs": 6}),
    "tol": (0.9, [{}], {"early_stopping": True, "patience": 1, "epochs": 6}),
    "hidden_layer_sizes": ((5,), [OWN], {"encoder": OWN["encoder"]}),
    "activation": ("tanh", [OWN], {"encoder": OWN["encoder"]}),
    "code_activation": ("tanh", [{"encoder": OWN["encoder"]}], {"decoder": OWN["decoder"]}),
    "network": ("conv", [], {}),  # needs images: see below
}


def fitted(**settings: Any) -> Autoencoder:
    # With both modules given, the layers of QUICK would be without effect.
    quick = {name: value for name, value in QUICK.items() if name != "hidden_layer_sizes" or "decoder" not in settings}
    return Autoencoder(**{**quick, **settings}).fit(X)


def test_every_conditional_parameter_is_tested() -> None:
    assert set(CONDITIONAL) == set(REQUIREMENTS)


@pytest.mark.parametrize(
    ("name", "context"), [(name, context) for name, (_, contexts, _) in CONDITIONAL.items() for context in contexts]
)
def test_an_idle_parameter_changes_no_bit_and_is_warned_of(name: str, context: dict[str, Any]) -> None:
    value = CONDITIONAL[name][0]
    without = fitted(**context)
    with pytest.warns(IdleParameterWarning, match=rf"^{name}=.* has no effect with .*; set .*\.$") as caught:
        given = fitted(**context, **{name: value})
    assert len(caught) == 1
    assert without.transform(X).tobytes() == given.transform(X).tobytes()


@pytest.mark.parametrize("name", [name for name in CONDITIONAL if name != "network"])
def test_an_active_parameter_is_not_warned_of(name: str) -> None:
    value, _, context = CONDITIONAL[name]
    other = fitted(**context, **({"k": 2} if name == "k" else {}))
    given = fitted(**{**context, name: value})  # a warning would be an error
    assert other.transform(X).tobytes() != given.transform(X).tobytes() or len(other.history_) != len(given.history_)


def test_the_network_is_idle_among_your_own_modules() -> None:
    images = np.random.default_rng(0).uniform(size=(40, 8, 8))
    own = {"encoder": nn.Sequential(nn.Flatten(), nn.Linear(64, 2)), "decoder": nn.Linear(2, 64)}
    settings = {name: value for name, value in QUICK.items() if name != "hidden_layer_sizes"}
    without = Autoencoder(**settings, **own).fit(images)
    with pytest.warns(IdleParameterWarning, match="^network='conv' has no effect with your own encoder and decoder"):
        given = Autoencoder(**settings, **own, network="conv").fit(images)
    assert without.transform(images).tobytes() == given.transform(images).tobytes()
    Autoencoder(**settings, network="conv").fit(images)


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (SparseAutoencoder(k=3), "k=3 has no effect with code='point'; set code='top-k'."),
        (Autoencoder(beta=4), "beta=4 has no effect with code='point'; set code='gaussian'."),
        (Autoencoder(penalty_weight=2), "penalty_weight=2 has no effect with penalty=None; set penalty='l1', 'kl', "
         "'contractive' or 'neighbours'."),
        (SparseAutoencoder(penalty=L1(weight=0.1), penalty_weight=2), "penalty_weight=2 has no effect with "
         "penalty=L1(weight=0.1); set penalty='l1', 'kl', 'contractive' or 'neighbours'."),
        (Autoencoder(momentum=0.5), "momentum=0.5 has no effect with optimizer='muon'; set optimizer='rmsprop' or "
         "'sgd'."),
        (Autoencoder(early_stopping=False, tol=0.1), "tol=0.1 has no effect with early_stopping=False; set "
         "early_stopping=True."),
        (DenoisingAutoencoder(corruption=None, level=0.1), "level=0.1 has no effect with corruption=None; set "
         "corruption='gaussian', 'masking' or 'salt-and-pepper'."),
    ],
)  # fmt: skip
def test_the_sentence_names_the_setting_that_is_needed(model: Autoencoder, sentence: str) -> None:
    values = model.get_params(deep=False)
    (name,) = idle_parameters(values, constructor_defaults(type(model)))
    assert idle_sentence(name, values, REQUIREMENTS[name]) == sentence


def test_the_warning_comes_at_the_fit_and_not_before() -> None:
    model = SparseAutoencoder(k=3, **QUICK)
    copy = clone(model)
    assert isinstance(copy, SparseAutoencoder)
    copy.set_params(k=2, code="top-k").set_params(code="point")
    with pytest.warns(IdleParameterWarning) as caught:
        model.fit(X)
    assert len(caught) == 1
    assert repr(model.transform(X)) == repr(SparseAutoencoder(**QUICK).fit(X).transform(X))
    with pytest.warns(IdleParameterWarning) as caught:
        SparseAutoencoder(k=3, **QUICK).partial_fit(X)
    assert len(caught) == 1


def test_a_warning_that_is_an_error_leaves_the_model_as_it_was() -> None:
    model = SparseAutoencoder(k=3, **QUICK)
    with pytest.raises(IdleParameterWarning):
        model.fit(X)
    assert not hasattr(model, "network_")


def test_a_sum_for_workers_is_idle_in_one_process() -> None:
    with pytest.warns(IdleParameterWarning, match="reduce=.fast. has no effect with one process"):
        Autoencoder(reduce="fast", **QUICK).fit(X)


def test_a_grid_search_over_idle_values_warns_once_a_fit() -> None:
    search = GridSearchCV(Autoencoder(**QUICK), {"rho": [0.05, 0.1]}, cv=2, refit=False)
    with pytest.warns(IdleParameterWarning, match="rho=0.1") as caught:
        search.fit(X)
    assert len(caught) == 2  # one for each fold of rho=0.1; the other value is the default


def test_a_loaded_model_is_silent(tmp_path: Path) -> None:
    import narrows

    with pytest.warns(IdleParameterWarning):
        SparseAutoencoder(k=3, **QUICK).fit(X).save(tmp_path / "m")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert narrows.load(tmp_path / "m").k == 3


def test_the_table_lists_the_parameters_of_the_constructor_in_its_order() -> None:
    assert [parameter.name for parameter in PARAMETERS] == list(inspect.signature(Autoencoder).parameters)
    groups = [parameter.group for parameter in PARAMETERS]
    assert groups == sorted(groups, key=GROUPS.index)
    assert {field.name for field in dataclasses.fields(TrainingSettings)} <= set(BY_NAME)


def test_the_choices_are_those_of_the_registries() -> None:
    from typing import get_args

    for name, registry in {
        "loss": ("auto", *LIKELIHOODS),
        "corruption": tuple(CORRUPTIONS),
        "code": tuple(CODES),
        "penalty": tuple(PENALTIES),
        "optimizer": tuple(OPTIMIZERS),
        "schedule": SCHEDULES,
        "activation": get_args(ActivationName),
    }.items():
        assert BY_NAME[name].choices == registry
    assert [parameter.name for parameter in PARAMETERS if parameter.kind == "name" and not parameter.choices] == []
    with pytest.raises(LookupError, match="no registry NOTHING"):
        registered_names("model/code.py", "NOTHING")


def documented(cls: type) -> dict[str, str]:
    """Return the type line of each parameter in a class's docstring."""
    block = re.search(r"Parameters\n-+\n(.*?)\n\n\w+\n-+\n", inspect.cleandoc(cls.__doc__ or ""), re.DOTALL)
    assert block is not None
    found = {}
    for names, words in re.findall(r"^([a-z_, ]+?)(?: : (.*))?$", block[1], re.MULTILINE):
        found |= dict.fromkeys(names.split(", "), words)
    return found


@pytest.mark.parametrize("cls", variant_classes())
def test_a_docstring_agrees_with_the_table_and_the_constructor(cls: type[Autoencoder]) -> None:
    defaults = constructor_defaults(cls)
    found = documented(cls)
    if cls is Autoencoder:
        assert list(found) == list(defaults)
    for name, words in found.items():
        default = re.search(r"default=(.*)$", words)
        if default:
            assert ast.literal_eval(default[1]) == defaults[name], name
        choices = re.search(r"\{(.*)\}", words)
        if choices:
            listed = tuple(word.strip().strip('"') for word in choices[1].split(",") if word.strip() != "None")
            assert set(listed) <= set(BY_NAME[name].choices), name
            assert cls is not Autoencoder or listed == BY_NAME[name].choices, name
        elif cls is Autoencoder:
            assert BY_NAME[name].kind != "name" or name == "code_activation", name


def test_the_page_of_the_docs_is_the_table() -> None:
    page = Path(__file__).parents[3] / "docs" / "parameters.md"
    assert page.read_text(encoding="utf-8") == markdown(), (
        "python -m narrows.estimators.parameters.parameters_page > docs/parameters.md"
    )


@pytest.mark.parametrize("cls", variant_classes())
def test_the_defaults_read_from_the_source_are_those_of_the_constructor(cls: type[Autoencoder]) -> None:
    defaults = constructor_defaults(cls)
    if cls is Autoencoder:
        read = {parameter.name: parameter.default for parameter in PARAMETERS}
    else:
        read = class_defaults(f"estimators/{cls.__module__.split('.')[-1]}.py")
    assert cls is not Autoencoder or set(defaults) <= set(read)
    assert {name: defaults[name] for name in read if name in defaults} == {
        n: v for n, v in read.items() if n in defaults
    }


def test_variants_with_other_defaults_have_no_idle_ones() -> None:
    for cls in (Autoencoder, ContractiveAutoencoder, VariationalAutoencoder, *variant_classes()):
        assert not list(idle_parameters(cls().get_params(deep=False), constructor_defaults(cls)))


SMALL = Autoencoder(**QUICK)


@pytest.mark.parametrize(
    ("idle", "context", "sentence"),
    [
        ({"alpha": 0.2}, {}, "alpha=0.2 has no effect with threshold='contamination'; set threshold='conformal' or "),
        ({"budget": 3}, {}, "budget=3 has no effect with threshold='contamination'; set threshold='budget'."),
        ({"contamination": 0.3}, {"threshold": "conformal", "alpha": 0.1}, "contamination=0.3 has no effect with "),
        ({"missing": "mean"}, {}, "missing='mean' has no effect with your own estimator; set it in the estimator."),
        ({"categorical": ("a",)}, {}, "has no effect with your own estimator; set it in the estimator."),
        ({"novelty": True}, {}, "novelty=True has no effect with your own estimator; it is for the default score."),
    ],
)
def test_an_idle_parameter_of_a_detector_changes_nothing_and_is_warned_of(idle, context, sentence) -> None:
    without = AnomalyDetector(SMALL, random_state=0, **context).fit(X)
    with pytest.warns(IdleParameterWarning, match=re.escape(sentence)) as caught:
        given = AnomalyDetector(SMALL, random_state=0, **context, **idle).fit(X)
    assert len(caught) == 1
    assert without.decision_scores_.tobytes() == given.decision_scores_.tobytes()
    assert (without.predict(X) == given.predict(X)).all()


def test_active_parameters_of_a_detector_are_not_warned_of() -> None:
    for active in (
        {"threshold": "conformal", "alpha": 0.1},
        {"threshold": "budget", "budget": 3, "contamination": 0.2},
    ):
        AnomalyDetector(SMALL, random_state=0, **active).fit(X)  # a warning would be an error


def test_the_documented_automatic_sizes_are_those_of_a_fit() -> None:
    narrowest, widest = (default_hidden_layer_sizes("mlp", n_floats, None) for n_floats in (1, 100_000))
    assert f'"auto" is {narrowest} to {widest}' in str(Autoencoder.__doc__)
    assert VariationalAutoencoder(epochs=1, random_state=0).fit(X).n_components_ == X.shape[1] // 2
    assert Autoencoder(epochs=1, random_state=0).fit(X).n_components_ == max(1, round(X.shape[1] / 4))

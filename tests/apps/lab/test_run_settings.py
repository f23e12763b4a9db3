from __future__ import annotations

import json

import pytest

from narrows.apps.lab.run_settings import NAMES, check, estimator, filled_in, page_settings
from narrows.errors import SettingError
from narrows.estimators.parameters.idle_parameters import constructor_defaults, idle_parameters
from narrows.estimators.parameters.lab_fields import LAB_FIELDS
from narrows.estimators.parameters.parameter_definitions import BY_NAME
from narrows.estimators.variants import VARIANTS

DIGITS = {"rows": 1797, "shape": [8, 8, 1], "columns": None}


@pytest.mark.parametrize("variant", VARIANTS)
def test_settings_of_other_variants_are_left_out_so_that_none_is_idle(variant) -> None:
    every = {"corruption": "masking", "corruption_level": 0.7, "sparsity": 0.7, "contraction": 0.6, "beta": 4.0}
    model = estimator(filled_in(check(every, None), variant, DIGITS), variant)
    assert not list(idle_parameters(model.get_params(deep=False), constructor_defaults(type(model))))
    expected = {"denoising": ("level", 0.7), "sparse": ("penalty_weight", 0.7), "contractive": ("penalty_weight", 0.6)}
    expected["variational"] = ("beta", 4.0)
    if variant in expected:
        name, value = expected[variant]
        assert getattr(model, name) == value


def test_the_page_gets_every_field_and_variant_as_json() -> None:
    sent = json.loads(json.dumps(page_settings()))
    assert [one["name"] for one in sent["variants"]] == list(VARIANTS)
    assert all(one["help"] for one in sent["variants"])
    assert {field["key"] for field in sent["settings"]} == set(NAMES) - {"normal", "rows"}
    optimizer = next(field for field in sent["settings"] if field["key"] == "optimizer")
    assert optimizer["choices"] == [name for name in BY_NAME["optimizer"].choices if name != "lbfgs"]


def test_every_field_sets_a_parameter_and_refuses_what_is_out_of_range() -> None:
    for field in LAB_FIELDS:
        assert field.parameter in BY_NAME
        assert set(field.variants) <= set(VARIANTS)
        wrong = {"int": field.high + 1, "float": field.low - 1, "name": "nothing", "sizes": [0]}[field.kind]
        with pytest.raises(SettingError, match=field.phrase):
            check({field.key: wrong}, None)

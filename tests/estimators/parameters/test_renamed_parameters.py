from __future__ import annotations

import pytest
from sklearn.base import clone

from narrows import AnomalyDetector, Autoencoder
from narrows.errors import SettingError


def test_an_earlier_name_still_sets_the_parameter_with_a_warning_at_the_line_of_the_user() -> None:
    with pytest.warns(DeprecationWarning, match="parameter score is now method") as caught:
        detector = AnomalyDetector(Autoencoder(), score="latent")
    assert caught[0].filename == __file__
    assert detector.method == "latent"
    with pytest.warns(DeprecationWarning, match="parameter score is now method"):
        assert detector.set_params(score="combined").method == "combined"


def test_both_names_at_once_are_refused() -> None:
    with pytest.raises(SettingError, match="give method alone"):
        AnomalyDetector(Autoencoder(), score="latent", method="latent")


def test_the_present_names_are_the_parameters() -> None:
    detector = AnomalyDetector(Autoencoder(), "latent")
    assert "score" not in detector.get_params()
    assert clone(detector).method == "latent"
    assert "score" not in AnomalyDetector().get_params()

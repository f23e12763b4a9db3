"""Money, ratings and amounts that are mostly 0, from the fit to the answers of every method."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from narrows import AnomalyDetector, Autoencoder, DenoisingAutoencoder, VariationalAutoencoder, load

N = 1500
R = np.random.default_rng(2)
Z = R.normal(size=N)
AMOUNT = np.exp(6 + 0.7 * Z).round(2)
FRAME = pd.DataFrame(
    {
        "age": (40 + 10 * Z).round(),
        "price": (90 + 20 * Z + R.normal(size=N)).round(2),
        "stars": R.choice([1, 2, 3, 4, 5], N, p=[0.1, 0.05, 0.1, 0.2, 0.55]),
        "gain": np.where(Z + R.normal(size=N) < 1, 0, AMOUNT),
        "claim": np.where(R.random(N) < 0.15, np.nan, np.where(R.random(N) < 0.6, 0, AMOUNT)),
    }
)
QUICK = {"epochs": 25, "n_components": 3, "random_state": 0, "device": "cpu"}


def within(share: float, n: int = N) -> float:
    """How far two shares of n rows may lie apart: four binomial errors, and as much for what is learned."""
    return 8 * float(np.sqrt(2 * share * (1 - share) / n))


@pytest.fixture(scope="module")
def variational():
    return VariationalAutoencoder(**QUICK).fit(FRAME)


@pytest.fixture(scope="module")
def plain():
    return Autoencoder(**QUICK).fit(FRAME)


@pytest.fixture(scope="module")
def drawn(variational):
    return variational.sample(N, random_state=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gain", "claim"])
def test_mostly_zero_is_mostly_zero_when_sampled(drawn, name):
    then, now = (frame[name].dropna() for frame in (FRAME, drawn))
    assert abs((now == 0).mean() - (then == 0).mean()) < within((then == 0).mean())
    assert abs(drawn[name].isna().mean() - FRAME[name].isna().mean()) < within(0.15)
    assert not ((now > 0) & (now < then[then > 0].min())).any()
    assert stats.ks_2samp(now[now > 0], then[then > 0]).statistic < 0.2
    assert 0.5 < now.mean() / then.mean() < 2


@pytest.mark.slow
def test_sampled_amounts_hang_together_with_the_other_columns(drawn):
    ages = [frame["age"][frame["gain"] > 0].mean() - frame["age"].mean() for frame in (FRAME, drawn)]
    assert ages[1] > 0.5 * ages[0] > 2


def test_sampled_ratings_have_all_levels_with_their_shares(drawn):
    assert drawn["stars"].dtype == FRAME["stars"].dtype
    for star in range(1, 6):
        share = (FRAME["stars"] == star).mean()
        assert abs((drawn["stars"] == star).mean() - share) < within(share)
    assert set(drawn["stars"]) == {1, 2, 3, 4, 5}


@pytest.mark.slow
def test_money_has_two_decimals_wherever_it_comes_back(variational, plain, drawn):
    gappy = FRAME.assign(price=FRAME["price"].where(R.random(N) > 0.1))
    model = Autoencoder(**QUICK).fit(gappy)
    answers = [drawn, plain.reconstruct(FRAME), plain.inverse_transform(plain.transform(FRAME)), model.impute(gappy)]
    numbers = FRAME.drop(columns=["stars", "gain", "claim"])
    answers.append(Autoencoder(**QUICK).fit(numbers).reconstruct(numbers))
    for answer in answers:
        assert (answer["price"] == answer["price"].round(2)).all()
        assert (answer["age"] == answer["age"].round()).all()


@pytest.mark.slow
def test_reconstruction_says_zero_where_the_model_does(plain):
    back = plain.reconstruct(FRAME)
    there = FRAME["claim"].notna()
    for name in ("gain", "claim"):
        is_zero = (FRAME[name] == 0)[there]
        assert ((back[name] == 0)[there] == is_zero).mean() > 0.9
    amounts = (FRAME["gain"] > 0) & (back["gain"] > 0)
    assert np.corrcoef(np.log(FRAME["gain"][amounts]), np.log(back["gain"][amounts]))[0, 1] > 0.8
    filled = plain.impute(FRAME)
    pd.testing.assert_frame_equal(filled[there], FRAME[there])
    assert filled["claim"].notna().all()


def test_errors_of_a_column_are_those_of_its_mask_and_its_number(plain):
    errors = plain.reconstruction_error(FRAME, per_feature=True)
    assert errors.shape == FRAME.shape
    anomalous = FRAME.head(50).copy()
    anomalous["gain"] = np.where(anomalous["gain"] == 0, 100 * AMOUNT.max(), anomalous["gain"])
    far = plain.reconstruction_error(anomalous, per_feature=True)[:, 3]
    was_zero = (FRAME["gain"].head(50) == 0).to_numpy()
    assert far[was_zero].min() > errors[:, 3].max()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Column 'gain' of X is about")
def test_a_detector_of_such_a_model_names_the_column():
    detector = AnomalyDetector(estimator=Autoencoder(**QUICK), n_members=1, random_state=0).fit(FRAME)
    anomalous = FRAME[FRAME["gain"] == 0].head(5).assign(gain=50 * AMOUNT.max())
    assert [reasons[0].column for reasons in detector.explain(anomalous)] == ["gain"] * 5
    assert detector.error_map(anomalous).shape == anomalous.shape
    assert AnomalyDetector(random_state=0).fit(FRAME).score_samples(anomalous).max() < -1


@pytest.mark.slow
def test_a_denoising_model_fills_such_a_column():
    model = DenoisingAutoencoder(corruption="masking", level=0.2, **QUICK).fit(FRAME)
    filled = model.impute(FRAME)
    assert filled["claim"].notna().all()
    with pytest.warns(UserWarning, match="had none during fit"):
        gain = model.impute(FRAME.assign(gain=np.nan))["gain"]
    is_zero = FRAME["gain"] == 0
    assert (gain > 0)[~is_zero].mean() > 4 * (gain > 0)[is_zero].mean()


@pytest.mark.parametrize("name", ["plain", "variational"])
def test_a_loaded_model_answers_to_the_bit(name, tmp_path, request):
    model = request.getfixturevalue(name)
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    np.testing.assert_array_equal(again.transform(FRAME), model.transform(FRAME))
    pd.testing.assert_frame_equal(again.reconstruct(FRAME), model.reconstruct(FRAME))
    if name == "variational":
        pd.testing.assert_frame_equal(again.sample(50, random_state=0), model.sample(50, random_state=0))

import pytest

from narrows.errors import SettingError
from narrows.training import automatic_batch_size
from narrows.training.settings import automatic_epochs
from tests.training.building import settings


@pytest.mark.parametrize(
    ("n_rows", "batch_size", "epochs"), [(135, 32, 200), (1617, 64, 154), (4500, 256, 112), (1, 1, 200)]
)
def test_batches_of_pairs_are_larger_and_fewer(n_rows, batch_size, epochs):
    found = settings("muon", batch_size="auto", epochs="auto", n_rows=n_rows, of_pairs=True)
    assert (found.batch_size, found.epochs, found.patience) == (batch_size, epochs, epochs // 3)
    assert settings("muon", epochs=9, patience=5, of_pairs=True).patience == 5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("optimizer", "adamm"),
        ("learning_rate", 0),
        ("learning_rate", "fast"),
        ("learning_rate", float("nan")),
        ("weight_decay", -1),
        ("momentum", 1.0),
        ("schedule", "stairs"),
        ("warmup", 1.0),
        ("batch_size", 0),
        ("batch_size", 2.5),
        ("epochs", 0),
        ("epochs", True),
        ("patience", 0),
        ("tol", -0.1),
        ("clip_norm", 0),
    ],
)
def test_an_impossible_setting_is_named_in_one_sentence(name, value):
    others = {name: value}
    with pytest.raises(SettingError, match=name) as caught:
        settings(others.pop("optimizer", "adam"), **others)
    assert "\n" not in str(caught.value)


def test_the_rate_rises_then_falls_in_a_straight_line_to_nearly_nothing():
    plan = settings("adam", learning_rate=1.0, schedule="linear", warmup=0.1)
    rates = [plan.rate(step, 100) for step in range(100)]
    assert rates[:11] == pytest.approx([(i + 1) / 11 for i in range(10)] + [1.0])
    assert rates[55] == pytest.approx(0.5)
    assert rates[-1] == pytest.approx(1 / 90)


def test_cosine_is_half_way_down_in_the_middle_and_constant_stays():
    assert settings("adam", learning_rate=2.0, schedule="cosine").rate(50, 100) == pytest.approx(1.0)
    assert settings("adam", learning_rate=2.0, schedule="constant").rate(99, 100) == 2.0


def test_the_automatic_batch_grows_with_the_rows_and_never_exceeds_them():
    sizes = [automatic_batch_size(n, 1000) for n in (2, 10, 1000, 20_000, 100_000, 10_000_000)]
    assert sizes == [2, 10, 16, 128, 1024, 1024]
    assert automatic_batch_size(1000, 10_000_000) == 128


def test_automatic_epochs_make_about_four_thousand_steps():
    assert automatic_epochs(1600, 16) == 40
    assert automatic_epochs(10, 10) == 200
    assert automatic_epochs(10_000_000, 1024) == 20

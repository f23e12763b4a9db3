from __future__ import annotations

import itertools

import pytest
import torch

from narrows.model import PointCode, SquaredError, build_network
from narrows.training import threads
from narrows.training.threads import LoadFollower, limited_threads, threads_for


def network(n_floats: int, hidden: tuple[int, ...], **others):
    return build_network(
        n_floats=n_floats,
        n_components=8,
        hidden_layer_sizes=hidden,
        code=PointCode(),
        likelihood=SquaredError(),
        generator=None,
        **others,
    )


def test_a_small_step_takes_one_thread_and_a_large_one_all():
    with limited_threads(2):
        assert threads_for(network(30, (64, 32)), 128) == 1
        assert threads_for(network(784, (1000, 500)), 512) == 2
        images = network(64 * 64, (16, 32), network="conv", image_shape=(64, 64, 1))
        assert threads_for(images, 128) == 2


def test_the_number_of_threads_is_put_back_after_an_error():
    before = torch.get_num_threads()
    try:
        with limited_threads(1):
            assert torch.get_num_threads() == 1
            raise KeyError
    except KeyError:
        pass
    assert torch.get_num_threads() == before


def test_no_more_threads_than_cores_that_may_be_used(monkeypatch):
    monkeypatch.setattr(threads, "available_cores", lambda: 3)
    with limited_threads(8):
        assert threads_for(network(784, (1000, 500)), 4096) == 3


class Machine:
    """A machine whose steps take as long as `seconds(n_threads, now)` says, of which they compute `share(now)`."""

    def __init__(self, seconds, share=lambda now: 1.0):
        self.now, self.threads, self.seconds = 0.0, None, seconds
        self.processor_seconds, self.share = 0.0, share
        self.starts: list[float] = []
        """When each step began."""

    def train(self, most: int, steps: int) -> list[int]:
        """Return the number of threads of each step."""
        self.threads, used = most, []
        follower = LoadFollower(
            most,
            set_threads=lambda n: setattr(self, "threads", n),
            clock=lambda: self.now,
            processor_clock=lambda: self.processor_seconds,
        )
        for _ in range(steps):
            with follower.step(100):
                used.append(self.threads)
                self.starts.append(self.now)
                seconds = self.seconds(self.threads, self.now)
                self.processor_seconds += self.threads * seconds * self.share(self.now)
                self.now += seconds
            assert follower.now == self.threads
        return used


def test_on_a_quiet_machine_nearly_every_step_has_all_threads():
    used = Machine(lambda n, now: 0.01 / n).train(4, 5000)
    assert used.count(4) > 0.97 * len(used)
    assert set(used) == {4, 2}  # half of them is tried from time to time


def test_where_threads_wait_for_one_another_one_thread_is_soon_left():
    machine = Machine(lambda n, now: 0.01 * n**2)
    used = machine.train(8, 2000)
    assert used[:3] == [8, 8, 8]
    assert used.count(1) > 0.9 * len(used)
    assert machine.now < 1.25 * 2000 * 0.01


def test_the_number_comes_back_when_the_load_ends():
    busy_until = 5.0
    machine = Machine(lambda n, now: 0.01 * n if now < busy_until else 0.01 / n)
    used = machine.train(4, 4000)
    assert used[-1] == 4
    ends = list(itertools.accumulate(0.01 for _ in used))
    assert ends[used.index(1)] < 2.0


def test_threads_that_get_little_of_the_processors_are_left_before_the_next_trial_is_due():
    def left_after(share_when_busy: float) -> float:
        machine = Machine(
            lambda n, now: 0.01 / n if now < 20 else 0.01 * n, lambda now: 1.0 if now < 20 else share_when_busy
        )
        used = machine.train(2, 6000)
        return min(now for now, n in zip(machine.starts, used, strict=True) if now >= 20 and n == 1) - 20

    assert left_after(0.4) < 0.2
    assert left_after(1.0) > 1


def test_a_trial_that_is_far_slower_ends_after_one_step():
    used = Machine(lambda n, now: 0.005 if n == 1 else 10.0).train(2, 600)
    assert used.count(2) < 20


def test_a_difference_within_the_noise_changes_nothing():
    used = Machine(lambda n, now: 0.0100 if n == 2 else 0.0095).train(2, 3000)
    assert used.count(2) > 0.9 * len(used)


@pytest.mark.parametrize("seed", [None, 0])
def test_only_a_fit_without_a_seed_follows_the_load(monkeypatch, seed):
    import numpy as np

    from narrows import Autoencoder
    from narrows.training import trainer

    made = []

    monkeypatch.setattr(trainer, "threads_for", lambda network, batch_size: 2)
    monkeypatch.setattr(
        trainer, "LoadFollower", lambda n: made.append(n) or LoadFollower(n, set_threads=lambda n: None)
    )
    Autoencoder(epochs=1, random_state=seed).fit(np.random.default_rng(0).random((50, 4)))
    assert made == ([2] if seed is None else [])

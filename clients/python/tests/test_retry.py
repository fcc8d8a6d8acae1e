"""The policy, at times that are made up."""

from __future__ import annotations

import random

import pytest

from fakes import MostJitter
from segsam.retry import RetryPolicy, Tries


def test_pauses_double_up_to_a_bound_and_are_drawn_below_it():
    policy = RetryPolicy(backoff=(0.1, 5.0))
    assert [policy.pause(n, MostJitter()) for n in (1, 2, 3, 6, 7, 100, 10**6)] == [
        0.1, 0.2, 0.4, pytest.approx(3.2), 5.0, 5.0, 5.0]
    rng = random.Random(7)
    drawn = [policy.pause(7, rng) for _ in range(1000)]
    assert 0 <= min(drawn) < 0.1 and 4.9 < max(drawn) <= 5.0
    again = random.Random(7)
    assert drawn == [policy.pause(7, again) for _ in range(1000)]


def test_tries_are_counted():
    tries = Tries(RetryPolicy(timeout=10, retries=2, backoff=(1, 8)), MostJitter(), 100.0)
    tries.begin(100.0)
    assert tries.until == 110
    assert tries.silent(110.0) == 111
    tries.begin(111.0)
    assert tries.silent(121.0) == 123
    tries.begin(123.0)
    assert tries.silent(133.0) is None


def test_a_sign_of_life_prolongs_a_try():
    tries = Tries(RetryPolicy(timeout=10), MostJitter(), 0.0)
    tries.begin(0.0)
    tries.alive(9.0)
    assert tries.until == 19 and tries.sent_at == 0


def test_the_deadline_is_over_all():
    tries = Tries(RetryPolicy(timeout=10, deadline=15, backoff=(1, 8)), MostJitter(), 0.0)
    tries.begin(0.0)
    assert tries.silent(10.0) == 11
    tries.begin(11.0)
    assert tries.until == 15
    assert tries.silent(15.0) is None


def test_after_the_servers_deadline_there_is_nothing_to_wait_for():
    tries = Tries(RetryPolicy(timeout=10), MostJitter(), 0.0, deadline_ms=2000)
    assert tries.end == 12


def test_busy():
    tries = Tries(RetryPolicy(timeout=10, backoff=(1, 8), busy_limit=20), MostJitter(), 0.0)
    assert tries.busy(0.0, 3000) == 4
    assert tries.busy(4.0, 10**12) == 26
    short = Tries(RetryPolicy(timeout=10, deadline=5, backoff=(1, 8)), MostJitter(), 0.0)
    assert short.busy(0.0, 6000) is None


@pytest.mark.parametrize("members", [
    {"timeout": 0}, {"retries": -1}, {"backoff": (2, 1)}, {"backoff": (-1, 1)}, {"deadline": 0}])
def test_policies_that_are_none(members):
    with pytest.raises(ValueError):
        RetryPolicy(**members)

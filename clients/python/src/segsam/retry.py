"""When to send again: the Lazy Pirate's patience, without a clock of its own."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class RetryPolicy:
    """A try is given up after `timeout` seconds without a sign of life, and made again after a
    pause, at most `retries` times; `deadline` bounds the whole call, pauses and all.

    Pauses double from `backoff[0]` to `backoff[1]` seconds at most, and are drawn between 0 and
    that ("full jitter"), so that clients that were cut off together do not come back together.
    A server that is `busy` is asked again after the time that it names, or `busy_limit`.
    """

    timeout: float = 30.0
    retries: int = 5
    backoff: tuple[float, float] = (0.1, 5.0)
    deadline: float | None = None
    busy_limit: float = 60.0

    def __post_init__(self) -> None:
        shortest, longest = self.backoff
        if self.timeout <= 0 or self.retries < 0 or not 0 <= shortest <= longest:
            raise ValueError(
                "timeout must be over 0, retries at least 0, and backoff a pair (least, most)")
        if self.deadline is not None and self.deadline <= 0:
            raise ValueError("deadline must be over 0")

    def pause(self, failures: int, rng: random.Random) -> float:
        """Before the next try, after so many that failed."""
        shortest, longest = self.backoff
        return rng.uniform(0, min(longest, shortest * 2.0 ** min(failures - 1, 60)))


class Tries:
    """The tries of one call. Times are seconds of any clock that does not go back."""

    def __init__(
        self,
        policy: RetryPolicy,
        rng: random.Random,
        now: float,
        deadline_ms: int | None = None,
    ):
        self.policy, self.rng = policy, rng
        self.failures = 0
        bounds = [] if policy.deadline is None else [policy.deadline]
        if deadline_ms is not None:
            # By then the server has said `deadline_exceeded`, wherever the message got through.
            bounds.append(deadline_ms / 1000 + policy.timeout)
        self.end = now + min(bounds) if bounds else float("inf")
        self.until = now
        self.sent_at = now

    def begin(self, now: float) -> None:
        """A try is sent."""
        self.sent_at = now
        self.alive(now)

    def alive(self, now: float) -> None:
        """The server said something about this request."""
        self.until = min(now + self.policy.timeout, self.end)

    def silent(self, now: float) -> float | None:
        """The try's time is over: when to try again, or None to give up."""
        return self._again(now, 0.0)

    def busy(self, now: float, retry_after_ms: float) -> float | None:
        """The server is busy: when to try again, or None to give up."""
        return self._again(now, min(retry_after_ms / 1000, self.policy.busy_limit))

    def _again(self, now: float, wait: float) -> float | None:
        self.failures += 1
        if self.failures > self.policy.retries:
            return None
        at = now + wait + self.policy.pause(self.failures, self.rng)
        return at if at < self.end else None

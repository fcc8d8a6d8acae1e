"""The stream, live and without gaps."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
import weakref
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

import zmq

from . import operations
from .aio import AsyncSegSAMClient
from .background import Background
from .client import SegSAMClient
from .errors import Closed, TimedOut, TooLarge, Unauthorized, UnknownMethod
from .operations import Operation
from .retry import RetryPolicy
from .stream import HEARTBEAT, Gap, Replay, StreamMessage, Tracker, matches, read_message
from .transport import SocketTransport, read_keys
from .wire import Limits, Reply

log = logging.getLogger("segsam")

Ask = Callable[[Operation[Replay]], Awaitable[Reply]]


@dataclass
class _Fill:
    """A gap that is being filled, page by page, before a live message."""

    gap: Gap
    before: StreamMessage
    start: int
    page: int = 256


class _Stream:
    """What both subscribers share; belongs to one event loop."""

    def __init__(
        self,
        endpoint: str,
        topics: Sequence[str],
        ask: Ask | None,
        *,
        after: int | None,
        server_key: str | bytes | None,
        keys: str | os.PathLike[str] | None,
        silence: float,
        backoff: tuple[float, float],
        limits: Limits,
        rng: random.Random | None,
    ):
        if isinstance(topics, str) or not topics:
            raise ValueError("topics is a list of prefixes, [''] for all")
        if after is not None and ask is None:
            raise ValueError("after needs replay_from: a client that can ask for what was missed")
        self.topics = tuple(topics)
        self.tracker = Tracker(
            [one for one in topics if not one.startswith(HEARTBEAT)], after=after,
            can_replay=ask is not None)
        self._endpoint, self._ask, self._limits = endpoint, ask, limits
        self._keys = read_keys(server_key, keys)
        self._silence = silence
        self._policy = RetryPolicy(timeout=silence, backoff=backoff)
        self._rng = rng or random.Random()
        self._failures = 0
        self._transport: SocketTransport | None = None
        self._opened_at = self._heard_at = 0.0
        self._ready: deque[StreamMessage] = deque()
        self._fill: _Fill | None = None
        self.is_closed = False
        self._lock = asyncio.Lock()

    async def receive(self, timeout: float | None = None) -> StreamMessage:
        until = float("inf") if timeout is None else time.monotonic() + timeout
        async with self._lock:
            try:
                while not self._ready:
                    if self.is_closed:
                        raise Closed("the subscriber was closed")
                    if self._fill:
                        await self._next_page(self._fill)
                    else:
                        await self._listen(until)
                return self._ready.popleft()
            finally:
                if self.is_closed:
                    self._drop()

    async def ready(self, timeout: float) -> None:
        until = time.monotonic() + timeout
        async with self._lock:
            while not self._transport or self._opened_at >= self._heard_at:
                if self.is_closed:
                    raise Closed("the subscriber was closed")
                await self._listen(until)

    async def close(self) -> None:
        self.is_closed = True
        # Whoever listens notices soon, and drops the socket.
        if not self._lock.locked():
            self._drop()

    def _drop(self) -> None:
        if self._transport:
            self._transport.close()
            self._transport = None

    async def _listen(self, until: float) -> None:
        """Waits for a live message, a little."""
        transport = self._transport or self._open()
        now = time.monotonic()
        if now >= until:
            raise TimedOut("nothing was published")
        # In short spells: `close` may come from elsewhere.
        if await transport.wait(min(until, self._heard_at + self._silence, now + 0.1) - now):
            if self.is_closed:
                return
            frames = await transport.receive()
            self._heard_at = time.monotonic()
            self._failures = 0
            self._arrived(read_message(frames, self._limits))
        elif time.monotonic() >= self._heard_at + self._silence:
            # The server's heartbeats come once a second: it, or the connection, is gone.
            self._failures += 1
            self._drop()
            await asyncio.sleep(self._policy.pause(self._failures, self._rng))

    def _open(self) -> SocketTransport:
        if self.is_closed:
            raise Closed("the subscriber was closed")
        self._transport = SocketTransport(
            self._endpoint, zmq.SUB, self._keys, self._limits.reply_bytes,
            [*self.topics, HEARTBEAT])
        self._opened_at = self._heard_at = time.monotonic()
        self.tracker.reconnected()
        return self._transport

    def _arrived(self, message: StreamMessage) -> None:
        gap = self.tracker.arrive(message)
        if gap:
            self._fill = _Fill(gap, message, gap.start)
        else:
            self._deliver(message)

    def _deliver(self, message: StreamMessage) -> None:
        admitted = self.tracker.admit(message)
        if admitted and matches(admitted.topic, self.topics):
            self._ready.append(admitted)

    async def _next_page(self, fill: _Fill) -> None:
        """What fails here is raised, and tried again at the next `receive`."""
        assert self._ask
        prefixes = None if "" in fill.gap.topics else fill.gap.topics
        operation = operations.replay(fill.start, prefixes, fill.page, self._limits)
        try:
            page = operation.read(await self._ask(operation))
        except (UnknownMethod, Unauthorized) as error:
            log.warning("what was lost of the stream cannot be asked for: %s", error)
            self.tracker.can_replay = False
            return self._end(fill)
        except TooLarge as error:
            if fill.page == 1:
                log.warning("lost for good, after position %d: %s", fill.start, error)
                return self._end(fill)
            fill.page //= 2
            return
        if page.oldest > fill.start + 1 and fill.start == fill.gap.start:
            log.warning(
                "the server has the stream from position %d on, %d was wanted", page.oldest,
                fill.start + 1)
        for message in page.messages:
            if message.position < fill.gap.end and matches(message.topic, fill.gap.topics):
                self._deliver(message)
        # The last message's position, as `from` is exclusive; `next` where there was none.
        reached = page.messages[-1].position if page.messages else page.next
        if page.truncated and fill.start < reached < fill.gap.end - 1:
            fill.start = reached
        else:
            self._end(fill)

    def _end(self, fill: _Fill) -> None:
        self._fill = None
        self.tracker.filled(fill.gap)
        self._deliver(fill.before)


class AsyncSubscriber:
    """`async for message in subscriber`. Parameters as of `Subscriber`."""

    def __init__(
        self,
        endpoint: str = "tcp://127.0.0.1:5556",
        topics: Sequence[str] = ("",),
        *,
        replay_from: AsyncSegSAMClient | None = None,
        after: int | None = None,
        server_key: str | bytes | None = None,
        keys: str | os.PathLike[str] | None = None,
        silence: float = 5.0,
        backoff: tuple[float, float] = (0.1, 5.0),
        limits: Limits = Limits(),
        rng: random.Random | None = None,
    ):
        self._stream = _Stream(
            endpoint, topics, replay_from.exchange.call if replay_from else None, after=after,
            server_key=server_key, keys=keys, silence=silence, backoff=backoff, limits=limits,
            rng=rng)

    @property
    def lost(self) -> int:
        """Messages that are known to be lost for good."""
        return self._stream.tracker.lost

    async def ready(self, timeout: float = 10.0) -> None:
        """Waits for the first heartbeat: what is published from then on comes."""
        await self._stream.ready(timeout)

    async def receive(self, timeout: float | None = None) -> StreamMessage:
        """The next message; `TimedOut` where none comes in so many seconds."""
        return await self._stream.receive(timeout)

    def __aiter__(self) -> AsyncIterator[StreamMessage]:
        return self

    async def __anext__(self) -> StreamMessage:
        try:
            return await self.receive()
        except Closed:
            if not self._stream.is_closed:
                raise  # That was the client.
            raise StopAsyncIteration from None

    async def __aenter__(self) -> AsyncSubscriber:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._stream.close()


def _ask_in_its_thread(client: SegSAMClient) -> Ask:
    """The client's socket belongs to the client's loop."""
    exchange, background = client.exchange, client.background
    return lambda operation: asyncio.wrap_future(
        background.submit(lambda: exchange.call(operation)))


class Subscriber:
    """`for message in subscriber`: the stream's messages on some topics, until `close`.

    - `topics`: prefixes, so that results of a study are `result.study1.`, with the dot; `['']`
      is all, heartbeats too.
    - `replay_from`: a client with the role `stream`. What was lost (a slow reader, a broken
      connection, a server that restarted) is then asked for and comes in its place; without one,
      `StreamMessage.lost` says how much of its topic is missing. Order holds within a topic.
    - `after`: resume after this position, as `StreamMessage.position` of an earlier run.
    - `silence`: seconds without a heartbeat after which it connects anew.
    """

    def __init__(
        self,
        endpoint: str = "tcp://127.0.0.1:5556",
        topics: Sequence[str] = ("",),
        *,
        replay_from: SegSAMClient | None = None,
        after: int | None = None,
        server_key: str | bytes | None = None,
        keys: str | os.PathLike[str] | None = None,
        silence: float = 5.0,
        backoff: tuple[float, float] = (0.1, 5.0),
        limits: Limits = Limits(),
        rng: random.Random | None = None,
    ):
        self._stream = _Stream(
            endpoint, topics, _ask_in_its_thread(replay_from) if replay_from else None,
            after=after, server_key=server_key, keys=keys, silence=silence, backoff=backoff,
            limits=limits, rng=rng)
        self._background = Background("segsam-subscriber")
        self._stop = weakref.finalize(self, self._background.stop, self._stream.close)

    @property
    def lost(self) -> int:
        """Messages that are known to be lost for good."""
        return self._stream.tracker.lost

    def ready(self, timeout: float = 10.0) -> None:
        """Waits for the first heartbeat: what is published from then on comes."""
        self._background.run(lambda _: self._stream.ready(timeout))

    def receive(self, timeout: float | None = None) -> StreamMessage:
        """The next message; `TimedOut` where none comes in so many seconds."""
        message: StreamMessage = self._background.run(lambda _: self._stream.receive(timeout))
        return message

    def __iter__(self) -> Iterator[StreamMessage]:
        return self

    def __next__(self) -> StreamMessage:
        try:
            return self.receive()
        except Closed:
            if not self._stream.is_closed:
                raise  # That was the client.
            raise StopIteration from None

    def __enter__(self) -> Subscriber:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._stop()

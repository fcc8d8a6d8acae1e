"""Requests on their way, over one socket and over as many as it takes."""

from __future__ import annotations

import asyncio
import logging
import random
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from .errors import Busy, Closed, MalformedReply, SegSAMError, TimedOut, refusal
from .operations import Operation, T
from .results import Progress, read_progress
from .retry import RetryPolicy, Tries
from .transport import Transport
from .wire import Buffer, Limits, Reply, Request, read_reply, write_request

log = logging.getLogger("segsam")

ProgressSink = Callable[[Progress], "Awaitable[None] | None"]


class Clock(Protocol):
    def now(self) -> float:
        """Seconds that do not go back."""

    async def wait(self, event: asyncio.Future[Any], until: float) -> bool:
        """Whether the event came before its time was over."""


class SystemClock:
    def now(self) -> float:
        return time.monotonic()

    async def wait(self, event: asyncio.Future[Any], until: float) -> bool:
        timeout = None if until == float("inf") else max(0.0, until - self.now())
        done, _ = await asyncio.wait({event}, timeout=timeout)
        return bool(done)


class _Pending:
    """A call that waits, and what came for it: the newest progress, and the end."""

    def __init__(self, request: Request, clock: Clock):
        self.request, self.clock = request, clock
        self.is_sent = False
        self._progress: deque[Reply] = deque(maxlen=64)
        self._end: Reply | SegSAMError | None = None
        self._event: asyncio.Future[Any] | None = None

    def put(self, reply: Reply | SegSAMError) -> None:
        if isinstance(reply, Reply) and not reply.is_final:
            self._progress.append(reply)
        elif self._end is None:
            self._end = reply
        if self._event and not self._event.done():
            self._event.set_result(None)

    async def wait(self, until: float) -> bool:
        """Whether something came before the time was over."""
        while not self._progress and self._end is None:
            self._event = asyncio.get_running_loop().create_future()
            try:
                if not await self.clock.wait(self._event, until):
                    return False
            finally:
                self._event = None
        return True

    def take(self) -> Reply | None:
        """What came, progress first."""
        if self._progress:
            return self._progress.popleft()
        end, self._end = self._end, None
        if isinstance(end, SegSAMError):
            raise end
        return end


class Exchange:
    """All calls of one client. Belongs to the event loop that first uses it.

    A call whose try is over without a sign of life closes the socket, connects anew and sends the
    same bytes again: the server answers an id once. Other calls go on, over the new socket. Where
    others did hear from the server meanwhile, the socket is well and stays.
    """

    def __init__(
        self,
        connect: Callable[[], Transport],
        *,
        client_id: str | None,
        policy: RetryPolicy,
        max_in_flight: int = 64,
        limits: Limits = Limits(),
        rng: random.Random | None = None,
        clock: Clock | None = None,
        hint: str = "",
    ):
        if max_in_flight < 1:
            raise ValueError("max_in_flight must be at least 1")
        self.client_id = client_id or str(uuid.uuid4())
        self.limits = limits
        self._connect, self._policy, self._hint = connect, policy, hint
        self._rng = rng or random.Random()
        self._clock: Clock = clock or SystemClock()
        self._slots = asyncio.Semaphore(max_in_flight)
        self._pending: dict[str, _Pending] = {}
        self._transport: Transport | None = None
        self._reader: asyncio.Task[None] | None = None
        self._opened_at = self._heard_at = float("-inf")
        self._is_closed = False

    async def call(
        self, operation: Operation[T], on_progress: ProgressSink | None = None
    ) -> Reply:
        """The `ok` reply; anything else is an error."""
        if self._is_closed:
            raise Closed("the client was closed")
        request = write_request(
            operation.method, operation.parameters, operation.inputs,
            id=operation.id or str(uuid.uuid4()), client=self.client_id,
            deadline_ms=operation.deadline_ms, priority=operation.priority,
            progress=on_progress is not None or operation.takes_long, durable=operation.durable)
        tries = Tries(self._policy, self._rng, self._clock.now(), operation.deadline_ms)
        if operation.is_urgent:
            return await self._run(request, tries, on_progress, operation.durable)
        await self._take_slot(request, tries)
        try:
            return await self._run(request, tries, on_progress, operation.durable)
        finally:
            self._slots.release()

    async def _take_slot(self, request: Request, tries: Tries) -> None:
        taking = asyncio.ensure_future(self._slots.acquire())
        try:
            if await self._clock.wait(taking, tries.end):
                return
        except BaseException:
            if taking.done() and not taking.cancelled():
                self._slots.release()
            taking.cancel()
            raise
        taking.cancel()
        raise TimedOut("too many requests were in flight all the time", id=request.id)

    async def _run(
        self, request: Request, tries: Tries, on_progress: ProgressSink | None, is_durable: bool
    ) -> Reply:
        if self._is_closed:
            raise Closed("the client was closed", id=request.id)
        if request.id in self._pending:
            raise ValueError(f"a request with the id {request.id!r} is on its way already")
        pending = self._pending[request.id] = _Pending(request, self._clock)
        try:
            return await self._try(pending, tries, on_progress)
        except SegSAMError as error:
            error.id = error.id or request.id
            raise
        except BaseException:
            # Nobody waits for the answer any more.
            if pending.is_sent and not is_durable:
                await self.abandon(request.id)
            raise
        finally:
            del self._pending[request.id]

    async def _try(
        self, pending: _Pending, tries: Tries, on_progress: ProgressSink | None
    ) -> Reply:
        again: float | None
        await self._send(pending, tries)
        while True:
            reply = pending.take() if await pending.wait(tries.until) else None
            if reply is None:
                now = self._clock.now()
                self._suspect(pending, tries)
                again = tries.silent(now)
                if again is None:
                    raise TimedOut(
                        f"no reply within {tries.failures} tries of {self._policy.timeout:g} s"
                        f"{self._hint}")
            elif not reply.is_final:
                tries.alive(self._clock.now())
                if on_progress:
                    heard = on_progress(read_progress(reply))
                    if heard is not None:
                        await heard
                continue
            elif reply.status == "ok":
                return reply
            else:
                error = refusal(
                    reply.error["code"], reply.error["message"], reply.error.get("details"),
                    id=reply.id, request=reply.request)
                again = None
                if isinstance(error, Busy):
                    pending.is_sent = False
                    again = tries.busy(self._clock.now(), error.retry_after_ms)
                if again is None:
                    raise error
            log.debug("%s: try %d", pending.request.id, tries.failures + 1)
            if await pending.wait(again):
                pending.is_sent = True  # It is late, and not lost.
            else:
                await self._send(pending, tries)

    async def _send(self, pending: _Pending, tries: Tries) -> None:
        transport = self._open()
        tries.begin(self._clock.now())
        pending.is_sent = True
        await transport.send(pending.request.frames)

    def _open(self) -> Transport:
        if self._is_closed:
            raise Closed("the client was closed")
        if self._transport is None:
            self._transport = self._connect()
            self._opened_at = self._clock.now()
            self._reader = asyncio.get_running_loop().create_task(self._read(self._transport))
        return self._transport

    def _suspect(self, silent: _Pending, tries: Tries) -> None:
        """A try was in vain: a new socket, unless this one is newer, or others hear by it."""
        silent.is_sent = False
        if self._opened_at > tries.sent_at or self._heard_at >= tries.sent_at:
            return
        self._drop()
        others = [one for one in self._pending.values() if one.is_sent]
        if not others:
            return
        transport = self._open()
        for one in others:
            asyncio.get_running_loop().create_task(_quietly(transport.send(one.request.frames)))

    def _drop(self) -> None:
        if self._reader:
            self._reader.cancel()
        if self._transport:
            self._transport.close()
        self._reader = self._transport = None

    async def _read(self, transport: Transport) -> None:
        try:
            while True:
                frames = await transport.receive()
                self._heard_at = self._clock.now()
                self._dispatch(frames)
        except Exception:
            # Calls will find out by the silence, and open another socket.
            log.exception("the socket failed")

    def _dispatch(self, frames: list[Buffer]) -> None:
        try:
            reply = read_reply(frames, self.limits)
        except MalformedReply as error:
            # Where not even the id can be read, it is no server of this protocol for anybody.
            waiting = [self._pending[error.id]] if error.id in self._pending else [
                *self._pending.values()] if error.id is None else []
            for one in waiting:
                one.put(MalformedReply(error.message))
            return
        if reply.id is not None:
            # Others are late: their caller has gone, or has the answer.
            if pending := self._pending.get(reply.id):
                pending.put(reply)
        elif len(self._pending) == 1:
            next(iter(self._pending.values())).put(reply)
        else:
            log.warning("the server could not read a request: %s", reply.error or reply.status)

    async def abandon(self, id: str) -> None:
        """Asks the server to cancel, and does not wait for its answer."""
        await self.post("cancel", {"id": id})

    async def post(self, method: str, parameters: Mapping[str, object]) -> None:
        """Sends once, and does not wait for the answer."""
        if self._transport is None or self._is_closed:
            return
        request = write_request(method, parameters, id=str(uuid.uuid4()), client=self.client_id)
        await _quietly(self._transport.send(request.frames))

    async def close(self) -> None:
        """Ends all calls with `Closed`."""
        self._is_closed = True
        for one in self._pending.values():
            one.put(Closed("the client was closed"))
        self._drop()


async def _quietly(sending: Awaitable[None]) -> None:
    """What cannot be sent will be missed, and then sent again."""
    try:
        await sending
    except Exception as error:
        log.debug("not sent: %s", error)

"""The asynchronous client."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import numpy.typing as npt
import zmq

from . import operations, results
from .errors import UnknownImage
from .exchange import Clock, Exchange, ProgressSink
from .images import ImageLike
from .operations import Box, Held, ImageOrHeld, Operation, Point, T
from .results import HeldImage, Segmentation
from .retry import RetryPolicy
from .stream import Replay
from .transport import SocketTransport, read_keys
from .wire import Limits, Model, Reply

_LARGE = 4 << 20
"""Bytes of a reply past which it is read in a thread, so that the event loop goes on."""


def make_exchange(
    endpoint: str,
    *,
    client_id: str | None = None,
    server_key: str | bytes | None = None,
    keys: str | os.PathLike[str] | None = None,
    timeout: float = 30.0,
    retries: int = 5,
    backoff: tuple[float, float] = (0.1, 5.0),
    deadline: float | None = None,
    max_in_flight: int = 64,
    limits: Limits = Limits(),
    rng: random.Random | None = None,
    clock: Clock | None = None,
) -> Exchange:
    pair = read_keys(server_key, keys)
    return Exchange(
        lambda: SocketTransport(endpoint, zmq.DEALER, pair, limits.reply_bytes),
        client_id=client_id, policy=RetryPolicy(timeout, retries, backoff, deadline),
        max_in_flight=max_in_flight, limits=limits, rng=rng, clock=clock,
        hint=f" from {endpoint}" + (" (does the server allow this key?)" if pair else ""))


class AsyncSegSAMClient:
    """A client of a SegSAM server, for one event loop. Parameters as of `SegSAMClient`."""

    def __init__(
        self,
        endpoint: str = "tcp://127.0.0.1:5555",
        *,
        client_id: str | None = None,
        server_key: str | bytes | None = None,
        keys: str | os.PathLike[str] | None = None,
        timeout: float = 30.0,
        retries: int = 5,
        backoff: tuple[float, float] = (0.1, 5.0),
        deadline: float | None = None,
        max_in_flight: int = 64,
        limits: Limits = Limits(),
        rng: random.Random | None = None,
    ):
        self.exchange = make_exchange(
            endpoint, client_id=client_id, server_key=server_key, keys=keys, timeout=timeout,
            retries=retries, backoff=backoff, deadline=deadline, max_in_flight=max_in_flight,
            limits=limits, rng=rng)

    @property
    def client_id(self) -> str:
        """Who this client is to the server, over reconnects too."""
        return self.exchange.client_id

    async def __aenter__(self) -> AsyncSegSAMClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends calls in flight with `Closed`."""
        await self.exchange.close()

    async def _call(
        self, operation: Operation[T], on_progress: ProgressSink | None = None
    ) -> T:
        reply = await self.exchange.call(operation, on_progress)
        if sum(len(one.data) for one in reply.outputs) > _LARGE:
            return await asyncio.to_thread(operation.read, reply)
        return operation.read(reply)

    async def call(
        self, method: str, parameters: Mapping[str, Any] | None = None, **options: Any
    ) -> Reply:
        """Any method, as the protocol has it; options as of `Operation`."""
        return await self._call(
            Operation(method, lambda reply: reply, parameters or {}, **options))

    async def segment(
        self,
        image: ImageOrHeld,
        *,
        categories: str | Sequence[str] | None = None,
        free_text: str | None = None,
        boxes: Box | Sequence[Box | None] | None = None,
        points: Sequence[Point | Mapping[str, Any]] | None = None,
        mask: npt.ArrayLike | None = None,
        outputs: str | Sequence[str] | None = None,
        encoding: str | None = None,
        threshold: float | None = None,
        presence_threshold: float | None = None,
        publish: str | None = None,
        refine: str | None = None,
        zoom: str | None = None,
        propagate: str | None = None,
        post_process: Sequence[str] | None = None,
        durable: bool = False,
        deadline_ms: int | None = None,
        priority: int = 0,
        id: str | None = None,
        on_progress: ProgressSink | None = None,
    ) -> Segmentation:
        """As `SegSAMClient.segment`; `on_progress` may be a coroutine function."""
        return await self._call(
            operations.segment(
                image, categories=categories, free_text=free_text, boxes=boxes, points=points,
                mask=mask, outputs=outputs, encoding=encoding, threshold=threshold,
                presence_threshold=presence_threshold, publish=publish, refine=refine, zoom=zoom,
                propagate=propagate, post_process=post_process, durable=durable,
                deadline_ms=deadline_ms, priority=priority, id=id, limits=self.exchange.limits),
            on_progress)

    async def report(
        self,
        image: ImageOrHeld,
        *,
        categories: str | Sequence[str] | None = None,
        format: str = "json",
        publish: str | None = None,
        durable: bool = False,
        deadline_ms: int | None = None,
        priority: int = 0,
        id: str | None = None,
        on_progress: ProgressSink | None = None,
    ) -> results.Report:
        """As `SegSAMClient.report`."""
        return await self._call(
            operations.report(
                image, categories=categories, format=format, publish=publish, durable=durable,
                deadline_ms=deadline_ms, priority=priority, id=id),
            on_progress)

    async def put_image(
        self, image: ImageLike, *, deadline_ms: int | None = None
    ) -> AsyncImageHandle:
        """As `SegSAMClient.put_image`; `async with` drops the image at the end."""
        held = await self._call(operations.put_image(image, deadline_ms=deadline_ms))
        return AsyncImageHandle(self, held)

    async def drop_image(self, image: Held | str) -> bool:
        return await self._call(operations.drop_image(image))

    async def categories(
        self, region: str | None = None, modality: str | None = None
    ) -> list[results.Category]:
        return await self._call(operations.categories(region, modality))

    async def resolve(self, queries: str | Sequence[str]) -> list[results.Match]:
        return await self._call(operations.resolve(queries))

    async def capabilities(self) -> results.Capabilities:
        return await self._call(operations.capabilities())

    async def status(self) -> results.Status:
        return await self._call(operations.status())

    async def cancel(self, id: str) -> bool:
        """As `SegSAMClient.cancel`. A task that is cancelled cancels its request by itself."""
        return await self._call(operations.cancel(id))

    async def replay(
        self, position: int, topics: Sequence[str] | None = None, limit: int | None = None
    ) -> Replay:
        return await self._call(
            operations.replay(position, topics, limit, self.exchange.limits))

    async def reload_model(self, name: str | None = None) -> Model:
        return await self._call(operations.reload_model(name))


class AsyncImageHandle(Held):
    """A held image; `async with` drops it at the end."""

    def __init__(self, client: AsyncSegSAMClient, held: HeldImage):
        self._client, self.held = client, held

    async def drop(self) -> bool:
        return await self._client.drop_image(self)

    async def __aenter__(self) -> AsyncImageHandle:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            await self._client.exchange.post("image.drop", {"image_id": self.image_id})
            return
        try:
            await self.drop()
        except UnknownImage:
            pass  # Its lease was over.

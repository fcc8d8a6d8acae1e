"""Stand-ins for the server, the socket and the clock."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
import time
from collections.abc import Callable

import numpy as np
import zmq

from segsam.exchange import Exchange
from segsam.retry import RetryPolicy
from segsam.wire import DATATYPES

NAMES = {dtype: name for name, dtype in DATATYPES.items()}

QUERY = {"query": "liver", "category": "liver", "present": True, "presence": 0.9, "score": 0.8,
         "voxels": 2, "bbox": [0, 0, 2, 1]}
MASK = np.array([[[1, 1, 0], [0, 0, 0]]], np.uint8)


def tensor(name: str, array: np.ndarray, **parameters) -> tuple[dict, bytes]:
    entry = {"name": name, "datatype": NAMES[array.dtype], "shape": list(array.shape)}
    if parameters:
        entry["parameters"] = parameters
    return entry, array.tobytes()


def file(name: str, data: bytes, content_type: str) -> tuple[dict, bytes]:
    return {"name": name, "datatype": "BYTES", "parameters": {"content_type": content_type}}, data


def bits(masks: np.ndarray) -> tuple[dict, bytes]:
    rows = np.packbits(masks.reshape(len(masks), -1), axis=1)
    return tensor("binary_masks", rows, encoding="bits", mask_shape=list(masks.shape[1:]))


def reply(id, status="ok", outputs=(), **members) -> list[bytes]:
    """The frames of a reply."""
    header = {"protocol": "segsam/1", "id": id, "request": "r1", "status": status}
    if status == "ok":
        header |= {"model": {"name": "fake", "version": "1"}, "result": {},
                   "timing_ms": {"total": 1.5}}
    if outputs:
        header["outputs"] = [entry for entry, _ in outputs]
    return [json.dumps(header | members).encode(), *(data for _, data in outputs)]


def refusal(id, code: str, **details) -> list[bytes]:
    return reply(id, "error", error={"code": code, "message": "no", "details": details})


def segmentation(id) -> list[bytes]:
    return reply(id, outputs=[tensor("binary_masks", MASK)], result={"categories": [QUERY]})


class Asked:
    """A request that came in, and the way back."""

    def __init__(self, frames: list[bytes], send: Callable[[list[bytes]], None]):
        self.frames, self.send = frames, send
        self.header = json.loads(frames[0])
        self.id, self.method = self.header["id"], self.header["method"]
        self.parameters = self.header.get("parameters", {})

    def ok(self, result=None, outputs=(), **members):
        self.send(reply(self.id, outputs=outputs, result=result or {}, **members))

    def refuse(self, code: str, **details):
        self.send(refusal(self.id, code, **details))


def _bind(socket: zmq.Socket, endpoint: str | None):
    """Below the ports that the system hands out: one that a client tries to reach while nobody
    listens there could otherwise become its own."""
    if endpoint is None:
        socket.bind_to_random_port("tcp://127.0.0.1", 20_000, 30_000)
        return
    until = time.monotonic() + 10
    while True:
        try:
            return socket.bind(endpoint)
        except zmq.ZMQError:
            # The one before it is still being closed.
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


class FakeServer:
    """A ROUTER and an XPUB on a thread. Requests go to `handle`, or wait for `next`."""

    def __init__(self, handle: Callable[[Asked], None] | None = None, endpoint=None, publish=None,
                 secret: bytes | None = None):
        self.handle = handle
        self.asked: list[Asked] = []
        self.subscriptions: list[bytes] = []
        self._next: queue.Queue[Asked] = queue.Queue()
        self._out: queue.Queue = queue.Queue()
        context = zmq.Context.instance()
        self._router, self._xpub = context.socket(zmq.ROUTER), context.socket(zmq.XPUB)
        for socket, wanted in ((self._router, endpoint), (self._xpub, publish)):
            socket.linger = 0
            if secret:
                socket.curve_server, socket.curve_secretkey = True, secret
            _bind(socket, wanted)
        self.endpoint = self._router.last_endpoint.decode()
        self.publish_endpoint = self._xpub.last_endpoint.decode()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._stop.set()
        self._thread.join()

    def next(self, timeout=10.0) -> Asked:
        return self._next.get(timeout=timeout)

    def nothing_more(self, seconds=0.1) -> bool:
        try:
            self._next.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def publish(self, topic: str, position: int, topic_position=None, outputs=(), **members):
        header = {"protocol": "segsam/1", "position": position, "time": "2026-01-01T00:00:00Z"}
        if topic_position is not None:
            header["topic_position"] = topic_position
        if outputs:
            header["outputs"] = [entry for entry, _ in outputs]
        frames = [topic.encode(), json.dumps(header | members).encode()]
        self._out.put((self._xpub, [*frames, *(data for _, data in outputs)]))

    def publish_frames(self, frames: list[bytes]):
        self._out.put((self._xpub, frames))

    def _run(self):
        poller = zmq.Poller()
        poller.register(self._router, zmq.POLLIN)
        poller.register(self._xpub, zmq.POLLIN)
        while not self._stop.is_set():
            ready = dict(poller.poll(5))
            if self._xpub in ready:
                self.subscriptions.append(self._xpub.recv())
            if self._router in ready:
                identity, *frames = self._router.recv_multipart()
                one = Asked(frames, lambda frames, identity=identity: self._out.put(
                    (self._router, [identity, *frames])))
                self.asked.append(one)
                if self.handle:
                    self.handle(one)
                else:
                    self._next.put(one)
            while not self._out.empty():
                socket, frames = self._out.get()
                socket.send_multipart(frames)
        self._router.close(0)
        self._xpub.close(0)


class FakeClock:
    """Stands still until `advance`."""

    def __init__(self):
        self.time = 1000.0
        self._alarms: list[tuple[float, asyncio.Future]] = []

    def now(self) -> float:
        return self.time

    async def wait(self, event, until: float) -> bool:
        if not event.done() and self.time < until:
            alarm = asyncio.get_running_loop().create_future()
            self._alarms.append((until, alarm))
            await asyncio.wait({event, alarm}, return_when=asyncio.FIRST_COMPLETED)
        return event.done()

    async def advance(self, seconds: float):
        self.time += seconds
        for until, alarm in self._alarms:
            if until <= self.time and not alarm.done():
                alarm.set_result(None)
        await settle()


async def settle():
    """All that can go on without time goes on."""
    for _ in range(30):
        await asyncio.sleep(0)


class FakeTransport:
    def __init__(self):
        self.sent: list[Asked] = []
        self.is_closed = False
        self._inbox: asyncio.Queue = asyncio.Queue()

    async def send(self, frames):
        assert not self.is_closed
        self.sent.append(Asked(list(frames), self._inbox.put_nowait))

    async def receive(self):
        return await self._inbox.get()

    def answer(self, frames):
        self._inbox.put_nowait(frames)

    def close(self):
        self.is_closed = True


class MostJitter:
    """Not random: the longest pause each time."""

    def uniform(self, least: float, most: float) -> float:
        return most


class Bench:
    """An exchange over sockets that are none, at a time that stands still."""

    def __init__(self, **options):
        self.clock = FakeClock()
        self.sockets: list[FakeTransport] = []
        policy = RetryPolicy(**({"timeout": 30, "retries": 3, "backoff": (1, 8)} | {
            key: options.pop(key) for key in ("timeout", "retries", "backoff", "deadline")
            if key in options}))
        self.exchange = Exchange(
            self._connect, client_id="client-1", policy=policy, clock=self.clock,
            rng=options.pop("rng", MostJitter()), **options)

    def _connect(self):
        self.sockets.append(FakeTransport())
        return self.sockets[-1]

    @property
    def socket(self) -> FakeTransport:
        return self.sockets[-1]

    def start(self, operation, on_progress=None) -> asyncio.Task:
        return asyncio.ensure_future(self.exchange.call(operation, on_progress))


def timeless(test):
    """A coroutine as a test, with a limit in real seconds, should it hang."""

    def run(*arguments, **keywords):
        asyncio.run(asyncio.wait_for(test(*arguments, **keywords), 10))

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run

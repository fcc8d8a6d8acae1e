"""A ZeroMQ socket of asyncio's, and the keys for it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import zmq
import zmq.asyncio
from zmq.utils import z85

from .wire import Buffer


class Transport(Protocol):
    """What the exchange needs of a socket; tests put their own in its place."""

    async def send(self, frames: Sequence[bytes]) -> None: ...

    async def receive(self) -> list[Buffer]: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Keys:
    """CURVE: the server's public key, and the client's own pair, each as Z85."""

    server: bytes
    public: bytes
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        for name in ("server", "public", "secret"):
            key = getattr(self, name)
            if len(key) != 40:
                raise ValueError(f"the {name} key has {len(key)} characters; a Z85 key has 40")
            z85.decode(key)

    def apply(self, socket: zmq.Socket[Any]) -> None:
        socket.curve_serverkey = self.server
        socket.curve_publickey = self.public
        socket.curve_secretkey = self.secret


def read_keys(
    server_key: str | bytes | None, file: str | os.PathLike[str] | None
) -> Keys | None:
    """The file has the lines `public <z85>` and `secret <z85>`; others and `#` are ignored."""
    if server_key is None and file is None:
        return None
    if server_key is None or file is None:
        raise ValueError("CURVE needs both: server_key, and keys (a file with one's own pair)")
    found: dict[str, str] = {}
    for line in Path(file).read_text(encoding="utf-8").splitlines():
        words = line.split()
        if len(words) == 2 and words[0] in ("public", "secret"):
            if words[0] in found:
                raise ValueError(f"{os.fspath(file)} has two lines {words[0]!r}")
            found[words[0]] = words[1]
    if len(found) != 2:
        raise ValueError(f"{os.fspath(file)} needs the lines 'public <z85>' and 'secret <z85>'")
    server = server_key if isinstance(server_key, bytes) else server_key.encode()
    return Keys(server.strip(), found["public"].encode(), found["secret"].encode())


class SocketTransport:
    """DEALER, or SUB with its topics; made anew for each connection and never mended."""

    def __init__(
        self,
        endpoint: str,
        kind: int,
        keys: Keys | None,
        longest: int,
        topics: Sequence[str] = (),
    ):
        context = zmq.asyncio.Context.shadow(zmq.Context.instance())
        self.socket = context.socket(kind)
        self.socket.linger = 0
        self.socket.maxmsgsize = longest
        if keys:
            keys.apply(self.socket)
        if kind == zmq.SUB:
            # A gap may hide in a connection that libzmq mended by itself: the subscriber has to
            # know, and so makes a new socket.
            self.socket.reconnect_ivl = -1
            for topic in topics:
                self.socket.subscribe(topic.encode())
        try:
            self.socket.connect(endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise ValueError(f"the endpoint {endpoint!r}: {error}") from None

    async def send(self, frames: Sequence[bytes]) -> None:
        await self.socket.send_multipart(frames, copy=False)

    async def receive(self) -> list[Buffer]:
        frames = await self.socket.recv_multipart(copy=False)
        return [memoryview(one.buffer) for one in frames]

    async def wait(self, seconds: float) -> bool:
        """Whether something is there."""
        return bool(await self.socket.poll(max(0, int(seconds * 1000))))

    def close(self) -> None:
        self.socket.close(0)

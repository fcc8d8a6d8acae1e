"""A small client of `segsam/1`, written from the protocol alone, over pyzmq.

It shares no code with the server or with the Swift client, so that a test that passes says
something about the wire and not about one reading of it.
"""

from __future__ import annotations

import itertools
import json
import uuid
from dataclasses import dataclass, field

import numpy as np
import zmq

PROTOCOL = "segsam/1"

DATATYPES = {
    "BOOL": np.dtype("?"),
    "UINT8": np.dtype("u1"),
    "INT16": np.dtype("<i2"),
    "UINT16": np.dtype("<u2"),
    "INT32": np.dtype("<i4"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
}
_NAMES = {dtype: name for name, dtype in DATATYPES.items()}


class ProtocolViolation(AssertionError):
    """What came is not of the protocol."""


class NoReply(AssertionError):
    """No final reply came in time."""


@dataclass
class Input:
    """An entry of `inputs`, and its frame."""

    entry: dict
    payload: bytes


def tensor(array: np.ndarray, name: str = "image", **parameters) -> Input:
    """An array as little-endian bytes in C order."""
    dtype = array.dtype.newbyteorder("<") if array.dtype.itemsize > 1 else array.dtype
    entry = {"name": name, "datatype": _NAMES[np.dtype(dtype)], "shape": list(array.shape)}
    if parameters:
        entry["parameters"] = parameters
    return Input(entry, np.ascontiguousarray(array, dtype=dtype).tobytes())


def file(data: bytes, content_type: str, name: str = "image", **parameters) -> Input:
    """A whole file, as `BYTES`."""
    parameters = {"content_type": content_type} | parameters
    return Input({"name": name, "datatype": "BYTES", "parameters": parameters}, data)


def request(method: str, /, parameters: dict | None = None, inputs=(), **header) -> list[bytes]:
    """The frames of a request; members of `header` win over the usual ones, None leaves one out."""
    content = {"protocol": PROTOCOL, "id": str(uuid.uuid4()), "method": method}
    if parameters is not None:
        content["parameters"] = parameters
    if inputs:
        content["inputs"] = [one.entry for one in inputs]
    content = {k: v for k, v in (content | header).items() if v is not None}
    return [json.dumps(content, ensure_ascii=False).encode(), *(one.payload for one in inputs)]


@dataclass
class Reply:
    header: dict
    frames: list[bytes] = field(repr=False)

    @classmethod
    def parse(cls, frames: list[bytes]) -> Reply:
        """Checks what the protocol promises of every reply."""
        if not frames:
            raise ProtocolViolation("a reply without frames")
        header = strict_json(frames[0])
        if header.get("protocol") != PROTOCOL or "id" not in header:
            raise ProtocolViolation(f"not a reply header: {header}")
        if header.get("status") not in ("accepted", "partial", "ok", "error"):
            raise ProtocolViolation(f"status {header.get('status')!r}")
        if header["status"] == "error":
            error = header.get("error")
            if not isinstance(error, dict) or not error.get("code") or not error.get("message"):
                raise ProtocolViolation(f"an error without code or message: {header}")
        if len(header.get("outputs") or []) != len(frames) - 1:
            raise ProtocolViolation(f"{len(frames) - 1} frames for {header.get('outputs')}")
        return cls(header, frames[1:])

    @property
    def id(self):
        return self.header["id"]

    @property
    def status(self) -> str:
        return self.header["status"]

    @property
    def is_final(self) -> bool:
        return self.status in ("ok", "error")

    @property
    def code(self) -> str | None:
        return self.header.get("error", {}).get("code")

    @property
    def result(self) -> dict:
        if self.status != "ok":
            raise AssertionError(f"refused: {self.header.get('error')}")
        return self.header["result"]

    def entry(self, name: str) -> dict | None:
        return next((e for e in self.header.get("outputs") or [] if e["name"] == name), None)

    def output(self, name: str):
        """An output as an array, or as bytes where it is `BYTES`; None where there is none."""
        for entry, data in zip(self.header.get("outputs") or [], self.frames, strict=True):
            if entry["name"] == name:
                return decode(entry, data)
        return None

    def binary_masks(self) -> np.ndarray:
        """M_b of each query as booleans `[K, …image]`, whatever their encoding."""
        entry = self.entry("binary_masks")
        if entry is None:
            return np.stack([decode_rle(one["rle"]) for one in self.result["categories"]])
        masks = self.output("binary_masks")
        parameters = entry.get("parameters", {})
        if (entry.get("encoding") or parameters.get("encoding")) == "bits":
            shape = entry.get("mask_shape") or parameters.get("mask_shape")
            return decode_bits(masks, shape)
        if not np.isin(masks, (0, 1)).all():
            raise ProtocolViolation("a raw mask has values other than 0 and 1")
        return masks.astype(bool)


def strict_json(data: bytes) -> dict:
    """JSON as the protocol has it: UTF-8, no NaN, no key twice."""

    def refuse(constant):
        raise ProtocolViolation(f"{constant} in JSON")

    def unique(pairs):
        keys = [key for key, _ in pairs]
        if len(set(keys)) != len(keys):
            raise ProtocolViolation(f"a key stands twice: {keys}")
        return dict(pairs)

    value = json.loads(data.decode("utf-8"), parse_constant=refuse, object_pairs_hook=unique)
    if not isinstance(value, dict):
        raise ProtocolViolation("a header that is no object")
    return value


def decode(entry: dict, data: bytes):
    if entry["datatype"] == "BYTES":
        return data
    dtype, shape = DATATYPES[entry["datatype"]], entry["shape"]
    if int(np.prod(shape, dtype=object)) * dtype.itemsize != len(data):
        raise ProtocolViolation(f"{len(data)} bytes for {entry}")
    return np.frombuffer(data, dtype).reshape(shape)


def decode_bits(rows: np.ndarray, shape) -> np.ndarray:
    """`[K, bytes]`, each mask packed MSB first and padded to a byte."""
    count = int(np.prod(shape))
    if rows.ndim != 2 or rows.shape[1] != (count + 7) // 8:
        raise ProtocolViolation(f"{rows.shape} bytes for masks of {shape}")
    bits = np.unpackbits(rows, axis=1)
    if bits[:, count:].any():
        raise ProtocolViolation("padding bits are set")
    return bits[:, :count].astype(bool).reshape(-1, *shape)


def decode_rle(rle) -> np.ndarray:
    """COCO's uncompressed column-major counts, zeros first; in volumes a list, slice by slice."""
    if isinstance(rle, list):
        return np.stack([decode_rle(one) for one in rle])
    height, width = rle["size"]
    counts = rle["counts"]
    if sum(counts) != height * width:
        raise ProtocolViolation(f"counts of {sum(counts)} for {height}×{width}")
    values = np.repeat(np.arange(len(counts)) % 2, counts).astype(bool)
    return values.reshape(width, height).T


class Client:
    """One socket, `REQ` or `DEALER`. A dealer may send the empty frame of a REQ, too."""

    def __init__(self, endpoint, kind="DEALER", client=None, timeout=120.0, envelope=False):
        self.kind, self.timeout = kind, timeout
        self.client = str(uuid.uuid4()) if client is None else client or None
        self.envelope = envelope
        self.socket = zmq.Context.instance().socket(getattr(zmq, kind))
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(endpoint)
        self.waiting: dict = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close(0)

    def send_frames(self, frames: list[bytes]):
        self.socket.send_multipart(([b""] if self.envelope else []) + frames)

    def receive(self, timeout: float | None = None) -> Reply:
        """The next reply, final or not."""
        limit = self.timeout if timeout is None else timeout
        if not self.socket.poll(int(limit * 1000)):
            raise NoReply(f"no reply within {limit} s")
        frames = self.socket.recv_multipart()
        if self.envelope:
            if not frames or frames.pop(0) != b"":
                raise ProtocolViolation("the empty frame did not come back")
        return Reply.parse(frames)

    def send(self, method, /, parameters=None, inputs=(), **header) -> str:
        """Sends a request; its id."""
        header = ({"client": self.client} if self.client else {}) | header
        frames = request(method, parameters, inputs, **header)
        self.send_frames(frames)
        return json.loads(frames[0])["id"]

    def final(self, id: str, timeout: float | None = None) -> Reply:
        """The final reply to a request; those to others wait until they are asked for."""
        while id not in self.waiting:
            reply = self.receive(timeout)
            if reply.is_final:
                if reply.id in self.waiting:
                    raise ProtocolViolation(f"two final replies to {reply.id}")
                self.waiting[reply.id] = reply
        return self.waiting.pop(id)

    def call(self, method, /, parameters=None, inputs=(), **header) -> Reply:
        return self.final(self.send(method, parameters, inputs, **header))


@dataclass
class Published:
    topic: str
    header: dict
    frames: list[bytes] = field(repr=False)

    def outputs(self):
        return [decode(e, f) for e, f in zip(self.header["outputs"], self.frames, strict=True)]


class Subscriber:
    """The stream: SUB on some prefixes."""

    def __init__(self, endpoint, *prefixes: str):
        self.socket = zmq.Context.instance().socket(zmq.SUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        for prefix in prefixes or ("",):
            self.socket.setsockopt(zmq.SUBSCRIBE, prefix.encode())
        self.socket.connect(endpoint)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close(0)

    def receive(self, timeout: float = 10.0) -> Published:
        if not self.socket.poll(int(timeout * 1000)):
            raise NoReply(f"nothing was published within {timeout} s")
        topic, header, *frames = self.socket.recv_multipart()
        return Published(topic.decode("ascii"), strict_json(header), frames)

    def until(self, wanted, timeout: float = 10.0, at_most: int = 200) -> Published:
        """The first message that `wanted` is true of."""
        for _ in itertools.repeat(None, at_most):
            message = self.receive(timeout)
            if wanted(message):
                return message
        raise NoReply(f"{at_most} messages, and none of them was it")

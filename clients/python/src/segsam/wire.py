"""Frames of `segsam/1`: requests are written, replies are read and checked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Union

import numpy as np

from . import reading
from .errors import MalformedReply, TooLarge
from .reading import Object, malformed

PROTOCOL = "segsam/1"
HEADER_BYTES = 1 << 20
MAX_RANK = 8

DATATYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype("?"),
    "UINT8": np.dtype("u1"),
    "INT16": np.dtype("<i2"),
    "UINT16": np.dtype("<u2"),
    "INT32": np.dtype("<i4"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
}

Buffer = Union[bytes, memoryview]


@dataclass(frozen=True)
class Limits:
    """What a reply may hold; past it, it is a `MalformedReply`."""

    reply_bytes: int = 1 << 30
    """All frames together; also the longest frame that the socket takes."""
    mask_elements: int = 1 << 30
    """Voxels of all masks of a reply, once they are decoded."""


@dataclass(frozen=True)
class Input:
    """An entry of `inputs`, and its frame."""

    entry: Mapping[str, Any]
    payload: bytes = field(repr=False)


@dataclass(frozen=True)
class Request:
    """Ready to be sent, as often as need be: the same bytes each time."""

    id: str
    frames: tuple[bytes, ...] = field(repr=False)


def plain(value: Any) -> Any:
    """Numpy's arrays and numbers, and tuples, as what JSON knows."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def write_request(
    method: str,
    parameters: Mapping[str, Any],
    inputs: Sequence[Input] = (),
    *,
    id: str,
    client: str,
    deadline_ms: int | None = None,
    priority: int = 0,
    progress: bool = False,
    durable: bool = False,
) -> Request:
    header: Object = {"protocol": PROTOCOL, "id": id, "client": client, "method": method}
    if deadline_ms is not None:
        header["deadline_ms"] = deadline_ms
    if priority:
        header["priority"] = priority
    if progress:
        header["progress"] = True
    if durable:
        header["durable"] = True
    if parameters:
        header["parameters"] = plain(parameters)
    if inputs:
        header["inputs"] = [plain(one.entry) for one in inputs]
    first = json.dumps(header, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    if len(first) > HEADER_BYTES:
        # The server could not read the id, and its answer could not be told from others'.
        raise TooLarge(
            f"a header of {len(first)} bytes; {HEADER_BYTES} at most",
            details={"limit": "header_bytes"}, id=id)
    return Request(id, (first, *(one.payload for one in inputs)))


@dataclass(frozen=True)
class Tensor:
    """An output: its entry, checked against its frame."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    members: Object
    """The whole entry."""
    data: Buffer = field(repr=False)

    def member(self, key: str) -> Any:
        """Of the entry's `parameters`, or of the entry itself."""
        parameters = reading.mapping_or_empty(self.members, "parameters")
        return parameters.get(key, self.members.get(key))

    def array(self) -> np.ndarray[Any, Any]:
        """A view of the frame, not to be written."""
        if self.datatype == "BYTES":
            malformed(f"{self.name!r} is a file where a tensor belongs")
        array = np.frombuffer(self.data, DATATYPES[self.datatype])
        if self.datatype == "BOOL" and (array.view(np.uint8) > 1).any():
            malformed(f"{self.name!r} is BOOL and has values other than 0 and 1")
        array = array.reshape(self.shape)
        array.flags.writeable = False
        return array

    def bytes(self) -> bytes:
        if self.datatype != "BYTES":
            malformed(f"{self.name!r} is a tensor where a file belongs")
        return bytes(self.data)


def read_tensors(header: Mapping[str, Any], frames: Sequence[Buffer]) -> tuple[Tensor, ...]:
    """The entries of `outputs`, with their frames."""
    entries = reading.objects_or_empty(header, "outputs")
    if len(entries) != len(frames):
        malformed(f"{len(frames)} frames for {len(entries)} outputs")
    return tuple(_read_tensor(entry, data) for entry, data in zip(entries, frames))


def _read_tensor(entry: Object, data: Buffer) -> Tensor:
    name, datatype = reading.text(entry, "name"), reading.text(entry, "datatype")
    reading.mapping_or_empty(entry, "parameters")
    if datatype == "BYTES":
        if entry.get("shape") is not None:
            malformed(f"{name!r} is BYTES and has a shape")
        return Tensor(name, datatype, (), entry, data)
    if datatype not in DATATYPES:
        malformed(f"{name!r} has the unknown datatype {datatype[:40]!r}")
    shape = reading.integers(entry, "shape")
    if len(shape) > MAX_RANK:
        malformed(f"{name!r} has rank {len(shape)}")
    expected = math.prod(shape) * DATATYPES[datatype].itemsize
    if len(data) != expected:
        malformed(f"{name!r}: {len(data)} bytes for {datatype} {list(shape)}, which is {expected}")
    return Tensor(name, datatype, shape, entry, data)


@dataclass(frozen=True)
class Model:
    name: str
    version: str


def read_model(object: Mapping[str, Any]) -> Model:
    return Model(reading.text(object, "name"), reading.text(object, "version"))


@dataclass(frozen=True)
class Reply:
    """A reply whose frames are what its header says."""

    id: str | None
    request: str | None
    status: str
    """`accepted`, `partial`, `ok` or `error`."""
    result: Object
    outputs: tuple[Tensor, ...]
    model: Model | None
    timing_ms: dict[str, float]
    error: Object
    """`code`, `message` and `details`, where `status` is `error`."""
    header: Object = field(repr=False)

    @property
    def is_final(self) -> bool:
        return self.status in ("ok", "error")

    def output(self, name: str) -> Tensor | None:
        found = [one for one in self.outputs if one.name == name]
        if len(found) > 1:
            malformed(f"{name!r} comes twice")
        return found[0] if found else None


def read_reply(frames: Sequence[Buffer], limits: Limits = Limits()) -> Reply:
    """Reads and checks all that does not depend on the method.

    Raises `MalformedReply`, with the `id` where that could be read.
    """
    if not frames:
        malformed("a reply without frames")
    if len(frames[0]) > HEADER_BYTES:
        malformed(f"a header of {len(frames[0])} bytes; {HEADER_BYTES} at most")
    header = reading.strict_json(frames[0])
    try:
        return _read_reply(header, frames, limits)
    except MalformedReply as error:
        id = header.get("id")
        error.id = id if isinstance(id, str) else None
        raise


def _read_reply(header: Object, frames: Sequence[Buffer], limits: Limits) -> Reply:
    if header.get("protocol") != PROTOCOL:
        malformed(f"the protocol is {str(header.get('protocol'))[:40]!r}, not {PROTOCOL!r}")
    reading.required(header, "id")
    status = reading.text(header, "status")
    if status not in ("accepted", "partial", "ok", "error"):
        malformed(f"the unknown status {status[:40]!r}")
    size = sum(len(one) for one in frames)
    if size > limits.reply_bytes:
        malformed(f"a reply of {size} bytes; {limits.reply_bytes} at most")
    error: Object = {}
    if status == "error":
        error = reading.mapping(header, "error")
        reading.text(error, "code"), reading.text(error, "message")
        reading.mapping_or_empty(error, "details")
    model = header.get("model")
    timing = reading.mapping_or_empty(header, "timing_ms")
    return Reply(
        id=reading.text_or_none(header, "id"),
        request=reading.text_or_none(header, "request"),
        status=status,
        result=reading.mapping(header, "result") if status == "ok"
        else reading.mapping_or_empty(header, "result"),
        outputs=read_tensors(header, frames[1:]),
        model=None if model is None else read_model(reading.mapping(header, "model")),
        timing_ms={key: reading.number(timing, key) for key in timing},
        error=error,
        header=header,
    )

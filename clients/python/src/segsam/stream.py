"""Messages of the stream, and the book-keeping of what was seen of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from . import reading
from .masks import Mask, decode_masks
from .reading import Object, malformed
from .results import Query, read_query
from .wire import HEADER_BYTES, PROTOCOL, Buffer, Limits, Reply, Tensor, read_tensors

HEARTBEAT = "heartbeat"
_TOPIC_BYTES = 256


@dataclass(frozen=True, eq=False)
class StreamMessage:
    """A message of the stream. Arrays are not to be written."""

    topic: str
    position: int
    """Among all messages; what to resume after."""
    topic_position: int | None
    """Among those of its topic; None in heartbeats."""
    time: str
    request: str | None
    study: str | None
    category: str | None
    result: Object = field(repr=False)
    tensors: dict[str, npt.NDArray[Any] | bytes] = field(repr=False)
    """By name; masks as booleans `[K, …image]`."""
    header: Object = field(repr=False)
    lost: int = 0
    """Messages of this topic that were lost just before this one, for good."""
    is_replayed: bool = False
    """It did not come live, but by `stream.replay`."""

    @property
    def life(self) -> str | None:
        """In heartbeats: of the stream's numbers. Another one, and they have begun anew."""
        return reading.text_or_none(self.header, "life")

    @property
    def mask(self) -> Mask | None:
        """Of a result: `[…image]`."""
        masks = self.tensors.get("binary_masks")
        if isinstance(masks, np.ndarray) and masks.dtype == np.bool_ and len(masks) == 1:
            mask: Mask = masks[0]
            return mask
        return None

    @property
    def query(self) -> Query:
        """Of a result: as `segment` gave it."""
        return read_query(self.result, self.mask)


def read_message(frames: Sequence[Buffer], limits: Limits = Limits()) -> StreamMessage:
    if len(frames) < 2:
        malformed("a message of the stream without topic or header")
    if sum(len(one) for one in frames) > limits.reply_bytes:
        malformed(f"a message of the stream over {limits.reply_bytes} bytes")
    if len(frames[1]) > HEADER_BYTES:
        malformed(f"a header of {len(frames[1])} bytes; {HEADER_BYTES} at most")
    topic = bytes(frames[0][: _TOPIC_BYTES + 1])
    if not topic or len(topic) > _TOPIC_BYTES or not topic.isascii():
        malformed("a topic that is none")
    header = reading.strict_json(frames[1])
    return _message(topic.decode(), header, read_tensors(header, frames[2:]), limits)


def _message(
    topic: str, header: Object, tensors: Sequence[Tensor], limits: Limits
) -> StreamMessage:
    if header.get("protocol") != PROTOCOL:
        malformed(f"the protocol is {str(header.get('protocol'))[:40]!r}, not {PROTOCOL!r}")
    if len({one.name for one in tensors}) != len(tensors):
        malformed("two tensors of one name")
    return StreamMessage(
        topic=topic,
        position=reading.integer(header, "position"),
        # Messages come without while the disk of the server's journal is full.
        topic_position=None if topic == HEARTBEAT or "topic_position" not in header
        else reading.integer(header, "topic_position"),
        time=reading.text(header, "time"),
        request=reading.text_or_none(header, "request"),
        study=reading.text_or_none(header, "study"),
        category=reading.text_or_none(header, "category"),
        result=reading.mapping_or_empty(header, "result"),
        tensors={one.name: _decoded(one, limits) for one in tensors},
        header=header,
    )


def _decoded(tensor: Tensor, limits: Limits) -> npt.NDArray[Any] | bytes:
    if tensor.datatype == "BYTES":
        return tensor.bytes()
    if tensor.member("encoding") is not None:
        return decode_masks(tensor, limits)
    return tensor.array()


@dataclass(frozen=True)
class Replay:
    """A page of what was published."""

    messages: tuple[StreamMessage, ...]
    oldest: int
    """The first position that the server still has."""
    next: int
    truncated: bool
    """There is more after the last of these messages."""


def read_replay(reply: Reply, limits: Limits = Limits()) -> Replay:
    messages, start, elements = [], 0, limits.mask_elements
    for entry in reading.objects(reply.result, "messages"):
        count = reading.integer(entry, "outputs")
        tensors = reply.outputs[start:start + count]
        if len(tensors) != count:
            malformed("a replay that promises more outputs than there are")
        start += count
        message = _message(
            reading.text(entry, "topic"), reading.mapping(entry, "header"), tensors,
            replace(limits, mask_elements=max(0, elements)))
        elements -= sum(
            one.size for one in message.tensors.values() if isinstance(one, np.ndarray))
        messages.append(replace(message, is_replayed=True))
    if start != len(reply.outputs):
        malformed(f"a replay with {len(reply.outputs)} outputs, of which {start} have an owner")
    positions = [one.position for one in messages]
    if positions != sorted(set(positions)):
        malformed("a replay out of order")
    return Replay(
        tuple(messages), reading.integer(reply.result, "oldest"),
        reading.integer(reply.result, "next"), reading.boolean(reply.result, "truncated"))


@dataclass(frozen=True)
class Gap:
    """What may be missing: of these topics, after `start` and before `end`."""

    start: int
    end: int
    topics: tuple[str, ...]


class Tracker:
    """What was seen, and what is missing. Knows no socket and no clock.

    Within a topic messages are admitted in the order of their positions, each once.
    """

    def __init__(
        self, topics: Sequence[str], *, after: int | None = None, can_replay: bool = False,
        capacity: int = 65_536,
    ):
        self.topics = tuple(topics)
        self.can_replay = can_replay
        self.lost = 0
        self._capacity = capacity
        self._last: OrderedDict[str, tuple[int, int]] = OrderedDict()
        # Of topics that were never seen, all up to here is not missed.
        self._floor = after
        # The newest that came live; and up to where nothing can have been lost unseen.
        self._live = after
        self._complete = after
        self._is_doubtful = after is not None
        # Of the server's numbers, as its heartbeats tell.
        self._life: str | None = None

    def reconnected(self) -> None:
        """What was published meanwhile did not come."""
        self._is_doubtful = self._complete is not None

    def arrive(self, message: StreamMessage) -> Gap | None:
        """A live message: what is to be fetched before it is admitted."""
        position, topic = message.position, message.topic
        is_old = self._live is not None and (
            position < self._live
            or (position == self._live and message.topic_position is not None))
        life = message.life or self._life
        is_old = is_old or self._life not in (None, life)
        self._life = life
        if is_old:
            self._begin_anew(0)
        elif message.topic_position is not None and topic in self._last:
            last, count = self._last[topic]
            if position > last and message.topic_position <= count:
                self._begin_anew(last)
        self._live = position
        if self._floor is None:
            self._floor = position if message.topic_position is None else position - 1
        gap = self._gap(message) if self.can_replay else None
        if gap is None:
            self._settle(position)
        return gap

    def _begin_anew(self, position: int) -> None:
        """The server restarted, and counts from the start."""
        self._last.clear()
        self._floor = self._complete = position
        self._is_doubtful = True

    def _gap(self, message: StreamMessage) -> Gap | None:
        topic, end = message.topic, message.position + (message.topic_position is None)
        gap = None
        if self._is_doubtful and self._complete is not None:
            gap = Gap(self._complete, end, self.topics)
        elif message.topic_position is not None:
            if topic in self._last:
                last, count = self._last[topic]
                if message.topic_position > count + 1:
                    gap = Gap(last, end, self.topics)
            elif message.topic_position > 1 and self._floor is not None:
                gap = Gap(self._floor, end, (topic,))
        return gap if gap and gap.end - gap.start > 1 else None

    def filled(self, gap: Gap) -> None:
        """All that there is of it was admitted."""
        self._settle(gap.end - 1)

    def _settle(self, position: int) -> None:
        self._complete = position
        self._is_doubtful = False

    def admit(self, message: StreamMessage) -> StreamMessage | None:
        """The message, with what was lost before it; None where it was there already."""
        if message.topic_position is None:
            return message
        last = self._last.get(message.topic)
        if last is None:
            if message.is_replayed and self._floor is not None and message.position <= self._floor:
                return None
            lost = 0
        else:
            if message.position <= last[0] or message.topic_position <= last[1]:
                return None
            lost = message.topic_position - last[1] - 1
        self._last[message.topic] = (message.position, message.topic_position)
        self._last.move_to_end(message.topic)
        if len(self._last) > self._capacity:
            _, (position, _) = self._last.popitem(last=False)
            self._floor = max(self._floor or 0, position)
        self.lost += lost
        return replace(message, lost=lost) if lost else message


def matches(topic: str, prefixes: Sequence[str]) -> bool:
    return any(topic.startswith(one) for one in prefixes)


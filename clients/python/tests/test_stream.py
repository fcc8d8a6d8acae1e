"""The stream: messages, the book-keeping of gaps, and subscribers that fill them."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from fakes import MASK, QUERY, FakeServer, bits, reply, tensor
from segsam import (
    AsyncSegSAMClient, AsyncSubscriber, Closed, MalformedReply, SegSAMClient, Subscriber, TimedOut)
from segsam.stream import Gap, Tracker, read_message, read_replay
from segsam.wire import Limits, read_reply

LIVER, SPLEEN = "result.s.liver", "result.s.spleen"


def frames(topic=LIVER, outputs=(), **members) -> list[bytes]:
    header = {"protocol": "segsam/1", "position": 5, "topic_position": 2, "time": "now"}
    if outputs:
        header["outputs"] = [entry for entry, _ in outputs]
    header = {k: v for k, v in (header | members).items() if v is not None}
    return [topic.encode(), json.dumps(header).encode(), *(data for _, data in outputs)]


def message(position, topic_position, topic=LIVER):
    return read_message(frames(topic, position=position, topic_position=topic_position))


def beat(position):
    return read_message(frames("heartbeat", position=position, topic_position=None))


def test_a_message():
    read = read_message(frames(
        outputs=[bits(MASK)], request="r", study="s", category="liver", result=QUERY))
    assert (read.topic, read.position, read.topic_position) == (LIVER, 5, 2)
    assert (read.request, read.study, read.category) == ("r", "s", "liver")
    assert read.mask.tolist() == [[True, True, False], [False] * 3]
    assert read.query.presence == 0.9 and read.query.mask is not None
    assert read.lost == 0 and not read.is_replayed
    assert beat(7).mask is None


def test_a_message_that_was_not_kept():
    """As long as the journal's disk is full, messages come under the last position."""
    read = read_message(frames(topic_position=None, request="r", outputs=[bits(MASK)]))
    assert read.topic_position is None and read.position == 5 and read.mask is not None


@pytest.mark.parametrize("wrong", [
    [], [b"heartbeat"], [b"", b"{}"], [b"\xff", frames()[1]], [b"x" * 300, frames()[1]],
    [b"heartbeat", b"{"], [b"heartbeat", b"{}"], [b"heartbeat", b" " * (2**20 + 1)],
    frames(position=None), frames(position="5"), frames(position=-1), frames(time=None),
    frames(topic_position="2"), frames(protocol="segsam/2"), frames(result=[1]),
    [*frames(), b"surplus"], frames(outputs=[tensor("x", MASK)])[:2],
    frames(outputs=[(bits(MASK)[0], b"\xff")]),
    frames(outputs=[tensor("x", MASK)] * 2),
], ids=range(19))
def test_malformed_messages(wrong):
    with pytest.raises(MalformedReply):
        read_message(wrong)


def replayed(*messages, **members):
    """The frames of a replay's reply to `id`."""
    entries, outputs = [], []
    for topic, position, topic_position in messages:
        outputs.append(bits(MASK))
        entries.append({"topic": topic, "outputs": 1, "header": json.loads(frames(
            topic, position=position, topic_position=topic_position)[1])})
    result = {"messages": entries, "oldest": 1, "next": 0, "truncated": False}
    return reply("1", outputs=outputs, result=result | members)


def test_a_replay():
    page = read_replay(read_reply(replayed((LIVER, 3, 1), (SPLEEN, 4, 1), truncated=True)))
    assert [one.position for one in page.messages] == [3, 4] and page.truncated
    assert all(one.is_replayed and one.mask.sum() == 2 for one in page.messages)


@pytest.mark.parametrize("wrong", [
    replayed((LIVER, 4, 1), (LIVER, 3, 2)), replayed((LIVER, 4, 1), (LIVER, 4, 2)),
    replayed(oldest="1"), replayed(messages=[{"topic": LIVER, "outputs": 0}]),
    reply("1", result={"messages": [], "oldest": 1, "next": 1}),
    reply("1", outputs=[bits(MASK)], result={
        "messages": [], "oldest": 1, "next": 1, "truncated": False}),
    replayed(messages=[{"topic": LIVER, "outputs": 1, "header": {}}]),
], ids=range(7))
def test_wrong_replays(wrong):
    with pytest.raises(MalformedReply):
        read_replay(read_reply(wrong))


def test_a_replay_over_the_limit():
    page = read_reply(replayed((LIVER, 3, 1), (LIVER, 4, 2)))
    assert read_replay(page, Limits(mask_elements=12)).messages
    with pytest.raises(MalformedReply, match="at most"):
        read_replay(page, Limits(mask_elements=11))


def see(tracker, *messages):
    """Gap and losses, of each."""
    seen = []
    for one in messages:
        gap = tracker.arrive(one)
        admitted = tracker.admit(one)
        if gap:
            tracker.filled(gap)
        seen.append((gap, admitted.lost if admitted else None))
    return seen


def test_losses_without_replay():
    tracker = Tracker(["result."])
    assert see(
        tracker, message(10, 4), message(11, 1, SPLEEN), message(15, 7), beat(17), message(18, 8)
    ) == [(None, 0), (None, 0), (None, 2), (None, 0), (None, 0)]
    assert tracker.lost == 2


def test_gaps():
    tracker = Tracker(["result."], can_replay=True)
    assert see(tracker, beat(9), message(10, 4), message(11, 1, SPLEEN)) == [
        # The first of `liver` came before our time; there is nothing between 9 and 10.
        (None, 0), (None, 0), (None, 0)]
    assert tracker.arrive(message(15, 7)) == Gap(10, 15, ("result.",))


def test_a_gap_before_the_first_of_a_topic():
    tracker = Tracker(["result."], can_replay=True)
    see(tracker, beat(9))
    assert tracker.arrive(message(15, 3)) == Gap(9, 15, (LIVER,))


def test_after_a_reconnect_all_is_doubtful():
    tracker = Tracker(["result."], can_replay=True)
    see(tracker, beat(9), message(10, 1))
    tracker.reconnected()
    assert see(tracker, beat(10)) == [(None, 0)]
    tracker.reconnected()
    gap = tracker.arrive(beat(13))
    assert gap == Gap(10, 14, ("result.",))
    # Still so, until it was filled.
    assert tracker.arrive(beat(14)) == Gap(10, 15, ("result.",))
    tracker.filled(Gap(10, 15, ("result.",)))
    assert tracker.arrive(beat(20)) is None


def test_resuming():
    tracker = Tracker(["result."], after=5, can_replay=True)
    tracker.reconnected()
    assert tracker.arrive(beat(9)) == Gap(5, 10, ("result.",))


def test_duplicates():
    tracker = Tracker(["result."], can_replay=True)
    assert [lost for _, lost in see(
        tracker, message(10, 1), message(12, 2))] == [0, 0]
    for one in (message(10, 1), message(12, 2)):
        assert tracker.admit(one) is None
    assert tracker.admit(message(13, 3)).lost == 0


def test_a_server_that_counts_anew():
    tracker = Tracker(["result."], can_replay=True)
    see(tracker, beat(9), message(10, 5))
    assert tracker.arrive(beat(2)) == Gap(0, 3, ("result.",))
    assert tracker.admit(message(2, 1)).lost == 0
    # A position that came already.
    tracker = Tracker(["result."], can_replay=True)
    see(tracker, beat(9), message(10, 5))
    assert tracker.arrive(message(10, 4, SPLEEN)) == Gap(0, 10, ("result.",))
    # By the topic's count alone, where the position has passed the old one already.
    tracker = Tracker(["result."])
    assert see(tracker, message(10, 5), message(30, 1), message(31, 2)) == [
        (None, 0), (None, 0), (None, 0)]


def test_resuming_after_a_position_that_is_not_reached_yet():
    tracker = Tracker(["result."], after=100, can_replay=True)
    assert tracker.arrive(message(3, 3)) == Gap(0, 3, ("result.",))
    assert tracker.admit(message(3, 3)) is not None


def test_the_memory_is_bounded():
    tracker = Tracker(["result."], can_replay=True, capacity=10)
    for n in range(1, 100):
        see(tracker, message(n, 1, f"result.s.{n}"))
    assert len(tracker._last) == 10
    # What was forgotten is not delivered again.
    assert tracker.arrive(message(200, 3, "result.s.1")) == Gap(89, 200, ("result.s.1",))
    assert tracker.admit(replace(message(1, 1, "result.s.1"), is_replayed=True)) is None


# Subscribers


def wait_for(condition, seconds=5.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.005)


def subscribe(server: FakeServer, topics=("result.",), **options) -> Subscriber:
    options = {"silence": 5, "backoff": (0.01, 0.02)} | options
    return Subscriber(server.publish_endpoint, list(topics), **options)


def started(server: FakeServer, subscriber, position=0):
    """Its subscriptions have arrived, and it has seen a heartbeat."""
    with pytest.raises(TimedOut):
        subscriber.ready(0.05)
    wait_for(lambda: b"\x01heartbeat" in server.subscriptions)
    server.publish("heartbeat", position)
    subscriber.ready(5)


def publish(server: FakeServer, position, topic_position, topic=LIVER):
    server.publish(topic, position, topic_position, [bits(MASK)], result=QUERY)


def log_of(published, asked):
    """Answers `stream.replay` from what is in this log."""
    start, topics = asked.parameters["from"], asked.parameters.get("topics", [""])
    limit = asked.parameters["limit"]
    found = [one for one in published if one[1] > start and any(
        one[0].startswith(prefix) for prefix in topics)]
    page = replayed(*found[:limit], truncated=len(found) > limit)
    header = json.loads(page[0]) | {"id": asked.id}
    asked.send([json.dumps(header).encode(), *page[1:]])


def test_a_subscriber():
    with FakeServer() as server, subscribe(server, ["result.s."]) as subscriber:
        started(server, subscriber)
        publish(server, 1, 1)
        publish(server, 2, 1, "result.s2.liver")
        publish(server, 3, 2)
        first, second = subscriber.receive(5), subscriber.receive(5)
        assert (first.position, second.position) == (1, 3)
        assert second.mask.sum() == 2 and second.query.category == "liver"
        with pytest.raises(TimedOut):
            subscriber.receive(0.05)


def test_heartbeats_for_who_wants_them():
    with FakeServer() as server, subscribe(server, [""]) as subscriber:
        started(server, subscriber, 4)
        assert subscriber.receive(5).topic == "heartbeat"


def test_losses_are_told():
    with FakeServer() as server, subscribe(server) as subscriber:
        started(server, subscriber)
        publish(server, 1, 1)
        publish(server, 5, 4)
        assert [subscriber.receive(5).lost for _ in range(2)] == [0, 2]
        assert subscriber.lost == 2


def test_losses_are_filled():
    published = [(LIVER, 1, 1), (SPLEEN, 2, 1), (LIVER, 3, 2), ("result.t.x", 4, 1), (LIVER, 5, 3),
                 (LIVER, 6, 4)]
    with FakeServer(lambda asked: log_of(published, asked)) as server, SegSAMClient(
        server.endpoint
    ) as client, subscribe(server, replay_from=client) as subscriber:
        started(server, subscriber)
        publish(server, 1, 1)
        publish(server, 5, 3)
        publish(server, 6, 4)
        seen = [subscriber.receive(5) for _ in range(6)]
        assert [(one.position, one.is_replayed, one.lost) for one in seen] == [
            (1, False, 0), (2, True, 0), (3, True, 0), (4, True, 0), (5, False, 0), (6, False, 0)]
        assert all(one.mask.sum() == 2 for one in seen)
        assert [one.parameters["from"] for one in server.asked] == [1]


def test_long_gaps_are_filled_by_pages():
    published = [(LIVER, n, n) for n in range(1, 601)]
    with FakeServer(lambda asked: log_of(published, asked)) as server, SegSAMClient(
        server.endpoint
    ) as client, subscribe(server, replay_from=client) as subscriber:
        started(server, subscriber)
        publish(server, 1, 1)
        publish(server, 600, 600)
        assert [subscriber.receive(5).position for _ in range(600)] == list(range(1, 601))
        assert len(server.asked) == 3


def test_pages_that_are_too_large_are_halved():
    published = [(LIVER, n, n) for n in range(1, 9)]

    def small(asked):
        if asked.parameters["limit"] > 2:
            asked.refuse("too_large", limit="reply_bytes")
        else:
            log_of(published, asked)

    with FakeServer(small) as server, SegSAMClient(
        server.endpoint
    ) as client, subscribe(server, replay_from=client) as subscriber:
        started(server, subscriber)
        publish(server, 1, 1)
        publish(server, 8, 8)
        assert [subscriber.receive(5).position for _ in range(8)] == list(range(1, 9))


def test_what_the_server_has_no_more_is_lost():
    published = [(LIVER, 4, 4), (LIVER, 5, 5)]
    with FakeServer(lambda asked: log_of(published, asked)) as server, SegSAMClient(
        server.endpoint
    ) as client, subscribe(server, replay_from=client) as subscriber:
        started(server, subscriber)
        publish(server, 1, 1)
        publish(server, 5, 5)
        assert [(one.position, one.lost) for one in (subscriber.receive(5) for _ in range(3))] == [
            (1, 0), (4, 2), (5, 0)]


@pytest.mark.parametrize("code", ["unknown_method", "unauthorized"])
def test_a_server_without_replay(code):
    with FakeServer(lambda asked: asked.refuse(code)) as server, SegSAMClient(
        server.endpoint
    ) as client, subscribe(server, replay_from=client) as subscriber:
        started(server, subscriber)
        for position, count in ((1, 1), (3, 3), (5, 5)):
            publish(server, position, count)
        assert [subscriber.receive(5).lost for _ in range(3)] == [0, 1, 1]
        assert len(server.asked) == 1


def test_a_replay_that_fails_is_tried_again():
    published = [(LIVER, n, n) for n in (1, 2, 3)]

    def at_last(asked):
        asked.refuse("internal") if len(server.asked) == 1 else log_of(published, asked)

    with FakeServer(at_last) as server, SegSAMClient(
        server.endpoint
    ) as client, subscribe(server, replay_from=client) as subscriber:
        started(server, subscriber)
        publish(server, 1, 1)
        publish(server, 3, 3)
        assert subscriber.receive(5).position == 1
        with pytest.raises(Exception, match="internal"):
            subscriber.receive(5)
        assert [subscriber.receive(5).position for _ in range(2)] == [2, 3]


def test_resuming_after_a_position():
    published = [(LIVER, n, n) for n in range(1, 7)]
    with FakeServer(lambda asked: log_of(published, asked)) as server, SegSAMClient(
        server.endpoint
    ) as client, subscribe(server, replay_from=client, after=3) as subscriber:
        started(server, subscriber, 6)
        assert [subscriber.receive(5).position for _ in range(3)] == [4, 5, 6]
        publish(server, 7, 7)
        assert subscriber.receive(5).position == 7


def test_a_server_that_restarts():
    """With a journal: positions go on, and what came between is filled in."""
    published = [(LIVER, n, n) for n in range(1, 6)]

    def answer(asked):
        log_of(published, asked)

    with FakeServer(answer) as server:
        client = SegSAMClient(server.endpoint, timeout=0.2, backoff=(0.01, 0.02))
        subscriber = subscribe(server, replay_from=client, silence=0.2)
        started(server, subscriber)
        publish(server, 1, 1)
        assert subscriber.receive(5).position == 1
        endpoints = server.endpoint, server.publish_endpoint
    with client, subscriber, FakeServer(answer, *endpoints) as server:
        stop = threading.Event()

        def hearts():
            while not stop.wait(0.05):
                server.publish("heartbeat", 5)

        thread = threading.Thread(target=hearts)
        thread.start()
        assert [subscriber.receive(5).position for _ in range(4)] == [2, 3, 4, 5]
        publish(server, 6, 6)
        assert subscriber.receive(5).position == 6
        stop.set()
        thread.join()
        assert subscriber.lost == 0


def test_a_malformed_message_is_told_and_no_end():
    with FakeServer() as server, subscribe(server) as subscriber:
        started(server, subscriber)
        server.publish_frames([b"result.s.liver", b"garbage"])
        publish(server, 1, 1)
        with pytest.raises(MalformedReply):
            subscriber.receive(5)
        assert subscriber.receive(5).position == 1


def test_iterating_until_close():
    with FakeServer() as server:
        subscriber, seen = subscribe(server), []
        started(server, subscriber)
        thread = threading.Thread(target=lambda: seen.extend(one.position for one in subscriber))
        thread.start()
        publish(server, 1, 1)
        publish(server, 2, 2)
        wait_for(lambda: len(seen) == 2)
        subscriber.close()
        thread.join(5)
        assert not thread.is_alive()
        with pytest.raises(Closed):
            subscriber.receive()
        subscriber.close()


def test_the_client_is_closed_first():
    with FakeServer() as server:
        client = SegSAMClient(server.endpoint, timeout=10)
        subscriber, failed = subscribe(server, replay_from=client), []
        started(server, subscriber)
        publish(server, 1, 1)
        publish(server, 3, 3)
        assert subscriber.receive(5).position == 1

        def go_on():
            try:
                next(subscriber)
            except Closed as error:
                failed.append(error)

        thread = threading.Thread(target=go_on)
        thread.start()
        server.next()
        client.close()
        thread.join(5)
        assert failed and not subscriber._stream.is_closed
        subscriber.close()
        with pytest.raises(StopIteration):
            next(subscriber)


def test_asynchronously():
    published = [(LIVER, n, n) for n in range(1, 5)]

    async def main():
        async with AsyncSegSAMClient(server.endpoint) as client, AsyncSubscriber(
            server.publish_endpoint, ["result."], replay_from=client
        ) as subscriber:
            with pytest.raises(TimedOut):
                await subscriber.receive(0.05)
            await asyncio.to_thread(wait_for, lambda: b"\x01heartbeat" in server.subscriptions)
            publish(server, 1, 1)
            publish(server, 4, 4)
            seen = []
            async for one in subscriber:
                seen.append(one.position)
                if len(seen) == 4:
                    await subscriber.close()
            return seen

    with FakeServer(lambda asked: log_of(published, asked)) as server:
        assert asyncio.run(main()) == [1, 2, 3, 4]


@pytest.mark.parametrize("options", [{"topics": []}, {"topics": "result."}, {"after": 3}])
def test_subscribers_that_are_none(options):
    with pytest.raises(ValueError):
        Subscriber(**({"topics": ["x"]} | options))


def test_arrays_are_not_to_be_written():
    read = read_message(frames(outputs=[bits(MASK), tensor("x", np.zeros(3, np.uint8))]))
    for one in read.tensors.values():
        with pytest.raises(ValueError):
            one[0] = 1

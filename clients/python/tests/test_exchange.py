"""Calls over sockets that are none, at a time that stands still: nothing here waits."""

from __future__ import annotations

import asyncio
import random

import pytest

from fakes import Bench, refusal, reply, settle, timeless
from segsam import Busy, Closed, MalformedReply, SegSAMError, TimedOut, UnknownCategory
from segsam import operations


def segment(id=None, **options):
    return operations.Operation(
        "segment", lambda reply: reply, {"categories": ["liver"]}, id=id, takes_long=True,
        **options)


@timeless
async def test_a_call():
    bench = Bench()
    call = bench.start(operations.status())
    await settle()
    (asked,) = bench.socket.sent
    assert asked.header["client"] == "client-1" and asked.id and asked.method == "status"
    assert "progress" not in asked.header
    asked.ok({"n": 1})
    assert (await call).result == {"n": 1}


@timeless
async def test_a_reply_that_is_lost():
    """The same bytes again, over a new socket, after a pause."""
    bench = Bench()
    call = bench.start(segment())
    await settle()
    await bench.clock.advance(29.9)
    assert len(bench.sockets) == 1
    await bench.clock.advance(0.1)
    assert bench.sockets[0].is_closed and len(bench.sockets) == 1
    await bench.clock.advance(1)
    assert len(bench.sockets) == 2
    first, second = bench.sockets[0].sent[0], bench.sockets[1].sent[0]
    assert first.frames == second.frames
    second.ok({"n": 2})
    assert (await call).result == {"n": 2}


@timeless
async def test_giving_up():
    bench = Bench(hint=" from nowhere")
    call = bench.start(segment(id="x"))
    await settle()
    for pause in (1, 2, 4):
        await bench.clock.advance(30)
        await bench.clock.advance(pause)
    assert not call.done()
    await bench.clock.advance(30)
    with pytest.raises(TimedOut, match="4 tries of 30 s from nowhere") as caught:
        await call
    assert caught.value.id == "x" and isinstance(caught.value, TimeoutError)
    assert len(bench.sockets) == 4 and all(one.is_closed for one in bench.sockets)


@timeless
async def test_jitter_follows_from_its_seed():
    bench, same = Bench(rng=random.Random(3)), random.Random(3)
    bench.start(segment())
    await settle()
    await bench.clock.advance(30)
    pause = same.uniform(0, 1)
    await bench.clock.advance(pause - 1e-6)
    assert len(bench.sockets) == 1
    await bench.clock.advance(2e-6)
    assert len(bench.sockets) == 2
    await bench.exchange.close()


@timeless
async def test_the_deadline():
    bench = Bench(deadline=45)
    call = bench.start(segment())
    await settle()
    await bench.clock.advance(30)
    await bench.clock.advance(1)
    await bench.clock.advance(14)
    with pytest.raises(TimedOut):
        await call


@timeless
async def test_busy_and_then_not():
    bench = Bench()
    call = bench.start(segment())
    await settle()
    bench.socket.sent[0].refuse("busy", retry_after_ms=5000)
    await settle()
    await bench.clock.advance(5.9)
    assert len(bench.socket.sent) == 1
    await bench.clock.advance(0.1)
    first, second = bench.socket.sent
    assert first.frames == second.frames and len(bench.sockets) == 1
    second.ok()
    assert (await call).status == "ok"


@timeless
async def test_busy_for_ever():
    bench = Bench()
    call = bench.start(segment())
    for n in range(4):
        await settle()
        bench.socket.sent[n].refuse("busy", retry_after_ms=0)
        await settle()
        await bench.clock.advance(8)
    with pytest.raises(Busy):
        await call
    assert len(bench.socket.sent) == 4


@timeless
async def test_no_other_error_is_retried():
    bench = Bench()
    for code in ("unknown_category", "internal", "deadline_exceeded", "cancelled", "id_conflict",
                 "unauthorized", "unknown_image", "a_new_one"):
        call = bench.start(segment())
        await settle()
        bench.socket.sent[-1].refuse(code, suggestions=["pancreas", 5])
        with pytest.raises(SegSAMError) as caught:
            await call
        assert caught.value.code == code and caught.value.message == "no"
        assert caught.value.request == "r1" and caught.value.suggestions == ["pancreas"]
        assert isinstance(caught.value, UnknownCategory) == (code == "unknown_category")
    assert len(bench.socket.sent) == 8


@timeless
async def test_replies_in_another_order():
    bench = Bench()
    calls = [bench.start(segment(id=str(n))) for n in range(5)]
    await settle()
    for asked in reversed(bench.socket.sent):
        asked.ok({"id": asked.id})
    assert [(await one).result["id"] for one in calls] == list("01234")


@timeless
async def test_progress():
    bench, heard = Bench(), []
    call = bench.start(segment(), heard.append)
    await settle()
    (asked,) = bench.socket.sent
    assert asked.header["progress"] is True
    asked.send(reply(asked.id, "accepted"))
    for done in (1, 2):
        # Signs of life: the try is not given up.
        await bench.clock.advance(29)
        asked.send(reply(asked.id, "partial", result={
            "state": "running", "done": done, "total": 2}))
        await settle()
    await bench.clock.advance(29)
    asked.ok()
    await call
    assert [(one.status, one.done, one.total) for one in heard] == [
        ("accepted", None, None), ("partial", 1, 2), ("partial", 2, 2)]
    assert heard[0].request == "r1" and len(bench.socket.sent) == len(bench.sockets) == 1


@timeless
async def test_who_hears_progress_slowly_hears_the_newest():
    bench, heard, gate = Bench(), [], asyncio.Event()

    async def slowly(progress):
        await gate.wait()
        heard.append(progress.done)

    call = bench.start(segment(), slowly)
    await settle()
    (asked,) = bench.socket.sent
    for done in range(1000):
        asked.send(reply(asked.id, "partial", result={"done": done}))
    asked.ok()
    for _ in range(100):
        await settle()
    gate.set()
    await call
    assert len(heard) <= 66 and heard[-1] == 999 and heard == sorted(heard)


@timeless
async def test_what_a_listener_raises_ends_the_request():
    bench = Bench()
    call = bench.start(segment(id="x"), lambda _: 1 / 0)
    await settle()
    bench.socket.answer(reply("x", "accepted"))
    with pytest.raises(ZeroDivisionError):
        await call
    assert bench.socket.sent[-1].method == "cancel"


@timeless
async def test_a_task_that_is_cancelled_cancels_its_request():
    bench = Bench()
    call, durable = bench.start(segment(id="x")), bench.start(segment(id="y", durable=True))
    await settle()
    call.cancel()
    durable.cancel()
    await settle()
    sent = bench.socket.sent
    assert [one.method for one in sent] == ["segment", "segment", "cancel"]
    assert sent[-1].parameters == {"id": "x"}
    assert call.cancelled() and durable.cancelled()


@timeless
async def test_no_more_are_in_flight_than_may_be():
    bench = Bench(max_in_flight=2)
    calls = [bench.start(segment()) for _ in range(5)]
    await settle()
    assert len(bench.socket.sent) == 2
    # These do not wait: without them nothing could be cancelled.
    urgent = [bench.start(operations.cancel("x")), bench.start(operations.status())]
    await settle()
    assert len(bench.socket.sent) == 4
    for n in (0, 1, 2, 3, 4, 5, 6):
        await settle()
        bench.socket.sent[n].ok({"n": n})
    assert [(await one).result["n"] for one in calls] == [0, 1, 4, 5, 6]
    assert all([(await one).status == "ok" for one in urgent])


@timeless
async def test_waiting_for_a_place_has_an_end():
    bench = Bench(max_in_flight=1, deadline=10)
    first, leaving = bench.start(segment()), bench.start(segment())
    await settle()
    leaving.cancel()
    await bench.clock.advance(9)
    waiting = bench.start(segment())
    await settle()
    bench.socket.sent[0].ok()
    await first
    # The place went to who still waited for it, and is held for its whole deadline.
    last = bench.start(segment())
    await settle()
    assert len(bench.socket.sent) == 2
    await bench.clock.advance(10)
    for one in (waiting, last):
        with pytest.raises(TimedOut):
            await one


@timeless
async def test_others_go_on_over_the_new_socket():
    bench = Bench()
    old = bench.start(segment(id="old"))
    await settle()
    await bench.clock.advance(20)
    young = bench.start(segment(id="young"))
    await settle()
    await bench.clock.advance(10)
    # `old` was in vain: `young` is sent again at once, `old` after its pause.
    assert len(bench.sockets) == 2 and [one.id for one in bench.socket.sent] == ["young"]
    await bench.clock.advance(1)
    assert [one.id for one in bench.socket.sent] == ["young", "old"]
    for one in bench.socket.sent:
        one.ok()
    assert (await old).status == (await young).status == "ok"


@timeless
async def test_a_socket_by_which_others_hear_is_kept():
    bench = Bench()
    silent = bench.start(segment(id="silent"))
    await settle()
    await bench.clock.advance(15)
    other = bench.start(operations.status())
    await settle()
    bench.socket.sent[-1].ok()
    await other
    await bench.clock.advance(15)
    await bench.clock.advance(1)
    assert len(bench.sockets) == 1
    assert [one.id for one in bench.socket.sent if one.method == "segment"] == ["silent"] * 2
    bench.socket.sent[-1].ok()
    assert (await silent).status == "ok"


@timeless
async def test_a_dead_server_and_many_calls():
    """Each has its own tries; they do not multiply the sockets, nor each other's patience."""
    bench = Bench(retries=2)
    calls = []
    for _ in range(10):
        calls.append(bench.start(segment()))
        await settle()
        await bench.clock.advance(1)
    for _ in range(120):
        await bench.clock.advance(1)
    for one in calls:
        with pytest.raises(TimedOut):
            await one
    assert len(bench.sockets) <= 7


@timeless
async def test_a_reply_that_comes_during_the_pause():
    bench = Bench()
    silent = bench.start(segment(id="silent"))
    await settle()
    asked = bench.socket.sent[0]
    other = bench.start(operations.status())
    await settle()
    await bench.clock.advance(10)
    bench.socket.sent[1].ok()
    await other
    await bench.clock.advance(20)
    asked.ok({"n": 1})
    assert (await silent).result == {"n": 1}
    assert len(bench.socket.sent) == 2


@timeless
async def test_progress_that_comes_during_the_pause():
    """Then the request was not lost: it is not sent again, but cancelled if need be."""
    bench = Bench()
    silent = bench.start(segment(id="silent"))
    await settle()
    await bench.clock.advance(10)
    bench.socket.answer(reply("another"))
    await settle()
    await bench.clock.advance(20)
    bench.socket.answer(reply("silent", "accepted"))
    await bench.clock.advance(29)
    assert [one.method for one in bench.socket.sent] == ["segment"]
    silent.cancel()
    await settle()
    assert [one.method for one in bench.socket.sent] == ["segment", "cancel"]


@timeless
async def test_late_replies_are_nobodys():
    bench = Bench()
    call = bench.start(segment())
    await settle()
    bench.socket.answer(reply("someone else's"))
    bench.socket.answer(refusal("someone else's", "internal"))
    bench.socket.sent[0].ok()
    assert (await call).status == "ok"


@timeless
async def test_a_malformed_reply_with_an_id():
    bench = Bench()
    calls = [bench.start(segment(id=id)) for id in "ab"]
    await settle()
    bench.socket.answer([*reply("a"), b"surplus"])
    with pytest.raises(MalformedReply, match="1 frames for 0 outputs") as caught:
        await calls[0]
    assert caught.value.id == "a"
    bench.socket.answer(reply("b"))
    assert (await calls[1]).status == "ok"


@timeless
async def test_a_malformed_reply_without():
    bench = Bench()
    calls = [bench.start(segment()) for _ in range(2)]
    await settle()
    bench.socket.answer([b"garbage"])
    for one in calls:
        with pytest.raises(MalformedReply):
            await one


@timeless
async def test_an_error_without_an_id():
    bench = Bench()
    call = bench.start(segment())
    await settle()
    bench.socket.answer(refusal(None, "invalid_message"))
    with pytest.raises(SegSAMError) as caught:
        await call
    assert caught.value.code == "invalid_message"


@timeless
async def test_an_id_that_is_on_its_way():
    bench = Bench()
    bench.start(segment(id="x"))
    await settle()
    with pytest.raises(ValueError, match="on its way"):
        await bench.exchange.call(segment(id="x"))
    await bench.exchange.close()


@timeless
async def test_closing():
    bench = Bench(max_in_flight=1)
    calls = [bench.start(segment()) for _ in range(3)]
    await settle()
    await bench.exchange.close()
    for one in calls:
        with pytest.raises(Closed):
            await one
    with pytest.raises(Closed):
        await bench.exchange.call(segment())
    assert bench.socket.is_closed
    await bench.exchange.close()

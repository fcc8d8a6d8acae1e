"""The clients, synchronous and not, against a ROUTER that answers as told. Short real times."""

from __future__ import annotations

import asyncio
import gc
import random
import threading
import time

import numpy as np
import pytest
import zmq

from fakes import MASK, Asked, FakeServer, bits, file, reply, segmentation, tensor
from segsam import (
    AsyncSegSAMClient, Busy, Cancelled, Closed, Image, Point, SegSAMClient, TimedOut, UnknownImage)

PIXELS = np.zeros((2, 3), np.int16)
QUICK = {"timeout": 0.2, "retries": 3, "backoff": (0.01, 0.05)}


def make(server: FakeServer, **options) -> SegSAMClient:
    return SegSAMClient(server.endpoint, **(QUICK | {"rng": random.Random(1)} | options))


def answer(asked: Asked):
    """Each method, plausibly."""
    if asked.method == "segment":
        asked.send(segmentation(asked.id))
    elif asked.method == "image.put":
        asked.ok({"image_id": "held", "shape": [2, 3], "expires_in_s": 60})
    elif asked.method == "image.drop":
        asked.ok({"dropped": True})
    elif asked.method == "report":
        page = [file("html", "<html>肝".encode(), "text/html")]
        asked.ok({"report": {"findings": []}}, page if asked.parameters["format"] == "html" else ())
    elif asked.method == "categories.list":
        asked.ok({"categories": [{
            "category": "liver", "name": "liver", "names": {"en": ["liver"]}, "codes": {"SCT": "1"},
            "region": "abdomen", "parent": None, "parts": [], "trained": True}]})
    elif asked.method == "categories.resolve":
        asked.ok({"matches": [
            {"query": one, "category": None, "match": "none", "score": 0, "suggestions": ["liver"]}
            for one in asked.parameters["queries"]]})
    elif asked.method == "capabilities":
        asked.ok({"protocol": "segsam/1", "methods": ["segment"], "limits": {"queries": 256},
                  "model": {"name": "m", "version": "1"}, "modalities": ["CT"],
                  "content_types": ["image/png"], "languages": ["en"], "stored_answers": 10})
    elif asked.method == "status":
        asked.ok({"live": True, "ready": True, "queued": 1, "in_flight": 0, "uptime_s": 1.5,
                  "position": 7, "yours": {"queued": [{"id": "a", "ahead": 0}], "in_flight": ["b"],
                                           "images": ["held"]}})
    elif asked.method == "cancel":
        asked.ok({"cancelled": True})
    elif asked.method == "stream.replay":
        asked.ok({"messages": [], "oldest": 1, "next": 8, "truncated": False})
    elif asked.method == "model.reload":
        asked.ok({"model": {"name": "m", "version": "2"}})


def check_methods(client, call):
    """The parameters that go out, and the results that come back."""
    found = call(client.segment(
        Image(PIXELS, modality="CT"), categories="liver", free_text="a thing",
        boxes=[None, np.array([0, 0, 2, 2])], points=[Point((1, 1)), {"at": [0, 0], "label": 0}],
        outputs=["binary_masks"], encoding="raw", threshold=np.float32(0.5),
        presence_threshold=0, publish="study", deadline_ms=9000, priority=2, id="mine"))
    assert found.id == "mine" and found["liver"].mask.sum() == 2
    held = call(client.put_image(PIXELS))
    assert held.image_id == "held" and held.shape == (2, 3) and held.held.expires_in_s == 60
    assert call(client.segment(held, categories=["liver"])).masks.shape == (1, 2, 3)
    assert call(held.drop()) is True
    assert call(client.drop_image("held")) is True
    assert call(client.report(PIXELS)).html is None
    page = call(client.report(PIXELS, categories=["liver"], format="html"))
    assert page.html == "<html>肝" and page.report == {"findings": []}
    assert call(client.categories(region="abdomen"))[0].names == {"en": ["liver"]}
    assert call(client.resolve(["x", "y"]))[1].suggestions == ("liver",)
    assert call(client.resolve("x"))[0].query == "x"
    assert call(client.capabilities()).methods == ("segment",)
    status = call(client.status())
    assert status.position == 7 and status.my_queued[0].id == "a"
    assert status.my_in_flight == ("b",) and status.my_images == ("held",)
    assert call(client.cancel("mine")) is True
    assert call(client.replay(3, ["result."], 10)).next == 8
    assert call(client.reload_model()).version == "2"
    assert call(client.call("status")).result["live"] is True


def check_requests(asked: list[Asked]):
    first = asked[0]
    assert first.header["deadline_ms"] == 9000 and first.header["priority"] == 2
    assert first.parameters == {
        "categories": ["liver"], "free_text": "a thing", "boxes": [None, [0, 0, 2, 2]],
        "points": [{"at": [1, 1], "label": 1}, {"at": [0, 0], "label": 0}],
        "outputs": ["binary_masks"], "encoding": "raw", "threshold": 0.5,
        "presence_threshold": 0, "publish": "study"}
    assert first.header["inputs"] == [{
        "name": "image", "datatype": "INT16", "shape": [2, 3],
        "parameters": {"layout": "HW", "modality": "CT"}}]
    assert first.frames[1] == PIXELS.tobytes()
    by_method: dict[str, list[Asked]] = {}
    for one in asked:
        by_method.setdefault(one.method, []).append(one)
    assert by_method["segment"][1].parameters == {"categories": ["liver"], "image_id": "held"}
    assert len(by_method["segment"][1].frames) == 1
    assert by_method["stream.replay"][0].parameters == {
        "from": 3, "topics": ["result."], "limit": 10}
    assert by_method["categories.list"][0].parameters == {"region": "abdomen"}
    assert len({one.header["client"] for one in asked}) == 1
    assert len({one.id for one in asked}) == len(asked)


def test_methods():
    with FakeServer(answer) as server:
        with make(server) as client:
            check_methods(client, lambda result: result)
        check_requests(server.asked)


def test_methods_asynchronously():
    with FakeServer(answer) as server:
        async def main():
            loop = asyncio.get_running_loop()
            async with AsyncSegSAMClient(server.endpoint, **QUICK) as client:
                # `check_methods` waits in a thread for each call that this loop makes.
                def call(coroutine):
                    return asyncio.run_coroutine_threadsafe(coroutine, loop).result(10)

                await asyncio.to_thread(check_methods, client, call)

        asyncio.run(main())
        check_requests(server.asked)


def test_the_first_reply_is_lost():
    """Sent again by another socket with the same bytes, whose answer then counts."""
    routes = []

    def second_time(asked):
        routes.append(asked.send)
        if len(routes) > 1:
            answer(asked)

    with FakeServer(second_time) as server, make(server) as client:
        assert client.segment(PIXELS, categories=["liver"])["liver"].voxels == 2
        first, second = server.asked
        assert first.frames == second.frames
        assert first.header["client"] == client.client_id


def test_the_server_restarts():
    with FakeServer(answer) as server:
        client = make(server)
        assert client.status().live
        endpoint = server.endpoint
    restarted = []

    def restart():
        time.sleep(0.3)
        restarted.append(FakeServer(answer, endpoint=endpoint))

    thread = threading.Thread(target=restart)
    thread.start()
    with client:
        assert client.segment(PIXELS, categories=["liver"]).masks.any()
    thread.join()
    restarted[0].stop()


def test_nobody_is_there():
    with SegSAMClient("tcp://127.0.0.1:9", timeout=0.05, retries=1, backoff=(0, 0)) as client:
        with pytest.raises(TimedOut, match="tcp://127.0.0.1:9"):
            client.status()


def test_busy_then_ok():
    def busy_twice(asked):
        if len(server.asked) < 3:
            asked.refuse("busy", retry_after_ms=20)
        else:
            answer(asked)

    with FakeServer(busy_twice) as server, make(server) as client:
        began = time.monotonic()
        assert client.status().ready
        assert len(server.asked) == 3 and len({one.id for one in server.asked}) == 1
        assert time.monotonic() - began >= 0.04


def test_busy_for_ever():
    with FakeServer(lambda asked: asked.refuse("busy", retry_after_ms=1)) as server:
        with make(server) as client, pytest.raises(Busy) as caught:
            client.status()
        assert caught.value.retry_after_ms == 1 and len(server.asked) == 4


def test_threads():
    """Many threads, one socket; replies in no order go to who asked."""
    held, lock = [], threading.Lock()

    def shuffled(asked):
        with lock:
            held.append(asked)
            if len(held) == 16:
                random.Random(5).shuffle(held)
                for one in held:
                    one.ok({"echo": one.parameters["queries"]}, status="ok")

    with FakeServer(shuffled) as server, make(server, timeout=10) as client:
        results = {}

        def ask(n):
            reply = client.call("categories.resolve", {"queries": [str(n)]})
            results[n] = reply.result["echo"]

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(16)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(10)
        assert results == {n: [str(n)] for n in range(16)}


def test_progress_comes_in_the_callers_thread():
    def working(asked):
        asked.send(reply(asked.id, "accepted"))
        asked.send(reply(asked.id, "partial", result={"state": "running", "done": 1, "total": 2}))
        answer(asked)

    heard = []
    with FakeServer(working) as server, make(server) as client:
        client.segment(PIXELS, categories=["liver"], on_progress=lambda one: heard.append(
            (threading.current_thread(), one.status, one.done)))
    here = threading.current_thread()
    assert heard == [(here, "accepted", None), (here, "partial", 1)]


def test_a_slow_listener_hears_the_newest():
    heard, is_done = [], threading.Event()

    def work(asked):
        for done in range(200):
            asked.send(reply(asked.id, "partial", result={"done": done}))
            time.sleep(0.001)
        answer(asked)
        time.sleep(0.1)
        is_done.set()

    def working(asked):
        threading.Thread(target=work, args=(asked,)).start()

    def slowly(progress):
        is_done.wait(5)
        heard.append(progress.done)

    with FakeServer(working) as server, make(server, timeout=10) as client:
        client.segment(PIXELS, categories=["liver"], on_progress=slowly)
    assert len(heard) < 150 and heard == sorted(heard) and heard[-1] == 199


def test_a_listener_that_raises():
    def working(asked):
        if asked.method == "segment":
            asked.send(reply(asked.id, "accepted"))

    with FakeServer(working) as server, make(server, timeout=10) as client:
        with pytest.raises(ZeroDivisionError):
            client.segment(PIXELS, categories=["liver"], on_progress=lambda _: 1 / 0)
        deadline = time.monotonic() + 5
        while server.asked[-1].method != "cancel" and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.asked[-1].parameters == {"id": server.asked[0].id}


def test_cancelling_from_another_thread():
    with FakeServer() as server, make(server, timeout=10) as client:
        failed = []

        def ask():
            try:
                client.segment(PIXELS, categories=["liver"], id="long")
            except Cancelled as error:
                failed.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        asked = server.next()
        cancelling = threading.Thread(target=lambda: failed.append(client.cancel("long")))
        cancelling.start()
        cancel = server.next()
        assert cancel.parameters == {"id": "long"}
        cancel.ok({"cancelled": True})
        cancelling.join(5)
        asked.refuse("cancelled")
        thread.join(5)
        assert failed[0] is True and failed[1].id == "long"


def test_a_handle_drops_its_image():
    with FakeServer(answer) as server, make(server) as client:
        with client.put_image(PIXELS) as held:
            client.segment(held, categories=["liver"])
        with pytest.raises(KeyError), client.put_image(PIXELS):
            raise KeyError
        client.status()
        methods = [one.method for one in server.asked]
        assert methods == [
            "image.put", "segment", "image.drop", "image.put", "image.drop", "status"]


def test_an_image_that_is_gone_need_not_be_dropped():
    def gone(asked):
        asked.refuse("unknown_image") if asked.method == "image.drop" else answer(asked)

    with FakeServer(gone) as server, make(server) as client:
        with client.put_image(PIXELS) as held:
            pass
        with pytest.raises(UnknownImage):
            held.drop()

        async def main():
            async with AsyncSegSAMClient(server.endpoint) as client:
                async with await client.put_image(PIXELS):
                    pass

        asyncio.run(main())


def test_closing_ends_calls_of_other_threads():
    with FakeServer() as server:
        client, failed = make(server, timeout=10), []

        def ask():
            try:
                client.status()
            except Closed as error:
                failed.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        server.next()
        client.close()
        thread.join(5)
        assert failed
        client.close()
        with pytest.raises(Closed):
            client.status()


def test_a_client_that_is_forgotten_ends_its_thread():
    with FakeServer(answer) as server:
        client = make(server)
        client.status()
        thread = client.background._thread
        del client
        gc.collect()
        thread.join(5)
        assert not thread.is_alive()


def test_asynchronous_calls_go_side_by_side():
    held = []

    def both(asked):
        held.append(asked)
        if len(held) == 2:
            for one in reversed(held):
                answer(one)

    async def main():
        async with AsyncSegSAMClient(server.endpoint, timeout=10) as client:
            return await asyncio.gather(client.status(), client.resolve(["x"]))

    with FakeServer(both) as server:
        status, matches = asyncio.run(main())
        assert status.live and matches[0].query == "x"


def test_an_asynchronous_call_that_times_out():
    async def main():
        async with AsyncSegSAMClient(server.endpoint, timeout=10) as client:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.segment(PIXELS, categories=["liver"], id="x"), 0.2)

    with FakeServer() as server:
        asyncio.run(main())
        assert server.next().id == "x"
        assert server.next().parameters == {"id": "x"}


def test_large_replies():
    masks = np.random.default_rng(0).integers(0, 2, (8, 1024, 1024)).astype(np.uint8)
    entries = [{"present": True, "presence": 1, "score": 1, "voxels": 1}] * len(masks)

    def large(asked):
        outputs = [tensor("binary_masks", masks)] if asked.parameters else [bits(masks)]
        asked.ok({"categories": entries}, outputs)

    async def main():
        async with AsyncSegSAMClient(server.endpoint) as client:
            return await client.segment(np.zeros((1024, 1024), np.uint8), categories="x")

    with FakeServer(large) as server:
        assert np.array_equal(asyncio.run(main()).masks, masks)
        with make(server, timeout=10) as client:
            found = client.segment(np.zeros((1024, 1024), np.uint8))
            assert np.array_equal(found.masks, masks) and found[7].mask.sum() == masks[7].sum()


def test_curve(tmp_path):
    """Encrypted; the server here takes any client's key."""
    public, secret = zmq.curve_keypair()
    mine, own = zmq.curve_keypair()
    path = tmp_path / "client.key"
    path.write_text(f"# a client\npublic {mine.decode()}\nsecret {own.decode()}\n")
    with FakeServer(answer, secret=secret) as server:
        with make(server, timeout=2, server_key=public.decode(), keys=path) as client:
            assert client.status().live
        with make(server, timeout=0.1, retries=0, server_key=mine, keys=path) as client:
            with pytest.raises(TimedOut, match="key"):
                client.status()
        with make(server, timeout=0.1, retries=0) as client, pytest.raises(TimedOut):
            client.status()


@pytest.mark.parametrize("text", [
    "", "public x\nsecret y\n", "secret rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\n",
    "public rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\n" * 2])
def test_key_files_that_are_none(tmp_path, text):
    path = tmp_path / "client.key"
    path.write_text(text)
    with pytest.raises(ValueError):
        SegSAMClient(server_key="rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", keys=path)


def test_half_of_curve(tmp_path):
    for options in ({"server_key": "x" * 40}, {"keys": tmp_path / "none"}):
        with pytest.raises(ValueError, match="both"):
            SegSAMClient(**options)


def test_an_endpoint_that_is_none():
    with SegSAMClient("localhost") as client, pytest.raises(ValueError, match="localhost"):
        client.status()


def test_masks_are_those_that_were_sent():
    with FakeServer(answer) as server, make(server) as client:
        assert np.array_equal(client.segment(PIXELS, categories="liver").masks, MASK)

"""Request ids, clients, deadlines, cancelling, held images, overload."""

from __future__ import annotations

import time
import uuid

import pytest

from phantoms import ct_slice, ct_volume
from running_server import RunningServer
from segsam_wire import Client, tensor

CT = {"layout": "HW", "modality": "CT", "intensity": "HU"}
LIVER = {"categories": ["liver"]}


def image(seed: int):
    return tensor(ct_slice(seed), **CT)


def slow_image(seed: int):
    """A volume: many slices to encode, so that what comes after it waits."""
    return tensor(ct_volume(seed, depth=24), **(CT | {"layout": "DHW"}))


@pytest.mark.parametrize("kind", ["REQ", "DEALER"])
def test_the_same_id_again_gets_the_stored_answer(server, kind):
    with Client(server.endpoint, kind) as client:
        id = str(uuid.uuid4())
        first = client.call("segment", LIVER, [image(20)], id=id)
        again = client.call("segment", LIVER, [image(20)], id=id)
        # These do not count as content.
        other = client.call(
            "segment", LIVER, [image(20)], id=id, deadline_ms=50_000, priority=3)
        for reply in (again, other):
            assert reply.status == "ok"
            assert reply.header["request"] == first.header["request"], "it was computed again"
            assert reply.result == first.result and reply.frames == first.frames


@pytest.mark.parametrize("what", ["parameters", "pixels", "method", "input parameters"])
def test_id_conflict(client, what):
    id = str(uuid.uuid4())
    assert client.call("segment", LIVER, [image(21)], id=id).status == "ok"
    if what == "parameters":
        reply = client.call("segment", {"categories": ["spleen"]}, [image(21)], id=id)
    elif what == "pixels":
        reply = client.call("segment", LIVER, [image(22)], id=id)
    elif what == "method":
        reply = client.call("report", LIVER, [image(21)], id=id)
    else:
        spaced = tensor(ct_slice(21), **CT, spacing_mm=[1, 1])
        reply = client.call("segment", LIVER, [spaced], id=id)
    assert reply.code == "id_conflict" and reply.id == id


def test_joining_a_request_in_flight(client):
    id = str(uuid.uuid4())
    for _ in range(3):
        client.send("segment", LIVER, [slow_image(23)], id=id)
    # The final reply goes to the route that asked last, which is the same one three times here:
    # one at least, and whatever more there is says the same.
    replies = [client.receive()]
    after = client.send("status")
    while (reply := client.receive()).id != after:
        replies.append(reply)
    assert {one.status for one in replies} == {"ok"}
    assert len({one.header["request"] for one in replies}) == 1


def test_ids_belong_to_a_client(server):
    id = str(uuid.uuid4())
    with Client(server.endpoint) as one, Client(server.endpoint) as other:
        assert one.call("segment", LIVER, [image(24)], id=id).status == "ok"
        assert other.call("segment", {"categories": ["spleen"]}, [image(24)], id=id).status == "ok"


def test_a_client_is_its_uuid_over_reconnects(server):
    name, id = str(uuid.uuid4()), str(uuid.uuid4())
    with Client(server.endpoint, client=name) as first:
        before = first.call("segment", LIVER, [image(25)], id=id)
        held = first.call("image.put", inputs=[image(26)]).result["image_id"]
    with Client(server.endpoint, "REQ", client=name) as second:
        after = second.call("segment", LIVER, [image(25)], id=id)
        assert after.header["request"] == before.header["request"]
        assert second.call("segment", LIVER | {"image_id": held}).status == "ok"


def test_errors_are_not_stored(client):
    id = str(uuid.uuid4())
    wrong = client.call("segment", {"categories": ["no such thing"]}, [image(27)], id=id)
    assert wrong.code == "unknown_category"
    assert client.call("segment", LIVER, [image(27)], id=id).status == "ok"


def test_deadline(client):
    reply = client.call("segment", LIVER, [slow_image(28)], deadline_ms=1)
    assert reply.code == "deadline_exceeded"
    ample = client.call("segment", LIVER, [image(28)], deadline_ms=100_000)
    assert ample.status == "ok"


def test_a_deadline_counts_the_queue(client):
    first = client.send("segment", LIVER, [slow_image(29)])
    second = client.send("segment", LIVER, [image(29)], deadline_ms=5, priority=-10)
    assert client.final(second).code == "deadline_exceeded"
    assert client.final(first).status == "ok"


def test_cancel_of_what_is_queued(client):
    blocking = [client.send("segment", LIVER, [slow_image(30 + n)]) for n in range(3)]
    last = client.send("segment", LIVER, [slow_image(40)], priority=-5)
    queued = client.call("status").result["yours"]["queued"]
    assert last in {one["id"] for one in queued}
    ahead = {one["id"]: one["ahead"] for one in queued}
    assert ahead[last] == max(ahead.values())
    assert client.call("cancel", {"id": last}).result["cancelled"] is True
    assert client.final(last).code == "cancelled"
    assert client.call("cancel", {"id": last}).result["cancelled"] is False
    assert all(client.final(id).status == "ok" for id in blocking)


def test_nobody_cancels_for_another(server):
    with Client(server.endpoint) as one, Client(server.endpoint) as other:
        running = one.send("segment", LIVER, [slow_image(41)])
        waiting = one.send("segment", LIVER, [slow_image(42)], priority=-5)
        assert other.call("cancel", {"id": waiting}).result["cancelled"] is False
        assert one.final(running).status == one.final(waiting).status == "ok"


def test_priority(client):
    """What is queued with a higher priority is answered before what came earlier."""
    # Held already, so that both requests arrive at once, while the first is at work.
    low, high = (
        client.call("image.put", inputs=[slow_image(n)]).result["image_id"] for n in (44, 45))
    client.send("segment", LIVER, [slow_image(43)], id="blocking")
    client.send("segment", LIVER | {"image_id": low}, id="low", priority=-10)
    client.send("segment", LIVER | {"image_id": high}, id="high", priority=10)
    order = [client.receive().id for _ in range(3)]
    assert order.index("high") < order.index("low")


def test_images_are_their_owners(server):
    with Client(server.endpoint) as one, Client(server.endpoint) as other:
        id = one.call("image.put", inputs=[image(46)]).result["image_id"]
        assert other.call("segment", LIVER | {"image_id": id}).code == "unknown_image"
        dropped = other.call("image.drop", {"image_id": id})
        assert dropped.code == "unknown_image" or dropped.result["dropped"] is False
        assert one.call("segment", LIVER | {"image_id": id}).status == "ok"


def test_image_ids_are_of_content_and_parameters(client):
    put = [client.call("image.put", inputs=[one]).result["image_id"] for one in (
        image(47), image(47), image(48), tensor(ct_slice(47), layout="HW", modality="MR"))]
    assert put[0] == put[1] and len(set(put)) == 3


def test_a_held_image_in_a_report(client):
    id = client.call("image.put", inputs=[image(49)]).result["image_id"]
    asked = LIVER | {"format": "json"}
    by_id = client.call("report", asked | {"image_id": id}).result["report"]
    direct = client.call("report", asked, [image(49)]).result["report"]
    assert by_id.keys() == direct.keys()


@pytest.mark.slow
def test_a_lease_ends(server):
    with Client(server.endpoint) as silent, Client(server.endpoint) as busy:
        lost = silent.call("image.put", inputs=[image(50)]).result["image_id"]
        kept = busy.call("image.put", inputs=[image(50)]).result["image_id"]
        for _ in range(7):
            time.sleep(10)
            busy.call("status")
        assert busy.call("segment", LIVER | {"image_id": kept}).status == "ok"
        assert silent.call("segment", LIVER | {"image_id": lost}).code == "unknown_image"


def test_overload_is_an_answer():
    """More than the queue holds: each is answered, the surplus by `busy`, and then all is well."""
    server = RunningServer("--queue", "4")
    try:
        with Client(server.endpoint) as client:
            blocking = client.send("segment", LIVER, [slow_image(51)])
            small = tensor(ct_slice(52, 16, 16), **CT)
            ids = [client.send("segment", LIVER, [small]) for _ in range(40)]
            replies = [client.final(id) for id in ids]
            assert client.final(blocking).status == "ok"
            refused = [one for one in replies if one.status == "error"]
            assert 0 < len(refused) < 40 and {one.code for one in refused} == {"busy"}
            assert all(one.header["error"]["details"]["retry_after_ms"] >= 0 for one in refused)
            assert client.call("segment", LIVER, [small]).status == "ok"
        assert server.stop() == 0
    finally:
        server.kill()

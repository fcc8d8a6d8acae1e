"""The XPUB stream: topics, positions, masks, heartbeats."""

from __future__ import annotations

import uuid

import numpy as np

from phantoms import ct_slice, ct_volume
from segsam_wire import Client, Subscriber, decode_bits, tensor

CT = {"layout": "HW", "modality": "CT", "intensity": "HU"}
OPEN = {"threshold": 0.05, "presence_threshold": 0}


def study() -> str:
    return f"study-{uuid.uuid4().hex[:12]}"


def ready(subscriber: Subscriber):
    """A heartbeat shows that the subscriptions have arrived."""
    return subscriber.until(lambda message: message.topic == "heartbeat")


def test_heartbeats(server):
    with Subscriber(server.publish, "heartbeat") as stream, Client(server.endpoint) as client:
        first, second = stream.receive(), stream.receive()
        assert first.topic == second.topic == "heartbeat"
        assert first.header["protocol"] == "segsam/1"
        assert not first.frames
        assert second.header["position"] >= first.header["position"]
        assert client.call("status").result["position"] >= first.header["position"]


def test_results(server):
    name = study()
    with Subscriber(server.publish, f"result.{name}.", "heartbeat") as stream, Client(
        server.endpoint
    ) as client:
        ready(stream)
        asked = {"categories": ["liver", "spleen"], "publish": name} | OPEN
        replies = [client.call("segment", asked, [tensor(ct_slice(n), **CT)]) for n in (60, 61)]
        seen = [stream.until(lambda m: m.topic != "heartbeat") for _ in range(4)]
        assert sorted({one.topic for one in seen}) == [
            f"result.{name}.liver", f"result.{name}.spleen"]
        positions = [one.header["position"] for one in seen]
        assert positions == sorted(set(positions))
        for topic in {one.topic for one in seen}:
            own = [one.header["topic_position"] for one in seen if one.topic == topic]
            assert own[1] == own[0] + 1, "a gap where nothing was lost"
        by_request = {one.header["request"]: one for one in replies}
        for message in seen:
            header = message.header
            assert header["protocol"] == "segsam/1" and header["time"]
            assert header["study"] == name and message.topic.endswith(f".{header['category']}")
            reply = by_request[header["request"]]
            index = ["liver", "spleen"].index(header["category"])
            assert len(header["outputs"]) == len(message.frames)
            entry = next(e for e in header["outputs"] if "mask" in e["name"])
            packed = message.outputs()[header["outputs"].index(entry)]
            shape = entry.get("mask_shape") or entry["parameters"]["mask_shape"]
            mask = decode_bits(packed.reshape(-1, packed.shape[-1]), shape)[0]
            assert np.array_equal(mask, reply.binary_masks()[index])


def test_topics_are_prefixes_with_a_dot(server):
    name = study()
    with Subscriber(server.publish, f"result.{name}.", "heartbeat") as stream, Client(
        server.endpoint
    ) as client:
        ready(stream)
        for publish in (f"{name}0", name):
            asked = {"categories": ["liver"], "publish": publish}
            assert client.call("segment", asked, [tensor(ct_slice(62), **CT)]).status == "ok"
        message = stream.until(lambda m: m.topic != "heartbeat")
        assert message.header["study"] == name


def test_reports(server):
    name = study()
    with Subscriber(server.publish, f"report.{name}", "heartbeat") as stream, Client(
        server.endpoint
    ) as client:
        ready(stream)
        asked = {"categories": ["liver"], "format": "json", "publish": name}
        reply = client.call("report", asked, [tensor(ct_slice(63), **CT)])
        assert reply.status == "ok"
        message = stream.until(lambda m: m.topic != "heartbeat")
        assert message.topic == f"report.{name}"
        assert message.header["request"] == reply.header["request"]


def test_progress(server):
    with Subscriber(server.publish, "progress.", "heartbeat") as stream, Client(
        server.endpoint
    ) as client:
        ready(stream)
        volume = tensor(ct_volume(64, depth=8), **(CT | {"layout": "DHW"}))
        id = client.send("segment", {"categories": ["liver"]}, [volume], progress=True)
        reply = client.final(id)
        topic = f"progress.{reply.header['request']}"
        seen = stream.until(lambda m: m.topic == topic)
        assert seen.header["request"] == reply.header["request"]
        assert seen.header["topic_position"] >= 0


def test_nothing_is_published_unasked(server):
    with Subscriber(server.publish, "result.", "heartbeat") as stream, Client(
        server.endpoint
    ) as client:
        ready(stream)
        client.call("segment", {"categories": ["liver"]}, [tensor(ct_slice(65), **CT)])
        for _ in range(2):
            assert stream.receive().topic == "heartbeat"


def test_a_subscriber_that_does_not_read_slows_nobody(server):
    name = study()
    with Subscriber(server.publish, f"result.{name}.") as _, Client(server.endpoint) as client:
        asked = {"categories": ["liver"], "publish": name}
        image = tensor(ct_slice(66), **CT)
        assert all(client.call("segment", asked, [image]).status == "ok" for _ in range(40))

"""Every row of every table of the protocol (docs/protocol.md) against the real server and model.

A test is called after its row. What other files test at length has one line here, so that a table with
a row too many or too few shows: `test_the_tables_are_these` reads the document itself.
"""

from __future__ import annotations

import pathlib
import re
import subprocess
import time
import uuid

import numpy as np
import pytest
import zmq

from phantoms import ct_slice, ct_volume, nifti, png, windowed
from running_server import RunningServer, binary
from segsam_wire import (
    PROTOCOL, Client, Input, Reply, Subscriber, decode_bits, file, request, strict_json, tensor)

ROOT = pathlib.Path(__file__).resolve().parents[2]
CT = {"layout": "HW", "modality": "CT", "intensity": "HU", "spacing_mm": [0.8, 0.8]}
SLICE = ct_slice(90)
VOLUME = ct_volume(90, depth=3)
OPEN = {"threshold": 0.05, "presence_threshold": 0}


def image(pixels=SLICE, **changes):
    return tensor(pixels, **{k: v for k, v in (CT | changes).items() if v is not None})


def volume(pixels=VOLUME, **changes):
    return image(pixels, layout="DHW", spacing_mm=[1.2, 1.2, 4.0], **changes)


def ok(client, parameters, *inputs, **header):
    reply = client.call("segment", {"categories": ["liver"]} | OPEN | parameters,
                        list(inputs) or [image()], **header)
    assert reply.status == "ok", reply.header
    return reply


def refused(client, code, method, parameters=None, *inputs, **header):
    reply = client.call(method, parameters, list(inputs), **header)
    assert reply.code == code, reply.header
    return reply.header["error"].get("details", {})


@pytest.fixture(scope="module")
def durable(tmp_path_factory):
    """A server that keeps a journal."""
    running = RunningServer("--journal", str(tmp_path_factory.mktemp("journal")))
    yield running
    assert running.stop() == 0


def rows(functions):
    return pytest.mark.parametrize("row", functions, ids=lambda one: one.__name__)


# --- sockets -----------------------------------------------------------------------------------


def test_socket_defaults():
    done = subprocess.run(
        [binary(), "serve", "--check"], capture_output=True, text=True, timeout=120, check=True)
    settings = strict_json(done.stdout.encode())
    assert settings["bind"] == "tcp://127.0.0.1:5555"
    assert settings["publish"] == "tcp://127.0.0.1:5556"


def owner_is_a_key_then_a_uuid_then_the_route(server):
    with Client(server.endpoint, client="") as nobody, Client(server.endpoint, client="") as other:
        held = nobody.call("image.put", inputs=[image()]).result["image_id"]
        assert nobody.call("status").result["yours"]["images"] == [held]
        assert other.call("status").result["yours"]["images"] == []
    one = str(uuid.uuid4())
    with Client(server.endpoint, client=one) as a, Client(server.endpoint, client=one) as b:
        held = a.call("image.put", inputs=[image()]).result["image_id"]
        assert b.call("status").result["yours"]["images"] == [held]


def a_reply_goes_to_the_route_that_asked_last(server):
    name, id = str(uuid.uuid4()), str(uuid.uuid4())
    with Client(server.endpoint, client=name) as a, Client(server.endpoint, client=name) as b:
        slow = volume(ct_volume(91, depth=24))
        a.send("segment", {"categories": ["liver"]}, [slow], id=id)
        while id not in str(a.call("status").result["yours"]["in_flight"]):
            assert id not in a.waiting, "too quick: make the volume larger"
        assert b.call("segment", {"categories": ["liver"]}, [slow], id=id).status == "ok"
        assert not a.socket.poll(300)


@rows([owner_is_a_key_then_a_uuid_then_the_route, a_reply_goes_to_the_route_that_asked_last])
def test_sockets(server, row):
    row(server)


# --- frames and entries ------------------------------------------------------------------------


def frame_0_may_have_1_mib(client):
    for size, status in ((1 << 20, "ok"), ((1 << 20) + 1, "error")):
        (header,) = request("status", client=client.client)
        pad = size - len(header) - len(', "more": ""')
        client.send_frames([header[:-1] + b', "more": "' + b"x" * pad + b'"}'])
        assert client.receive().status == status


def frames_are_those_of_the_entries_in_order(client):
    reply = ok(client, {"categories": ["liver", "spleen"]})
    assert [one["name"] for one in reply.header["outputs"]] == ["binary_masks", "semantic_mask"]
    assert [len(one) for one in reply.frames] == [2 * SLICE.size, SLICE.size]
    frames = request("segment", {"categories": ["liver"]}, [image()], client=client.client)
    client.send_frames(frames + [b""])
    assert client.receive().code == "invalid_message"


@rows([frame_0_may_have_1_mib, frames_are_those_of_the_entries_in_order])
def test_frames(client, row):
    row(client)


@pytest.mark.parametrize("name, pixels", {
    "BOOL": SLICE > 0, "UINT8": windowed(SLICE), "INT16": SLICE,
    "UINT16": (SLICE.astype(np.int32) + 1024).astype(np.uint16), "INT32": SLICE.astype(np.int32),
    "FP16": SLICE.astype(np.float16), "FP32": SLICE.astype(np.float32)}.items())
def test_datatype(client, name, pixels):
    one = image(pixels, intensity=None)
    assert one.entry["datatype"] == name
    assert ok(client, {}, one).binary_masks().shape == (1, *SLICE.shape)


def test_datatype_bytes(client):
    types = client.call("capabilities").result["content_types"]
    assert types
    for data, content_type in (
        (png(windowed(SLICE)), "image/png"),
        (nifti(VOLUME.transpose(2, 1, 0), np.diag([-1.2, -1.2, 4, 1])),
         next(one for one in types if "nifti" in one)),
    ):
        reply = ok(client, {}, file(data, content_type, modality="CT"))
        assert reply.binary_masks().shape[1:] == tuple(reply.result["shape"])
        assert np.array(reply.result["affine"]).shape == (4, 4)
    shaped = Input({"name": "image", "datatype": "BYTES", "shape": [7],
                    "parameters": {"content_type": "image/png"}}, png(windowed(SLICE)))
    refused(client, "invalid_argument", "segment", {"categories": ["liver"]}, shaped)


# --- the request's header ----------------------------------------------------------------------


def protocol(client):
    refused(client, "invalid_message", "status", protocol="segsam/2")


def id(client):  # noqa: A001
    for name in ("!", "~" * 128, "a b"):
        assert client.call("status", id=name).id == name
    client.send("status", id="x" * 129)
    assert client.receive().header["id"] is None


def client_(client):
    assert client.call("status", client=str(uuid.uuid4()).upper()).status == "ok"
    client.send("status", client="not-a-uuid", id="c")
    assert client.receive().code in ("invalid_message", "invalid_argument")


def deadline_ms(client):
    refused(client, "deadline_exceeded", "segment", {"categories": ["liver"]},
            volume(ct_volume(92, depth=24)), deadline_ms=1)


def priority(client):
    for level in (-10, 10):
        assert ok(client, {}, priority=level)
    for level in (-11, 11):
        assert client.call("status", priority=level).status == "error"


def progress(client):
    sent = client.send("segment", {"categories": ["liver"]}, [volume()], progress=True)
    seen = [client.receive()]
    while not seen[-1].is_final:
        seen.append(client.receive())
    assert seen[0].status == "accepted" and seen[-1].status == "ok"
    assert {one.status for one in seen[1:-1]} <= {"partial"} and len(seen) >= 3
    for one in seen[1:-1]:
        assert 0 < one.header["result"]["done"] <= one.header["result"]["total"] == len(VOLUME)
    assert {one.id for one in seen} == {sent}


def members_that_are_not_known_are_ignored(client):
    assert client.call("status", surplus={"a": [1]}).status == "ok"


@rows([protocol, id, client_, deadline_ms, priority, progress,
       members_that_are_not_known_are_ignored])
def test_request_header(client, row):
    row(client)


def test_request_header_durable(durable):
    with Client(durable.endpoint) as client, Client(
        durable.endpoint, "REQ", client=client.client
    ) as again:
        sent = client.send("segment", {"categories": ["liver"]}, [image()], durable=True)
        assert client.receive().status == "accepted"
        first = client.final(sent)
        # Only the final reply counts for a REQ client.
        second = again.call("segment", {"categories": ["liver"]}, [image()], durable=True, id=sent)
        assert first.header["request"] == second.header["request"]


# --- the reply's header ------------------------------------------------------------------------


def test_reply_header(client):
    reply = ok(client, {})
    assert set(reply.header) == {
        "protocol", "id", "request", "status", "model", "result", "outputs", "timing_ms"}
    assert reply.header["protocol"] == PROTOCOL
    assert set(reply.header["model"]) == {"name", "version"}
    timing = reply.header["timing_ms"]
    assert set(timing) == {"queue", "image_encoder", "decoders", "total"}
    assert 0 <= timing["queue"] and timing["image_encoder"] + timing["decoders"] <= timing["total"]
    wrong = client.call("segment", {"categories": ["pancras"]}, [image()])
    assert set(wrong.header) - {"request"} == {"protocol", "id", "status", "error"}
    assert set(wrong.header["error"]) == {"code", "message", "details"}


# --- error codes -------------------------------------------------------------------------------


def invalid_message(client):
    client.send_frames([b"{}"])
    assert client.receive().code == "invalid_message"


def invalid_argument(client):
    details = refused(client, "invalid_argument", "segment",
                      {"categories": ["liver"], "threshhold": 1}, image())
    assert "threshhold" in details["path"]
    assert "threshold" in str(details)


def unknown_method(client):
    refused(client, "unknown_method", "segmnt")


def unknown_category(client):
    details = refused(client, "unknown_category", "segment", {"categories": ["pancras"]}, image())
    assert details["query"] == "pancras" and 0 < len(details["suggestions"]) <= 5


def unknown_image(client):
    held = client.call("image.put", inputs=[image()]).result["image_id"]
    client.call("image.drop", {"image_id": held})
    refused(client, "unknown_image", "segment", {"categories": ["liver"], "image_id": held})


def too_large(client):
    limits = client.call("capabilities").result["limits"]
    details = refused(client, "too_large", "segment",
                      {"categories": ["liver"] * (limits["queries"] + 1)}, image())
    assert details["limit"] == "queries"


def id_conflict(client):
    ok(client, {}, id="twice")
    refused(client, "id_conflict", "segment", {"categories": ["spleen"]}, image(), id="twice")


def cancelled(client):
    sent = client.send("segment", {"categories": ["liver"]}, [volume(ct_volume(93, depth=24))])
    assert client.call("cancel", {"id": sent}).result == {"cancelled": True}
    assert client.final(sent).code == "cancelled"


@rows([invalid_message, invalid_argument, unknown_method, unknown_category, unknown_image,
       too_large, id_conflict, cancelled, deadline_ms])
def test_error_code(client, row):
    row(client)


def test_error_code_too_large_before_any_work():
    """A reply that would be too large."""
    server = RunningServer("--reply", "1")
    try:
        with Client(server.endpoint) as client:
            large = image(np.zeros((1200, 1200), np.int16))
            began = time.monotonic()
            details = refused(client, "too_large", "segment", {"categories": ["liver"]}, large)
            assert details["limit"] == "reply_bytes" and time.monotonic() - began < 5
            ok(client, {"encoding": "bits", "outputs": ["binary_masks"]}, large)
    finally:
        server.kill()


def test_error_code_busy():
    server = RunningServer("--queue", "1")
    try:
        with Client(server.endpoint) as client:
            sent = [client.send("segment", {"categories": ["liver"]}, [volume()])
                    for _ in range(8)]
            errors = [one.header["error"] for one in map(client.final, sent) if one.code]
            assert errors and {one["code"] for one in errors} == {"busy"}
            assert all(one["details"]["retry_after_ms"] > 0 for one in errors)
    finally:
        server.kill()


def test_error_code_unauthorized(tmp_path):
    """A key with the role `query` alone; and what the others may."""
    secret, listed = tmp_path / "server.key", tmp_path / "clients"
    made = subprocess.run([binary(), "keys", "new", "--server", str(secret)],
                          capture_output=True, text=True, timeout=60, check=True)
    key = re.search(r"\S{40}", made.stdout).group()
    names = {role: zmq.curve_keypair() for role in ("query", "stream", "admin")}
    listed.write_text("".join(
        f"{public.decode()} {role} {role}\n" for role, (public, _) in names.items()))
    listed.chmod(0o600)
    server = RunningServer("--server-key", str(secret), "--client-keys", str(listed))
    allowed = {"query": "status", "stream": "stream.replay", "admin": "model.reload"}
    parameters = {"stream.replay": {"from": 0}}
    try:
        for role, (public, own) in names.items():
            socket = zmq.Context.instance().socket(zmq.DEALER)
            socket.linger = 0
            socket.curve_serverkey = key.encode()
            socket.curve_publickey, socket.curve_secretkey = public, own
            socket.connect(server.endpoint)
            for other, method in allowed.items():
                socket.send_multipart(request(method, parameters.get(method)))
                assert socket.poll(60_000)
                reply = Reply.parse(socket.recv_multipart())
                assert (reply.code == "unauthorized") == (role != other), (role, method)
            socket.close()
    finally:
        server.kill()


# --- methods -----------------------------------------------------------------------------------


def segment(client):
    assert {"categories", "labels", "probabilities"} == set(ok(client, {}).result)


def image_put(client):
    put = client.call("image.put", inputs=[image()]).result
    assert set(put) == {"image_id", "shape", "expires_in_s"} and put["shape"] == list(SLICE.shape)


def image_drop(client):
    held = client.call("image.put", inputs=[image()]).result["image_id"]
    assert client.call("image.drop", {"image_id": held}).result == {"dropped": True}


def categories_list(client):
    for one in client.call("categories.list").result["categories"]:
        assert set(one) == {"category", "name", "names", "codes", "region", "parent", "parts",
                            "trained"}
        assert {"en", "la", "zh"} <= set(one["names"])
    refused(client, "invalid_argument", "categories.list", {"region": "nowhere"})


def categories_resolve(client):
    wanted = {"liver": "name", "肝": "synonym", "SCT:15776009": "code", "kidney": "composite",
              "pancraes": "fuzzy", "xqzvwj": "none"}
    asked = client.call("categories.resolve", {"queries": list(wanted)}).result["matches"]
    for one, (query, kind) in zip(asked, wanted.items(), strict=True):
        assert one["query"] == query
        assert set(one) - {"suggestions"} == {"query", "category", "match", "score"}
        assert ("suggestions" in one) == (one["match"] == "none")
        # A word may be a name where one expects a synonym.
        assert one["match"] == kind or {one["match"], kind} <= {"name", "synonym"}


def report(client):
    asked = client.call("report", {"categories": ["liver"], "format": "html"}, [image()])
    assert set(asked.result) == {"report"}
    entry = asked.entry("html")
    assert entry["datatype"] == "BYTES" and "html" in entry["parameters"]["content_type"]
    plain = client.call("report", {"categories": ["liver"]}, [image()])
    assert plain.output("html") is None


def capabilities(client):
    assert set(client.call("capabilities").result) == {
        "protocol", "methods", "model", "modalities", "content_types", "limits", "languages",
        "stored_answers"}


def status(client):
    seen = client.call("status").result
    assert set(seen) == {
        "live", "ready", "queued", "in_flight", "uptime_s", "position", "yours"}
    assert set(seen["yours"]) == {"queued", "in_flight", "images"}


def cancel(client):
    assert client.call("cancel", {"id": "none"}).result == {"cancelled": False}


def stream_replay(client):
    study = f"s{uuid.uuid4().hex[:8]}"
    start = client.call("status").result["position"]
    sent = ok(client, {"categories": ["liver", "spleen"], "publish": study})
    topics = [f"result.{study}."]
    end = time.monotonic() + 10
    while True:
        page = client.call("stream.replay", {"from": start, "topics": topics})
        if len(page.result["messages"]) == 2 or time.monotonic() > end:
            break
    assert set(page.result) == {"messages", "oldest", "next", "truncated"}
    assert page.result["truncated"] is False and page.result["oldest"] >= 1
    for one, mask, frame in zip(
            page.result["messages"], sent.binary_masks(), page.frames, strict=True):
        assert set(one) == {"topic", "header", "outputs"} and one["outputs"] == 1
        assert one["header"]["position"] > start
        assert np.array_equal(
            decode_bits(np.frombuffer(frame, np.uint8)[None], SLICE.shape)[0], mask)
    part = client.call("stream.replay", {"from": start, "topics": topics, "limit": 1}).result
    assert part["truncated"] is True and len(part["messages"]) == 1
    rest = client.call("stream.replay", {"from": part["next"], "topics": topics}).result
    assert rest["messages"] == page.result["messages"][1:]


def model_reload(client):
    assert "model.reload" in client.call("capabilities").result["methods"]
    refused(client, "invalid_argument", "model.reload", {"name": "no-such-model"})
    refused(client, "invalid_argument", "model.reload", {"name": "../models"})
    before = client.call("capabilities").result["model"]
    assert client.call("model.reload").result == {"model": before}
    assert ok(client, {}).header["model"] == before


@rows([segment, image_put, image_drop, categories_list, categories_resolve, report, capabilities,
       status, cancel, stream_replay, model_reload])
def test_method(client, row):
    row(client)


# --- segment: parameters -----------------------------------------------------------------------


def categories(client):
    reply = ok(client, {"categories": ["liver", "肝", "SCT:15776009", "liver"]})
    found = [one["category"] for one in reply.result["categories"]]
    assert found == ["liver", "liver", "pancreas", "liver"]
    assert np.array_equal(reply.binary_masks()[0], reply.binary_masks()[3])


def free_text(client):
    reply = ok(client, {"free_text": "a dark cyst"})
    assert [one["query"] for one in reply.result["categories"]] == ["liver", "a dark cyst"]
    refused(client, "invalid_argument", "segment", {"free_text": "囊肿"}, image())


def boxes(client):
    box = [90, 90, 122, 122]
    with_names = ok(client, {"categories": ["liver", "spleen"], "boxes": [box, None]})
    assert len(with_names.result["categories"]) == 2
    alone = client.call("segment", {"boxes": [box, box]}, [image()]).result["categories"]
    assert len(alone) == 2 and all(one["query"] is None for one in alone)
    assert all(len(one["candidates"]) == 5 and one["category"] for one in alone)
    wrong = {"categories": ["liver", "spleen", "aorta"], "boxes": [box, None]}
    refused(client, "invalid_argument", "segment", wrong, image())


def points(client):
    for point in ({"at": [52, 72], "label": 1}, {"at": [52, 72], "label": 0, "query": 0}):
        ok(client, {"points": [point]})
    alone = client.call("segment", {"points": [{"at": [52, 72], "label": 1}]}, [image()])
    assert [one["query"] for one in alone.result["categories"]] == [None]
    far = {"points": [{"at": [500, 72], "label": 1}]}
    assert client.call("segment", far, [image()]).code == "invalid_argument"


def image_id(client):
    held = client.call("image.put", inputs=[image()]).result["image_id"]
    by_id = client.call("segment", {"categories": ["liver"], "image_id": held} | OPEN)
    assert np.array_equal(by_id.binary_masks(), ok(client, {}).binary_masks())


def outputs(client):
    reply = ok(client, {"outputs": ["probabilities"]})
    assert not reply.frames and "labels" not in reply.result and reply.result["probabilities"]
    refused(client, "invalid_argument", "segment",
            {"categories": ["liver"], "outputs": ["masks"]}, image())


def encoding(client):
    raw = ok(client, {"encoding": "raw"})
    assert raw.entry("binary_masks")["shape"] == [1, *SLICE.shape]
    bits = ok(client, {"encoding": "bits"})
    entry = bits.entry("binary_masks")
    assert entry["shape"] == [1, (SLICE.size + 7) // 8]
    assert entry["parameters"] == {"encoding": "bits", "mask_shape": list(SLICE.shape)}
    rle = ok(client, {"encoding": "rle"})
    assert rle.entry("binary_masks") is None
    assert rle.result["categories"][0]["rle"]["size"] == list(SLICE.shape)
    in_volume = ok(client, {"encoding": "rle"}, volume())
    assert len(in_volume.result["categories"][0]["rle"]) == len(VOLUME)
    for other in (bits, rle):
        assert np.array_equal(raw.binary_masks(), other.binary_masks())


def threshold(client):
    assert np.array_equal(
        client.call("segment", {"categories": ["liver"]}, [image()]).binary_masks(),
        client.call("segment", {"categories": ["liver"], "threshold": 0.5}, [image()])
        .binary_masks())
    for wrong in (0, 1, -1, "0.5"):
        refused(client, "invalid_argument", "segment",
                {"categories": ["liver"], "threshold": wrong}, image())


def presence_threshold(client):
    for given, present in ((0, True), (1, False)):
        (one,) = ok(client, {"presence_threshold": given}).result["categories"]
        assert one["present"] is present or one["presence"] == 1
        assert present or one["bbox"] is None and one["voxels"] == 0
    refused(client, "invalid_argument", "segment",
            {"categories": ["liver"], "presence_threshold": 1.1}, image())


def publish(client):
    assert ok(client, {"publish": "a_Z-9" + "x" * 59})
    for wrong in ("", "x" * 65, "a.b", "肝"):
        refused(client, "invalid_argument", "segment",
                {"categories": ["liver"], "publish": wrong}, image())


def refine(client):
    name = f"earlier-{uuid.uuid4()}"
    assert client.call("segment", {"categories": ["liver"]}, [image()], id=name).status == "ok"
    assert ok(client, {"refine": name, "points": [{"at": [3, 3], "label": 0}]})
    for wrong in ("never asked", "", 7):
        refused(client, "invalid_argument", "segment",
                {"categories": ["liver"], "refine": wrong}, image())


def zoom(client):
    for given in ("off", "auto", "on"):
        assert ok(client, {"zoom": given})
    refused(client, "invalid_argument", "segment",
            {"categories": ["liver"], "zoom": "everywhere"}, image())


def propagate(client):
    for given in ("off", "auto"):
        assert ok(client, {"propagate": given})
    refused(client, "invalid_argument", "segment",
            {"categories": ["liver"], "propagate": "annotated"}, image())


def post_process(client):
    for given in ([], ["sides", "components", "holes"]):
        assert ok(client, {"post_process": given})
    refused(client, "invalid_argument", "segment",
            {"categories": ["liver"], "post_process": ["zoom"]}, image())


PARAMETERS = [categories, free_text, boxes, points, image_id, outputs, encoding, threshold,
              presence_threshold, publish, refine, zoom, propagate, post_process]


@rows(PARAMETERS)
def test_parameter(client, row):
    row(client)


def test_parameter_of_none_of_them(client):
    details = refused(client, "invalid_argument", "segment", {"threshold": 0.4}, image())
    assert details


# --- segment: the input image ------------------------------------------------------------------


def layout(client):
    assert ok(client, {}, tensor(SLICE)).binary_masks().shape[1:] == SLICE.shape
    colour = np.repeat(windowed(SLICE)[..., None], 3, axis=2)
    assert ok(client, {}, tensor(colour, layout="HWC")).binary_masks().shape[1:] == SLICE.shape
    refused(client, "invalid_argument", "segment", {"categories": ["liver"]}, tensor(colour))


def modality(client):
    for name in "CT MR US CR DX MG ES OP OPT DMS GM SM PT".split():
        ok(client, {}, tensor(windowed(SLICE), layout="HW", modality=name))
    ok(client, {}, tensor(windowed(SLICE), layout="HW"))


def intensity(client):
    """The default is HU for signed CT, else raw."""
    def mask(pixels, **parameters):
        return ok(client, {}, tensor(pixels, layout="HW", **parameters)).binary_masks()

    assert np.array_equal(
        mask(SLICE, modality="CT"), mask(SLICE, modality="CT", intensity="HU"))
    grey = windowed(SLICE)
    assert np.array_equal(
        mask(grey, modality="CT"), mask(grey, modality="CT", intensity="raw"))
    assert np.array_equal(mask(SLICE, modality="MR"), mask(SLICE, modality="MR", intensity="raw"))
    mask(grey, modality="CT", intensity="windowed")


def affine(client):
    rows_ = np.diag([-0.8, -0.8, 1.0, 1.0]).tolist()
    by_affine = ok(client, {}, image(spacing_mm=None, affine=rows_))
    assert np.array_equal(by_affine.binary_masks(), ok(client, {}).binary_masks())


def spacing_mm(client):
    for given in ([0.8, 0.8], [0.8, 0.8, 5.0]):
        ok(client, {}, image(spacing_mm=given))


def mask(client):
    """An input of its own: as `refine`, with a mask that the client has."""
    drawn = ok(client, {}).binary_masks().astype(np.uint8)
    assert drawn.any()
    by_mask = tensor(drawn[0], "mask")
    name = f"earlier-{uuid.uuid4()}"
    assert client.call("segment", {"categories": ["liver"]} | OPEN, [image()], id=name).status == "ok"
    refined = ok(client, {"refine": name}).binary_masks()
    assert np.array_equal(ok(client, {}, image(), by_mask).binary_masks(), refined)
    alone = client.call("segment", OPEN, [image(), by_mask])
    assert alone.status == "ok" and alone.binary_masks().any()
    twice = tensor(np.concatenate([drawn, drawn]), "mask")
    assert ok(client, {"categories": ["liver", "spleen"]}, image(), twice)
    refused(client, "invalid_argument", "segment", {"categories": ["liver"]}, image(), twice)
    refused(client, "invalid_argument", "segment",
            {"categories": ["liver"], "refine": name}, image(), by_mask)
    refused(client, "invalid_argument", "segment", {"categories": ["liver"]}, image(),
            tensor(drawn[0] * 2, "mask"))


@rows([layout, modality, intensity, affine, spacing_mm, mask])
def test_image_parameter(client, row):
    row(client)


# --- segment: outputs --------------------------------------------------------------------------


def binary_masks(client):
    reply = ok(client, {"categories": ["liver", "kidneys"]})
    entry = reply.entry("binary_masks")
    assert entry["datatype"] == "UINT8" and entry["shape"] == [2, *SLICE.shape]
    halves = ok(client, {"categories": ["left_kidney", "right_kidney"]}).binary_masks()
    assert np.array_equal(reply.binary_masks()[1], halves[0] | halves[1])


def semantic_mask(client):
    reply = ok(client, {"categories": ["kidneys", "liver"]})
    entry = reply.entry("semantic_mask")
    assert entry["datatype"] == "UINT8" and entry["shape"] == list(SLICE.shape)
    assert reply.result["labels"] == {"1": "left_kidney", "2": "right_kidney", "3": "liver"}


def probabilities(client):
    listed = client.call("categories.list").result["categories"]
    trained = {one["category"] for one in listed if one["trained"] and not one["parts"]}
    assert set(ok(client, {}).result["probabilities"]) == trained


def alternatives(client):
    def click(**more):
        point = {"points": [{"at": [60, 90], "label": 1}]}
        outputs_ = {"outputs": ["binary_masks", "alternatives"]}
        reply = client.call("segment", OPEN | point | outputs_ | more, [image()])
        assert reply.status == "ok", reply.header
        return reply

    raw = click()
    assert raw.entry("alternatives")["shape"] == [1, 3, *SLICE.shape]
    (one,) = raw.result["categories"]
    scores = one["alternative_scores"]
    assert len(scores) == 3 and all(0 <= score <= 1 for score in scores)
    drawn = raw.output("alternatives")
    if one["score"] == max(scores):
        assert np.array_equal(drawn[0, int(np.argmax(scores))], raw.binary_masks()[0])
    assert len(np.unique(drawn.reshape(3, -1), axis=0)) > 1
    packed = click(encoding="rle")
    entry = packed.entry("alternatives")
    assert entry["shape"] == [1, 3, (SLICE.size + 7) // 8]
    rows_ = packed.output("alternatives").reshape(3, -1)
    assert np.array_equal(decode_bits(rows_, entry["parameters"]["mask_shape"]), drawn[0] != 0)
    assert ok(client, {}).entry("alternatives") is None


@rows([binary_masks, semantic_mask, probabilities, alternatives])
def test_output(client, row):
    row(client)


# --- the stream --------------------------------------------------------------------------------


def published(server, prefix, act):
    """The first message under a prefix that comes of `act`."""
    with Subscriber(server.publish, prefix, "heartbeat") as stream, Client(
        server.endpoint
    ) as client:
        stream.until(lambda message: message.topic == "heartbeat")
        reply = act(client)
        return stream.until(lambda message: message.topic != "heartbeat"), reply


def topic_result(server):
    message, reply = published(
        server, "result.t.", lambda client: ok(client, {"publish": "t"}))
    assert message.topic == "result.t.liver"
    assert set(message.header) == {
        "protocol", "position", "topic_position", "time", "request", "study", "category", "result",
        "outputs"}
    assert message.header["request"] == reply.header["request"]
    (entry,), (frame,) = message.header["outputs"], message.frames
    mask = decode_bits(np.frombuffer(frame, np.uint8)[None], entry["parameters"]["mask_shape"])
    assert np.array_equal(mask[0], reply.binary_masks()[0])


def topic_report(server):
    message, _ = published(server, "report.", lambda client: client.call(
        "report", {"categories": ["liver"], "publish": "t"}, [image()]))
    assert message.topic == "report.t" and message.header["study"] == "t"


def topic_progress(server):
    message, reply = published(server, "progress.", lambda client: ok(client, {}, volume()))
    assert message.topic == f"progress.{reply.header['request']}"
    assert message.header["topic_position"] == 1


def topic_heartbeat(server):
    with Subscriber(server.publish, "heartbeat") as stream:
        first, second = stream.receive(), stream.receive()
    assert set(first.header) == {"protocol", "position", "time", "life"}
    assert first.header["life"] == second.header["life"]


@rows([topic_result, topic_report, topic_progress, topic_heartbeat])
def test_stream(server, row):
    row(server)


def test_stream_position_over_restarts(tmp_path):
    """Over restarts too when there is a journal."""
    seen = []
    for _ in range(2):
        server = RunningServer("--journal", str(tmp_path))
        try:
            message, _ = published(
                server, "result.r.", lambda client: ok(client, {"publish": "r"}))
            with Subscriber(server.publish, "heartbeat") as stream:
                seen.append((message.header, stream.receive().header["life"]))
        finally:
            server.kill()
    (before, life), (after, later) = seen
    assert after["position"] > before["position"] and life == later
    assert after["topic_position"] == before["topic_position"] + 1


# --- the document ------------------------------------------------------------------------------


@pytest.mark.offline
def test_the_tables_are_these():
    """Each code, method and parameter that the document names is one that is tested here."""
    text = (ROOT / "docs" / "protocol.md").read_text()
    own = pathlib.Path(__file__).read_text()

    def first_column(heading):
        table = text.split(heading, 1)[1].split("\n\n", 1)[0]
        return re.findall(r"^\| `([^`]+)`", table, re.M)

    codes = first_column("| code |")
    assert set(codes) - {"internal"} <= set(re.findall(r"\w+", own)) and len(codes) == 12
    methods = first_column("| method |")
    assert {one.replace(".", "_") for one in methods} <= set(re.findall(r"def (\w+)", own))
    assert len(methods) == 11
    parameters = first_column("| parameter |")
    assert parameters == [one.__name__ for one in PARAMETERS]

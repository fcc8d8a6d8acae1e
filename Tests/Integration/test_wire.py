"""The test client itself, against frames worked out by hand; needs no server."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest
import zmq

import malformed
import phantoms
from segsam_wire import (
    Client, ProtocolViolation, Reply, decode_bits, decode_rle, request, strict_json, tensor)

pytestmark = pytest.mark.offline


def test_bits_are_msb_first_and_padded():
    rows = np.array([[0b1010_0000, 0b1000_0000]], np.uint8)
    assert decode_bits(rows, [3, 3]).tolist() == [
        [[True, False, True], [False, False, False], [False, False, True]]]
    with pytest.raises(ProtocolViolation):
        decode_bits(np.array([[0, 0b0100_0000]], np.uint8), [3, 3])


def test_runs_are_column_major_and_zeros_first():
    mask = decode_rle({"size": [2, 3], "counts": [1, 2, 3]})
    assert mask.tolist() == [[False, True, False], [True, False, False]]
    assert decode_rle([{"size": [2, 3], "counts": [6]}] * 2).shape == (2, 2, 3)


def test_tensors_are_little_endian():
    one = tensor(np.array([[1, -2]], ">i2"), layout="HW")
    assert one.payload == b"\x01\0\xfe\xff"
    assert one.entry == {"name": "image", "datatype": "INT16", "shape": [1, 2],
                         "parameters": {"layout": "HW"}}


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '{"a": NaN}', "[]"])
def test_strict_json(text):
    with pytest.raises(ProtocolViolation):
        strict_json(text.encode())


@pytest.mark.parametrize("header", [
    {}, {"protocol": "segsam/1", "status": "ok"}, {"protocol": "segsam/1", "id": "1"},
    {"protocol": "segsam/1", "id": "1", "status": "error", "error": {"code": "busy"}},
    {"protocol": "segsam/1", "id": "1", "status": "ok", "outputs": [{"name": "x"}]},
])
def test_replies_are_checked(header):
    with pytest.raises(ProtocolViolation):
        Reply.parse([json.dumps(header).encode()])


@pytest.mark.parametrize("kind, envelope", [("REQ", False), ("DEALER", False), ("DEALER", True)])
def test_envelopes(kind, envelope):
    """Against a ROUTER that answers as the protocol says."""
    router = zmq.Context.instance().socket(zmq.ROUTER)
    port = router.bind_to_random_port("tcp://127.0.0.1")
    seen = []

    def answer():
        identity, *frames = router.recv_multipart()
        seen.extend(frames)
        prefix = [identity]
        if frames[0] == b"":
            prefix.append(frames.pop(0))
        id = json.loads(frames[0])["id"]
        reply = {"protocol": "segsam/1", "id": id, "status": "ok", "result": {"n": len(frames)}}
        router.send_multipart([*prefix, json.dumps(reply).encode()])

    thread = threading.Thread(target=answer)
    thread.start()
    with Client(f"tcp://127.0.0.1:{port}", kind, envelope=envelope, timeout=10) as client:
        image = tensor(np.zeros((2, 2), np.uint8), layout="HW")
        assert client.call("segment", {"categories": ["liver"]}, [image]).result == {"n": 2}
    thread.join()
    router.close(0)
    assert (seen[0] == b"") == (kind == "REQ" or envelope)
    header = json.loads(seen[-2])
    assert header["client"] and header["inputs"][0]["shape"] == [2, 2] and seen[-1] == bytes(4)


def test_header_members_can_be_replaced_and_left_out():
    header = json.loads(request("status", protocol=None, id="x")[0])
    assert header == {"id": "x", "method": "status"}


def test_phantoms_follow_from_their_seed():
    assert np.array_equal(phantoms.ct_slice(5), phantoms.ct_slice(5))
    assert not np.array_equal(phantoms.ct_slice(5), phantoms.ct_slice(6))
    assert phantoms.ct_volume().shape == (5, 96, 112)


def test_the_table_of_malformed_messages():
    """Long enough, each named once, and each with an id exactly where one can be read."""
    table = malformed.TABLE + malformed.files("application/x-nifti")
    assert len(table) >= 40 and len({case.name for case in table}) == len(table)
    for case in table:
        if case.id_readable:
            assert strict_json(case.frames[0])["id"], case.name

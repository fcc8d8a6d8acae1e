"""Nothing that a client sends stops the server, and each wrong message has its documented error."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

import malformed
from malformed import CT, IMAGE, TABLE, Case
from segsam_wire import Client, request, tensor


def check(server, case: Case, envelope: bool = False):
    # An empty first frame is an envelope itself, and comes back.
    frames = case.frames if case.frames[0] or envelope else case.frames[1:]
    envelope = envelope or not case.frames[0]
    with Client(server.endpoint, envelope=envelope, timeout=30) as client:
        client.send_frames(frames)
        reply = client.receive()
        assert reply.status == "error" and reply.code in case.codes, reply.header
        assert not reply.frames
        if case.id_readable:
            assert reply.id == json.loads(case.frames[0])["id"]
        elif reply.id is not None:
            assert isinstance(reply.id, str) and reply.id in case.frames[0].decode(errors="replace")
        if case.names:
            assert case.names in json.dumps(reply.header["error"], ensure_ascii=False)
        # The same connection goes on.
        assert client.call("status").result["live"] is True


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_malformed(server, case):
    check(server, case)


@pytest.mark.parametrize(
    "case", [one for one in TABLE if one.frames[0]], ids=lambda case: case.name)
def test_malformed_in_an_envelope(server, case):
    check(server, case, envelope=True)


def test_broken_files(server, client):
    types = client.call("capabilities").result["content_types"]
    for case in malformed.files(next(one for one in types if "nifti" in one)):
        check(server, case)


def test_values_that_are_no_numbers(client):
    """NaN and infinity as pixels: refused or taken for background, never a fault."""
    for value in (np.nan, np.inf, -np.inf):
        for pixels in (np.full((32, 32), value, "<f4"), np.eye(32, dtype="<f4") * value):
            with np.errstate(invalid="ignore"):
                reply = client.call("segment", {"categories": ["liver"]}, [tensor(pixels, **CT)])
            assert reply.status == "ok" or reply.code == "invalid_argument", reply.header


def test_mutations(server):
    """Bytes turned, cut, doubled in a good message: always one reply, and never `internal`."""
    generator = random.Random(2026)
    good = request("segment", {"categories": ["liver"], "threshold": 0.4}, [IMAGE], client="c")
    with Client(server.endpoint, timeout=30) as client:
        for _ in range(300):
            header = bytearray(good[0])
            for _ in range(generator.randint(1, 4)):
                place = generator.randrange(len(header))
                kind = generator.randrange(3)
                if kind == 0:
                    header[place] = generator.randrange(256)
                elif kind == 1:
                    del header[place:place + generator.randint(1, 8)]
                else:
                    header[place:place] = header[place:place + generator.randint(1, 8)]
                if not header:
                    header = bytearray(b"{")
            client.send_frames([bytes(header), good[1]])
            reply = client.receive()
            assert reply.code != "internal", (bytes(header), reply.header)
        assert client.call("status").result["live"] is True


def test_a_flood_without_waiting(server):
    """A thousand wrong messages at once: a thousand replies."""
    with Client(server.endpoint) as client:
        for _ in range(1000):
            client.send_frames([b"{"])
        assert {client.receive().code for _ in range(1000)} == {"invalid_message"}
        assert client.call("status").result["live"] is True


def test_clients_that_leave_before_the_reply(server):
    for _ in range(20):
        with Client(server.endpoint) as leaving:
            leaving.send("segment", {"categories": ["liver"]}, [IMAGE])
            leaving.socket.close(200)
    with Client(server.endpoint) as client:
        assert client.call("status").result["live"] is True

"""Start and stop of servers of their own."""

from __future__ import annotations

import subprocess

from phantoms import ct_slice, ct_volume
from running_server import RunningServer, binary
from segsam_wire import Client, Subscriber, tensor

CT = {"layout": "HW", "modality": "CT", "intensity": "HU"}


def test_ready_line_and_idle_stop():
    server = RunningServer()
    try:
        assert server.ready["ready"] is True and server.ready["model"]
        for endpoint in (server.endpoint, server.publish):
            assert endpoint.startswith("tcp://127.0.0.1:") and endpoint.rsplit(":", 1)[1].isdigit()
        assert server.stop() == 0
    finally:
        server.kill()


def test_sigterm_finishes_what_is_in_flight():
    server = RunningServer()
    try:
        with Client(server.endpoint) as client, Subscriber(server.publish, "heartbeat") as stream:
            stream.receive()
            volume = tensor(ct_volume(70, depth=24), **(CT | {"layout": "DHW"}))
            first = client.send("segment", {"categories": ["liver"]}, [volume], progress=True)
            assert client.receive().status == "accepted"
            # Until it is being worked on: then it is in flight and not only queued.
            while first not in str(client.call("status").result["yours"]["in_flight"]):
                assert first not in client.waiting, "too quick: make the volume larger"
            others = [client.send("segment", {"categories": ["liver"]}, [tensor(ct_slice(n), **CT)])
                      for n in (71, 72)]
            client.call("status")
            server.terminate()
            assert client.final(first).status == "ok"
            # These were queued: finished or refused, but answered.
            for id in others:
                reply = client.final(id)
                assert reply.status == "ok" or reply.code in ("busy", "cancelled"), reply.header
            assert server.wait() == 0, server.errors()
            assert not client.socket.poll(500), "more than one final reply"
    finally:
        server.kill()


def test_sigint_stops_too():
    server = RunningServer()
    try:
        server.process.send_signal(2)
        assert server.wait() == 0
    finally:
        server.kill()


def serve(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [binary(), "serve", *arguments], capture_output=True, text=True, timeout=240)


def test_a_public_address_without_curve_is_refused():
    done = serve("--bind", "tcp://0.0.0.0:*", "--publish", "tcp://127.0.0.1:*")
    assert done.returncode not in (0, -6, -11) and done.stdout == ""
    assert "insecure" in done.stderr.lower() or "curve" in done.stderr.lower()


def test_bad_usage():
    assert serve("--no-such-option").returncode == 64


def test_an_endpoint_in_use():
    server = RunningServer()
    try:
        done = serve("--bind", server.endpoint, "--publish", "tcp://127.0.0.1:*")
        assert done.returncode not in (0, -6, -11) and done.stdout == "" and done.stderr
        with Client(server.endpoint) as client:
            assert client.call("status").result["ready"] is True
    finally:
        assert server.stop() == 0

"""What the machine does to a whole server: a disk that fills, a clock that jumps."""

from __future__ import annotations

import datetime
import pathlib
import shutil
import struct
import subprocess
import time
import uuid

import pytest

from phantoms import ct_slice
from running_server import RunningServer
from segsam_wire import Client, Subscriber, tensor

LIVER = {"categories": ["liver"]}


def image(seed: int):
    return tensor(ct_slice(seed, 64, 64), layout="HW", modality="CT", intensity="HU")


def durable(client, seed: int, **more):
    """The final reply; `accepted` came before `ok`."""
    id = client.send("segment", LIVER | more, [image(seed)], durable=True)
    replies = [client.receive()]
    while not replies[-1].is_final:
        replies.append(client.receive())
    assert {one.id for one in replies} == {id}
    assert replies[-1].status == "error" or replies[0].status == "accepted"
    return replies[-1]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 8 MiB."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(tmp_path)],
        capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"needs the right to mount a tmpfs: {done.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def fill(path):
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def test_a_full_disk(small_disk):
    """Durable requests are refused clearly, all else goes on, and it heals by itself."""
    server = RunningServer("--journal", str(small_disk / "journal"))
    filler = small_disk / "filler"
    try:
        with Client(server.endpoint) as client, Subscriber(
            server.publish, "result.", "heartbeat"
        ) as stream:
            stream.until(lambda message: message.topic == "heartbeat")
            assert durable(client, 1, publish="before").status == "ok"
            before = stream.until(lambda message: message.topic != "heartbeat")
            assert before.header["topic_position"] == 1
            fill(filler)
            refused = durable(client, 2)
            assert refused.code == "busy" and "journal is full" in refused.header["error"]["message"]
            assert refused.header["error"]["details"]["retry_after_ms"] == 10_000
            # Who listens loses nothing; past what SQLite's log has room for, it cannot be replayed.
            numbered = True
            for n in range(200):
                plain = client.call("segment", LIVER | {"publish": "full"}, [image(3)])
                assert plain.status == "ok"
                live = stream.until(lambda message: message.topic != "heartbeat")
                assert live.header["study"] == "full"
                assert live.header["position"] >= before.header["position"]
                numbered = "topic_position" in live.header
                if not numbered:
                    break
            assert not numbered
            filler.unlink()
            end = time.monotonic() + 20
            while (after := durable(client, 4, publish="after")).status != "ok":
                assert after.code == "busy" and time.monotonic() < end, after.header
                time.sleep(0.5)
            assert stream.until(
                lambda message: message.topic != "heartbeat").header["topic_position"] == 1
        assert server.stop() == 0
        server = RunningServer("--journal", str(small_disk / "journal"))
        with Client(server.endpoint) as client:
            page = client.call("stream.replay", {"from": 0, "topics": ["result."]}).result
            studies = [one["header"]["study"] for one in page["messages"]]
            assert studies == ["before"] + n * ["full"] + ["after"]
        assert server.stop() == 0
    finally:
        server.kill()


def test_a_clock_that_jumps(tmp_path):
    """Back by two days and ahead by thirty: leases and deadlines do not care, ages heal."""
    compiler = shutil.which("cc") or shutil.which("clang")
    if not compiler:
        pytest.skip("needs a C compiler")
    library, clock = tmp_path / "clock.so", tmp_path / "clock"
    source = pathlib.Path(__file__).with_name("clock.c")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
    clock.write_bytes(bytes(8))

    def jump(days: int):
        with open(clock, "r+b") as file:
            file.write(struct.pack("=q", days * 86_400))

    server = RunningServer(
        "--journal", str(tmp_path / "journal"),
        environment={"LD_PRELOAD": str(library), "SEGSAM_TEST_CLOCK": str(clock)})
    try:
        with Client(server.endpoint, timeout=60) as client, Subscriber(
            server.publish, "result.", "heartbeat"
        ) as stream:
            held = client.call("image.put", inputs=[image(9)]).result["image_id"]
            last = stream.until(lambda message: message.topic == "heartbeat").header
            for seed, days in enumerate([0, -2, 0, 30, -2, 0]):
                jump(days)
                name = f"s{uuid.uuid4().hex[:8]}"
                assert durable(client, seed, publish=name).status == "ok"
                late = client.call("segment", LIVER, [image(20 + seed)], deadline_ms=50_000)
                assert late.status == "ok"
                seen = stream.until(lambda message: message.topic.startswith(f"result.{name}"))
                # The clock does jump.
                now = datetime.datetime.now(datetime.timezone.utc)
                told = datetime.datetime.fromisoformat(seen.header["time"])
                assert abs((told - now) / datetime.timedelta(days=1) - days) < 0.1
                assert seen.header["position"] > last["position"]
                assert seen.header["topic_position"] == 1
                beat = stream.until(lambda message: message.topic == "heartbeat").header
                assert beat["position"] >= seen.header["position"]
                last = beat
                status = client.call("status").result
                assert status["yours"]["images"] == [held] and 0 <= status["uptime_s"] < 3600
            page = client.call("stream.replay", {"from": 0, "topics": ["result."]}).result
            positions = [one["header"]["position"] for one in page["messages"]]
            assert positions == sorted(set(positions)) and positions[-1] <= last["position"]
        assert server.stop() == 0
    finally:
        server.kill()

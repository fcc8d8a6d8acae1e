#!/usr/bin/env python3
"""The bus under load and faults, against the real server and model.

usage: Benchmarks/bus/bus.py [overhead|throughput|images|overload|subscriber|kill|fuzz|soak|crowd ...] [--json FILE]

SEGSAM_BINARY names the server, by default .build/release/segsam. Each part starts its own, is bounded in
count and time, and ends by itself. Needs pyzmq and numpy: .deps/python/bin/python after
./bootstrap --tests.
"""
from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import pathlib
import random
import statistics
import sys
import tempfile
import threading
import time
import uuid

import numpy as np
import zmq

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Integration"))
os.environ.setdefault("SEGSAM_BINARY", str(ROOT / ".build" / "release" / "segsam"))
from running_server import RunningServer  # noqa: E402
from segsam_wire import request, tensor  # noqa: E402


def image(seed: int, side: int = 256) -> np.ndarray:
    """A disc on noise, another for each seed."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    cy, cx, r = rng.uniform(0.3 * side, 0.7 * side, 2).tolist() + [rng.uniform(0.1, 0.3) * side]
    disc = 120 * ((y - cy) ** 2 + (x - cx) ** 2 < r * r)
    return (disc + rng.integers(0, 60, (side, side))).astype(np.uint8)


def ms(values, part):
    return round(float(np.percentile(values, part)) * 1000, 3)


class Wire:
    """A DEALER that counts what it is owed."""

    def __init__(self, endpoint, client=None, context=None):
        self.socket = (context or zmq.Context.instance()).socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(endpoint)
        self.client = client

    def send(self, frames):
        self.socket.send_multipart(frames, copy=False)

    def final(self, timeout=60.0):
        """The next final reply's header and the frames after it."""
        end = time.monotonic() + timeout
        while True:
            if not self.socket.poll(max(0, end - time.monotonic()) * 1000):
                raise TimeoutError(f"no reply in {timeout} s")
            frames = self.socket.recv_multipart()
            header = json.loads(frames[0])
            if header["status"] in ("ok", "error"):
                return header, frames[1:]

    def close(self):
        self.socket.close()


def segment(pixels=None, image_id=None, **header):
    parameters = {"categories": ["liver"], "outputs": ["binary_masks"], "encoding": "bits"}
    if image_id:
        parameters["image_id"] = image_id
    inputs = [] if image_id else [tensor(pixels, layout="HW", modality="CT", intensity="windowed")]
    return request("segment", parameters, inputs, **header)


def put(wire, seed, **header):
    pixels = tensor(image(seed), layout="HW", modality="CT", intensity="windowed")
    wire.send(request("image.put", {}, [pixels], **header))
    return wire.final()[0]["result"]["image_id"]


# --- overhead ----------------------------------------------------------------------------------


def echo(endpoint_ready, stop):
    """pyzmq's own echo, on a thread."""
    socket = zmq.Context.instance().socket(zmq.ROUTER)
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    endpoint_ready.append(f"tcp://127.0.0.1:{port}")
    while not stop.is_set():
        if socket.poll(50):
            socket.send_multipart(socket.recv_multipart(copy=False), copy=False)
    socket.close(0)


def computing_echo(port_out):
    """An echo that computes before it answers, in a process of its own, as a server with a model is.

    What it says of each: the seconds that it computed.
    """
    socket = zmq.Context.instance().socket(zmq.ROUTER)
    port_out.send(socket.bind_to_random_port("tcp://127.0.0.1"))
    rng = np.random.default_rng(0)
    weights = rng.random((2048, 2048), dtype=np.float32)
    columns = rng.random((2048, 96), dtype=np.float32)
    while len(frames := socket.recv_multipart()) > 2:
        began = time.perf_counter()
        while time.perf_counter() - began < 0.05:
            weights @ columns
        took = time.perf_counter() - began
        socket.send_multipart([frames[0], json.dumps({"seconds": took}).encode(), frames[-1][:8192]])
    socket.close(0)


def overhead(count=300):
    """End to end less the networks, 64 KiB images, one in flight, tcp; in the same run beside an echo of
    the bytes, and beside one that goes through 16 MiB of weights for 50 ms first, less these."""
    server = RunningServer()
    ready, stop = [], threading.Event()
    thread = threading.Thread(target=echo, args=(ready, stop))
    thread.start()
    spawn = multiprocessing.get_context("spawn")
    port, port_out = spawn.Pipe(duplex=False)
    busy = spawn.Process(target=computing_echo, args=(port_out,), daemon=True)
    busy.start()
    while not ready:
        time.sleep(0.01)
    ours, peer = Wire(server.endpoint), Wire(ready[0])
    computing = Wire(f"tcp://127.0.0.1:{port.recv()}")
    rest, whole, echoed, computed = [], [], [], []
    for n in range(count + 20):
        frames = segment(image(n))
        began = time.perf_counter()
        ours.send(frames)
        header, _ = ours.final()
        took = time.perf_counter() - began
        began = time.perf_counter()
        peer.send(frames)
        peer.socket.recv_multipart()
        round_trip = time.perf_counter() - began
        began = time.perf_counter()
        computing.send(frames)
        answer = json.loads(computing.socket.recv_multipart()[0])
        beyond = time.perf_counter() - began - answer["seconds"]
        if n < 20:
            continue
        timing = header["timing_ms"]
        whole.append(took)
        rest.append(took - (timing["image_encoder"] + timing["decoders"]) / 1000)
        echoed.append(round_trip)
        computed.append(beyond)
    stop.set()
    thread.join()
    computing.send([b""])
    busy.join(5)
    for wire in (ours, peer, computing):
        wire.close()
    server.stop()
    return {
        "requests": count, "whole_p50_ms": ms(whole, 50), "bus_p50_ms": ms(rest, 50),
        "bus_p99_ms": ms(rest, 99), "echo_p50_ms": ms(echoed, 50), "echo_p99_ms": ms(echoed, 99),
        "computing_echo_p50_ms": ms(computed, 50), "computing_echo_p99_ms": ms(computed, 99),
    }


# --- throughput --------------------------------------------------------------------------------


def drive(endpoint, clients, seconds, frames_of):
    """Each client sends its next request when its last is answered.

    Returns the latencies by outcome and the seconds taken.
    """
    context = zmq.Context()
    poller = zmq.Poller()
    wires, began = {}, {}
    for n in range(clients):
        wire = Wire(endpoint, context=context)
        wires[wire.socket] = (n, wire)
        poller.register(wire.socket, zmq.POLLIN)
    start = time.perf_counter()
    outcomes: dict[str, list[float]] = {}
    for socket, (n, wire) in wires.items():
        wire.send(frames_of(n))
        began[socket] = time.perf_counter()
    while time.perf_counter() - start < seconds:
        for socket, _ in poller.poll(100):
            header = json.loads(socket.recv_multipart()[0])
            now = time.perf_counter()
            outcome = header.get("error", {}).get("code", header["status"])
            outcomes.setdefault(outcome, []).append(now - began[socket])
            n, wire = wires[socket]
            wire.send(frames_of(n))
            began[socket] = now
    taken = time.perf_counter() - start
    context.destroy(0)
    return outcomes, taken


def images(seconds=8.0, clients=32):
    """Requests a second on images that nobody sent before, over the image encoder's batches."""
    rows = []
    seeds = itertools.count(1000)
    for workers, batch, streams in [(1, 1, 1), (4, 1, 1), (4, 2, 1), (4, 4, 1), (4, 1, 2), (4, 2, 2)]:
        server = RunningServer(
            "--workers", str(workers), "--image-batch", str(batch), "--streams", str(streams))
        outcomes, taken = drive(
            server.endpoint, clients, seconds, lambda n: segment(image(next(seeds))))
        server.stop()
        served = outcomes.get("ok", [])
        rows.append({
            "workers": workers, "image_batch": batch, "streams": streams,
            "per_second": round(len(served) / taken, 2), "p50_ms": ms(served, 50),
            "p99_ms": ms(served, 99)})
        print(f"  {rows[-1]}", file=sys.stderr)
    best = max(rows, key=lambda row: row["per_second"])
    return {"rows": rows, "best": best, "gain": round(best["per_second"] / rows[0]["per_second"], 2)}


def throughput(seconds=8.0, clients=32):
    """Requests a second on cached images, over batch sizes and streams, in one run."""
    rows = []
    settings = [(1, 1, 1), (4, 1, 1), (4, 2, 1), (4, 4, 1), (8, 8, 1), (4, 1, 2), (4, 4, 2)]
    for workers, batch, streams in settings:
        server = RunningServer(
            "--workers", str(workers), "--batch", str(batch), "--streams", str(streams))
        owner = {"client": str(uuid.uuid4())}
        wire = Wire(server.endpoint)
        ids = [put(wire, n, **owner) for n in range(8)]
        outcomes, taken = drive(
            server.endpoint, clients, seconds,
            lambda n: segment(image_id=ids[n % len(ids)], **owner))
        wire.close()
        server.stop()
        served = outcomes.get("ok", [])
        rows.append({
            "workers": workers, "batch": batch, "streams": streams,
            "per_second": round(len(served) / taken, 2), "p50_ms": ms(served, 50),
            "p99_ms": ms(served, 99), "others": {k: len(v) for k, v in outcomes.items() if k != "ok"}})
        print(f"  {rows[-1]}", file=sys.stderr)
    alone = rows[0]["per_second"]
    best = max(rows, key=lambda row: row["per_second"])
    return {"rows": rows, "best": best, "gain": round(best["per_second"] / alone, 2)}


# --- overload ----------------------------------------------------------------------------------


def overload(seconds=60.0, queue=32):
    """Four times the rate that is sustained: memory, latency of what is accepted, recovery."""
    server = RunningServer("--queue", str(queue))
    owner = {"client": str(uuid.uuid4())}
    wire = Wire(server.endpoint)
    ids = [put(wire, n, **owner) for n in range(4)]
    outcomes, taken = drive(
        server.endpoint, 8, 6, lambda n: segment(image_id=ids[n % 4], **owner))
    rate = len(outcomes["ok"]) / taken
    context = zmq.Context()
    sockets = [Wire(server.endpoint, context=context) for _ in range(16)]
    poller = zmq.Poller()
    for each in sockets:
        poller.register(each.socket, zmq.POLLIN)
    sent, replies, memory, began = 0, {}, [], {}
    start = time.perf_counter()
    sampled = start
    while True:
        now = time.perf_counter()
        if now - start < seconds:
            while sent < (now - start) * 4 * rate:
                name = str(sent)
                began[name] = time.perf_counter()
                sockets[sent % 16].send(
                    segment(image_id=ids[sent % 4], id=name, client=owner["client"]))
                sent += 1
        elif sum(map(len, replies.values())) >= sent or now - start > seconds + 60:
            break
        for socket, _ in poller.poll(2):
            header = json.loads(socket.recv_multipart()[0])
            code = header.get("error", {}).get("code", header["status"])
            replies.setdefault(code, []).append(time.perf_counter() - began.pop(header["id"]))
        if now - sampled > 1:
            memory.append(server.resident_bytes() >> 20)
            sampled = now
    drained = time.perf_counter()
    wire.send(segment(image_id=ids[0], **owner))
    recovered = wire.final()[0]["status"]
    recovery = time.perf_counter() - drained
    context.destroy(0)
    wire.close()
    server.stop()
    third = len(memory) // 3
    return {
        "sustained_per_second": round(rate, 1), "offered": sent,
        "outcomes": {code: len(times) for code, times in replies.items()},
        "accepted_p99_ms": ms(replies["ok"], 99),
        "bound_ms": round((queue * 1.25 + 4) / rate * 1000),
        "busy_p99_ms": ms(replies.get("busy", [0]), 99),
        "memory_mib_first_third": round(statistics.mean(memory[:third] or [0])),
        "memory_mib_last_third": round(statistics.mean(memory[-third:] or [0])),
        "recovered": recovered, "recovery_s": round(recovery, 2),
    }


# --- slow subscriber ---------------------------------------------------------------------------


def subscriber(seconds=15.0):
    """One that reads nothing beside one that reads all: what others see of it."""
    result = {}
    for kind in ("none", "stalled"):
        server = RunningServer()
        owner = {"client": str(uuid.uuid4())}
        wire = Wire(server.endpoint)
        ids = [put(wire, n, **owner) for n in range(4)]
        context = zmq.Context()
        stalled = None
        if kind == "stalled":
            stalled = context.socket(zmq.SUB)
            stalled.rcvhwm = 1
            stalled.setsockopt(zmq.RCVBUF, 4096)
            stalled.subscribe("")
            stalled.connect(server.publish)
            time.sleep(0.5)

        def frames(n):
            parameters = {"categories": ["liver"], "outputs": ["binary_masks"],
                          "image_id": ids[n % 4], "publish": f"s{n}"}
            return request("segment", parameters, **owner)

        before = server.resident_bytes() >> 20
        outcomes, taken = drive(server.endpoint, 4, seconds, frames)
        result[kind] = {
            "per_second": round(len(outcomes["ok"]) / taken, 1), "p50_ms": ms(outcomes["ok"], 50),
            "p99_ms": ms(outcomes["ok"], 99), "memory_mib": [before, server.resident_bytes() >> 20]}
        context.destroy(0)
        wire.close()
        server.stop()
    return result


# --- kill --------------------------------------------------------------------------------------


def kill(times=100, seed=1):
    """`kill -9` at random moments under durable load: nothing lost, doubled or half."""
    rng = random.Random(seed)
    pictures = [image(n, 64) for n in range(4)]
    accepted, answers, problems = set(), {}, []
    client = str(uuid.uuid4())
    number = 0
    with tempfile.TemporaryDirectory(prefix="segsam-journal-") as folder:
        server = RunningServer("--journal", folder)
        for round_ in range(times):
            wire = Wire(server.endpoint)
            end = time.monotonic() + rng.uniform(0.02, 1.2)
            while time.monotonic() < end:
                for _ in range(rng.randint(1, 3)):
                    wire.send(segment(
                        pictures[number % 4], id=f"r{number}", client=client, durable=True))
                    number += 1
                while wire.socket.poll(max(0, min(20, (end - time.monotonic()) * 1000))):
                    note(wire.socket.recv_multipart(), accepted, answers, problems)
            server.kill()
            while wire.socket.poll(50):
                note(wire.socket.recv_multipart(), accepted, answers, problems)
            wire.close()
            server = RunningServer("--journal", folder)
            if (round_ + 1) % 10 == 0:
                print(f"  {round_ + 1} kills, {len(accepted)} accepted", file=sys.stderr)
        # Each that was accepted is asked for again, twice: the answer is there, and the same.
        wire = Wire(server.endpoint)
        lost, doubled = 0, 0
        for name in sorted(accepted, key=lambda text: int(text[1:])):
            seen = []
            for _ in range(2):
                wire.send(segment(
                    pictures[int(name[1:]) % 4], id=name, client=client, durable=True))
                try:
                    header, frames = wire.final(120)
                except TimeoutError:
                    lost += 1
                    break
                if header["id"] != name or header["status"] != "ok":
                    problems.append(f"{name}: {header.get('error')}")
                seen.append((header["request"], [bytes(frame) for frame in frames]))
            known = answers.get(name)
            if len({request_id for request_id, _ in seen} | ({known} if known else set())) > 1:
                doubled += 1
            if len(seen) == 2 and seen[0] != seen[1]:
                problems.append(f"{name}: two answers differ")
        wire.close()
        server.stop()
    return {"kills": times, "sent": number, "accepted": len(accepted), "lost": lost,
            "doubled": doubled, "half_or_wrong": len(problems), "problems": problems[:5]}


def note(frames, accepted, answers, problems):
    header = json.loads(frames[0])
    name = header["id"]
    if header["status"] == "accepted":
        accepted.add(name)
    elif header["status"] == "ok":
        accepted.add(name)
        if len(frames) - 1 != len(header["outputs"]):
            problems.append(f"{name}: half an answer")
        answers[name] = header["request"]
    elif header["error"]["code"] != "busy":
        problems.append(f"{name}: {header['error']}")


# --- fuzz --------------------------------------------------------------------------------------


def fuzz(count=1_000_000, seed=1, seconds=1800.0):
    """Mutated messages through a socket: the server lives, answers, and does not grow."""
    rng = random.Random(seed)
    server = RunningServer()
    seeds = [
        segment(image(1, 16)), request("status", {}), request("capabilities", {}),
        request("categories.resolve", {"queries": ["liver", "左肾"]}), request("cancel", {"id": "x"}),
        request("stream.replay", {"from": 0, "topics": ["result."], "limit": 5}),
        request("image.drop", {"image_id": "0" * 32}),
        request("report", {"format": "json"}, [tensor(image(2, 16), layout="HW", modality="CT")]),
    ]
    context = zmq.Context()
    wire = Wire(server.endpoint, context=context)
    wire.socket.sndhwm = 1000
    memory, sent, replies, codes = [], 0, 0, {}
    began = time.monotonic()
    while sent < count and time.monotonic() - began < seconds:
        wire.send(mutated(rng, rng.choice(seeds)))
        sent += 1
        while wire.socket.poll(0):
            # An empty first frame is mirrored.
            header = json.loads(next(frame for frame in wire.socket.recv_multipart() if frame))
            code = header.get("error", {}).get("code", header["status"])
            codes[code] = codes.get(code, 0) + 1
            replies += 1
        if sent - replies > 500:
            wire.socket.poll(20)
        if sent % 10_000 == 0:
            memory.append(server.resident_bytes() >> 20)
            if sent % 100_000 == 0:
                print(f"  {sent} sent, {replies} replies, {memory[-1]} MiB", file=sys.stderr)
        if not server.is_running:
            raise AssertionError(f"the server died after {sent} messages:\n{server.errors()}")
    context.destroy(0)
    after = Wire(server.endpoint)
    after.send(segment(image(3)))
    lives = after.final()[0]["status"]
    after.close()
    server.stop()
    half = len(memory) // 2
    return {"sent": sent, "replies": replies, "codes": codes, "afterwards": lives,
            "seconds": round(time.monotonic() - began),
            "memory_mib": [max(memory[:half] or [0]), max(memory[half:] or [0])]}


def mutated(rng, frames):
    frames = [bytearray(frame) for frame in frames]
    for _ in range(rng.randint(1, 4)):
        kind = rng.randrange(7)
        frame = rng.choice(frames) if frames else bytearray()
        if kind == 0 and frame:
            frame[rng.randrange(len(frame))] = rng.randrange(256)
        elif kind == 1 and frame:
            at = rng.randrange(len(frame))
            del frame[at:at + rng.randint(1, 16)]
        elif kind == 2:
            at = rng.randint(0, len(frame))
            frame[at:at] = rng.choice([b'"', b"{", b"}", b"[", b",", b"null", b"-1", b"1e999",
                                       b'"\\ud800"', b"\x00", b"\xff" * 4, b"9" * 30])
        elif kind == 3 and len(frames) > 1:
            rng.shuffle(frames)
        elif kind == 4:
            frames.append(bytearray(rng.randbytes(rng.randint(0, 64))))
        elif kind == 5 and len(frames) > 1:
            frames.pop(rng.randrange(len(frames)))
        elif kind == 6 and frame:
            at = rng.randrange(len(frame))
            frame[at:at] = frame[at:at + rng.randint(1, 64)]
    return [bytes(frame) for frame in frames]


# --- soak --------------------------------------------------------------------------------------


def soak(count=100_000, seconds=3600.0):
    """Mixed requests of many clients: resident memory over the second half."""
    server = RunningServer()
    rng = random.Random(1)
    owner = {"client": str(uuid.uuid4())}
    wire = Wire(server.endpoint)
    ids = [put(wire, n, **owner) for n in range(16)]
    wire.close()
    memory, done = [], 0
    began = time.monotonic()

    def frames(n):
        kind = rng.random()
        if kind < 0.06:
            return segment(image_id=rng.choice(ids), **owner)
        if kind < 0.08:
            return segment(image(rng.randrange(10_000), 64))
        if kind < 0.4:
            return request("categories.resolve", {"queries": ["pancreas", "xyz"]})
        if kind < 0.6:
            return request("status", {}, **owner)
        if kind < 0.7:
            return request("categories.list", {"region": "abdomen"})
        if kind < 0.8:
            return request("segment", {"categories": ["pancras"], "image_id": rng.choice(ids)}, **owner)
        if kind < 0.9:
            return request("stream.replay", {"from": 0, "limit": 2})
        return request("capabilities", {})

    while done < count and time.monotonic() - began < seconds:
        outcomes, _ = drive(server.endpoint, 16, 10, frames)
        done += sum(map(len, outcomes.values()))
        memory.append(server.resident_bytes() >> 20)
        print(f"  {done} requests, {memory[-1]} MiB", file=sys.stderr)
    server.stop()
    half = len(memory) // 2
    return {"requests": done, "seconds": round(time.monotonic() - began),
            "memory_mib_middle": memory[half], "memory_mib_end": memory[-1]}


# --- crowd -------------------------------------------------------------------------------------


def crowd(count=1000, seconds=300.0):
    """So many clients connected at once: each asks twice, all at the same time."""
    server = RunningServer()
    context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, 2 * count + 100)
    open_before = len(os.listdir(f"/proc/{server.process.pid}/fd"))
    memory_before = server.resident_bytes() >> 20
    began = time.monotonic()
    wires = [Wire(server.endpoint, context=context) for _ in range(count)]
    holder = Wire(server.endpoint)
    owner = {"client": str(uuid.uuid4())}
    held = put(holder, 1, **owner)
    codes, waits = {}, []
    for ask in (lambda: request("status", {}), lambda: segment(image_id=held, **owner)):
        for wire in wires:
            wire.asked = time.monotonic()
            wire.send(ask())
        for wire in wires:
            header, _ = wire.final(max(1.0, seconds - (time.monotonic() - began)))
            code = header.get("error", {}).get("code", "ok")
            codes[code] = codes.get(code, 0) + 1
            waits.append(time.monotonic() - wire.asked)
    descriptors = len(os.listdir(f"/proc/{server.process.pid}/fd"))
    memory = server.resident_bytes() >> 20
    context.destroy(0)
    holder.send(request("status", {}))
    status = holder.final()[0]["status"]
    holder.close()
    server.stop()
    return {"clients": count, "codes": codes, "last_answer_s": round(max(waits), 2),
            "descriptors": [open_before, descriptors], "memory_mib": [memory_before, memory],
            "afterwards": status}


PARTS = {part.__name__: part
         for part in (overhead, throughput, images, overload, subscriber, kill, fuzz, soak, crowd)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], default=[])
    parser.add_argument("--json", help="write what was measured to this file")
    parser.add_argument("--count", type=int, help="of kills, messages or requests, where a part has one")
    parser.add_argument("--seconds", type=float, help="of a part that runs for a time")
    arguments = parser.parse_args()
    results = {}
    for name in arguments.parts or PARTS:
        part = PARTS[name]
        known = part.__code__.co_varnames[:part.__code__.co_argcount]
        given = {}
        if arguments.count and (key := next((k for k in ("count", "times") if k in known), None)):
            given[key] = arguments.count
        if arguments.seconds and "seconds" in known:
            given["seconds"] = arguments.seconds
        print(f"{name}: {part.__doc__.splitlines()[0]}", file=sys.stderr)
        results[name] = part(**given)
        print(json.dumps({name: results[name]}))
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""One text query on new 512×512 images: the server over tcp, and eager PyTorch, in the same run.

Both sides get the same UINT8 images, and do the same work: grey levels to the network's range,
resizing to its input, the image encoder, what is in the image, one query, and both masks on the
image's own grid. PyTorch runs the model's own weights (random ones, said so, where there is no
model), with its faster memory layout of two. The sides take turns, ten images each, so that what
else the machine does falls on all alike.
"""

import argparse
import json
import os
import pathlib
import platform
import signal
import subprocess
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from segsam_torch import KINDS, Configuration, SegSAM

SIDE = 512
MAXIMUM_RUNS = 500
# Images in a row on one side: long enough for its weights to be in the processor's caches.
BLOCK = 10


def picture(seed):
    """A smooth random image with noise and an ellipse, like none before."""
    random = np.random.default_rng(seed)
    coarse = torch.from_numpy(random.random((1, 1, 9, 9), dtype=np.float32))
    smooth = F.interpolate(coarse, (SIDE, SIDE), mode="bicubic")[0, 0].numpy()
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    body = (x / 0.42) ** 2 + (y / 0.33) ** 2 < 1
    noise = random.normal(0, 0.03, (SIDE, SIDE))
    return (np.clip((0.2 + 0.7 * smooth + noise) * body, 0, 1) * 255).astype(np.uint8)


class Peer:
    """What the server does with an image and a query, in eager PyTorch."""

    def __init__(self, model, autocast, channels_last):
        self.model, self.autocast, self.channels_last = model, autocast, channels_last
        c = self.c = model.configuration
        if channels_last:
            model = model.to(memory_format=torch.channels_last)
        generator = torch.Generator().manual_seed(1)
        count = len(model.semantic_aware.co_residual)
        with torch.inference_mode(), self.precision():
            # What does not depend on the image is made once, as the server does.
            self.positions = model.positions()
            self.categories = model.categories(
                torch.randn(count, c.aspects * c.textWidth, generator=generator) * 0.05)
        self.text = torch.randn(1, c.aspects, c.textWidth, generator=generator) * 0.05
        self.has_text = torch.ones(1, 1)
        self.places = torch.zeros(1, c.points, 2)
        self.kinds = F.one_hot(torch.zeros(1, c.points, dtype=torch.long), KINDS).float()

    def precision(self):
        return torch.autocast("cpu", torch.bfloat16, enabled=self.autocast)

    def input(self, image):
        """NetworkInput: the 0.5th to the 99.5th percentile, longest side to S, averaged over areas."""
        share = np.cumsum(np.bincount(image.reshape(-1), minlength=256)) / image.size
        low, high = np.searchsorted(share, [0.005, 0.995])
        x = torch.from_numpy(image)[None, None].float()
        s = self.c.imageSize
        x = F.interpolate(x, (s, s), mode="bilinear", antialias=True)
        x = ((x - float(low)) / max(float(high - low), 1)).clamp_(0, 1)
        x = ((x - 0.5) / 0.25).expand(-1, self.c.channels, -1, -1)
        return x.contiguous(
            memory_format=torch.channels_last if self.channels_last else torch.contiguous_format)

    def encode(self, image):
        with torch.inference_mode(), self.precision():
            return self.model.encode(self.input(image))

    def answer(self, features):
        with torch.inference_mode(), self.precision():
            logits, context = self.model.classify(features, self.categories, self.positions)
            out = self.model.decode(
                features, context, self.categories, self.positions, self.places, self.kinds,
                self.text, self.has_text)
            both = torch.stack([out["mask"][0], out["semantic"][0]])[None].float()
            both = F.interpolate(both, (SIDE, SIDE), mode="bilinear")[0]
            masks = (both > 0).to(torch.uint8).numpy()
            presence = torch.sigmoid(out["presence"].float()).item()
            return masks[0], masks[1], presence, torch.sigmoid(logits.float()).tolist()


class Server:
    """`segsam serve` on a free port of this machine, ended with this object."""

    def __init__(self, path, model, threads):
        import zmq

        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        command = [
            path, "serve", "--bind", "tcp://127.0.0.1:*", "--publish", "tcp://127.0.0.1:*",
            "--model", str(pathlib.Path(model).resolve())]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
        # The first line says that it is ready, and where.
        signal.alarm(120)
        line = self.process.stdout.readline()
        signal.alarm(0)
        try:
            ready = json.loads(line)
        except ValueError:
            self.close()
            raise SystemExit(f"{path} did not start: {line!r}")
        self.model = ready.get("model")
        if self.model != pathlib.Path(model).name:
            print(f"the server serves {self.model}, the peer {model}", file=sys.stderr)
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.REQ)
        self.socket.rcvtimeo, self.socket.linger = 60_000, 0
        self.socket.connect(ready["bind"])
        self.count = 0

    def call(self, method, parameters, image=None):
        self.count += 1
        header = {
            "protocol": "segsam/1", "id": f"bench-{self.count}", "method": method,
            "parameters": parameters, "inputs": []}
        frames = []
        if image is not None:
            header["inputs"] = [{
                "name": "image", "datatype": "UINT8", "shape": list(image.shape),
                "parameters": {"layout": "HW", "modality": "MR", "intensity": "raw"}}]
            frames = [image]
        self.socket.send_multipart([json.dumps(header).encode(), *frames], copy=False)
        reply, *tensors = self.socket.recv_multipart()
        reply = json.loads(reply)
        if reply["status"] != "ok":
            raise SystemExit(f"{method}: {reply['error']['code']}: {reply['error']['message']}")
        return reply, tensors

    def segment(self, query, image=None, image_id=None):
        parameters = {"categories": [query]}
        if image_id:
            parameters["image_id"] = image_id
        reply, tensors = self.call("segment", parameters, image)
        named = {o["name"]: t for o, t in zip(reply["outputs"], tensors)}
        assert len(named["binary_masks"]) == SIDE * SIDE, "the mask has another size"
        return reply

    def put(self, image):
        return self.call("image.put", {}, image)[0]["result"]["image_id"]

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()


def timed(body):
    start = time.perf_counter()
    value = body()
    return value, (time.perf_counter() - start) * 1000


def summary(times):
    return {
        "n": len(times), "p50_ms": round(float(np.percentile(times, 50)), 2),
        "p99_ms": round(float(np.percentile(times, 99)), 2),
        "min_ms": round(min(times), 2), "mean_ms": round(float(np.mean(times)), 2)}


def faster_layout(model, autocast):
    """PyTorch's better memory layout for this network on this machine."""
    trials = []
    for channels_last in (True, False):
        model.to(memory_format=torch.channels_last if channels_last else torch.contiguous_format)
        peer = Peer(model, autocast, channels_last)
        image = picture(10**6)
        times = [timed(lambda: peer.answer(peer.encode(image)))[1] for _ in range(6)][2:]
        trials.append((min(times), channels_last))
    return min(trials)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=60, help="new images for each side")
    parser.add_argument("--warm-up", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--query", default="pancreas")
    parser.add_argument("--model", default="models/segsam-base")
    parser.add_argument("--server", default=".build/release/segsam")
    parser.add_argument("--no-server", action="store_true", help="PyTorch alone")
    parser.add_argument("--json", help="write the numbers there, too")
    options = parser.parse_args()
    if not (1 <= options.runs <= MAXIMUM_RUNS and 0 <= options.warm_up <= MAXIMUM_RUNS):
        parser.error(f"--runs is 1 to {MAXIMUM_RUNS}")

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    folder = pathlib.Path(options.model)
    has_weights = (folder / "weights.safetensors").exists()

    def network():
        return SegSAM.load(folder) if has_weights else SegSAM(Configuration(), 90).eval()

    peers = {}
    for name, autocast in (("pytorch_f32", False), ("pytorch_bf16", True)):
        model = network()
        channels_last = faster_layout(model, autocast)
        model.to(memory_format=torch.channels_last if channels_last else torch.contiguous_format)
        peers[name] = Peer(model, autocast, channels_last)

    server = None if options.no_server else Server(options.server, options.model, options.threads)
    times = {}

    def note(name, milliseconds, run):
        if run >= options.warm_up:
            times.setdefault(name, []).append(milliseconds)

    inside = {}
    try:
        load_before = os.getloadavg()
        for first in range(0, options.warm_up + options.runs, BLOCK):
            block = range(first, min(first + BLOCK, options.warm_up + options.runs))
            for run in block if server else ():
                image = picture(run)
                reply, ms = timed(lambda: server.segment(options.query, image))
                note("server_new", ms, run)
                for stage, value in reply.get("timing_ms", {}).items():
                    if run >= options.warm_up:
                        inside.setdefault(stage, []).append(value)
                image_id = server.put(picture(5000 + run))
                _, ms = timed(lambda: server.segment(options.query, image_id=image_id))
                note("server_cached", ms, run)
            for index, (name, peer) in enumerate(peers.items()):
                for run in block:
                    image = picture(10_000 * (index + 1) + run)
                    features, encoding = timed(lambda: peer.encode(image))
                    _, answering = timed(lambda: peer.answer(features))
                    note(f"{name}_new", encoding + answering, run)
                    note(f"{name}_cached", answering, run)
    finally:
        if server:
            server.close()

    c = peers["pytorch_f32"].c
    result = {
        "what": "one text query on a 512x512 UINT8 image",
        "model": str(folder) if has_weights else "random weights",
        "parameters": sum(p.numel() for p in peers["pytorch_f32"].model.parameters()),
        "image_size": c.imageSize, "threads": options.threads, "torch": torch.__version__,
        "machine": platform.machine(), "cpus": os.cpu_count(),
        "load_average": {"before": load_before, "after": os.getloadavg()},
        "pytorch_channels_last": {n: p.channels_last for n, p in peers.items()},
        "times": {name: summary(t) for name, t in times.items()},
        "server_inside_ms": {k: round(float(np.median(v)), 2) for k, v in inside.items()},
        "ratios_p50": {},
    }
    if server:
        for kind in ("new", "cached"):
            ours = result["times"][f"server_{kind}"]["p50_ms"]
            for name in peers:
                theirs = result["times"][f"{name}_{kind}"]["p50_ms"]
                result["ratios_p50"][f"{name}_{kind}"] = round(theirs / ours, 2)
    text = json.dumps(result, indent=1)
    print(text)
    if options.json:
        pathlib.Path(options.json).write_text(text + "\n")
    print(f"\n{'':22}{'n':>5}{'p50 ms':>10}{'p99 ms':>10}{'server is faster':>18}")
    for name, row in result["times"].items():
        ratio = result["ratios_p50"].get(name)
        print(
            f"{name:22}{row['n']:5}{row['p50_ms']:10.1f}{row['p99_ms']:10.1f}"
            f"{f'{ratio:.1f} times' if ratio else '':>18}")


if __name__ == "__main__":
    main()

"""Images a second of `segsam train` against eager PyTorch on the same network, in turns.

PyTorch is given less to do: its images lie ready in memory, where the trainer decodes, bends and
varies its own, and its loss is focal and Dice on M_b, M_s and what is drawn, without the rest. Both
take AdamW's steps, under bfloat16 autocast where the CPU has it (elsewhere torch emulates it, ten times
slower than float32).
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

import torch
import torch.nn.functional as F
from segsam_torch import KINDS, Configuration, SegSAM

ROOT = pathlib.Path(__file__).resolve().parents[2]
CATEGORIES, DRAWN = 83, 14


def has_bfloat16():
    try:
        flags = pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags or "bf16" in flags.split()


def focal_and_dice(logits, target):
    probability = torch.sigmoid(logits)
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    focal = ((probability - target) ** 2 * entropy).mean()
    both = (probability * target).sum((-2, -1))
    either = (probability**2).sum((-2, -1)) + (target**2).sum((-2, -1))
    return 0.3 * focal + 2 * (1 - (2 * both + 1) / (either + 1)).mean()


class Peer:
    def __init__(self, size, images, queries):
        torch.manual_seed(1)
        c = Configuration(imageSize=size, decoderMLP=256, drawsBinary=True, mapsPlaces=True, sliceReach=3)
        self.images = images
        self.network = SegSAM(c, CATEGORIES).train()
        matrices = [p for p in self.network.parameters() if p.dim() > 1]
        others = [p for p in self.network.parameters() if p.dim() <= 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}],
            lr=1e-4, betas=(0.9, 0.99), fused=True)
        # Clicks, or nothing: a box has two corners.
        kind = torch.randint(0, 3, (queries, c.points))
        half = size // 2
        self.inputs = {
            "image": torch.randn(images, c.channels, size, size),
            "owner": torch.arange(queries) * images // queries,
            "places": torch.rand(queries, c.points, 2),
            "kinds": F.one_hot(kind, KINDS).float(),
            "text": torch.randn(queries, c.aspects, c.textWidth) / c.textWidth**0.5,
            "has_text": torch.ones(queries, 1),
            "drawn_category": torch.randint(0, CATEGORIES, (images, DRAWN)),
            "category_text":
                torch.randn(CATEGORIES, c.aspects * c.textWidth) / c.textWidth**0.5,
        }
        self.target = (torch.rand(queries, half, half) > 0.9).float()
        self.drawn = (torch.rand(images, DRAWN, half, half) > 0.9).float()
        self.classes = (torch.rand(images, CATEGORIES) > 0.9).float()

    def step(self):
        with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
            out = self.network(**self.inputs)
        loss = focal_and_dice(out["mask"].float(), self.target)
        loss = loss + focal_and_dice(out["semantic"].float(), self.target)
        loss = loss + focal_and_dice(out["drawn"].float(), self.drawn)
        loss = loss + F.binary_cross_entropy_with_logits(out["classes"].float(), self.classes)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def speed(self, steps):
        for _ in range(3):
            self.step()
        began = time.perf_counter()
        for _ in range(steps):
            self.step()
        return steps * self.images / (time.perf_counter() - began)


def ours(options, extra):
    """Images a second of each line of the log but the first."""
    with tempfile.TemporaryDirectory() as folder:
        steps = options.steps + 10
        stage = f"{options.size}:{options.images}:{options.queries}:{steps}:0.0001"
        command = [
            options.program, "train", "--corpus", options.corpus, "-o", folder, "--stage", stage,
            "--per-image", "3", "--threads", str(options.threads), "--log-steps", "10",
            "--validation-steps", "1000000", "--checkpoint-seconds", "1000000", *extra,
        ] + (["--autocast"] if has_bfloat16() else [])
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
        speeds, waits, lines = [], [], []
        for line in process.stdout:
            lines.append(line)
            if found := re.search(r"([0-9.]+) images/s, waiting ([0-9]+) %", line):
                speeds.append(float(found[1]))
                waits.append(int(found[2]))
            if len(speeds) > options.steps // 10:
                break
        process.kill()
        process.wait()
    if len(speeds) < 2:
        raise SystemExit("the trainer did not train:\n" + "".join(lines[-5:]))
    return sum(speeds[1:]) / len(speeds[1:]), max(waits[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--images", type=int, default=16)
    parser.add_argument("--queries", type=int, default=32)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--program", default=str(ROOT / ".build/release/segsam"))
    parser.add_argument("--json")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    adamw, wait = ours(options, [])
    peer = Peer(options.size, options.images, options.queries).speed(options.steps)
    muon, _ = ours(options, ["--muon"])
    result = {
        "size": options.size, "images": options.images, "queries": options.queries,
        "threads": options.threads, "torch": torch.__version__,
        "load": os.getloadavg()[0], "precision": "bfloat16" if has_bfloat16() else "float32",
        "images_per_second": {"segsam": adamw, "segsam_muon": muon, "pytorch": peer},
        "ratio": adamw / peer, "waiting_percent": wait,
    }
    print(f"{options.size} × {options.size}, {options.images} images and {options.queries} queries "
          f"a step, {options.threads} threads, {result['precision']}, load {result['load']:.1f}")
    print(f"segsam train           {adamw:6.1f} images/s, waits for data {wait} % of its time")
    print(f"PyTorch {torch.__version__:<14} {peer:6.1f} images/s: segsam is {adamw / peer:.2f} times as fast")
    print(f"segsam train --muon    {muon:6.1f} images/s (another optimiser; no peer)")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()

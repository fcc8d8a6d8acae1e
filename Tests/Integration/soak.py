"""The server's memory over many different images.

    SEGSAM_BINARY=… python Tests/Integration/soak.py [IMAGES]

Sends 1,000 different images (or as many as asked for), of four sizes in turn, each with its own
queries, and reads the resident memory of the server after each. It must

- stay under 1 GiB all the time, and
- be flat over the second half: the median of its last fifth at most 5 % and 16 MiB, whichever is
  more, over the median of its first fifth. Medians, since an allocator gives memory back in
  steps; 16 MiB over 500 images would be 32 KiB an image, less than one of them in half
  precision.

Prints one JSON line with what it measured; exit code 0 where both hold, 1 else.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

from phantoms import ct_slice
from running_server import RunningServer
from segsam_wire import Client, tensor

MIB = 1 << 20
LIMIT = 1024 * MIB
CT = {"layout": "HW", "modality": "CT", "intensity": "HU"}
SIZES = [(160, 160), (256, 192), (320, 320), (512, 512)]
QUERIES = [["liver"], ["spleen", "pancreas", "胰腺"], ["kidney", "aorta"], ["left_kidney"]]


def run(images: int, progress=None) -> dict:
    """Resident bytes of a fresh server after each of `images` different images, summed up."""
    server = RunningServer()
    resident = []
    started = time.monotonic()
    try:
        with Client(server.endpoint) as client:
            for n in range(images):
                height, width = SIZES[n % len(SIZES)]
                image = tensor(ct_slice(10_000 + n, height, width), **CT)
                asked = {"categories": QUERIES[(n // len(SIZES)) % len(QUERIES)]}
                reply = client.call("segment", asked, [image])
                assert reply.status == "ok", reply.header
                resident.append(server.resident_bytes())
                if progress and (n + 1) % 50 == 0:
                    progress(f"{n + 1} images, {resident[-1] / MIB:.0f} MiB")
        assert server.stop() == 0
    finally:
        server.kill()
    half = resident[len(resident) // 2:]
    fifth = max(1, len(half) // 5)
    before, after = statistics.median(half[:fifth]), statistics.median(half[-fifth:])
    allowed = max(0.05 * before, 16 * MIB)
    return {
        "images": images,
        "seconds": round(time.monotonic() - started, 1),
        "first_mib": round(resident[0] / MIB, 1),
        "peak_mib": round(max(resident) / MIB, 1),
        "second_half_start_mib": round(before / MIB, 1),
        "second_half_end_mib": round(after / MIB, 1),
        "under_limit": max(resident) < LIMIT,
        "flat": after - before <= allowed,
    }


if __name__ == "__main__":
    result = run(
        int(sys.argv[1]) if len(sys.argv) > 1 else 1000,
        progress=lambda line: print(line, file=sys.stderr, flush=True))
    print(json.dumps(result))
    sys.exit(0 if result["under_limit"] and result["flat"] else 1)

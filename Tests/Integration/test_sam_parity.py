"""A model in Segment Anything's layout, run by the real program, against Hugging Face's implementation.

Skipped where transformers or torch is missing. The network is random: it is made here, given to
`segsam import` under Hugging Face's names where the program has that command (else written under Segment
Anything's own), and asked for a box and for clicks on a picture that is wider than high. ViT-B at 1024
pixels is slow: SEGSAM_SLOW=1.
"""

from __future__ import annotations

import json
import pathlib
import struct
import subprocess
import sys
import zlib

import pytest

from running_server import binary

PEER = pathlib.Path(__file__).parent.parent / "SegSAMTests" / "Backbone"
SMALL = dict(
    imageSize=256, width=64, depth=4, heads=2, encoderMLP=128, windowSize=5, globalBlocks=[1, 3],
    promptWidth=64, decoderHeads=4, decoderMLP=128, scoreWidth=64)


@pytest.fixture(scope="module")
def sam_peer():
    pytest.importorskip("torch", reason="this test needs torch: pip install torch")
    pytest.importorskip(
        "transformers", reason="this test needs transformers: pip install transformers safetensors")
    sys.path.insert(0, str(PEER))
    import sam_peer

    yield sam_peer
    sys.path.remove(str(PEER))


def write_png(path, pixels):
    """8-bit RGB from `[height, width, 3]`."""
    height, width = len(pixels), len(pixels[0])
    rows = b"".join(b"\0" + bytes(value for pixel in row for value in pixel) for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks))


def read_mask(path):
    """`[height, width]` of an 8-bit gray PNG, by Pillow or what else is there."""
    image = pytest.importorskip("PIL.Image", reason="this test needs Pillow: pip install pillow")
    with image.open(path) as mask:
        return [[value > 0 for value in row] for row in _rows(mask.convert("L"))]


def _rows(image):
    data, width = image.tobytes(), image.width
    return [data[at:at + width] for at in range(0, len(data), width)]


def bundle(peer, folder, sam_peer):
    """By `segsam import` where there is such a command."""
    told = subprocess.run([binary(), "--help"], capture_output=True, text=True, check=True).stdout
    if any(line.split()[:1] == ["import"] for line in told.splitlines()):
        peer.model.save_pretrained(folder / "hf")
        subprocess.run(
            [binary(), "import", folder / "hf" / "model.safetensors", "-o", folder / "bundle",
             "--decoder-heads", str(peer.c["decoderHeads"])], check=True)
    else:
        sam_peer.write_bundle(peer, folder / "bundle")
    return folder / "bundle"


@pytest.mark.parametrize(
    "sizes", ["small", pytest.param("vit_b", marks=pytest.mark.slow)])
def test_program_draws_what_the_peer_draws(sizes, sam_peer, tmp_path):
    import torch

    peer = sam_peer.Peer(sam_peer.VIT_B | (SMALL if sizes == "small" else {}), seed=11)
    side = peer.c["imageSize"]
    model = bundle(peer, tmp_path, sam_peer)

    # As wide as the square, so that nothing is resized, and three quarters as high.
    waves = sam_peer.picture(side)[0, :, : 3 * side // 4]
    colours = ((waves + 1.5) * 85).clamp(0, 255).round()
    write_png(tmp_path / "image.png", colours.movedim(0, 2).int().tolist())
    mean, deviation = (
        torch.tensor(peer.c[key])[:, None, None] for key in ("pixelMean", "pixelDeviation"))
    square = torch.zeros(1, 3, side, side)
    square[0, :, : 3 * side // 4] = (colours - mean) / deviation
    embedding = peer.embed(square)

    box, click = [side // 8, side // 4, side // 2, side * 5 // 8], [side // 3, side // 3]
    asked = {
        "box": (["--box", ",".join(map(str, box))], dict(box=box)),
        "click": (["--point", ",".join(map(str, click)) + ",1"], dict(points=[click], labels=[1])),
    }
    for name, (arguments, prompt) in asked.items():
        logits, scores = peer.ask(embedding, **prompt)
        chosen = 0 if name == "box" else 1 + int(scores[1:].argmax())
        large = torch.nn.functional.interpolate(
            logits[None, chosen:chosen + 1], (side, side), mode="bilinear")[0, 0, : 3 * side // 4]
        # A random network's mask is all or nothing at a half; at the median it has many edges.
        threshold = float(torch.sigmoid(large.median()))
        wanted = torch.sigmoid(large) > threshold
        output = tmp_path / name
        subprocess.run(
            [binary(), "segment", tmp_path / "image.png", *arguments, "--model", model,
             "--detector", "none", "--threshold", str(threshold), "-o", output], check=True)
        result = json.loads((output / "result.json").read_text())["categories"][0]
        got = torch.tensor(read_mask(next(output.glob("object*.png"))))
        assert got.shape == wanted.shape
        overlap = (got & wanted).sum() / (got | wanted).sum()
        score = float(scores[chosen].clamp(0, 1))
        print(f"{sizes} {name}: overlap {overlap:.4f}, score {result['score']:.4f} for {score:.4f}")
        assert 0.4 < wanted.float().mean() < 0.6
        # bfloat16 where the CPU has it.
        assert overlap > 0.95
        assert abs(result["score"] - score) < 0.05

"""Writes ../Fixtures/sam.safetensors and sam_adapted.safetensors: small networks in Segment Anything's
layout, weights in half precision (they were rounded to it), with what `sam_peer` answers.

    python make_fixtures.py
"""

import pathlib

from safetensors.torch import save_file

import sam_peer

SMALL = dict(
    sam_peer.VIT_B, imageSize=128, width=32, depth=4, heads=2, encoderMLP=48, windowSize=3,
    globalBlocks=[1, 3], promptWidth=32, maskChannels=8, decoderHeads=4, decoderMLP=40,
    scoreWidth=24)
ADAPTED = dict(
    SMALL, imageSize=64, width=12, depth=2, encoderMLP=20, globalBlocks=[1], promptWidth=16,
    decoderHeads=2, decoderMLP=16, scoreWidth=16, hasAdapters=True)

if __name__ == "__main__":
    folder = pathlib.Path(__file__).parent.parent / "Fixtures"
    folder.mkdir(exist_ok=True)
    # Block 3's table is of another length, as after training at another size.
    for name, sizes, tables in [("sam", SMALL, {3: 11}), ("sam_adapted", ADAPTED, {})]:
        # Segment Anything's own code has 1e-5 in the decoder, transformers 1e-6.
        peer = sam_peer.Peer(sizes, seed=20, tables=tables, epsilon=1e-5)
        tensors = {f"weight.{key}": value.half() for key, value in peer.weights().items()}
        if sizes["hasAdapters"]:  # the rest is as without them
            tensors = {key: v for key, v in tensors.items() if "weight.image_encoder." in key}
        tensors |= sam_peer.answers(peer, {} if sizes["hasAdapters"] else None)
        save_file(tensors, folder / f"{name}.safetensors")
        for key, value in sorted(tensors.items()):
            if key.startswith("output."):
                print(name, key, tuple(value.shape), f"std {value.std():.3g}")

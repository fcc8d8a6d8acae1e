"""Makes Fixtures/network.safetensors and slices.safetensors: a tiny network's weights, inputs and
outputs, and the same of its attention across slices, by PyTorch.

    python3 -m venv v && v/bin/pip install torch safetensors numpy
    v/bin/python Tests/NetworkExample/make_fixtures.py

The network is Benchmarks/peer/segsam_torch.py, an implementation independent of the Swift one; the
sizes are those of `NetworkExample.configuration`.
"""

import pathlib
import sys

import torch
from safetensors.torch import save_file

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent.parent / "Benchmarks" / "peer"))
from segsam_torch import (  # noqa: E402
    KINDS, Configuration, CrossSliceAttention, Fourier, SegSAM)

torch.manual_seed(20261121)
configuration = Configuration(
    imageSize=32, width=32, stages=[8, 16, 24], stageBlocks=1, depth=1, heads=2, crossWidth=16,
    decoderMLP=40, upscaled=[16, 8], textWidth=12, aspects=3, points=4, drawsBinary=True,
    mapsPlaces=True, sliceReach=3)
images, queries, categories = 2, 4, 5



@torch.no_grad()
def scatter(network):
    for name, value in network.named_parameters():
        # Nothing may be 0 or 1 by chance: a forgotten bias or scale must show.
        if name.endswith("gaussian"):
            value.normal_()
        elif value.dim() == 1:
            value.normal_(1 if name.endswith("weight") else 0.1, 0.2)
        elif value.dim() == 4:
            value.normal_(0, (2 / value[0].numel()) ** 0.5)
        else:
            value.normal_(0, (1.5 / value.shape[-1]) ** 0.5)


network = SegSAM(configuration, categories).eval()
scatter(network)
c = configuration
kind = torch.tensor([[0, 0, 0, 0], [3, 4, 0, 0], [0, 0, 2, 1], [3, 4, 2, 2]])
has_text = torch.tensor([[1.0], [0.0], [1.0], [1.0]])
inputs = {
    "image": torch.randn(images, c.channels, c.imageSize, c.imageSize),
    "owner": torch.tensor([1, 0, 0, 1]),
    "places": torch.rand(queries, c.points, 2) * (kind > 0)[..., None],
    "kinds": torch.nn.functional.one_hot(kind, KINDS).float(),
    "text": torch.randn(queries, c.aspects, c.textWidth) * has_text[..., None],
    "has_text": has_text,
    "drawn_category": torch.tensor([[4, 0, 2], [1, 1, 3]]),
    "category_text": torch.randn(categories, c.aspects * c.textWidth),
}
with torch.inference_mode():
    outputs = network(**inputs)


def save(name, parts):
    path = here / "Fixtures" / f"{name}.safetensors"
    path.parent.mkdir(exist_ok=True)
    tensors = {f"{kind}.{k}": v for kind, part in parts.items() for k, v in part.items()}
    save_file({k: v.contiguous().clone() for k, v in tensors.items()}, path)
    path.chmod(0o644)
    for name, value in parts["output"].items():
        print(f"{name:12} {str(tuple(value.shape)):18} mean {value.mean():8.4f}  sd {value.std():8.4f}")
    print(len(tensors), "tensors,", path.stat().st_size, "bytes")


save("network", {"weight": network.state_dict(), "input": inputs, "output": outputs})

torch.manual_seed(20261126)
look, place = CrossSliceAttention(c), Fourier(c.width)
scatter(look)
tokens = torch.randn(images, c.grid**2, c.width)
around = torch.randn(images, 4, c.grid**2, c.width)
with torch.inference_mode():
    seen = look(tokens, around, place.grid(c.grid))
save("slices", {
    "weight": {f"cross_slice.{k}": v for k, v in look.state_dict().items()}
    | {f"prompt_encoder.positions.{k}": v for k, v in place.state_dict().items()},
    "input": {"tokens": tokens, "around": around}, "output": {"tokens": seen}})

"""Makes the fixtures of this folder's tests, and SegSAMTests' list of shapes, with PyTorch itself.

    python3 -m venv v && v/bin/pip install torch numpy safetensors transformers segment-anything
    v/bin/python Tests/CheckpointsTests/make_fixtures.py

`numbers.*` hold tensors whose values the tests know; `sam.*` one tiny network in Segment Anything's
and in Hugging Face's names. That the two are the same network is checked here: both compute the same
image features, masks and scores.
"""

import argparse
import json
import math
import pathlib
import shutil
import sys
import types
import zipfile
from collections import OrderedDict

import numpy
import torch
from safetensors.torch import save_file

here = pathlib.Path(__file__).parent / "Fixtures"
shutil.rmtree(here, ignore_errors=True)
here.mkdir()


def numbers():
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    steps = [0.0, 1.0, -2.5, 0.15625]
    return OrderedDict([
        ("f32", base / 8),
        ("transposed", base.permute(2, 0, 1)),
        ("every_second", torch.arange(10, dtype=torch.float32)[1::2]),
        ("tail", base.reshape(-1)[20:]),
        ("f16", torch.tensor(steps, dtype=torch.float16)),
        ("bf16", torch.tensor(steps, dtype=torch.bfloat16)),
        ("f64", torch.tensor(steps, dtype=torch.float64)),
        ("i64", torch.tensor([-3, 0, 70000], dtype=torch.int64)),
        ("i32", torch.tensor([-3, 0, 70000], dtype=torch.int32)),
        ("i16", torch.tensor([-3, 0, 700], dtype=torch.int16)),
        ("i8", torch.tensor([-3, 0, 7], dtype=torch.int8)),
        ("u8", torch.tensor([3, 0, 255], dtype=torch.uint8)),
        ("bool", torch.tensor([True, False])),
        ("scalar", torch.tensor(42.0)),
        ("empty", torch.zeros(0, 3)),
        ("expanded", torch.tensor([[7.0]]).expand(2, 3)),
        ("nan", torch.full((3,), math.nan)),
        ("parameter", torch.nn.Parameter(torch.tensor([1.5, 2.5]))),
    ])


torch.save(numbers(), here / "numbers.pth")
torch.save(numbers(), here / "numbers-legacy.pth", _use_new_zipfile_serialization=False)
torch.save(numbers(), here / "numbers-protocol4.pth", pickle_protocol=4)
torch.save(OrderedDict(numbers(), u16=torch.tensor([1, 65535], dtype=torch.uint16)), here / "untyped.pth")
save_file({name: value.detach().contiguous().clone() for name, value in numbers().items()},
          here / "numbers.safetensors")
with zipfile.ZipFile(here / "numbers.pth") as plain, \
        zipfile.ZipFile(here / "numbers-deflated.pth", "w", zipfile.ZIP_DEFLATED) as packed:
    for member in plain.infolist():
        packed.writestr(zipfile.ZipInfo(member.filename), plain.read(member), zipfile.ZIP_DEFLATED)

# What a training run leaves: an optimizer saved whole, its state, numpy scalars, arguments.
model = torch.nn.Linear(3, 2)
with torch.no_grad():
    model.weight.copy_(torch.arange(6).reshape(2, 3))
    model.bias.copy_(torch.tensor([-1.0, -2.0]))
optimizer = torch.optim.Adam(model.parameters())
model(torch.ones(1, 3)).sum().backward()
state = OrderedDict((name, value.clone()) for name, value in model.state_dict().items())
optimizer.step()
torch.save({
    "model": state, "optimizer": optimizer, "optimizer_state": optimizer.state_dict(),
    "args": argparse.Namespace(lr=0.1, device=torch.device("cpu"), size=torch.Size([2, 3])),
    "epoch": 3, "best": numpy.float64(0.5), "path": pathlib.PurePosixPath("x").parts,
}, here / "training.pth")
torch.save(model, here / "whole-model.pth")
torch.jit.script(torch.nn.ReLU()).save(here / "script.pt")

# Segment Anything, tiny.
for name in ["torchvision", "torchvision.ops", "torchvision.ops.boxes", "torchvision.transforms",
             "torchvision.transforms.functional"]:
    sys.modules[name] = types.ModuleType(name)
for name in ["batched_nms", "box_area"]:
    setattr(sys.modules["torchvision.ops.boxes"], name, None)
for name in ["resize", "to_pil_image"]:
    setattr(sys.modules["torchvision.transforms.functional"], name, None)
from segment_anything.build_sam import build_sam_vit_b, build_sam_vit_h  # noqa: E402
from segment_anything.modeling import (  # noqa: E402
    ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer)

sizes = dict(image=16, patch=4, width=16, depth=2, heads=2, mlp=32, window=3, prompt=16, mask=8,
             decoder=2, decoder_heads=2, decoder_mlp=24, iou=12)
torch.manual_seed(20261126)
sam = Sam(
    ImageEncoderViT(
        img_size=sizes["image"], patch_size=sizes["patch"], embed_dim=sizes["width"],
        depth=sizes["depth"], num_heads=sizes["heads"], mlp_ratio=sizes["mlp"] / sizes["width"],
        out_chans=sizes["prompt"], use_rel_pos=True, window_size=sizes["window"],
        global_attn_indexes=(1,), norm_layer=lambda n: torch.nn.LayerNorm(n, eps=1e-6)),
    PromptEncoder(
        embed_dim=sizes["prompt"], image_embedding_size=(4, 4), input_image_size=(16, 16),
        mask_in_chans=sizes["mask"]),
    MaskDecoder(
        transformer_dim=sizes["prompt"], num_multimask_outputs=3, iou_head_depth=3,
        iou_head_hidden_dim=sizes["iou"],
        transformer=TwoWayTransformer(
            depth=sizes["decoder"], embedding_dim=sizes["prompt"],
            num_heads=sizes["decoder_heads"], mlp_dim=sizes["decoder_mlp"]))).eval()
with torch.no_grad():
    for value in sam.parameters():
        # Nothing may be 0 or 1 by chance, and halves are exact.
        value.copy_((torch.randn_like(value) * 0.3).half().float())
    matrix = sam.prompt_encoder.pe_layer.positional_encoding_gaussian_matrix
    matrix.copy_(matrix.half().float())
original = sam.state_dict()

from transformers import SamConfig, SamModel  # noqa: E402

config = SamConfig(
    vision_config=dict(
        hidden_size=sizes["width"], num_hidden_layers=sizes["depth"],
        num_attention_heads=sizes["heads"], image_size=sizes["image"], patch_size=sizes["patch"],
        window_size=sizes["window"], global_attn_indexes=[1], output_channels=sizes["prompt"],
        mlp_dim=sizes["mlp"], num_pos_feats=sizes["prompt"] // 2),
    prompt_encoder_config=dict(
        hidden_size=sizes["prompt"], image_size=sizes["image"], patch_size=sizes["patch"],
        mask_input_channels=sizes["mask"]),
    mask_decoder_config=dict(
        hidden_size=sizes["prompt"], mlp_dim=sizes["decoder_mlp"],
        num_hidden_layers=sizes["decoder"], num_attention_heads=sizes["decoder_heads"],
        iou_head_hidden_dim=sizes["iou"]))
other = SamModel(config).eval()

# The same layers by their two names; a wrong pair shows in what the networks compute.
RENAMED = [
    ("image_encoder.blocks.", "vision_encoder.layers."), ("image_encoder.", "vision_encoder."),
    ("patch_embed.proj.", "patch_embed.projection."), (".norm", ".layer_norm"),
    ("neck.0", "neck.conv1"), ("neck.1", "neck.layer_norm1"), ("neck.2", "neck.conv2"),
    ("neck.3", "neck.layer_norm2"), ("point_embeddings", "point_embed"),
    ("mask_downscaling.0", "mask_embed.conv1"), ("mask_downscaling.1", "mask_embed.layer_norm1"),
    ("mask_downscaling.3", "mask_embed.conv2"), ("mask_downscaling.4", "mask_embed.layer_norm2"),
    ("mask_downscaling.6", "mask_embed.conv3"), ("output_upscaling.0", "upscale_conv1"),
    ("output_upscaling.1", "upscale_layer_norm"), ("output_upscaling.3", "upscale_conv2"),
    ("pe_layer.positional_encoding_gaussian_matrix", "shared_embedding.positional_embedding"),
]


def renamed(name):
    for old, new in RENAMED:
        name = name.replace(old, new)
    if "hypernetworks" in name or "iou_prediction" in name:
        for old, new in [("layers.0", "proj_in"), ("layers.1", "layers.0"), ("layers.2", "proj_out")]:
            if old in name:
                return name.replace(old, new)
    return name


converted = {renamed(name): value.clone() for name, value in original.items()}
converted["shared_image_embedding.positional_embedding"] = converted[
    "prompt_encoder.shared_embedding.positional_embedding"].clone()
other.load_state_dict(converted)
with torch.no_grad():
    image = torch.randn(1, 3, 16, 16)
    features = sam.image_encoder(image)
    points, labels = torch.tensor([[[3.0, 9.0], [12.0, 5.0]]]), torch.tensor([[1, 0]])
    sparse, dense = sam.prompt_encoder(points=(points, labels), boxes=None, masks=None)
    masks, scores = sam.mask_decoder(
        image_embeddings=features, image_pe=sam.prompt_encoder.get_dense_pe(),
        sparse_prompt_embeddings=sparse, dense_prompt_embeddings=dense, multimask_output=True)
    theirs = other(pixel_values=image, input_points=points[:, None], input_labels=labels[:, None])
    assert torch.allclose(features, other.get_image_embeddings(image), atol=1e-5)
    assert torch.allclose(masks, theirs.pred_masks[:, 0], atol=1e-4), "the masks differ"
    assert torch.allclose(scores, theirs.iou_scores[:, 0], atol=1e-4), "the scores differ"
    print("largest difference of masks:", (masks - theirs.pred_masks[:, 0]).abs().max().item())

torch.save({name: value.half() for name, value in original.items()}, here / "sam.pth")
# MedSAM's training wraps the network once for each GPU, and the weights once more.
def some(state):
    return {name: value.half() for name, value in state.items()
            if "patch_embed" in name or ".blocks.0." in name}


torch.save({"model": {f"module.{name}": value for name, value in some(original).items()}, "epoch": 1},
           here / "sam-wrapped.pth")
# SAM-Med2D's adapters (arXiv 2308.16184), beside each block.
adapted, width = dict(original), sizes["width"]
for block in range(sizes["depth"]):
    for name, shape in [
        ("norm.weight", (width,)), ("norm.bias", (width,)), ("channel.0.weight", (width // 4, width)),
        ("channel.2.weight", (width, width // 4)), ("spatial.0.weight", (width, width, 3, 3)),
        ("spatial.2.weight", (width, width, 4, 4)),
    ]:
        adapted[f"image_encoder.blocks.{block}.Adapter.{name}"] = torch.full(shape, 0.25)
torch.save({"model": some(adapted)}, here / "sam-adapters.pth")
folder = here / "huggingface"
folder.mkdir()
save_file({name: value.half() for name, value in other.state_dict().items()
           if name != "prompt_encoder.shared_embedding.positional_embedding"},
          folder / "model.safetensors")
(folder / "config.json").write_text(config.to_json_string())
# What SamImageProcessor of the published models says.
(folder / "preprocessor_config.json").write_text(json.dumps({
    "do_normalize": True, "do_rescale": True, "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225], "rescale_factor": 1 / 255, "size": {"longest_edge": 16}}))

shapes = {"tiny": original, "tiny_adapters": adapted}
with torch.device("meta"):
    shapes["vit_b"] = build_sam_vit_b().state_dict()
    shapes["vit_h"] = build_sam_vit_h().state_dict()
target = pathlib.Path(__file__).parent.parent / "SegSAMTests" / "Fixtures"
target.mkdir(exist_ok=True)
(target / "sam-shapes.json").write_text(json.dumps(
    {name: {key: list(value.shape) for key, value in state.items()} for name, state in shapes.items()},
    separators=(",", ":")))
for file in sorted(here.rglob("*")):
    if file.is_file():
        print(file.relative_to(here), file.stat().st_size)

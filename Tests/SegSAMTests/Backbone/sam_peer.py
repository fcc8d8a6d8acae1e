"""Segment Anything as Hugging Face's `transformers` runs it, with random weights from a seed: the
independent implementation that ours is compared with.

    python sam_peer.py vit_b.safetensors

writes ViT-B's sizes with its answers, 400 MB, for the test that SEGSAM_SAM_PARITY names the file to.
Needs torch, transformers and safetensors.
"""

import json
import math
import sys

import torch
from transformers import SamConfig, SamModel
from transformers.models.sam import SamMaskDecoderConfig, SamPromptEncoderConfig, SamVisionConfig

# Our configuration's members, as in a manifest, with ViT-B's sizes.
VIT_B = dict(
    imageSize=1024, patchSize=16, width=768, depth=12, heads=12, encoderMLP=3072, windowSize=14,
    globalBlocks=[2, 5, 8, 11], hasRelativePositions=True, hasAbsolutePositions=True,
    hasAdapters=False, promptWidth=256, maskChannels=16, decoderDepth=2, decoderHeads=8,
    decoderMLP=2048, attentionDownsampling=2, candidates=3, scoreDepth=3, scoreWidth=256,
    pixelMean=[123.675, 116.28, 103.53], pixelDeviation=[58.395, 57.12, 57.375])

# Of a name here, the parts in Segment Anything's own checkpoints.
ENCODER = [
    ("vision_encoder.patch_embed.projection", "image_encoder.patch_embed.proj"),
    ("vision_encoder.pos_embed", "image_encoder.pos_embed"),
    ("vision_encoder.neck.conv1", "image_encoder.neck.0"),
    ("vision_encoder.neck.layer_norm1", "image_encoder.neck.1"),
    ("vision_encoder.neck.conv2", "image_encoder.neck.2"),
    ("vision_encoder.neck.layer_norm2", "image_encoder.neck.3"),
    ("vision_encoder.layers.", "image_encoder.blocks."),
]
PROMPTS = [
    ("prompt_encoder.shared_embedding.positional_embedding",
     "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"),
    ("prompt_encoder.point_embed.", "prompt_encoder.point_embeddings."),
    ("prompt_encoder.mask_embed.conv1", "prompt_encoder.mask_downscaling.0"),
    ("prompt_encoder.mask_embed.layer_norm1", "prompt_encoder.mask_downscaling.1"),
    ("prompt_encoder.mask_embed.conv2", "prompt_encoder.mask_downscaling.3"),
    ("prompt_encoder.mask_embed.layer_norm2", "prompt_encoder.mask_downscaling.4"),
    ("prompt_encoder.mask_embed.conv3", "prompt_encoder.mask_downscaling.6"),
]
DECODER = [
    ("mask_decoder.upscale_conv1", "mask_decoder.output_upscaling.0"),
    ("mask_decoder.upscale_layer_norm", "mask_decoder.output_upscaling.1"),
    ("mask_decoder.upscale_conv2", "mask_decoder.output_upscaling.3"),
    ("layer_norm_final_attn", "norm_final_attn"),
]

EMBEDDINGS = (
    "point_embed.0.weight", "point_embed.1.weight", "point_embed.2.weight", "point_embed.3.weight",
    "a_point_embed.weight", "no_mask_embed.weight", "iou_token.weight", "mask_tokens.weight")


def canonical(name, depth):
    """The name of a parameter in Segment Anything's own checkpoints; None for a copy."""
    if name.startswith("shared_image_embedding."):
        return None
    for mine, theirs in ENCODER + PROMPTS + DECODER:
        name = name.replace(mine, theirs)
    name = name.replace(".layer_norm", ".norm")
    if "_mlps." in name or "iou_prediction_head." in name:
        name = name.replace(".layers.", ".inner.").replace(".proj_in.", ".layers.0.")
        name = name.replace(".proj_out.", f".layers.{depth(name) - 1}.")
        if ".inner." in name:
            head, tail = name.split(".inner.")
            number, rest = tail.split(".", 1)
            name = f"{head}.layers.{int(number) + 1}.{rest}"
    return name


def fill(model, seed):
    """Weights of unit gain, so that every part of the network has a say; biases of both signs."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in sorted(model.state_dict().items()):
            noise = torch.randn(value.shape, generator=random)
            if "positional_embedding" in name:
                new = noise
            elif "rel_pos" in name:
                new = 0.3 * noise
            elif "pos_embed" in name or name.endswith(EMBEDDINGS):
                new = 0.7 * noise
            elif value.dim() == 1:
                new = (1 + 0.2 * noise) if "norm" in name and name.endswith("weight") else 0.2 * noise
            elif "upscale_conv" in name:
                new = noise / math.sqrt(value.shape[0])
            else:
                new = noise / math.sqrt(value[0].numel())
            value.copy_(new.half().float())
        shared = model.shared_image_embedding.positional_embedding
        model.prompt_encoder.shared_embedding.positional_embedding.copy_(shared)
    return model


class Adapter(torch.nn.Module):
    """A block's MLP with SAM-Med2D's adapter beside it (arXiv 2308.16184, section 3.2)."""

    def __init__(self, mlp, width):
        super().__init__()
        nn = torch.nn
        self.mlp = mlp
        self.down = nn.Linear(width, width // 4, bias=False)
        self.up = nn.Linear(width // 4, width, bias=False)
        self.shrink = nn.Conv2d(width, width, 3, stride=2, padding=1, bias=False)
        self.grow = nn.ConvTranspose2d(width, width, 4, stride=2, padding=1, bias=False)
        self.out_norm = nn.LayerNorm(width)

    def forward(self, x):
        means = x.mean(dim=(1, 2))
        gate = torch.sigmoid(self.up(torch.relu(self.down(means))))
        plane = (x * gate[:, None, None, :]).movedim(3, 1)
        near = torch.relu(self.grow(torch.relu(self.shrink(plane)))).movedim(1, 3)
        return self.mlp(x) + self.out_norm(x + near)


ADAPTER = {
    ".mlp.mlp.": ".mlp.", ".mlp.down.": ".Adapter.channel.0.", ".mlp.up.": ".Adapter.channel.2.",
    ".mlp.shrink.": ".Adapter.spatial.0.", ".mlp.grow.": ".Adapter.spatial.2.",
    ".mlp.out_norm.": ".Adapter.norm.",
}


class Peer:
    """A network of the sizes `c`, and what it answers."""

    def __init__(self, c, seed, tables=None, epsilon=1e-6):
        vision = SamVisionConfig(
            hidden_size=c["width"], output_channels=c["promptWidth"], num_hidden_layers=c["depth"],
            num_attention_heads=c["heads"], image_size=c["imageSize"], patch_size=c["patchSize"],
            mlp_dim=c["encoderMLP"], window_size=c["windowSize"],
            global_attn_indexes=c["globalBlocks"], use_rel_pos=c["hasRelativePositions"],
            use_abs_pos=c["hasAbsolutePositions"], num_pos_feats=c["promptWidth"] // 2)
        prompt = SamPromptEncoderConfig(
            hidden_size=c["promptWidth"], image_size=c["imageSize"], patch_size=c["patchSize"],
            mask_input_channels=c["maskChannels"])
        decoder = SamMaskDecoderConfig(
            hidden_size=c["promptWidth"], mlp_dim=c["decoderMLP"],
            num_hidden_layers=c["decoderDepth"], num_attention_heads=c["decoderHeads"],
            attention_downsample_rate=c["attentionDownsampling"],
            num_multimask_outputs=c["candidates"], iou_head_depth=c["scoreDepth"],
            iou_head_hidden_dim=c["scoreWidth"], layer_norm_eps=epsilon)
        self.c = c
        model = SamModel(SamConfig(
            vision_config=vision, prompt_encoder_config=prompt, mask_decoder_config=decoder)).eval()
        if c["hasAdapters"]:
            for layer in model.vision_encoder.layers:
                layer.mlp = Adapter(layer.mlp, c["width"])
        for block, length in (tables or {}).items():
            attention = model.vision_encoder.layers[block].attn
            shape = (length, c["width"] // c["heads"])
            attention.rel_pos_h = torch.nn.Parameter(torch.zeros(shape))
            attention.rel_pos_w = torch.nn.Parameter(torch.zeros(shape))
        self.model = fill(model, seed)

    def weights(self):
        """The parameters by the names of Segment Anything's own checkpoints."""
        def depth(name):
            return self.c["scoreDepth"] if "iou" in name else 3
        found = {}
        for name, value in self.model.state_dict().items():
            theirs = canonical(name, depth)
            if theirs is None:
                continue
            for mine, other in ADAPTER.items():
                theirs = theirs.replace(mine, other) if self.c["hasAdapters"] else theirs
            found[theirs] = value.contiguous().clone()
        return found

    @torch.no_grad()
    def embed(self, image):
        return self.model.get_image_embeddings(image)

    @torch.no_grad()
    def ask(self, embedding, points=(), labels=(), box=None, mask=None):
        """Logits of all masks, `[masks, side, side]`, and their scores, `[masks]`."""
        given = dict(image_embeddings=embedding)
        if len(points):
            given["input_points"] = torch.tensor([[list(map(list, points))]], dtype=torch.float)
            given["input_labels"] = torch.tensor([[list(labels)]])
        if box is not None:
            given["input_boxes"] = torch.tensor([[list(box)]], dtype=torch.float)
        if mask is not None:
            given["input_masks"] = mask
        one, three = (self.model(**given, multimask_output=many) for many in (False, True))
        masks = torch.cat([one.pred_masks[0, 0], three.pred_masks[0, 0]])
        return masks, torch.cat([one.iou_scores[0, 0], three.iou_scores[0, 0]])


def write_bundle(peer, folder):
    """A model's folder under Segment Anything's own names."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    save_file(peer.weights(), folder / "weights.safetensors")
    ours = dict(
        imageSize=256, width=256, stages=[24, 48, 96], stageBlocks=2, depth=4, heads=8, mlpRatio=2,
        crossWidth=128, decoderDepth=2, decoderMLP=256, upscaled=[64, 32], textWidth=384, aspects=6,
        points=8)
    manifest = dict(
        format="segsam-bundle/1", name=folder.name, version="1", summary="", network=ours,
        sam=peer.c, categories=[], modalities=[], presenceThresholds={}, textEncoder="")
    (folder / "manifest.json").write_text(json.dumps(manifest))


def picture(side):
    """`[1, 3, side, side]`: waves, which a reader of another language makes likewise."""
    y, x, c = (torch.arange(n, dtype=torch.double) for n in (side, side, 3))
    y, x, c = y[None, :, None], x[None, None, :], c[:, None, None]
    unit = 128 / side
    waves = torch.sin(0.11 * unit * x * (1 + c) + 0.3 * c) * torch.cos(0.07 * unit * y + c)
    return (waves + 0.4 * torch.sin(0.013 * unit * unit * x * y))[None].float()


def drawn(side):
    """Logits of a mask prompt, `[1, 1, side, side]`."""
    y, x = (torch.arange(side, dtype=torch.double) for _ in range(2))
    unit = 32 / side
    return (4 * torch.sin(0.2 * unit * x[None, :] + 0.31 * unit * y[:, None]))[None, None].float()


def prompts(side):
    """By name: places in pixels of the square, clicks with labels, a box, whether a mask is given."""
    s = side / 128
    a, b, d = (31.5 * s, 77.25 * s), (90 * s, 20 * s), (64 * s, 100 * s)
    box = (20 * s, 30.5 * s, 88 * s, 101 * s)
    return {
        "box": dict(box=box),
        "point": dict(points=[a], labels=[1]),
        "points": dict(points=[a, b, d], labels=[1, 0, 1]),
        "box_points": dict(points=[a, b], labels=[1, 0], box=box),
        "mask": dict(mask=True),
        "mask_point": dict(points=[b], labels=[1], mask=True),
    }


def answers(peer, asked=None):
    """Everything that a reader compares, by name."""
    side = peer.c["imageSize"]
    embedding = peer.embed(picture(side))
    found = {"output.embedding": embedding}
    drawing = drawn(4 * side // peer.c["patchSize"])
    for name, prompt in (prompts(side) if asked is None else asked).items():
        prompt = dict(prompt)
        if prompt.pop("mask", False):
            prompt["mask"] = drawing
        masks, scores = peer.ask(embedding, **prompt)
        found[f"output.{name}.masks"], found[f"output.{name}.scores"] = masks, scores
    return {name: value.contiguous() for name, value in found.items()}


if __name__ == "__main__":
    from safetensors.torch import save_file

    # As transformers has it: 1e-6 in the decoder, where Segment Anything's own code has 1e-5.
    large = Peer(VIT_B, seed=20)
    tensors = {f"weight.{key}": value for key, value in large.weights().items()}
    save_file(tensors | answers(large), sys.argv[1])

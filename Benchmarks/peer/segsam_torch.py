"""SegSAM's network once more, as eager PyTorch modules: the oracle of its tests and its peer in speed.

Written from the description in Sources/SegSAM/Network and the papers named there, with PyTorch's own
layers. Module names give the parameter names of `weights.safetensors`, so `load_state_dict` is
strict. All of it works under `torch.autocast(..., torch.bfloat16)`; positions stay in float32.
"""

import json
import math
import pathlib
from dataclasses import dataclass, field, fields

import torch
import torch.nn.functional as F
from torch import nn

KINDS = 5  # none, negative, positive, box's upper left, box's lower right
MASKS = 4  # one for unambiguous prompts, three for ambiguous ones


@dataclass
class Configuration:
    """NetworkConfiguration, with the same names and defaults."""

    imageSize: int = 256
    width: int = 256
    stages: list = field(default_factory=lambda: [24, 48, 96])
    stageBlocks: int = 2
    depth: int = 4
    heads: int = 8
    mlpRatio: int = 2
    crossWidth: int = 128
    decoderDepth: int = 2
    decoderMLP: int = 512
    upscaled: list = field(default_factory=lambda: [64, 32])
    textWidth: int = 384
    aspects: int = 6
    points: int = 8
    drawsBinary: bool = False
    mapsPlaces: bool = False
    sliceReach: float | None = None

    @property
    def channels(self):
        return 3 if self.sliceReach is None else 5

    @property
    def grid(self):
        return self.imageSize // 16

    @classmethod
    def read(cls, document):
        """The part of a manifest that has these members, wherever it stands in it."""
        if isinstance(document, dict):
            if "imageSize" in document and "crossWidth" in document:
                known = {f.name for f in fields(cls)}
                return cls(**{k: v for k, v in document.items() if k in known})
            for value in document.values():
                if (found := cls.read(value)) is not None:
                    return found
        return None


def norm_of_groups(channels):
    return nn.GroupNorm(8, channels)


class ConvNorm(nn.Conv2d):
    """A 3×3 convolution with its norm and a rectifier."""

    def __init__(self, inner, out, stride):
        super().__init__(inner, out, 3, stride, 1, bias=False)
        self.norm = norm_of_groups(out)

    def forward(self, x):
        return F.relu(self.norm(super().forward(x)))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm1 = norm_of_groups(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm2 = norm_of_groups(channels)

    def forward(self, x):
        h = F.relu(self.norm1(self.conv1(x)))
        return F.relu(x + self.norm2(self.conv2(h)))


class Merge(nn.Module):
    """One step of the top-down path."""

    def __init__(self, coarse, fine):
        super().__init__()
        self.coarse = nn.Conv2d(coarse, fine, 1)
        self.conv = nn.Conv2d(fine, fine, 3, 1, 1, bias=False)
        self.norm = norm_of_groups(fine)

    def forward(self, coarse, fine):
        up = F.interpolate(self.coarse(coarse), fine.shape[-2:], mode="bilinear")
        return F.relu(self.norm(self.conv(up + fine)))


class MLP(nn.Module):
    def __init__(self, width, hidden, out):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, out)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))


class MLP3(nn.Sequential):
    def __init__(self, width, out):
        super().__init__(nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, out))

    def forward(self, x):
        return self[2](F.relu(self[1](F.relu(self[0](x)))))


class Attention(nn.Module):
    def __init__(self, width, inner, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v = (nn.Linear(width, inner) for _ in range(3))
        self.out = nn.Linear(inner, width)

    def forward(self, q, k, v):
        q, k, v = (
            p.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for p in (self.q(q), self.k(k), self.v(v))
        )
        return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Fourier(nn.Module):
    """Random Fourier features of places in [0, 1]²."""

    def __init__(self, width):
        super().__init__()
        self.gaussian = nn.Parameter(torch.randn(width // 2, 2))

    def forward(self, places):
        with torch.autocast("cpu", enabled=False):
            angle = 2 * math.pi * ((2 * places.float() - 1) @ self.gaussian.T)
            return torch.cat([angle.sin(), angle.cos()], -1)

    def grid(self, side):
        centres = (torch.arange(side) + 0.5) / side
        y, x = torch.meshgrid(centres, centres, indexing="ij")
        return self(torch.stack([x, y], -1).reshape(1, side * side, 2))


class EncoderPositions(Fourier):
    def __init__(self, width):
        super().__init__(width)
        self.project = nn.Linear(width, width)


class Block(nn.Module):
    """A pre-norm transformer block."""

    def __init__(self, c):
        super().__init__()
        self.norm1 = nn.LayerNorm(c.width)
        self.attention = Attention(c.width, c.width, c.heads)
        self.norm2 = nn.LayerNorm(c.width)
        self.mlp = MLP(c.width, c.width * c.mlpRatio, c.width)

    def forward(self, t):
        a = self.norm1(t)
        t = t + self.attention(a, a, a)
        return t + self.mlp(self.norm2(t))


class ImageEncoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        s2, s4, s8 = c.stages
        self.grid_side = c.grid
        self.stem = ConvNorm(c.channels, s2, 2)
        self.stage2 = Residual(s2)
        self.down4 = ConvNorm(s2, s4, 2)
        self.stage4 = nn.Sequential(*(Residual(s4) for _ in range(c.stageBlocks)))
        self.down8 = ConvNorm(s4, s8, 2)
        self.stage8 = nn.Sequential(*(Residual(s8) for _ in range(c.stageBlocks)))
        self.down16 = ConvNorm(s8, c.width, 2)
        self.positions = EncoderPositions(c.width)
        self.blocks = nn.Sequential(*(Block(c) for _ in range(c.depth)))
        self.norm = nn.LayerNorm(c.width)
        self.up8 = Merge(c.width, s8)
        self.up4 = Merge(s8, s4)
        self.up2 = Merge(s4, s2)

    def forward(self, image):
        f2 = self.stage2(self.stem(image))
        f4 = self.stage4(self.down4(f2))
        f8 = self.stage8(self.down8(f4))
        t = self.down16(f8).flatten(2).transpose(1, 2)
        t = t + self.positions.project(self.positions.grid(self.grid_side))
        t = self.norm(self.blocks(t))
        top = t.transpose(1, 2).unflatten(2, (self.grid_side, self.grid_side))
        p8 = self.up8(top, f8)
        p4 = self.up4(p8, f4)
        return t, p8, p4, self.up2(p4, f2)


class Maps(nn.Module):
    """A box and clicks at stride 4: a pixel's shares inside and outside, and tents around clicks."""

    def __init__(self, c):
        super().__init__()
        self.side = c.imageSize // 4
        self.down8 = nn.Conv2d(4, 16, 3, 2, 1)
        self.down16 = nn.Conv2d(16, 32, 3, 2, 1)
        self.project = nn.Linear(32, c.width)

    def draw(self, places, kinds):
        cells = torch.arange(self.side) + 0.5
        y, x = torch.meshgrid(cells, cells, indexing="ij")
        maps = torch.zeros(len(places), 4, self.side, self.side)
        for n, (points, labels) in enumerate(zip(places * self.side, kinds.argmax(-1))):
            if (labels == 3).any():
                (x0, y0), (x1, y1) = points[labels == 3][0], points[labels == 4][0]
                edges = (x - x0, x1 - x, y - y0, y1 - y)
                maps[n, 0] = torch.stack([(e + 0.5).clamp(0, 1) for e in edges]).prod(0)
                maps[n, 3] = 1 - maps[n, 0]
            for (px, py), label in zip(points, labels):
                if label in (1, 2):
                    tent = (1 - (x - px).abs() / 2).clamp(min=0) * (1 - (y - py).abs() / 2).clamp(min=0)
                    maps[n, 3 - int(label)] += tent
        return maps

    def forward(self, maps):
        x = F.relu(self.down16(F.relu(self.down8(maps))))
        return self.project(x.flatten(2).transpose(1, 2))


class Placed(nn.Module):
    """A decoder's logit of what places alone say."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 8, 3, 1, 1)
        self.out = nn.Conv2d(8, 1, 1)
        self.strength = nn.Parameter(torch.ones(1, 4, 1, 1))

    def forward(self, maps):
        prior = torch.tensor([1.0, 2, -4, -4]).reshape(1, 4, 1, 1)
        plain = (maps * self.strength * prior).sum(1, keepdim=True)
        return plain + 16 * self.out(F.relu(self.conv(maps)))


class PromptEncoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.positions = Fourier(c.width)
        self.kinds = nn.Parameter(torch.randn(c.width, KINDS) * 0.02)
        self.maps = Maps(c) if c.mapsPlaces else None

    def forward(self, places, kinds):
        """→ t_p `[N, P, width]`, what is added to the image's tokens, and the maps (or None)."""
        with torch.autocast("cpu", enabled=False):
            sparse = self.positions(places) * (1 - kinds[..., :1]) + kinds @ self.kinds.T
            if self.maps is None:
                return sparse, None, None
            maps = self.maps.draw(places, kinds)
            return sparse, self.maps(maps), maps


class T2VSE(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.spread = math.sqrt(c.textWidth)
        self.project = nn.Linear(c.textWidth, c.width)
        self.aspects = nn.Parameter(torch.randn(1, c.aspects, c.width) * 0.02)
        self.t_text = nn.Parameter(torch.randn(1, 1, c.width) * 0.02)
        self.no_text = nn.Parameter(torch.randn(1, 1, c.width) * 0.02)
        for i in range(1, 5):
            self.add_module(f"norm{i}", nn.LayerNorm(c.width))
        self.add_module("self", Attention(c.width, c.width, c.heads))
        self.cross = Attention(c.width, c.crossWidth, c.heads)
        self.mlp = MLP(c.width, c.decoderMLP, c.width)
        self.fuse = MLP(c.width, c.decoderMLP, c.width)

    def read(self, text):
        """text `[N, aspects, textWidth]` → tokens, the summary first, before they see an image."""
        first = self.t_text.expand(len(text), -1, -1)
        x = torch.cat([first, self.project(text * self.spread) + self.aspects], 1)
        a = self.norm1(x)
        return x + self._modules["self"](a, a, a)

    def forward(self, text, has_text, image, positions, sparse):
        x = self.read(text)
        pure = x[:, 0] * has_text
        x = x + self.cross(self.norm2(x), image + positions, image)
        x = x + self.mlp(self.norm3(x))
        has = has_text[:, None]
        token = self.fuse(self.norm4(x[:, :1])) * has + self.no_text * (1 - has)
        return torch.cat([token, sparse], 1), pure


class Look(Attention):
    """What tokens see in an image that is normalised on the way in."""

    def __init__(self, c):
        super().__init__(c.width, c.crossWidth, c.heads)
        self.norm = nn.LayerNorm(c.width)

    def forward(self, normed, image, positions):
        values = self.norm(image)
        return super().forward(normed, values + positions, values)


class TwoWayBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.add_module("self", Attention(c.width, c.width, c.heads))
        self.token_to_image = Look(c)
        self.mlp = MLP(c.width, c.decoderMLP, c.width)
        self.image_to_token = Attention(c.width, c.crossWidth, c.heads)
        for i in range(1, 6):
            self.add_module(f"norm{i}", nn.LayerNorm(c.width))

    def forward(self, t, image, positions):
        a = self.norm1(t)
        t = t + self._modules["self"](a, a, a)
        t = t + self.token_to_image(self.norm2(t), image, positions)
        t = t + self.mlp(self.norm3(t))
        told = self.norm4(t)
        return t, image + self.image_to_token(self.norm5(image) + positions, told, told)


class Upscale(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.grid = c.grid
        a, b = c.upscaled
        self.up8 = nn.ConvTranspose2d(c.width, a, 2, 2)
        self.skip8 = nn.Conv2d(c.stages[2], a, 1)
        self.norm8 = norm_of_groups(a)
        self.up4 = nn.ConvTranspose2d(a, b, 2, 2)
        self.skip4 = nn.Conv2d(c.stages[1], b, 1)
        self.norm4 = norm_of_groups(b)
        if c.mapsPlaces:
            self.place4 = nn.Conv2d(4, b, 3, 1, 1, bias=False)

    def forward(self, image, f8, f4, maps):
        plane = image.transpose(1, 2).unflatten(2, (self.grid, self.grid))
        x = F.relu(self.norm8(self.up8(plane) + self.skip8(f8)))
        x = self.up4(x) + self.skip4(f4)
        return F.relu(self.norm4(x if maps is None else x + self.place4(maps)))


class SemanticAgnosticDecoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.t_o = nn.Parameter(torch.randn(1, MASKS + 1, c.width) * 0.02)
        self.blocks = nn.ModuleList(TwoWayBlock(c) for _ in range(c.decoderDepth))
        self.final = Look(c)
        self.norm = nn.LayerNorm(c.width)
        self.norm_out = nn.LayerNorm(c.width)
        self.upscale = Upscale(c)
        self.hyper = MLP3(c.width, c.upscaled[1])
        self.text = nn.Linear(c.width, c.upscaled[1])
        self.told = nn.Linear(c.width, c.width)
        self.detail = MLP3(c.width, c.stages[0])
        self.detail_text = nn.Linear(c.width, c.stages[0])
        self.iou = MLP(c.width, c.width, MASKS)
        if c.mapsPlaces:
            self.placed = Placed()

    def forward(self, prompt, text, image, features, maps, positions):
        _, f8, f4, f2 = features
        t, i = torch.cat([self.t_o + self.told(text)[:, None], prompt], 1), image
        for block in self.blocks:
            t, i = block(t, i, positions)
        t = self.norm_out(t + self.final(self.norm(t), i, positions))
        up = self.upscale(i, f8, f4, maps)
        tokens = t[:, 1 : MASKS + 1]
        weights = self.hyper(tokens) + self.text(text)[:, None]
        candidates = torch.einsum("nkc,nchw->nkhw", weights, up)
        if maps is not None:
            candidates = candidates + self.placed(maps)
        sharp = torch.einsum(
            "nc,nchw->nhw", self.detail(tokens[:, 0]) + self.detail_text(text), f2)
        coarse = F.interpolate(candidates[:, :1], f2.shape[-2:], mode="bilinear")[:, 0]
        return coarse + sharp, candidates, torch.sigmoid(self.iou(t[:, 0]))


class Compare(nn.Module):
    """token · feature at each place, with the text's own weights where it has them."""

    def __init__(self, c, channels, of_image=False):
        super().__init__()
        self.hyper = MLP3(c.width, channels)
        if of_image:
            self.project = nn.Linear(c.width, channels)
        else:
            self.text = nn.Linear(c.width, channels)


class SemanticAwareDecoder(nn.Module):
    def __init__(self, c, categories):
        super().__init__()
        self.side, self.grid = c.imageSize // 2, c.grid
        self.co_residual = nn.Parameter(torch.zeros(categories, c.width))
        self.spread = math.sqrt(c.textWidth)
        self.co_project = nn.Linear(c.aspects * c.textWidth, c.width)
        for i in range(1, 4):
            self.add_module(f"co_norm{i}", nn.LayerNorm(c.width))
        self.co_cross = Attention(c.width, c.crossWidth, c.heads)
        self.co_mlp = MLP(c.width, c.width, c.width)
        self.co_head = nn.Linear(c.width, 1)
        self.t_so = nn.Parameter(torch.randn(1, c.width) * 0.02)
        self.context = MLP(c.width, c.width, c.width)
        self.told = nn.Linear(c.width, c.width)
        self.block = TwoWayBlock(c)
        self.final = Look(c)
        self.norm = nn.LayerNorm(c.width)
        self.norm_out = nn.LayerNorm(c.width)
        self.mask16 = Compare(c, c.crossWidth, of_image=True)
        self.mask4 = Compare(c, c.stages[1])
        self.mask2 = Compare(c, c.stages[0])
        self.presence = MLP(c.width, c.width, 1)
        self.add_module("class", MLP(c.width, c.width, c.width))
        if c.mapsPlaces:
            self.placed = Placed()

    def categories(self, text):
        return self.co_project(text * self.spread) + self.co_residual

    def classify(self, categories, image, positions):
        x = categories[None].expand(len(image), -1, -1)
        x = x + self.co_cross(self.co_norm1(x), image + positions, image)
        x = x + self.co_mlp(self.co_norm2(x))
        seen = self.co_norm3(x)
        logits = self.co_head(seen)
        chance = torch.sigmoid(logits)
        context = (seen * chance).sum(1) / (chance.sum(1) + 1)
        return logits[..., 0], context

    def forward(self, prompt, text, context, image, features, maps, positions):
        _, _, f4, f2 = features
        token = self.t_so + self.told(text) + self.context(context)
        start = torch.cat([token[:, None], prompt], 1)
        t, i = self.block(start, image, positions)
        token = self.norm_out(t + self.final(self.norm(t), i, positions))[:, 0]

        def spread(x):
            return F.interpolate(x[:, None], (self.side, self.side), mode="bilinear")[:, 0]

        coarse = torch.einsum("nc,ntc->nt", self.mask16.hyper(token), self.mask16.project(i))
        at4 = torch.einsum(
            "nc,nchw->nhw", self.mask4.hyper(token) + self.mask4.text(text), f4)
        if maps is not None:
            at4 = at4 + self.placed(maps)[:, 0]
        at2 = torch.einsum(
            "nc,nchw->nhw", self.mask2.hyper(token) + self.mask2.text(text), f2)
        mask = spread(coarse.unflatten(1, (self.grid, self.grid))) + spread(at4) + at2
        return mask, self.presence(token)[:, 0], self._modules["class"](token)


class SegSAM(nn.Module):
    """The network: `encode` an image, `classify` what is in it, `decode` queries."""

    def __init__(self, configuration, categories):
        super().__init__()
        c = self.configuration = configuration
        self.image_encoder = ImageEncoder(c)
        self.prompt_encoder = PromptEncoder(c)
        self.t2vse = T2VSE(c)
        self.semantic_agnostic = SemanticAgnosticDecoder(c)
        self.semantic_aware = SemanticAwareDecoder(c, categories)

    @classmethod
    def load(cls, folder):
        """A model bundle: manifest.json and weights.safetensors, in any floating-point type."""
        from safetensors.torch import load_file

        folder = pathlib.Path(folder)
        manifest = json.loads((folder / "manifest.json").read_text())
        configuration = Configuration.read(manifest)
        if configuration is None:
            raise SystemExit(f"{folder}/manifest.json does not say the network's sizes")
        weights = {k: v.float() for k, v in load_file(folder / "weights.safetensors").items()}
        model = cls(configuration, len(weights["semantic_aware.co_residual"]))
        # Whatever else a bundle carries is not the network's.
        known = model.state_dict()
        model.load_state_dict({k: v for k, v in weights.items() if k in known})
        return model.eval()

    def positions(self):
        return self.prompt_encoder.positions.grid(self.configuration.grid)

    def categories(self, text):
        """text `[C, aspects · textWidth]` → `[C, width]`."""
        return self.semantic_aware.categories(text)

    def encode(self, image):
        """`[B, channels, S, S]` → f_v's tokens, and features at strides 8, 4 and 2."""
        return self.image_encoder(image)

    def classify(self, features, categories, positions):
        """→ logits of C_s `[B, C]` and the context `[B, width]`."""
        return self.semantic_aware.classify(categories, features[0], positions)

    def decode(self, features, context, categories, positions, places, kinds, text, has_text):
        """N queries on N images' features → what `Outputs` holds, but the classes."""
        sparse, dense, maps = self.prompt_encoder(places, kinds)
        prompt, summary = self.t2vse(text, has_text, features[0], positions, sparse)
        image = features[0] if dense is None else features[0] + dense
        mask, candidates, iou = self.semantic_agnostic(
            prompt, summary, image, features, maps, positions)
        semantic, presence, embedding = self.semantic_aware(
            prompt, summary, context, image, features, maps, positions)
        if self.configuration.drawsBinary:
            mask = mask + self.draw_for(features, summary[:, None])[:, 0]
        naming = embedding @ categories.T / math.sqrt(self.configuration.width)
        return {
            "mask": mask, "candidates": candidates, "iou": iou, "semantic": semantic,
            "presence": presence, "naming": naming,
        }

    def draw(self, features, category_text, categories):
        """What descriptions draw by themselves: categories `[B, K]` → `[B, K, S/2, S/2]`."""
        c = self.configuration
        text = self.t2vse.read(category_text.unflatten(1, (c.aspects, c.textWidth)))[:, 0]
        return self.draw_for(features, text[categories])

    def draw_for(self, features, asked):
        """The same for texts' summaries `[B, K, width]`."""
        (_, _, f4, f2), aware = features, self.semantic_aware
        at4 = torch.einsum("bkc,bchw->bkhw", aware.mask4.text(asked), f4)
        at2 = torch.einsum("bkc,bchw->bkhw", aware.mask2.text(asked), f2)
        return F.interpolate(at4, at2.shape[-2:], mode="bilinear") + at2

    def forward(
        self, image, owner, places, kinds, text, has_text, category_text, drawn_category=None
    ):
        features = self.encode(image)
        positions = self.positions()
        categories = self.categories(category_text)
        logits, context = self.classify(features, categories, positions)
        out = self.decode(
            [f[owner] for f in features], context[owner], categories, positions, places, kinds,
            text, has_text)
        if drawn_category is not None:
            out["drawn"] = self.draw(features, category_text, drawn_category)
        return out | {"classes": logits}


class CrossSliceAttention(nn.Module):
    """A slice's tokens, having looked at those of the four slices around it."""

    def __init__(self, c):
        super().__init__()
        self.offsets = nn.Parameter(torch.zeros(1, 4, 1, c.width))
        self.norm1, self.norm2 = nn.LayerNorm(c.width), nn.LayerNorm(c.width)
        self.attention = Attention(c.width, c.crossWidth, c.heads)

    def forward(self, tokens, around, positions):
        values = self.norm2(around) + self.offsets
        keys = (values + positions[:, None]).flatten(1, 2)
        return tokens + self.attention(
            self.norm1(tokens) + positions, keys, values.flatten(1, 2))

"""Makes Fixtures/operations.safetensors: every graph operation as PyTorch computes it.

    python3 -m venv v && v/bin/pip install torch safetensors
    v/bin/python Tests/OperationExamples/make_fixtures.py

For a case `name` the file holds its operands `name.0`, `name.1`, … and its result `name.y`.
The Swift side (`OperationExample.swift`) says which operation each name is.
"""

import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(20261121)
tensors = {}


def r(*shape):
    return torch.randn(*shape)


def case(name, function, *operands):
    for i, x in enumerate(operands):
        tensors[f"{name}.{i}"] = x.contiguous().clone()
    tensors[f"{name}.y"] = function(*operands).contiguous().clone()


case("conv", lambda x, w, b: F.conv2d(x, w, b, padding=1), r(2, 3, 6, 5), r(4, 3, 3, 3), r(4))
case("conv_stride", lambda x, w: F.conv2d(x, w, stride=2, padding=1), r(1, 3, 8, 7), r(4, 3, 3, 3))
case("conv_patch", lambda x, w, b: F.conv2d(x, w, b, stride=4), r(1, 3, 8, 8), r(5, 3, 4, 4), r(5))
case("conv_depthwise", lambda x, w, b: F.conv2d(x, w, b, padding=2, groups=4), r(1, 4, 6, 6), r(4, 1, 5, 5), r(4))
case("conv_grouped", lambda x, w: F.conv2d(x, w, padding=1, groups=2), r(1, 4, 5, 5), r(6, 2, 3, 3))
case("conv_transpose", lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2), r(2, 3, 4, 5), r(3, 2, 2, 2), r(2))
case("conv_transpose_plain", lambda x, w: F.conv_transpose2d(x, w, stride=4), r(1, 3, 2, 3), r(3, 2, 4, 4))
case("linear", F.linear, r(2, 3, 4), r(5, 4), r(5))
case("linear_plain", F.linear, r(3, 4), r(5, 4))
case("matmul", torch.matmul, r(2, 3, 4), r(2, 4, 5))
case("matmul_spread", torch.matmul, r(2, 1, 3, 4), r(3, 4, 5))
case("matmul_transposed", lambda a, b: a @ b.transpose(-1, -2), r(2, 3, 4), r(2, 5, 4))
case("attention", lambda q, k, v: F.scaled_dot_product_attention(q, k, v, scale=0.7), r(2, 3, 5, 4), r(2, 3, 7, 4), r(2, 3, 7, 6))
case("attention_flat", lambda q, k, v: F.scaled_dot_product_attention(q, k, v, scale=0.25), r(2, 5, 4), r(2, 7, 4), r(2, 7, 4))
case("add", torch.add, r(2, 3, 4), r(3, 1))
case("subtract", torch.sub, r(3, 1), r(2, 3, 4))
case("multiply", torch.mul, r(2, 1, 4), r(1, 3, 1))
case("divide", torch.div, r(2, 3), r(2, 3).abs() + 0.5)
case("maximum", torch.maximum, r(2, 3, 4), r(4))
case("minimum", torch.minimum, r(2, 3, 4), r(3, 1))
case("affine", lambda x: x * -1.5 + 0.25, r(2, 3))
case("power_square", lambda x: x.abs() ** 2, r(2, 3))
case("power_root", lambda x: x ** 0.5, r(2, 3).abs() + 0.1)
case("relu", torch.relu, r(3, 4))
case("gelu", F.gelu, r(3, 40) * 3)
case("sigmoid", torch.sigmoid, r(3, 4) * 5)
case("tanh", torch.tanh, r(3, 4) * 3)
case("exponential", torch.exp, r(3, 4))
case("logarithm", torch.log, r(3, 4).abs() + 0.01)
case("square_root", torch.sqrt, r(3, 4).abs())
case("sine", torch.sin, r(3, 4) * 10)
case("cosine", torch.cos, r(3, 4) * 10)
case("absolute", torch.abs, r(3, 4))
case("softplus", F.softplus, torch.tensor([[-200.0, -20, -3, -0.5, 0], [0.5, 3, 15, 60, 200]]))
case("stop_gradient", lambda x: x.clone(), torch.tensor([[-1.5, 0, 2], [0.25, -3, 1]]))
case("softmax_last", lambda x: x.softmax(-1), r(2, 3, 4) * 4)
case("softmax_first", lambda x: x.softmax(1), r(2, 3, 4))
case("layer_norm", lambda x, g, b: F.layer_norm(x, [8], g, b, 1e-5), r(2, 3, 8) + 2, r(8), r(8))
case("layer_norm_scale", lambda x, g: F.layer_norm(x, [8], g, None, 1e-6), r(2, 3, 8), r(8))
case("layer_norm_plain", lambda x: F.layer_norm(x, [8], None, None, 1e-5), r(2, 8) * 3)
case("group_norm", lambda x, g, b: F.group_norm(x, 2, g, b, 1e-5), r(2, 6, 4, 5) + 1, r(6), r(6))
case("group_norm_one", lambda x, g, b: F.group_norm(x, 1, g, b, 1e-6), r(1, 4, 3, 3), r(4), r(4))
case("reshape", lambda x: x.reshape(4, 6), r(2, 3, 4))
case("transpose", lambda x: x.permute(2, 0, 1), r(2, 3, 4))
case("concatenate", lambda a, b, c: torch.cat([a, b, c], 1), r(2, 3, 2), r(2, 1, 2), r(2, 4, 2))
case("slice", lambda x: x[:, 1:3], r(2, 4, 3))
case("broadcast", lambda x: x.expand(2, 3, 4), r(3, 1))
case("gather_rows", lambda x, i: x[i], r(5, 3), torch.tensor([[4, 0], [2, 2]]))
case("gather_columns", lambda x, i: x[:, i], r(2, 5, 3), torch.tensor([3, 1, 0]))
case("sum", lambda x: x.sum((0, 2)), r(2, 3, 4))
case("sum_keep", lambda x: x.sum(-1, keepdim=True), r(2, 3, 4))
case("mean", lambda x: x.mean(1), r(2, 3, 4))
case("mean_keep", lambda x: x.mean((-2, -1), keepdim=True), r(2, 3, 4, 5))
case("reduce_maximum", lambda x: x.amax(2), r(2, 3, 4))
case("reduce_maximum_keep", lambda x: x.amax((0, 1), keepdim=True), r(2, 3, 4))


def resize(h, w):
    return lambda x: F.interpolate(x, (h, w), mode="bilinear", align_corners=False)


case("resize_up", resize(8, 12), r(1, 2, 4, 3))
case("resize_down", resize(3, 2), r(2, 2, 7, 8))
case("resize_mixed", resize(5, 4), r(1, 1, 3, 9))
case("resize_point", resize(1, 1), r(1, 2, 4, 4))
case("average_pool", lambda x: F.avg_pool2d(x, 2), r(2, 3, 4, 6))
case("max_pool", lambda x: F.max_pool2d(x, 3), r(1, 2, 6, 3))
case("conv_transpose_padded", lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1), r(1, 3, 4, 3), r(3, 2, 4, 4))

path = pathlib.Path(__file__).parent / "Fixtures" / "operations.safetensors"
path.parent.mkdir(exist_ok=True)
save_file(tensors, path)
path.chmod(0o644)
print(len(tensors), "tensors,", path.stat().st_size, "bytes")

"""Masks from their three encodings, all to booleans `[K, …image]`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import reading
from .reading import Object, malformed
from .wire import Limits, Tensor

Mask = npt.NDArray[np.bool_]


def decode_masks(tensor: Tensor, limits: Limits = Limits()) -> Mask:
    """`raw` and `bits`; what comes back is not to be written."""
    if tensor.datatype != "UINT8":
        malformed(f"{tensor.name!r} is {tensor.datatype}, not UINT8")
    encoding = tensor.member("encoding")
    if encoding == "bits":
        return _bits(tensor, limits)
    if encoding not in (None, "raw"):
        malformed(f"{tensor.name!r} has the unknown encoding {str(encoding)[:40]!r}")
    array = tensor.array()
    if array.ndim < 2:
        malformed(f"{tensor.name!r} has the shape {list(array.shape)}")
    if array.size and array.max() > 1:
        malformed(f"{tensor.name!r} has values other than 0 and 1")
    return array.view(np.bool_)


def _bits(tensor: Tensor, limits: Limits) -> Mask:
    """`[K, bytes]` or `[K, n, bytes]`, each mask packed MSB first and padded to a byte."""
    shape = reading.integers({"mask_shape": tensor.member("mask_shape")}, "mask_shape")
    count = math.prod(shape)
    *leading, row = tensor.shape or (0,)
    if not shape or len(leading) not in (1, 2) or row != (count + 7) // 8:
        malformed(f"{list(tensor.shape)} bytes for masks of {list(shape)}")
    _bound(math.prod(leading) * count, limits)
    rows = tensor.array().reshape(-1, row)
    if count % 8 and (rows[:, -1] & (0xFF >> count % 8)).any():
        malformed(f"{tensor.name!r} has bits in its padding")
    bits = np.unpackbits(rows, axis=1, count=count)
    return _frozen(bits.view(np.bool_).reshape(*leading, *shape))


def decode_rle(runs: Sequence[Any], limits: Limits = Limits()) -> Mask:
    """Of each query: COCO's counts, column by column, zeros first; in volumes slice by slice."""
    volumes = {isinstance(one, list) for one in runs}
    if volumes == {True}:
        slices = [[_checked(one) for one in query] for query in runs]
        sizes = {size for query in slices for size, _ in query}
        depths = {len(query) for query in slices}
        if len(sizes) != 1 or len(depths) != 1:
            malformed("run lengths of differing sizes")
        (size,), (depth,) = sizes, depths
        _bound(len(slices) * depth * math.prod(size), limits)
        return _frozen(np.stack([np.stack([_draw(*one) for one in query]) for query in slices]))
    flat = [_checked(one) for one in runs]
    if len({size for size, _ in flat}) != 1:
        malformed("run lengths of differing sizes")
    _bound(len(flat) * math.prod(flat[0][0]), limits)
    return _frozen(np.stack([_draw(*one) for one in flat]))


def _checked(rle: Any) -> tuple[tuple[int, int], list[int]]:
    if not isinstance(rle, dict):
        malformed("run lengths that are no object")
    object: Object = rle
    size = reading.integers(object, "size")
    counts = list(reading.integers(object, "counts"))
    if len(size) != 2:
        malformed(f"run lengths of the size {list(size)}")
    if sum(counts) != math.prod(size):
        malformed(f"run lengths that sum to {sum(counts)}, for {list(size)}")
    return (size[0], size[1]), counts


def _draw(size: tuple[int, int], counts: list[int]) -> Mask:
    height, width = size
    values = np.repeat(np.arange(len(counts)) % 2 == 1, np.asarray(counts, np.int64))
    return values.reshape(width, height).T


def _bound(elements: int, limits: Limits) -> None:
    if elements > limits.mask_elements:
        malformed(f"masks of {elements} voxels; {limits.mask_elements} at most")


def _frozen(mask: Mask) -> Mask:
    mask.flags.writeable = False
    return mask

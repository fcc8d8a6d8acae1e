"""Made-up images, and files of them, without a library."""

from __future__ import annotations

import gzip
import struct
import zlib

import numpy as np

_ORGANS = [
    (0.5, 0.5, 0.42, 0.33, 30), (0.32, 0.45, 0.17, 0.17, 110), (0.75, 0.52, 0.08, 0.11, 125),
    (0.34, 0.66, 0.055, 0.07, 160), (0.66, 0.66, 0.055, 0.07, 165), (0.5, 0.7, 0.07, 0.07, 350),
]


def ct_slice(seed=0, height=128, width=144, scale=1.0) -> np.ndarray:
    """An abdomen, INT16 HU `[j, i]`: body, liver, spleen, kidneys, spine, and noise."""
    y, x = np.mgrid[0:height, 0:width]
    x, y = (x + 0.5) / width, (y + 0.5) / height
    image = np.full((height, width), -1000.0)
    for cx, cy, rx, ry, hu in _ORGANS:
        image[((x - cx) / rx / scale) ** 2 + ((y - cy) / ry / scale) ** 2 <= 1] = hu
    noise = np.random.default_rng(seed).normal(0, 12, image.shape)
    return np.clip(image + noise, -1024, 3000).astype(np.int16)


def ct_volume(seed=0, depth=4, height=80, width=96) -> np.ndarray:
    return np.stack([
        ct_slice(seed * 1000 + k, height, width, 1 - 0.04 * k) for k in range(depth)])


def windowed(image: np.ndarray) -> np.ndarray:
    return (np.clip((image + 160.0) / 400, 0, 1) * 255).round().astype(np.uint8)


def png(pixels: np.ndarray) -> bytes:
    """Grey or colour, 8 bits."""
    height, width = pixels.shape[:2]

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))

    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 2 if pixels.ndim == 3 else 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines))
            + chunk(b"IEND", b""))


def nifti(array: np.ndarray, affine: np.ndarray) -> bytes:
    """NIfTI-1, compressed, of INT16 `(I, J, K)` with an sform in millimetres."""
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 3, *array.shape, 1, 1, 1, 1)
    struct.pack_into("<hh", head, 70, 4, 16)
    spacing = np.sqrt((affine[:3, :3] ** 2).sum(0))
    struct.pack_into("<8f", head, 76, 1, *spacing, 0, 0, 0, 0)
    struct.pack_into("<f", head, 108, 352)
    struct.pack_into("<f", head, 112, 1)
    head[123] = 2
    struct.pack_into("<hh", head, 252, 0, 1)
    struct.pack_into("<12f", head, 280, *affine[:3].ravel())
    head[344:348] = b"n+1\0"
    return gzip.compress(bytes(head) + array.astype("<i2").tobytes(order="F"), mtime=0)

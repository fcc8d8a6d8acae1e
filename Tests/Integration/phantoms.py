"""Made-up images, the same from the same seed: tests need grids and grey levels, no anatomy."""

from __future__ import annotations

import gzip
import io

import nibabel
import numpy as np
from PIL import Image

# Centre and half axes as parts of the width and height, and HU: an axial slice as radiologists
# look at it, patient's right on the left.
_ORGANS = [
    ("body", 0.5, 0.5, 0.42, 0.33, 30),
    ("liver", 0.32, 0.45, 0.17, 0.17, 110),
    ("spleen", 0.75, 0.52, 0.08, 0.11, 125),
    ("stomach", 0.62, 0.36, 0.09, 0.08, 10),
    ("pancreas", 0.52, 0.47, 0.09, 0.03, 85),
    ("right_kidney", 0.34, 0.66, 0.055, 0.07, 160),
    ("left_kidney", 0.66, 0.66, 0.055, 0.07, 165),
    ("aorta", 0.53, 0.58, 0.028, 0.028, 200),
    ("spine", 0.5, 0.7, 0.07, 0.07, 350),
]


def ct_slice(seed: int = 0, height: int = 160, width: int = 160, scale: float = 1.0) -> np.ndarray:
    """An abdomen, INT16 HU `[j, i]`; each seed moves the organs a little and has its own noise."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    x, y = (x + 0.5) / width, (y + 0.5) / height
    image = np.full((height, width), -1000.0)
    for _, cx, cy, rx, ry, hu in _ORGANS:
        cx, cy = generator.normal((cx, cy), 0.004)
        rx, ry = rx * scale, ry * scale
        image[((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1] = hu
    image += generator.normal(0, 12, image.shape)
    return np.clip(image, -1024, 3000).astype(np.int16)


def ct_volume(seed: int = 0, depth: int = 5, height: int = 96, width: int = 112) -> np.ndarray:
    """Slices `[k, j, i]` that taper off upward."""
    return np.stack([
        ct_slice(seed * 1000 + k, height, width, scale=1 - 0.04 * k) for k in range(depth)
    ])


def windowed(image: np.ndarray, centre: float = 40, width: float = 400) -> np.ndarray:
    grey = (image.astype(np.float64) - (centre - width / 2)) / width
    return (np.clip(grey, 0, 1) * 255).round().astype(np.uint8)


def endoscopy(seed: int = 0, height: int = 120, width: int = 144) -> np.ndarray:
    """Colour, UINT8 `[j, i, c]`: reddish, with a paler round thing in it."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    image = np.empty((height, width, 3))
    image[:] = (150, 70, 55)
    polyp = (x - width * 0.6) ** 2 + (y - height * 0.4) ** 2 <= (height * 0.15) ** 2
    image[polyp] = (205, 130, 115)
    return np.clip(image + generator.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


def png(pixels: np.ndarray) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, format="PNG")
    return data.getvalue()


def jpeg(pixels: np.ndarray) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, format="JPEG", quality=92)
    return data.getvalue()


def nifti(volume: np.ndarray, affine: np.ndarray, compressed: bool = False) -> bytes:
    """A NIfTI-1 file of an array `(I, J, K)` in nibabel's order."""
    image = nibabel.Nifti1Image(volume, affine)
    image.header.set_xyzt_units("mm")
    data = image.to_bytes()
    return gzip.compress(data, mtime=0) if compressed else data

"""What can be sent as an image: arrays, and files as they are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from .wire import DATATYPES, Input

_NAMES = {dtype: name for name, dtype in DATATYPES.items()}
_LAYOUTS = {"HW": 2, "HWC": 3, "DHW": 3}
_SUFFIXES = {
    ".nii.gz": "application/x-nifti+gzip",
    ".nii": "application/x-nifti",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
}


@dataclass(frozen=True, eq=False)
class Image:
    """Pixels `[j, i]`, colour `[j, i, c]` or a volume `[k, j, i]`; i is x, the last spatial axis.

    `layout` is `HW` (the default at rank 2), `HWC` or `DHW`, needed at rank 3. `modality` is one
    of DICOM's terms (`CT`, `MR`, `US` …), `intensity` `HU`, `windowed` or `raw`, `spacing_mm`
    `(x, y(, z))`, `affine` the 4×4 matrix from `(i, j, k, 1)` to RAS millimetres.

    Booleans, uint8, int16, uint16, int32, float16 and float32 go as they are, in any byte order;
    int8 goes as int16, and float64 is rounded to float32. All else is a `TypeError`: choose a
    type that holds the values.
    """

    pixels: npt.NDArray[Any] = field(repr=False)
    layout: str | None = None
    modality: str | None = None
    intensity: str | None = None
    spacing_mm: Sequence[float] | None = None
    affine: npt.ArrayLike | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        rank = self.pixels.ndim
        layout = self.layout or ("HW" if rank == 2 else None)
        if layout is None:
            raise ValueError(
                f"pixels of rank {rank}: give the layout, HWC for colour or DHW for a volume")
        if layout not in _LAYOUTS:
            raise ValueError(f"layout is one of {', '.join(_LAYOUTS)}, not {layout!r}")
        if _LAYOUTS[layout] != rank:
            raise ValueError(f"the layout {layout} does not fit pixels of rank {rank}")
        if layout == "HWC" and self.pixels.shape[2] != 3:
            raise ValueError(f"HWC has three colours, not {self.pixels.shape[2]}")
        if not self.pixels.size:
            raise ValueError(f"pixels of the shape {self.pixels.shape}: there are none")
        if self.affine is not None and np.shape(self.affine) != (4, 4):
            raise ValueError(f"affine is 4×4, not {np.shape(self.affine)}")
        object.__setattr__(self, "layout", layout)

    @property
    def grid(self) -> tuple[int, ...]:
        """The shape without colours: that of a mask."""
        return self.pixels.shape[:2] if self.layout == "HWC" else self.pixels.shape

    def input(self) -> Input:
        array = np.ascontiguousarray(_wire_type(self.pixels))
        affine = None if self.affine is None else np.asarray(self.affine, np.float64)
        entry = {
            "name": "image",
            "datatype": _NAMES[array.dtype],
            "shape": list(array.shape),
            "parameters": _given(
                layout=self.layout, modality=self.modality, intensity=self.intensity,
                spacing_mm=None if self.spacing_mm is None else list(self.spacing_mm),
                affine=affine),
        }
        return Input(entry, array.tobytes())


def _wire_type(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array in one of the protocol's datatypes."""
    little = array.dtype.newbyteorder("<")
    if little in _NAMES:
        return array.astype(little, copy=False)
    if little == np.dtype("i1"):
        return array.astype("<i2")
    if little == np.dtype("<f8"):
        with np.errstate(over="ignore"):
            single = array.astype("<f4")
        if (np.isinf(single) & np.isfinite(array)).any():
            raise ValueError("float64 with values that float32 cannot hold: scale them first")
        return single
    raise TypeError(
        f"pixels of {array.dtype}: the protocol has bool, uint8, int16, uint16, int32, float16 "
        "and float32; convert them with astype")


@dataclass(frozen=True, eq=False)
class ImageFile:
    """A whole file, read by the server: NIfTI, PNG or JPEG, as a path or as its bytes.

    `content_type` follows from the suffix, of bytes from their beginning.
    """

    source: str | os.PathLike[str] | bytes = field(repr=False)
    content_type: str | None = None
    modality: str | None = None
    intensity: str | None = None

    @property
    def grid(self) -> None:
        """Only the server knows."""
        return None

    def input(self) -> Input:
        if isinstance(self.source, bytes):
            data, found = self.source, _type_of_bytes(self.source)
        else:
            data, found = Path(self.source).read_bytes(), _type_of_name(os.fspath(self.source))
        content_type = self.content_type or found
        if content_type is None:
            raise ValueError(
                "what kind of file is this? Give content_type, as capabilities().content_types "
                f"lists them, or a name in {', '.join(_SUFFIXES)}")
        entry = {
            "name": "image",
            "datatype": "BYTES",
            "parameters": _given(
                content_type=content_type, modality=self.modality, intensity=self.intensity),
        }
        return Input(entry, data)


def _given(**members: Any) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value is not None}


def _type_of_name(name: str) -> str | None:
    return next((kind for end, kind in _SUFFIXES.items() if name.lower().endswith(end)), None)


def _type_of_bytes(data: bytes) -> str | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x1f\x8b"):
        return "application/x-nifti+gzip"
    if data[344:348] in (b"n+1\0", b"ni1\0"):
        return "application/x-nifti"
    return None


def from_nibabel_array(
    array: npt.NDArray[Any],
    affine: npt.ArrayLike,
    *,
    modality: str | None = None,
    intensity: str | None = None,
) -> Image:
    """An image from nibabel's order, `(I, J, K)` or `(I, J)`, and its affine.

    Masks come back as `[k, j, i]`; `mask.T` is on nibabel's grid again.
    """
    if array.ndim not in (2, 3):
        raise ValueError(f"an array of rank {array.ndim}: choose one volume of it")
    return Image(
        array.T, "DHW" if array.ndim == 3 else "HW", modality=modality, intensity=intensity,
        affine=affine)


ImageLike = Union[Image, ImageFile, "npt.NDArray[Any]", str, "os.PathLike[str]", bytes]


def as_image(image: ImageLike) -> Image | ImageFile:
    """A plain array is `HW`; a plain path, and bytes, are a file."""
    if isinstance(image, (Image, ImageFile)):
        return image
    if isinstance(image, np.ndarray):
        return Image(image)
    if isinstance(image, (str, os.PathLike, bytes)):
        return ImageFile(image)
    raise TypeError(f"no image: {type(image).__name__}")

"""What is sent for an image."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from segsam import Image, ImageFile, from_nibabel_array
from segsam.images import as_image


@pytest.mark.parametrize("given, sent", [
    ("?", "BOOL"), ("u1", "UINT8"), ("<i2", "INT16"), (">i2", "INT16"), ("<u2", "UINT16"),
    (">i4", "INT32"), ("<f2", "FP16"), ("<f4", "FP32"), (">f4", "FP32"), ("i1", "INT16"),
    ("<f8", "FP32"), (">f8", "FP32"),
])
def test_datatypes(given, sent):
    one = Image(np.array([[0, 1], [1, 0]], given)).input()
    assert one.entry["datatype"] == sent and one.entry["shape"] == [2, 2]
    dtype = {"BOOL": "?", "UINT8": "u1", "INT16": "<i2", "UINT16": "<u2", "INT32": "<i4",
             "FP16": "<f2", "FP32": "<f4"}[sent]
    assert np.frombuffer(one.payload, dtype).tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("given", ["<i8", "<u4", "<u8", "c8", "U1", "O"])
def test_datatypes_that_are_none(given):
    with pytest.raises(TypeError, match="astype"):
        Image(np.zeros((2, 2), given)).input()


def test_what_float32_cannot_hold():
    with pytest.raises(ValueError, match="scale"):
        Image(np.array([[1e39]])).input()
    assert Image(np.array([[np.inf, np.nan]])).input().entry["datatype"] == "FP32"


def test_bytes_are_in_c_order():
    array = np.arange(6, dtype="<i2").reshape(2, 3)
    assert Image(array.T).input().payload == struct.pack("<6h", 0, 3, 1, 4, 2, 5)
    assert Image(array[:, ::2]).input().payload == struct.pack("<4h", 0, 2, 3, 5)


def test_parameters():
    image = Image(
        np.zeros((2, 3, 4), np.int16), "DHW", modality="CT", intensity="HU",
        spacing_mm=(1, 1, 2.5))
    assert image.grid == (2, 3, 4)
    assert image.input().entry["parameters"] == {
        "layout": "DHW", "modality": "CT", "intensity": "HU", "spacing_mm": [1, 1, 2.5]}
    assert Image(np.zeros((2, 3), np.uint8)).input().entry["parameters"] == {"layout": "HW"}
    assert Image(np.zeros((2, 3, 3), np.uint8), "HWC").grid == (2, 3)


@pytest.mark.parametrize("shape, members", [
    ((4,), {}), ((2, 2, 3), {}), ((2, 2), {"layout": "DHW"}), ((2, 2, 4), {"layout": "HWC"}),
    ((2, 2, 2), {"layout": "HW"}), ((0, 2), {}), ((2, 2), {"layout": "WH"}),
    ((2, 2), {"affine": np.eye(3)}), ((1, 2, 2, 2), {}),
])
def test_images_that_are_none(shape, members):
    with pytest.raises(ValueError):
        Image(np.zeros(shape, np.uint8), **members)


def test_nibabel():
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    affine = np.diag([-1.0, -2, 3, 1])
    image = from_nibabel_array(array, affine, modality="MR")
    assert image.grid == (4, 3, 2) and image.layout == "DHW"
    sent = image.input()
    pixels = np.frombuffer(sent.payload, "<i2").reshape(sent.entry["shape"])
    assert all(pixels[k, j, i] == array[i, j, k] for i, j, k in np.ndindex(array.shape))
    assert np.array_equal(sent.entry["parameters"]["affine"], affine)
    assert from_nibabel_array(array[..., 0], affine).layout == "HW"
    with pytest.raises(ValueError, match="rank 4"):
        from_nibabel_array(array[..., None], affine)


@pytest.mark.parametrize("name, content_type", [
    ("a.nii", "application/x-nifti"), ("b.nii.gz", "application/x-nifti+gzip"),
    ("c.PNG", "image/png"), ("d.jpg", "image/jpeg"), ("e.jpeg", "image/jpeg"),
])
def test_files_by_name(tmp_path, name, content_type):
    (tmp_path / name).write_bytes(b"content")
    for path in (tmp_path / name, str(tmp_path / name)):
        one = as_image(path).input()
        assert one.payload == b"content" and "shape" not in one.entry
        assert one.entry["datatype"] == "BYTES"
        assert one.entry["parameters"] == {"content_type": content_type}


@pytest.mark.parametrize("data, content_type", [
    (b"\x89PNG\r\n\x1a\n...", "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"),
    (b"\x1f\x8b\x08", "application/x-nifti+gzip"),
    (b"\0" * 344 + b"n+1\0", "application/x-nifti"),
])
def test_files_by_their_beginning(data, content_type):
    parameters = as_image(data).input().entry["parameters"]
    assert parameters["content_type"] == content_type


def test_files_of_no_known_kind(tmp_path):
    with pytest.raises(ValueError, match="content_type"):
        ImageFile(b"DICM").input()
    one = ImageFile(b"DICM", content_type="application/dicom", modality="CT").input()
    assert one.entry["parameters"] == {"content_type": "application/dicom", "modality": "CT"}
    with pytest.raises(FileNotFoundError):
        ImageFile(tmp_path / "none.png").input()
    with pytest.raises(TypeError):
        as_image([[1, 2], [3, 4]])

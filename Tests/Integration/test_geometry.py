"""Masks come back on the grid that came in, however a file stores its axes."""

from __future__ import annotations

import io

import nibabel
import numpy as np
import pytest

from phantoms import ct_volume, nifti
from segsam_wire import file

ASKED = {"categories": ["liver", "kidney"], "threshold": 0.05, "presence_threshold": 0}
SPACING = (1.2, 1.5, 4.0)


def base() -> nibabel.Nifti1Image:
    """`(I, J, K)`: i to the patient's left, j to the back, k up."""
    volume = ct_volume(80, depth=6, height=80, width=104).transpose(2, 1, 0)
    affine = np.diag([-SPACING[0], -SPACING[1], SPACING[2], 1.0])
    affine[:3, 3] = [61.5, 58.25, -120]
    return nibabel.Nifti1Image(volume, affine)


def stored_as(codes: str) -> nibabel.Nifti1Image:
    """The same body with its axes in another order or direction."""
    image = base()
    there = nibabel.orientations.axcodes2ornt(tuple(codes))
    here = nibabel.io_orientation(image.affine)
    return image.as_reoriented(nibabel.orientations.ornt_transform(here, there))


def segment(client, image: nibabel.Nifti1Image):
    types = client.call("capabilities").result["content_types"]
    content_type = next(one for one in types if "nifti" in one)
    data = nifti(np.asarray(image.dataobj), image.affine)
    reply = client.call(
        "segment", ASKED, [file(data, content_type, modality="CT", intensity="HU")])
    assert reply.status == "ok", reply.header
    return reply


@pytest.mark.parametrize("codes", ["LPS", "RAS", "LAS", "RPI", "LPI", "PSR", "SLA", "ASL"])
def test_the_grid_that_came_in(client, codes):
    image = stored_as(codes)
    reply = segment(client, image)
    shape = image.shape[::-1]
    assert reply.result["shape"] == list(shape)
    assert np.allclose(reply.result["affine"], image.affine, atol=1e-3)
    assert reply.binary_masks().shape == (2, *shape)
    assert reply.output("semantic_mask").shape == shape
    assert nibabel.aff2axcodes(np.array(reply.result["affine"])) == tuple(codes)


@pytest.mark.parametrize("codes", ["RAS", "LAS", "RPI", "LPI"])
def test_flips_do_not_move_the_mask_in_the_body(client, codes):
    """The network sees the same picture whatever way the axes of an axial stack run."""
    plain, image = base(), stored_as(codes)
    wanted = segment(client, plain).binary_masks()
    assert wanted.any(), "nothing drawn: the comparison says nothing"
    for mask, expected in zip(segment(client, image).binary_masks(), wanted, strict=True):
        own = nibabel.Nifti1Image(mask.T.astype(np.uint8), image.affine)
        here = nibabel.io_orientation(own.affine)
        there = nibabel.io_orientation(plain.affine)
        back = own.as_reoriented(nibabel.orientations.ornt_transform(here, there))
        assert np.allclose(back.affine, plain.affine, atol=1e-3)
        assert np.array_equal(np.asarray(back.dataobj).T.astype(bool), expected)


def test_an_oblique_affine_comes_back(client):
    image = base()
    angle = np.deg2rad(12)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    oblique = nibabel.Nifti1Image(np.asarray(image.dataobj), turn @ image.affine)
    reply = segment(client, oblique)
    assert np.allclose(reply.result["affine"], oblique.affine, atol=1e-3)
    assert reply.result["shape"] == list(oblique.shape[::-1])


def test_scaled_values_are_rescaled(client):
    """scl_slope and scl_inter of the file make the values what they mean."""
    plain = base()
    values = np.asarray(plain.dataobj)
    data = nibabel.Nifti1Image((values.astype(np.int32) + 1024).astype(np.int16), plain.affine)
    data.header.set_slope_inter(1, 0)
    raw = bytearray(data.to_bytes())
    raw[112:120] = np.array([1, -1024], "<f4").tobytes()
    check = np.asarray(nibabel.Nifti1Image.from_stream(io.BytesIO(bytes(raw))).dataobj)
    assert np.array_equal(check, values)
    types = client.call("capabilities").result["content_types"]
    content_type = next(one for one in types if "nifti" in one)
    reply = client.call(
        "segment", ASKED, [file(bytes(raw), content_type, modality="CT", intensity="HU")])
    assert np.array_equal(reply.binary_masks(), segment(client, plain).binary_masks())

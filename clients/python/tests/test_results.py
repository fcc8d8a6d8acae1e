"""Masks and results, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fakes import MASK, QUERY, bits, reply, tensor
from segsam.masks import decode_masks, decode_rle
from segsam.results import read_segmentation
from segsam.wire import read_reply


def test_bits_are_msb_first_and_padded():
    rows = np.array([[0b1010_0000, 0b1000_0000]], np.uint8)
    read = read_reply(reply("1", outputs=[
        tensor("binary_masks", rows, encoding="bits", mask_shape=[3, 3])]))
    assert decode_masks(read.outputs[0]).tolist() == [
        [[True, False, True], [False, False, False], [False, False, True]]]


def test_the_entry_may_say_it_itself():
    entry, data = tensor("binary_masks", np.array([[0b1100_0000]], np.uint8))
    entry |= {"encoding": "bits", "mask_shape": [1, 3]}
    read = read_reply(reply("1", outputs=[(entry, data)]))
    assert decode_masks(read.outputs[0]).tolist() == [[[True, True, False]]]


def test_runs_are_column_major_and_zeros_first():
    one = {"size": [2, 3], "counts": [1, 2, 3]}
    assert decode_rle([one]).tolist() == [[[False, True, False], [True, False, False]]]
    assert decode_rle([{"size": [2, 3], "counts": [0, 6]}]).all()
    assert decode_rle([[one] * 4] * 2).shape == (2, 4, 2, 3)


@pytest.mark.parametrize("shape", [(3, 5, 7), (2, 3, 5, 7), (1, 8, 8)])
def test_the_encodings_agree(shape):
    masks = np.random.default_rng(1).integers(0, 2, shape).astype(np.uint8)
    raw = decode_masks(read_reply(reply("1", outputs=[tensor("binary_masks", masks)])).outputs[0])
    packed = decode_masks(read_reply(reply("1", outputs=[bits(masks)])).outputs[0])
    runs = decode_rle([
        [run_lengths(one) for one in mask] if mask.ndim == 3 else run_lengths(mask)
        for mask in masks])
    for read in (raw, packed, runs):
        assert read.dtype == np.bool_ and not read.flags.writeable
        assert np.array_equal(read, masks)


def run_lengths(mask: np.ndarray) -> dict:
    """Counts one by one, as COCO describes them."""
    counts, value = [0], 0
    for one in mask.T.ravel():
        if one != value:
            counts.append(0)
            value = one
        counts[-1] += 1
    return {"size": list(mask.shape), "counts": counts}


def test_a_segmentation():
    kidneys = QUERY | {
        "query": "kidney", "category": "kidneys",
        "parts": [{"category": "left_kidney", "present": True, "presence": 0.5}]}
    box = QUERY | {"query": None, "category": "spleen", "bbox": None, "voxels": 0,
                   "candidates": [{"category": "spleen", "probability": 0.75}]}
    read = read_segmentation(read_reply(reply(
        "1",
        outputs=[tensor("binary_masks", np.concatenate([MASK, MASK * 0])),
                 tensor("semantic_mask", MASK[0].astype("<u2"))],
        result={"categories": [kidneys, box], "labels": {"1": "left_kidney"},
                "probabilities": {"liver": 1}, "shape": [2, 3], "affine": np.eye(4).tolist()})),
        grid=(2, 3))
    first, second = read
    assert len(read) == 2 and read[0] is first is read["kidney"] is read["kidneys"]
    assert first.bbox == (0, 0, 2, 1) and first.parts[0].category == "left_kidney"
    assert first.mask.tolist() == [[True, True, False], [False] * 3]
    assert second.query is None and second.bbox is None and not second.mask.any()
    assert second.candidates[0].probability == 0.75
    assert read.labels == {1: "left_kidney"} and read.probabilities == {"liver": 1.0}
    assert read.semantic_mask.dtype == np.uint16 and read.shape == (2, 3)
    assert np.array_equal(read.affine, np.eye(4))
    assert (read.id, read.request, read.model.version) == ("1", "r1", "1")
    with pytest.raises(KeyError):
        read["liver"]


def test_nothing_but_numbers():
    read = read_segmentation(read_reply(reply("1", result={"categories": [QUERY]})))
    assert read.masks is read.semantic_mask is read.probabilities is read[0].mask is None

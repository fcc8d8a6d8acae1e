"""`segment`: every parameter, and what its numbers promise."""

from __future__ import annotations

import numpy as np
import pytest

from phantoms import ct_slice, ct_volume, endoscopy, jpeg, nifti, png, windowed
from segsam_wire import file, tensor

CT = {"layout": "HW", "modality": "CT", "intensity": "HU", "spacing_mm": [0.8, 0.8]}
VOLUME = CT | {"layout": "DHW", "spacing_mm": [1.2, 1.2, 4.0]}
SLICE = ct_slice(7)
ORGANS = ["liver", "spleen", "pancreas", "left_kidney", "kidneys", "aorta"]
# Low enough that any model draws something: these tests are about the wire, not about accuracy.
OPEN = {"threshold": 0.05, "presence_threshold": 0}


def ask(client, parameters, image=None):
    reply = client.call("segment", parameters, [image or tensor(SLICE, **CT)])
    assert reply.status == "ok", reply.header
    return reply


def check_numbers(reply, shape):
    """voxels, bbox and present of each query against its mask."""
    masks, categories = reply.binary_masks(), reply.result["categories"]
    assert masks.shape == (len(categories), *shape)
    for mask, one in zip(masks, categories, strict=True):
        assert one["voxels"] == mask.sum()
        assert 0 <= one["presence"] <= 1 and isinstance(one["present"], bool)
        if not mask.any():
            assert one["bbox"] is None
            continue
        assert one["present"]
        where = [np.flatnonzero(mask.any(axis=tuple(set(range(mask.ndim)) - {axis})))
                 for axis in reversed(range(mask.ndim))]
        assert one["bbox"] == [int(w[0]) for w in where] + [int(w[-1]) + 1 for w in where]


def test_numbers_agree_with_masks(client):
    reply = ask(client, {"categories": ORGANS} | OPEN)
    check_numbers(reply, SLICE.shape)
    parts = reply.result["categories"][4]["parts"]
    assert {one["category"] for one in parts} == {"left_kidney", "right_kidney"}
    probabilities = reply.result["probabilities"]
    assert "liver" in probabilities and all(0 <= p <= 1 for p in probabilities.values())


def test_semantic_mask_and_labels(client):
    reply = ask(client, {"categories": ORGANS} | OPEN)
    mask, labels = reply.output("semantic_mask"), reply.result["labels"]
    assert mask.shape == SLICE.shape and mask.dtype in (np.uint8, np.uint16)
    assert set(np.unique(mask)) <= {0} | {int(key) for key in labels}
    assert list(labels.values()) == [
        "liver", "spleen", "pancreas", "left_kidney", "right_kidney", "aorta"]


def test_encodings_are_equal(client):
    raw, bits, rle = (
        ask(client, {"categories": ORGANS, "encoding": encoding} | OPEN)
        for encoding in ("raw", "bits", "rle"))
    assert np.array_equal(raw.binary_masks(), bits.binary_masks())
    assert np.array_equal(raw.binary_masks(), rle.binary_masks())
    assert {one.entry("binary_masks")["datatype"] for one in (raw, bits)} == {"UINT8"}
    assert rle.entry("binary_masks") is None
    assert raw.binary_masks().any(), "nothing drawn: the comparison says nothing"


def test_encodings_of_a_volume(client):
    volume = tensor(ct_volume(), **VOLUME)
    raw, bits, rle = (
        ask(client, {"categories": ["liver", "spleen"], "encoding": encoding} | OPEN, volume)
        for encoding in ("raw", "bits", "rle"))
    assert np.array_equal(raw.binary_masks(), bits.binary_masks())
    assert np.array_equal(raw.binary_masks(), rle.binary_masks())
    assert len(rle.result["categories"][0]["rle"]) == ct_volume().shape[0]


@pytest.mark.parametrize(
    "outputs",
    [["binary_masks"], ["semantic_mask"], ["probabilities"], ["semantic_mask", "probabilities"]])
def test_outputs_selection(client, outputs):
    reply = ask(client, {"categories": ["liver"], "outputs": outputs})
    assert {entry["name"] for entry in reply.header.get("outputs") or []} == (
        set(outputs) - {"probabilities"})
    assert ("probabilities" in reply.result) == ("probabilities" in outputs)
    assert reply.result["categories"][0]["category"] == "liver"


def test_threshold_narrows(client):
    masks = [ask(client, {"categories": ["liver"], "presence_threshold": 0, "threshold": t})
             .binary_masks()[0] for t in (0.01, 0.3, 0.6, 0.99)]
    for wide, narrow in zip(masks, masks[1:]):
        assert not (narrow & ~wide).any()
    assert masks[0].sum() > masks[-1].sum()


def test_presence_threshold(client):
    everything = ask(client, {"categories": ["liver", "optic_disc"]} | OPEN).result["categories"]
    assert all(one["present"] for one in everything)
    nothing = ask(client, {"categories": ["liver", "optic_disc"], "presence_threshold": 1})
    for one in nothing.result["categories"]:
        if one["presence"] < 1:
            assert one["present"] is False and one["voxels"] == 0 and one["bbox"] is None
    assert not nothing.binary_masks()[[
        one["presence"] < 1 for one in nothing.result["categories"]]].any()


def test_order_and_duplicates(client):
    names = ["spleen", "liver", "spleen", "Liver"]
    reply = ask(client, {"categories": names} | OPEN)
    assert [one["query"] for one in reply.result["categories"]] == names
    assert [one["category"] for one in reply.result["categories"]] == [
        "spleen", "liver", "spleen", "liver"]
    masks = reply.binary_masks()
    assert np.array_equal(masks[0], masks[2]) and np.array_equal(masks[1], masks[3])
    assert list(reply.result["labels"].values()) == ["spleen", "liver"]


def test_language(client):
    """The same category by any name: the same mask, bit for bit."""
    replies = [ask(client, {"categories": [name]} | OPEN)
               for name in ("pancreas", "Pancreas", "胰腺", "SCT:15776009")]
    first = replies[0]
    assert first.binary_masks().any(), "nothing drawn: the comparison says nothing"
    for other in replies[1:]:
        assert np.array_equal(first.binary_masks(), other.binary_masks())
        assert np.array_equal(first.output("semantic_mask"), other.output("semantic_mask"))
        for member in ("category", "presence", "score", "voxels", "bbox"):
            assert first.result["categories"][0][member] == other.result["categories"][0][member]


@pytest.mark.parametrize("volume", [False, True], ids=["slice", "volume"])
def test_independence(client, volume):
    """A category alone and with 20 others: the same mask and presence, bit for bit."""
    image = tensor(ct_volume(3), **VOLUME) if volume else tensor(SLICE, **CT)
    listed = client.call("categories.list").result["categories"]
    concrete = [one for one in listed if not one["parts"] and one["category"] != "liver"]
    concrete.sort(key=lambda one: (not one["trained"], one["category"]))
    others = [one["category"] for one in concrete[:20]]
    alone = ask(client, {"categories": ["liver"]} | OPEN, image)
    assert alone.binary_masks().any(), "nothing drawn: the comparison says nothing"
    for place in (0, 11, 20):
        names = others[:place] + ["liver"] + others[place:]
        among = ask(client, {"categories": names} | OPEN, image)
        assert np.array_equal(alone.binary_masks()[0], among.binary_masks()[place])
        for member in ("presence", "score", "voxels", "bbox"):
            assert (alone.result["categories"][0][member]
                    == among.result["categories"][place][member]), member
    assert alone.result["probabilities"] == among.result["probabilities"]


def test_free_text(client):
    text = "a bean-shaped organ beside the spine"
    reply = ask(client, {"categories": ["liver"], "free_text": text} | OPEN)
    assert [one["query"] for one in reply.result["categories"]] == ["liver", text]
    assert reply.binary_masks().shape[0] == 2
    alone = ask(client, {"free_text": text} | OPEN)
    assert np.array_equal(alone.binary_masks()[0], reply.binary_masks()[1])


def test_box_alone(client):
    box = [90, 90, 122, 122]
    reply = ask(client, {"boxes": box})
    (one,) = reply.result["categories"]
    assert one["query"] is None and one["category"]
    assert len(one["candidates"]) == 5
    check_numbers(reply, SLICE.shape)
    nested = ask(client, {"boxes": [box]})
    assert np.array_equal(reply.binary_masks(), nested.binary_masks())
    assert len(ask(client, {"boxes": [box, [30, 50, 80, 100]]}).result["categories"]) == 2


def test_boxes_with_text(client):
    boxes = {"categories": ["spleen", "liver"], "boxes": [None, [25, 45, 80, 100]]}
    reply = ask(client, boxes | OPEN)
    assert [one["query"] for one in reply.result["categories"]] == ["spleen", "liver"]
    without = ask(client, {"categories": ["spleen", "liver"]} | OPEN)
    assert np.array_equal(reply.binary_masks()[0], without.binary_masks()[0])
    assert reply.result["categories"][1] != without.result["categories"][1], "the box does nothing"


def test_points(client):
    point = {"at": [52, 72], "label": 1}
    alone = ask(client, {"points": [point, {"at": [5, 5], "label": 0}]})
    (one,) = alone.result["categories"]
    assert one["query"] is None and len(one["candidates"]) == 5
    names = {"categories": ["spleen", "liver"]} | OPEN
    plain = ask(client, names)
    pointed = ask(client, names | {"points": [point | {"query": 1}]})
    assert np.array_equal(plain.binary_masks()[0], pointed.binary_masks()[0])
    assert plain.result["categories"][0] == pointed.result["categories"][0]
    assert plain.result["categories"][1] != pointed.result["categories"][1], "it does nothing"
    check_numbers(ask(client, names | {"points": [point]}), SLICE.shape)


def test_spatial_prompts_in_a_volume(client):
    volume = tensor(ct_volume(), **VOLUME)
    reply = ask(client, {"boxes": [60, 50, 1, 85, 75, 4]}, volume)
    check_numbers(reply, ct_volume().shape)
    point = {"at": [36, 43, 2], "label": 1}
    reply = ask(client, {"categories": ["liver"], "points": [point]}, volume)
    check_numbers(reply, ct_volume().shape)


def test_volume_with_affine(client):
    affine = np.diag([-1.2, -1.2, 4.0, 1.0])
    affine[:3, 3] = [60, 55, -100]
    parameters = {k: v for k, v in VOLUME.items() if k != "spacing_mm"}
    image = tensor(ct_volume(), **parameters, affine=affine.tolist())
    asked = {"categories": ["liver", "kidney"]} | OPEN
    reply = ask(client, asked, image)
    check_numbers(reply, ct_volume().shape)
    by_spacing = ask(client, asked, tensor(ct_volume(), **VOLUME))
    # Spacing alone means i to the left, j to the back, k up: in RAS −x, −y, +z, as above.
    assert np.array_equal(reply.binary_masks(), by_spacing.binary_masks())


@pytest.mark.parametrize("dtype", ["<i4", "<f4", "<f2"])
def test_datatypes(client, dtype):
    """The same values in another type give the same masks."""
    plain = ask(client, {"categories": ["liver"]} | OPEN)
    values = SLICE.clip(-1024, 1000)
    same = ask(client, {"categories": ["liver"]} | OPEN, tensor(values, **CT))
    other = ask(client, {"categories": ["liver"]} | OPEN, tensor(values.astype(dtype), **CT))
    assert np.array_equal(same.binary_masks(), other.binary_masks())
    assert plain.binary_masks().shape == other.binary_masks().shape


@pytest.mark.parametrize("dtype", ["?", "u1", "<u2"])
def test_unsigned_datatypes(client, dtype):
    image = tensor((windowed(SLICE) > 100).astype(dtype), layout="HW", modality="US")
    check_numbers(ask(client, {"categories": ["liver"]} | OPEN, image), SLICE.shape)


def test_png_is_its_pixels(client):
    pixels = windowed(SLICE)
    given = {"modality": "CT", "intensity": "windowed"}
    by_file = ask(client, {"categories": ["liver"]} | OPEN, file(png(pixels), "image/png", **given))
    by_tensor = ask(
        client, {"categories": ["liver"]} | OPEN, tensor(pixels, layout="HW", **given))
    assert np.array_equal(by_file.binary_masks(), by_tensor.binary_masks())
    assert by_file.result["shape"] == list(pixels.shape)


def test_colour(client):
    pixels = endoscopy()
    asked = {"categories": ["polyp"]} | OPEN
    by_tensor = ask(client, asked, tensor(pixels, layout="HWC", modality="ES"))
    check_numbers(by_tensor, pixels.shape[:2])
    by_file = ask(client, asked, file(png(pixels), "image/png", modality="ES"))
    assert np.array_equal(by_tensor.binary_masks(), by_file.binary_masks())
    check_numbers(ask(client, asked, file(jpeg(pixels), "image/jpeg", modality="ES")),
                  pixels.shape[:2])


@pytest.mark.parametrize("compressed", [False, True], ids=["nii", "nii.gz"])
def test_nifti_is_its_voxels(client, compressed):
    affine = np.diag([-1.2, -1.2, 4.0, 1.0])
    affine[:3, 3] = [60, 55, -100]
    volume = ct_volume()
    types = client.call("capabilities").result["content_types"]
    content_type = next(one for one in types if "nifti" in one)
    data = nifti(volume.transpose(2, 1, 0), affine, compressed)
    asked = {"categories": ["liver"]} | OPEN
    by_file = ask(client, asked, file(data, content_type, modality="CT", intensity="HU"))
    parameters = {k: v for k, v in VOLUME.items() if k != "spacing_mm"}
    by_tensor = ask(client, asked, tensor(volume, **parameters, affine=affine.tolist()))
    assert by_file.result["shape"] == list(volume.shape)
    assert np.allclose(by_file.result["affine"], affine, atol=1e-4)
    assert np.array_equal(by_file.binary_masks(), by_tensor.binary_masks())


def test_a_category_without_training_is_never_present_by_text_alone(client):
    listed = client.call("categories.list").result["categories"]
    untrained = [one["category"] for one in listed if not one["trained"] and not one["parts"]][:5]
    if not untrained:
        pytest.skip("the model was trained on every category")
    reply = ask(client, {"categories": untrained})
    assert not any(one["present"] for one in reply.result["categories"])
    assert not reply.binary_masks().any()


def test_unknown_category_has_suggestions(client):
    reply = client.call("segment", {"categories": ["pancras"]}, [tensor(SLICE, **CT)])
    assert reply.code == "unknown_category"
    details = reply.header["error"]["details"]
    assert details["query"] == "pancras"
    assert "pancreas" in details["suggestions"] and len(details["suggestions"]) <= 5

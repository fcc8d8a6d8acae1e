"""Writing requests, and reading replies that are right and wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fakes import MASK, QUERY, bits, file, reply, tensor
from segsam import MalformedReply, TooLarge
from segsam.results import (
    read_capabilities, read_categories, read_held_image, read_matches, read_report,
    read_segmentation, read_status)
from segsam.wire import Input, Limits, read_reply, write_request


def test_a_request():
    image = Input({"name": "image", "shape": (2, 2)}, b"abcd")
    request = write_request(
        "segment", {"categories": ["左肾"], "boxes": np.array([1, 2, 3, 4])}, [image], id="1",
        client="c", deadline_ms=5000, priority=-1, progress=True, durable=True)
    header = json.loads(request.frames[0])
    assert header == {
        "protocol": "segsam/1", "id": "1", "client": "c", "method": "segment",
        "deadline_ms": 5000, "priority": -1, "progress": True, "durable": True,
        "parameters": {"categories": ["左肾"], "boxes": [1, 2, 3, 4]},
        "inputs": [{"name": "image", "shape": [2, 2]}]}
    assert request.frames[1] == b"abcd"


def test_a_request_without_anything():
    (frame,) = write_request("status", {}, id="1", client="c").frames
    assert json.loads(frame) == {
        "protocol": "segsam/1", "id": "1", "client": "c", "method": "status"}


def test_requests_that_cannot_be_sent():
    with pytest.raises(TooLarge) as caught:
        write_request("categories.resolve", {"queries": ["x" * 2**20]}, id="1", client="c")
    assert caught.value.limit == "header_bytes" and caught.value.id == "1"
    with pytest.raises(ValueError):
        write_request("segment", {"threshold": float("nan")}, id="1", client="c")


def test_a_reply():
    read = read_reply(reply("1", outputs=[
        tensor("a", np.array([[1, -2]], "<i2")), file("b", b"page", "text/html")]))
    assert (read.id, read.request, read.status, read.is_final) == ("1", "r1", "ok", True)
    assert read.model.name == "fake" and read.timing_ms == {"total": 1.5}
    assert read.output("a").array().tolist() == [[1, -2]]
    assert read.output("b").bytes() == b"page" and read.output("c") is None
    with pytest.raises(ValueError):
        read.output("a").array()[0, 0] = 1


def test_members_that_are_not_known_are_ignored():
    assert read_reply(reply("1", more={"a": [1]})).status == "ok"


def raw(text: str | bytes, *frames: bytes) -> list[bytes]:
    return [text.encode() if isinstance(text, str) else text, *frames]


def entry(frames=1, data=b"\0" * 4, **changes) -> list[bytes]:
    """A reply with one output, whose entry has these members instead; None leaves one out."""
    changed = {"name": "x", "datatype": "UINT8", "shape": [2, 2]} | changes
    changed = {k: v for k, v in changed.items() if v is not None}
    return [reply("1", outputs=[(changed, b"")])[0], *[data] * frames]


def without(key: str) -> list[bytes]:
    header = json.loads(reply("1")[0])
    del header[key]
    return raw(json.dumps(header))


GOOD = reply("1")[0].decode()

MALFORMED = {
    "no frames": [],
    "an empty header": raw(""),
    "no JSON": raw("hello"),
    "random bytes": raw(bytes(range(256))),
    "bad UTF-8": raw(GOOD.encode().replace(b"fake", b"f\xffke")),
    "UTF-16": raw(GOOD.encode("utf-16")),
    "a byte order mark": raw(b"\xef\xbb\xbf" + GOOD.encode()),
    "half of a header": raw(GOOD[: len(GOOD) // 2]),
    "something after the header": raw(GOOD + "{}"),
    "an array": raw("[]"),
    "null": raw("null"),
    "NaN": raw(GOOD.replace("1.5", "NaN")),
    "infinity": raw(GOOD.replace("1.5", "-Infinity")),
    "a number over all doubles": raw(GOOD.replace("1.5", "1e999")),
    "an integer without end": raw(GOOD.replace("1.5", "1" * 5000)),
    "an integer over all doubles": raw(GOOD.replace("1.5", "1" * 400)),
    "endless nesting": raw('{"a":' + "[" * 200_000 + "]" * 200_000 + "}"),
    "a header over 1 MiB": raw(GOOD + " " * 2**20),
    "a key twice": raw(GOOD[:-1] + ', "status": "ok"}'),
    "a key twice, deeper": raw(GOOD.replace('"fake"', '"fake", "name": "fake"')),
    "a key twice, by an escape": raw(GOOD[:-1] + ', "st\\u0061tus": "ok"}'),
    "no protocol": without("protocol"),
    "another protocol": reply("1", protocol="segsam/2"),
    "no id": without("id"),
    "an id that is a number": reply(1),
    "no status": without("status"),
    "an unknown status": reply("1", status="fine"),
    "a status that is a number": reply("1", status=200),
    "no result": without("result"),
    "a result that is a list": reply("1", result=[]),
    "a model that is a string": reply("1", model="fake"),
    "a model without version": reply("1", model={"name": "fake"}),
    "a timing that is a string": reply("1", timing_ms={"total": "1"}),
    "an error without error": reply("1", "error"),
    "an error without code": reply("1", "error", error={"message": "no"}),
    "an error without message": reply("1", "error", error={"code": "busy"}),
    "details that are a list": reply(
        "1", "error", error={"code": "busy", "message": "no", "details": []}),
    "outputs that are an object": raw(reply("1", outputs=[tensor("x", MASK)])[0].replace(
        b'"outputs": [', b'"outputs": {"a": [') .replace(b"]}]", b"]}]}"), b""),
    "an output that is a string": raw(json.dumps(json.loads(GOOD) | {"outputs": ["x"]}), b""),
    "a frame too many": raw(GOOD, b""),
    "a frame missing": entry(frames=0),
    "a second frame": entry(frames=2),
    "no name": entry(name=None),
    "no datatype": entry(datatype=None),
    "an unknown datatype": entry(datatype="FP64"),
    "no shape": entry(shape=None),
    "a shape that is a number": entry(shape=4),
    "a negative shape": entry(shape=[-2, -2]),
    "a shape of true": entry(shape=[True, 4]),
    "a shape of halves": entry(shape=[0.5, 8]),
    "a shape past all bytes": entry(shape=[2**40, 2**40]),
    "a shape past all integers": entry(shape=[2**62, 4, 2**62]),
    "a rank of nine": entry(shape=[4] + [1] * 8),
    "a byte too few": entry(data=b"\0" * 3),
    "a byte too many": entry(data=b"\0" * 5),
    "bytes of another type": entry(datatype="INT16"),
    "BYTES with a shape": entry(datatype="BYTES"),
    "parameters that are a list": entry(parameters=[1]),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed(name):
    with pytest.raises(MalformedReply) as caught:
        read_reply(MALFORMED[name])
    assert caught.value.code == "malformed_reply" and caught.value.message


def test_the_id_of_a_malformed_reply():
    with pytest.raises(MalformedReply) as caught:
        read_reply(MALFORMED["a byte too few"])
    assert caught.value.id == "1"


def test_a_reply_over_the_limit():
    frames = reply("1", outputs=[tensor("x", np.zeros(2000, np.uint8))])
    assert read_reply(frames).outputs
    with pytest.raises(MalformedReply, match="at most"):
        read_reply(frames, Limits(reply_bytes=2000))


def result(outputs=(), entry=None, **members) -> list[bytes]:
    return reply("1", outputs=outputs, result={"categories": [QUERY | (entry or {})]} | members)


RLE = {"size": [2, 3], "counts": [0, 1, 1, 1, 3]}
BITS = bits(MASK)

WRONG_SEGMENTATIONS = {
    "no categories": reply("1"),
    "categories that are numbers": reply("1", result={"categories": [1]}),
    "a query without presence": reply("1", result={"categories": [{"present": True}]}),
    "present that is a number": result(entry={"present": 1}),
    "presence that is true": result(entry={"presence": True}),
    "voxels below zero": result(entry={"voxels": -1}),
    "voxels in halves": result(entry={"voxels": 1.5}),
    "a bbox of three": result(entry={"bbox": [1, 2, 3]}),
    "a bbox inside out": result(entry={"bbox": [5, 5, 1, 9]}),
    "parts that are strings": result(entry={"parts": ["left_kidney"]}),
    "candidates without probability": result(entry={"candidates": [{"category": "liver"}]}),
    "masks of another number": result([tensor("binary_masks", np.zeros((2, 2, 3), np.uint8))]),
    "masks with a 2": result([tensor("binary_masks", MASK * 2)]),
    "masks of another type": result([tensor("binary_masks", MASK.astype("<i2"))]),
    "masks that are a file": result([file("binary_masks", b"x", "image/png")]),
    "masks of rank one": result([tensor("binary_masks", np.zeros(1, np.uint8))]),
    "masks twice": result([tensor("binary_masks", MASK)] * 2),
    "an unknown encoding": result([tensor("binary_masks", MASK, encoding="zip")]),
    "bits without mask_shape": result([tensor("binary_masks", MASK[0], encoding="bits")]),
    "bits of another shape": result(
        [tensor("binary_masks", MASK[0], encoding="bits", mask_shape=[4, 4])]),
    "bits in the padding": result([(BITS[0], b"\xff")]),
    "run lengths of another sum": result(entry={"rle": RLE | {"counts": [5]}}),
    "run lengths below zero": result(entry={"rle": RLE | {"counts": [8, -2]}}),
    "run lengths in words": result(entry={"rle": RLE | {"counts": "PYlm0"}}),
    "run lengths of rank three": result(entry={"rle": RLE | {"size": [2, 3, 1]}}),
    "run lengths without end": result(
        entry={"rle": {"size": [2**30, 2**30], "counts": [2**60]}}),
    "run lengths of no slices": result(entry={"rle": []}),
    "run lengths of differing slices": result(
        entry={"rle": [RLE, {"size": [3, 2], "counts": [6]}]}),
    "run lengths that are a string": result(entry={"rle": "x"}),
    "a semantic mask of floats": result([tensor("semantic_mask", MASK[0].astype("<f4"))]),
    "a semantic mask of another shape": result(
        [tensor("binary_masks", MASK), tensor("semantic_mask", np.zeros((4, 4), np.uint8))]),
    "another shape than the image's": result([tensor("binary_masks", MASK[:, :1])]),
    "another shape than it says": result([tensor("binary_masks", MASK)], shape=[9, 9]),
    "a label that is no number": result(labels={"liver": "1"}),
    "a label that is null": result(labels={"1": None}),
    "probabilities in words": result(probabilities={"liver": "high"}),
    "an affine of three rows": result(affine=[[1, 0, 0, 0]] * 3),
    "an affine of words": result(affine=[["a"] * 4] * 4),
}


@pytest.mark.parametrize("name", WRONG_SEGMENTATIONS)
def test_wrong_segmentations(name):
    with pytest.raises(MalformedReply):
        read_segmentation(read_reply(WRONG_SEGMENTATIONS[name]), grid=(2, 3))


def test_masks_over_the_limit():
    small = Limits(mask_elements=5)
    for frames in (result([BITS]), result(entry={"rle": RLE})):
        assert read_segmentation(read_reply(frames)).masks.shape == (1, 2, 3)
        with pytest.raises(MalformedReply, match="at most"):
            read_segmentation(read_reply(frames), small)


@pytest.mark.parametrize("read, result", [
    (read_held_image, {"image_id": 5, "shape": [1, 1], "expires_in_s": 60}),
    (read_held_image, {"image_id": "x", "shape": "1×1", "expires_in_s": 60}),
    (read_categories, {"categories": {"liver": {}}}),
    (read_categories, {"categories": [{"category": "liver", "name": "liver", "trained": "yes"}]}),
    (lambda reply: read_matches(reply, 2), {"matches": [{"query": "a", "match": "none"}]}),
    (read_report, {"report": "text"}),
    (read_capabilities, {"protocol": "segsam/1", "methods": "segment"}),
    (read_status, {"live": True, "ready": True}),
])
def test_wrong_results(read, result):
    with pytest.raises(MalformedReply):
        read(read_reply(reply("1", result=result)))


def test_a_page_that_is_no_text():
    with pytest.raises(MalformedReply):
        read_report(read_reply(reply(
            "1", outputs=[file("html", b"\xff\xfe\xff", "text/html")], result={"report": {}})))

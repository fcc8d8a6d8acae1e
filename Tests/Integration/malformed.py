"""A table of messages that are wrong, each with the error that the protocol has for it.

Where the protocol leaves open which of two codes fits (a header member of the wrong type is both
a header that is not of this protocol and an argument that is off; JSON that is too deep is both no
header of this protocol and over a limit), both are accepted.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass

import numpy as np

from phantoms import ct_slice, nifti, png, windowed
from segsam_wire import Input, file, request, tensor

MESSAGE, ARGUMENT, LARGE = "invalid_message", "invalid_argument", "too_large"
HEADER = (MESSAGE, ARGUMENT)

PIXELS = ct_slice(90, 32, 32)
CT = {"layout": "HW", "modality": "CT", "intensity": "HU"}
IMAGE = tensor(PIXELS, **CT)


@dataclass
class Case:
    name: str
    frames: list[bytes]
    codes: tuple[str, ...]
    # What `details.path` or the message must name, where one thing is wrong.
    names: str | None = None
    id_readable: bool = True


def case(name, frames, codes, names=None, id_readable=True):
    codes = (codes,) if isinstance(codes, str) else tuple(codes)
    return Case(name, frames, codes, names, id_readable)


def raw(text: str | bytes, *frames: bytes) -> list[bytes]:
    return [text.encode() if isinstance(text, str) else text, *frames]


def segment(inputs=(IMAGE,), **parameters) -> list[bytes]:
    return request("segment", {"categories": ["liver"]} | parameters, inputs)


def only(**parameters) -> list[bytes]:
    """`segment` with an image and exactly these parameters."""
    return request("segment", parameters, [IMAGE])


def literal(text: str) -> list[bytes]:
    """`segment` with a member of `parameters` written as JSON by hand."""
    header = request("segment", {"categories": ["liver"], "X": 0}, [IMAGE])[0].decode()
    return [header.replace('"X": 0', text).encode(), IMAGE.payload]


def entry(payload=None, **changes) -> list[bytes]:
    """`segment` with an image whose entry has these members instead; None leaves one out."""
    changed = {k: v for k, v in (IMAGE.entry | changes).items() if v is not None}
    return segment([Input(changed, IMAGE.payload if payload is None else payload)])


def image(**parameters) -> list[bytes]:
    """`segment` with an image with these parameters; None leaves one out."""
    changed = {k: v for k, v in (CT | parameters).items() if v is not None}
    return entry(parameters=changed)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims to be of this size and holds nothing."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(
            ">I", zlib.crc32(kind + data))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return (b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 64))
            + chunk(b"IEND", b""))


def nifti_claiming(*dim: int) -> bytes:
    """A NIfTI file of two voxels whose header claims these dimensions."""
    data = bytearray(nifti(np.zeros((2, 1, 1), np.int16), np.eye(4)))
    struct.pack_into("<8h", data, 40, *dim)
    return bytes(data)


VALID = request("status")[0].decode()
GOOD_PNG = png(windowed(PIXELS))
DEEP = "[" * 100_000 + "]" * 100_000

FRAMES = [
    case("no frames", [b""], MESSAGE, id_readable=False),
    case("an empty header", [b"", b""], MESSAGE, id_readable=False),
    case("two empty frames before the header", [b"", b"", VALID.encode()], MESSAGE,
         id_readable=False),
    case("no JSON", raw("hello"), MESSAGE, id_readable=False),
    case("random bytes", raw(bytes(np.random.default_rng(1).integers(0, 256, 500, np.uint8))),
         MESSAGE, id_readable=False),
    case("half of a header", raw(VALID[: len(VALID) // 2]), MESSAGE, id_readable=False),
    case("something after the header", raw(VALID + " {}"), MESSAGE, id_readable=False),
    case("an array", raw("[]"), MESSAGE, id_readable=False),
    case("null", raw("null"), MESSAGE, id_readable=False),
    case("a number", raw("42"), MESSAGE, id_readable=False),
    case("single quotes", raw(VALID.replace('"', "'")), MESSAGE, id_readable=False),
    case("a comma too many", raw(VALID[:-1] + ",}"), MESSAGE, id_readable=False),
    case("a comment", raw(VALID[:-1] + "/* */}"), MESSAGE, id_readable=False),
    case("bad UTF-8", raw(VALID.encode().replace(b"status", b"stat\xffs")), MESSAGE,
         id_readable=False),
    case("overlong UTF-8", raw(VALID.encode().replace(b"status", b"stat\xc1\xb5s")), MESSAGE,
         id_readable=False),
    case("UTF-16", raw(VALID.encode("utf-16")), MESSAGE, id_readable=False),
    case("half of a surrogate pair", literal('"publish": "\\ud800"'), HEADER, id_readable=False),
    case("a control character in a string", raw(VALID.replace("status", "sta\ntus")), MESSAGE,
         id_readable=False),
    case("NaN", literal('"threshold": NaN'), MESSAGE, id_readable=False),
    case("-Infinity", literal('"threshold": -Infinity'), MESSAGE, id_readable=False),
    case("a number over all doubles", literal('"threshold": 1e999'), HEADER, id_readable=False),
    case("deep JSON", literal(f'"boxes": {DEEP}'), (MESSAGE, LARGE), id_readable=False),
    case("a deep header", raw(DEEP), (MESSAGE, LARGE), id_readable=False),
    case("deep JSON that never closes", raw('{"a":' * 50_000), (MESSAGE, LARGE), id_readable=False),
    case("a header of 10 MB", raw(VALID[:-1] + ', "more": "' + "x" * 10_000_000 + '"}'), LARGE,
         id_readable=False),
    case("a header of 10 MB of spaces", raw(VALID + " " * 10_000_000), LARGE, id_readable=False),
    case("70,000 members", raw(json.dumps({f"k{n}": 0 for n in range(70_000)})),
         (MESSAGE, LARGE), id_readable=False),
    case("a key twice in the header", raw(VALID[:-1] + ', "method": "status"}'), ARGUMENT,
         id_readable=False),
    case("a key twice in parameters", literal('"threshold": 0.5, "threshold": 0.4'), ARGUMENT,
         id_readable=False),
    case("a key twice by an escape", literal('"threshold": 0.5, "\\u0074hreshold": 0.4'), ARGUMENT,
         id_readable=False),
    case("a key twice in an input",
         [segment()[0].replace(b'"layout"', b'"layout": "HW", "layout"'), IMAGE.payload], ARGUMENT,
         id_readable=False),
    case("a frame too many", [*request("status"), b"surplus"], MESSAGE),
    case("a frame too many after an image", [*segment(), b"surplus"], MESSAGE),
    case("a frame missing", segment()[:1], MESSAGE),
    case("a thousand frames", [*request("status"), *[b"x"] * 1000], (MESSAGE, LARGE)),
]

HEADERS = [
    case("no protocol", request("status", protocol=None), MESSAGE),
    case("another protocol", request("status", protocol="segsam/2"), MESSAGE),
    case("a protocol that is a number", request("status", protocol=1), MESSAGE),
    case("no id", request("status", id=None), MESSAGE, id_readable=False),
    case("an empty id", request("status", id=""), MESSAGE, id_readable=False),
    case("an id of 129", request("status", id="x" * 129), MESSAGE, id_readable=False),
    case("an id in another script", request("status", id="请求"), MESSAGE, id_readable=False),
    case("an id with a line break", request("status", id="a\nb"), MESSAGE, id_readable=False),
    case("an id that is a number", request("status", id=7), MESSAGE, id_readable=False),
    case("no method", request("status", method=None), MESSAGE),
    case("a method that is a list", request("status", method=["status"]), HEADER),
    case("an unknown method", request("segmnt"), "unknown_method"),
    case("a method in capitals", request("STATUS"), "unknown_method"),
    case("parameters that are a list", request("status", parameters=[]), HEADER),
    case("inputs that are an object", raw(VALID[:-1] + ', "inputs": {}}'), HEADER),
    case("an input that is a string", raw(VALID[:-1] + ', "inputs": ["x"]}', b""), HEADER),
    case("a deadline of -1", request("status", deadline_ms=-1), HEADER),
    case("a deadline in words", request("status", deadline_ms="soon"), HEADER),
    case("a priority of 11", request("status", priority=11), HEADER),
    case("a priority over all integers", raw(VALID[:-1] + f', "priority": {10**30}}}'), HEADER,
         id_readable=False),
    case("progress that is a string", request("status", progress="yes"), HEADER),
    case("a client that is a number", request("status", client=5), HEADER),
]

PARAMETERS = [
    case("a misspelt parameter", segment(threshhold=0.5), ARGUMENT, "threshold"),
    case("a parameter of status", request("status", {"verbose": True}), ARGUMENT, "verbose"),
    case("nothing is asked", request("segment", {}, [IMAGE]), ARGUMENT),
    case("an unknown category", only(categories=["pancras"]), "unknown_category"),
    # What stands after NUL counts: a C string would end there, and be the liver.
    case("a category with NUL", only(categories=["liver\0xyz"]), "unknown_category"),
    case("categories that are a string", only(categories="liver"), ARGUMENT, "categories"),
    case("no categories", only(categories=[]), ARGUMENT, "categories"),
    case("a category that is a number", only(categories=["liver", 5]), ARGUMENT, "categories"),
    case("10,000 categories", only(categories=["liver"] * 10_000), (LARGE, ARGUMENT)),
    case("a threshold of 0", segment(threshold=0), ARGUMENT, "threshold"),
    case("a threshold of 1", segment(threshold=1), ARGUMENT, "threshold"),
    case("a threshold that is a string", segment(threshold="0.5"), ARGUMENT, "threshold"),
    case("a presence threshold of 2", segment(presence_threshold=2), ARGUMENT,
         "presence_threshold"),
    case("an unknown encoding", segment(encoding="zip"), ARGUMENT, "encoding"),
    case("an unknown output", segment(outputs=["masks"]), ARGUMENT, "outputs"),
    case("a box of three numbers", segment(boxes=[1, 2, 3]), ARGUMENT, "boxes"),
    case("a box of six in an image", segment(boxes=[1, 2, 0, 9, 9, 1]), ARGUMENT, "boxes"),
    case("a box inside out", segment(boxes=[20, 20, 10, 10]), ARGUMENT, "boxes"),
    case("a box of strings", segment(boxes=["1", "2", "3", "4"]), ARGUMENT, "boxes"),
    case("two boxes for one query", segment(boxes=[[1, 1, 9, 9], [2, 2, 8, 8]]), ARGUMENT,
         "boxes"),
    case("a point without a place", segment(points=[{"label": 1}]), ARGUMENT, "points"),
    case("a point with label 2", segment(points=[{"at": [1, 1], "label": 2}]), ARGUMENT, "points"),
    case("a point of a query there is not",
         segment(points=[{"at": [1, 1], "label": 1, "query": 7}]), ARGUMENT, "points"),
    case("a point with an unknown member",
         segment(points=[{"at": [1, 1], "label": 1, "weight": 2}]), ARGUMENT, "weight"),
    case("free text in another script", only(free_text="肝脏旁边的器官"), ARGUMENT, "free_text"),
    case("free text that is a number", only(free_text=5), ARGUMENT, "free_text"),
    case("a study with a space", segment(publish="my study"), ARGUMENT, "publish"),
    case("a study of 65", segment(publish="s" * 65), ARGUMENT, "publish"),
    case("neither image nor image_id", request("segment", {"categories": ["liver"]}), ARGUMENT),
    case("image and image_id", segment(image_id="x"), ARGUMENT),
    case("an unknown image_id", request("segment", {"categories": ["liver"], "image_id": "x"}),
         "unknown_image"),
    case("resolve without queries", request("categories.resolve", {}), ARGUMENT, "queries"),
    case("resolve a number", request("categories.resolve", {"queries": [1]}), ARGUMENT, "queries"),
    case("a region that is a number", request("categories.list", {"region": 5}), ARGUMENT,
         "region"),
    case("cancel without an id", request("cancel", {}), ARGUMENT, "id"),
    case("drop without an id", request("image.drop", {}), ARGUMENT, "image_id"),
    case("put without an image", request("image.put", {}), ARGUMENT),
    case("a report as PDF", request("report", {"categories": ["liver"], "format": "pdf"}, [IMAGE]),
         ARGUMENT, "format"),
    case("an image for status", request("status", {}, [IMAGE]), HEADER),
]

TENSORS = [
    case("a byte missing", entry(IMAGE.payload[:-1]), HEADER),
    case("a byte too many", entry(IMAGE.payload + b"\0"), HEADER),
    case("no bytes", entry(b""), HEADER),
    case("an unknown datatype", entry(datatype="FLOAT"), ARGUMENT, "datatype"),
    case("no datatype", entry(datatype=None), HEADER, "datatype"),
    case("no shape", entry(shape=None), HEADER, "shape"),
    case("a negative shape", entry(shape=[-32, 32]), HEADER, "shape"),
    case("two negative sizes", entry(shape=[-32, -32]), HEADER, "shape"),
    case("a size of 0", entry(b"", shape=[0, 32]), HEADER, "shape"),
    case("half a pixel", entry(shape=[32.5, 32]), HEADER, "shape"),
    case("a shape in words", entry(shape=["32", "32"]), HEADER, "shape"),
    case("product overflows to 0", entry(b"", shape=[2**32, 2**32]), (*HEADER, LARGE)),
    case("product overflows to the size",
         entry(IMAGE.payload[:4], shape=[2**62 + 1, 2]), (*HEADER, LARGE)),
    case("a size over 64 bits", entry(shape=[10**30, 1]), (*HEADER, LARGE), id_readable=False),
    case("rank 1", entry(shape=[1024]), ARGUMENT),
    case("rank 10", entry(shape=[2] * 10), ARGUMENT),
    case("ten thousand axes", entry(shape=[1] * 10_000), (*HEADER, LARGE)),
    case("another name", entry(name="picture"), ARGUMENT),
    case("two images", segment([IMAGE, IMAGE]), HEADER),
    case("an unknown member of an input's parameters", image(spacings=[1, 1]), ARGUMENT, "spacing"),
    case("rank 3 without layout", entry(shape=[2, 16, 32], parameters={"modality": "CT"}),
         ARGUMENT, "layout"),
    case("a layout that is not one", image(layout="WH"), ARGUMENT, "layout"),
    case("a layout of another rank", image(layout="DHW"), ARGUMENT),
    case("four colours", entry(shape=[16, 16, 4], parameters=CT | {"layout": "HWC"}), ARGUMENT),
    case("an unknown intensity", image(intensity="loud"), ARGUMENT, "intensity"),
    case("a modality that is a number", image(modality=5), ARGUMENT, "modality"),
    case("an affine of 3×3", image(affine=np.eye(3).tolist()), ARGUMENT, "affine"),
    case("a singular affine", image(affine=np.zeros((4, 4)).tolist()), ARGUMENT, "affine"),
    case("a negative spacing", image(spacing_mm=[-1, 1]), ARGUMENT, "spacing_mm"),
    case("a spacing of 0", image(spacing_mm=[0, 1]), ARGUMENT, "spacing_mm"),
    case("one spacing", image(spacing_mm=[1]), ARGUMENT, "spacing_mm"),
]


def broken_file(name: str, data: bytes, content_type: str, *codes: str) -> Case:
    return case(name, segment([file(data, content_type, modality="CT")]), codes or ARGUMENT)


def files(nifti_type: str) -> list[Case]:
    """Whole files that are none; `nifti_type` is what `capabilities` calls NIfTI."""
    return [
        broken_file("a content type that is not one", GOOD_PNG, "image/x-unheard-of"),
        case("no content type",
             segment([Input({"name": "image", "datatype": "BYTES"}, GOOD_PNG)]), ARGUMENT),
        broken_file("an empty file", b"", "image/png"),
        broken_file("a PNG that is text", b"hello", "image/png"),
        broken_file("half a PNG", GOOD_PNG[: len(GOOD_PNG) // 2], "image/png"),
        broken_file("a PNG without its pixels", png_header(32, 32), "image/png"),
        broken_file("a PNG bomb", png_header(60_000, 60_000), "image/png", ARGUMENT, LARGE),
        broken_file("a PNG as JPEG", GOOD_PNG, "image/jpeg"),
        broken_file("a JPEG of its marker alone", b"\xff\xd8\xff\xe0", "image/jpeg"),
        broken_file("a NIfTI of zeros", bytes(352), nifti_type),
        broken_file("a NIfTI with a negative size", nifti_claiming(3, -5, 7, 9, 1, 1, 1, 1),
                    nifti_type),
        broken_file("a NIfTI bomb", nifti_claiming(7, *[32_767] * 7), nifti_type, ARGUMENT, LARGE),
        broken_file("a NIfTI without its voxels", nifti_claiming(3, 200, 200, 200, 1, 1, 1, 1),
                    nifti_type),
        broken_file("a gzip of nothing", b"\x1f\x8b\x08\0\0\0\0\0\0\x03", nifti_type),
    ]


TABLE = FRAMES + HEADERS + PARAMETERS + TENSORS

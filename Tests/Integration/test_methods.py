"""Every method, over REQ and over DEALER with and without the empty frame."""

from __future__ import annotations

import numpy as np
import pytest

from phantoms import ct_slice
from segsam_wire import Client, tensor

CT = {"layout": "HW", "modality": "CT", "intensity": "HU", "spacing_mm": [0.8, 0.8]}


def image(seed: int = 0):
    return tensor(ct_slice(seed), **CT)


def test_capabilities(any_client):
    result = any_client.call("capabilities").result
    assert result["protocol"] == "segsam/1"
    assert {"segment", "image.put", "image.drop", "categories.list", "categories.resolve", "report",
            "capabilities", "status", "cancel"} <= set(result["methods"])
    assert result["model"]["name"] and isinstance(result["model"]["version"], str)
    assert {"CT", "MR", "US"} <= set(result["modalities"])
    assert {"image/png", "image/jpeg"} <= set(result["content_types"])
    assert any("nifti" in one for one in result["content_types"])
    assert isinstance(result["limits"], dict) and result["limits"]
    assert {"en", "la", "zh"} <= set(result["languages"])
    assert result["stored_answers"]


def test_status(any_client):
    reply = any_client.call("status")
    result = reply.result
    assert result["live"] is True and result["ready"] is True
    assert result["queued"] >= 0 and result["in_flight"] >= 0
    assert result["uptime_s"] >= 0 and result["position"] >= 0
    assert set(result["yours"]) >= {"queued", "in_flight", "images"}
    assert reply.header["request"]


def test_categories_list(any_client):
    categories = any_client.call("categories.list").result["categories"]
    by_id = {one["category"]: one for one in categories}
    assert len(by_id) == len(categories) >= 200
    for one in categories:
        assert {"category", "name", "names", "codes", "region", "parent", "parts",
                "trained"} <= set(one), one["category"]
        assert one["names"]["en"] and one["names"]["zh"], one["category"]
        assert isinstance(one["trained"], bool)
        assert one["parent"] is None or one["parent"] in by_id
        assert all(part in by_id for part in one["parts"])
    assert set(by_id["kidneys"]["parts"]) == {"left_kidney", "right_kidney"}
    assert by_id["pancreas"]["codes"]["SCT"] == "15776009"
    region = by_id["pancreas"]["region"]
    part = any_client.call("categories.list", {"region": region}).result["categories"]
    assert part and {one["region"] for one in part} == {region} and len(part) < len(categories)
    seen = any_client.call("categories.list", {"modality": "OP"}).result["categories"]
    assert "optic_disc" in {one["category"] for one in seen}
    assert "pancreas" not in {one["category"] for one in seen}


def test_categories_resolve(any_client):
    wanted = {
        "pancreas": ("pancreas", {"name"}),
        "Pancreas": ("pancreas", {"name"}),
        "胰腺": ("pancreas", {"synonym"}),
        "SCT:15776009": ("pancreas", {"code"}),
        "左肾": ("left_kidney", {"synonym"}),
        "left kidney": ("left_kidney", {"name", "synonym"}),
        "kidney": ("kidneys", {"composite"}),
        "pancraes": ("pancreas", {"fuzzy"}),
        "xqzvwj": (None, {"none"}),
    }
    matches = any_client.call("categories.resolve", {"queries": list(wanted)}).result["matches"]
    assert [one["query"] for one in matches] == list(wanted)
    for match in matches:
        category, kinds = wanted[match["query"]]
        assert match.get("category") == category, match
        assert match["match"] in kinds, match
        if category:
            assert 0 < match["score"] <= 1
        else:
            assert len(match["suggestions"]) <= 5


def test_segment(any_client):
    reply = any_client.call("segment", {"categories": ["liver", "spleen"]}, [image()])
    assert [one["category"] for one in reply.result["categories"]] == ["liver", "spleen"]
    assert reply.binary_masks().shape == (2, 160, 160)
    assert reply.header["model"]["name"]
    assert reply.header["timing_ms"]["total"] > 0


def test_image_put_segment_drop(any_client):
    held = any_client.call("image.put", inputs=[image(1)]).result
    assert list(held["shape"]) == [160, 160] and 0 < held["expires_in_s"] <= 60
    id = held["image_id"]
    assert id in str(any_client.call("status").result["yours"]["images"])
    by_id = any_client.call("segment", {"categories": ["liver"], "image_id": id})
    direct = any_client.call("segment", {"categories": ["liver"]}, [image(1)])
    assert np.array_equal(by_id.binary_masks(), direct.binary_masks())
    assert by_id.result["categories"] == direct.result["categories"]
    assert any_client.call("image.put", inputs=[image(1)]).result["image_id"] == id
    assert any_client.call("image.drop", {"image_id": id}).result["dropped"] is True
    gone = any_client.call("segment", {"categories": ["liver"], "image_id": id})
    assert gone.code == "unknown_image"


@pytest.mark.parametrize("format", ["json", "html"])
def test_report(any_client, format):
    asked = {"categories": ["liver", "spleen"], "format": format}
    reply = any_client.call("report", asked, [image(2)])
    report = reply.result["report"]
    assert isinstance(report, dict)
    assert "liver" in str(report) and "spleen" in str(report)
    page = reply.output("html")
    if format == "json":
        assert page is None
        return
    text = page.decode("utf-8")
    assert "<html" in text.lower() and "liver" in text.lower() and "data:image/" in text
    for fetched in ('src="http', "src='http", "url(http", "<script src", '<link rel="stylesheet"'):
        assert fetched not in text, "the page fetches something"


def test_report_of_all_that_is_present(client):
    assert isinstance(client.call("report", {"format": "json"}, [image(2)]).result["report"], dict)


def test_cancel_of_nothing(any_client):
    assert any_client.call("cancel", {"id": "no-such-request"}).result == {"cancelled": False}


def test_unknown_method(any_client):
    assert any_client.call("segmnt").code == "unknown_method"


def test_progress_needs_a_dealer_without_envelope(server):
    with Client(server.endpoint, "REQ") as req:
        reply = req.call("segment", {"categories": ["liver"]}, [image()], progress=True)
        assert reply.code == "invalid_argument"
    with Client(server.endpoint) as dealer:
        id = dealer.send("segment", {"categories": ["liver"]}, [image(3)], progress=True)
        replies = [dealer.receive()]
        while not replies[-1].is_final:
            replies.append(dealer.receive())
        assert replies[0].status == "accepted" and replies[-1].status == "ok"
        assert {one.id for one in replies} == {id}
        assert len({one.header["request"] for one in replies}) == 1

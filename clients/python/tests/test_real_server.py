"""Against the real server. What it does not offer yet is skipped, and says so."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid

import numpy as np
import pytest

from phantoms import ct_slice, ct_volume, nifti, png, windowed
from real_server import RealServer, binary, free_endpoint, segsam, serve_help
from segsam import (
    AsyncSegSAMClient, AsyncSubscriber, Cancelled, DeadlineExceeded, IdConflict, Image, ImageFile,
    InvalidArgument, Point, SegSAMClient, Subscriber, TimedOut, Unauthorized, UnknownCategory,
    UnknownImage, UnknownMethod, from_nibabel_array)
from segsam.images import _SUFFIXES

ORGANS = ["liver", "spleen", "kidneys"]
# Low enough that any model draws something: these tests are about the client.
OPEN = {"threshold": 0.05, "presence_threshold": 0}
AFFINE = np.array([[-1.5, 0, 0, 70], [0, -1.5, 0, 60], [0, 0, 4, -8], [0, 0, 0, 1.0]])


@pytest.fixture(scope="module")
def client(server):
    with SegSAMClient(server.endpoint) as client:
        yield client


def offers(client: SegSAMClient, method: str):
    if method not in client.capabilities().methods:
        pytest.skip(f"this server does not offer {method}")


def takes(option: str):
    if binary() is None:
        pytest.skip("SEGSAM_BINARY names no program: swift build -c release --product segsam")
    if option not in serve_help():
        pytest.skip(f"segsam serve does not know {option}")


def ct(seed=0) -> Image:
    return Image(ct_slice(seed), modality="CT", intensity="HU", spacing_mm=(0.8, 0.8))


def volume(seed=0, depth=4) -> Image:
    return Image(ct_volume(seed, depth), "DHW", "CT", "HU", spacing_mm=(1.5, 1.5, 4))


def long(seed: int) -> Image:
    return volume(seed, 24)


def test_capabilities_and_status(client):
    told = client.capabilities()
    assert told.protocol == "segsam/1" and told.model.name
    assert set(_SUFFIXES.values()) <= set(told.content_types)
    status = client.status()
    assert status.live and status.ready and status.my_queued == ()


@pytest.mark.parametrize("image", [ct(1), volume(1)], ids=["slice", "volume"])
def test_the_encodings_are_equal(client, image):
    raw, bits, rle = (
        client.segment(image, categories=ORGANS, encoding=encoding, **OPEN)
        for encoding in ("raw", "bits", "rle"))
    assert raw.masks.shape == (3, *image.grid) and raw.masks.any()
    assert np.array_equal(raw.masks, bits.masks) and np.array_equal(raw.masks, rle.masks)
    for query in raw:
        assert query.voxels == query.mask.sum()


@pytest.mark.parametrize("encoding", ["raw", "bits"])
@pytest.mark.parametrize("image", [ct(1), volume(1)], ids=["slice", "volume"])
def test_what_else_was_drawn(client, image, encoding):
    at = [one // 2 for one in reversed(image.grid)]
    found = client.segment(
        image, points=[Point(at)], outputs=["binary_masks", "alternatives"], encoding=encoding,
        **OPEN)
    (one,) = found.queries
    assert one.alternatives.shape == (3, *image.grid) and len(one.alternative_scores) == 3
    assert one.alternatives.any() and not one.alternatives.flags.writeable
    assert found.semantic_mask is None and found.probabilities is None
    assert client.segment(image, categories="liver", **OPEN)[0].alternatives is None


def test_a_mask_is_a_prompt(client):
    image = ct(1)
    drawn = client.segment(image, categories="liver", **OPEN)["liver"].mask
    again = client.segment(image, categories="liver", mask=drawn, **OPEN)["liver"].mask
    overlap = 2 * (drawn & again).sum() / (drawn.sum() + again.sum())
    assert overlap > 0.8
    both = client.segment(
        image, categories=["liver", "spleen"], mask=np.stack([drawn, ~drawn]), **OPEN)
    assert both.masks.shape == (2, *image.grid)
    with pytest.raises(InvalidArgument):
        client.segment(image, categories="liver", mask=drawn[:-1], **OPEN)
    with pytest.raises(ValueError):
        client.segment(image, categories="liver", mask=drawn * 2, **OPEN)


def test_all_that_a_segmentation_says(client):
    found = client.segment(ct(2), categories=["Liver", "kidney"], free_text="a round bone", **OPEN)
    assert [one.query for one in found] == ["Liver", "kidney", "a round bone"]
    assert [one.category for one in found] == ["liver", "kidneys", None]
    assert {one.category for one in found["kidneys"].parts} == {"left_kidney", "right_kidney"}
    assert found.labels == {1: "liver", 2: "left_kidney", 3: "right_kidney"}
    assert set(np.unique(found.semantic_mask)) <= {0, 1, 2, 3}
    assert 0 <= found.probabilities["liver"] <= 1
    assert found.timing_ms["total"] > 0 and found.model.name and found.request
    x0, y0, x1, y1 = found["liver"].bbox
    assert found["liver"].mask[y0:y1, x0:x1].sum() == found["liver"].voxels > 0


def test_outputs(client):
    found = client.segment(ct(2), categories="liver", outputs="probabilities")
    assert found.masks is found.semantic_mask is found["liver"].mask is None
    assert found.probabilities


def test_boxes_and_points(client):
    box = [80, 70, 110, 100]
    (alone,) = client.segment(ct(2), boxes=np.array(box))
    assert alone.query is None and len(alone.candidates) == 5
    assert len(client.segment(ct(2), boxes=[box, [20, 30, 60, 80]])) == 2
    plain = client.segment(ct(2), categories=ORGANS, **OPEN)
    prompted = client.segment(
        ct(2), categories=ORGANS, boxes=[None, box, None], points=[Point((40, 50), 1, 0)], **OPEN)
    assert np.array_equal(plain.masks[2], prompted.masks[2])
    assert not np.array_equal(plain.masks[:2], prompted.masks[:2])


def test_colour(client):
    pixels = np.stack([windowed(ct_slice(3))] * 3, axis=-1)
    pixels[..., 0] //= 2
    by_array = client.segment(Image(pixels, "HWC", "ES"), categories="polyp", **OPEN)
    by_file = client.segment(ImageFile(png(pixels), modality="ES"), categories="polyp", **OPEN)
    assert by_array.masks.shape == (1, 128, 144)
    assert np.array_equal(by_array.masks, by_file.masks)


def test_a_file_by_its_path(client, tmp_path):
    path = tmp_path / "slice.png"
    path.write_bytes(png(windowed(ct_slice(3))))
    found = client.segment(path, categories="liver", **OPEN)
    assert found.shape == (128, 144) and found["liver"].mask.shape == found.shape


def test_nibabel_order_and_nifti_agree(client):
    array = ct_volume(2).transpose(2, 1, 0)
    by_file = client.segment(
        ImageFile(nifti(array, AFFINE), modality="CT", intensity="HU"), categories="liver", **OPEN)
    by_array = client.segment(
        from_nibabel_array(array, AFFINE, modality="CT", intensity="HU"), categories="liver",
        **OPEN)
    assert by_file.shape == (4, 80, 96) and np.allclose(by_file.affine, AFFINE)
    assert np.array_equal(by_file.masks, by_array.masks) and by_file.masks.any()
    assert by_array["liver"].mask.T.shape == array.shape


@pytest.mark.parametrize("dtype", ["<i4", ">i2", "<f2", "<f4", "<f8"])
def test_datatypes(client, dtype):
    pixels = ct_slice(4).clip(-1000, 1000)
    given = {"modality": "CT", "intensity": "HU"}
    as_they_are = client.segment(Image(pixels, **given), categories="liver", **OPEN)
    converted = client.segment(Image(pixels.astype(dtype), **given), categories="liver", **OPEN)
    assert np.array_equal(as_they_are.masks, converted.masks)


def test_a_held_image(client):
    direct = client.segment(ct(5), categories=ORGANS, **OPEN)
    with client.put_image(ct(5)) as held:
        assert held.shape == (128, 144) and held.image_id in str(client.status().my_images)
        for _ in range(2):
            again = client.segment(held, categories=ORGANS, **OPEN)
            assert np.array_equal(direct.masks, again.masks)
        assert client.report(held, categories=["liver"]).report
    with pytest.raises(UnknownImage):
        client.segment(held, categories=ORGANS)
    assert client.put_image(ct(5)).drop() is True


def test_reports(client):
    found = client.report(ct(6), categories=["liver", "spleen"])
    assert found.html is None and "liver" in str(found.report)
    page = client.report(ct(6), categories=["liver"], format="html")
    assert "<html" in page.html.lower() and "liver" in page.html


def test_categories(client):
    listed = {one.category: one for one in client.categories()}
    assert len(listed) > 200 and "左肾" in listed["left_kidney"].names["zh"]
    assert set(listed["kidneys"].parts) == {"left_kidney", "right_kidney"}
    region = listed["liver"].region
    assert {one.region for one in client.categories(region)} == {region}
    assert "liver" not in {one.category for one in client.categories(modality="OP")}


def test_resolve(client):
    matches = client.resolve(["胰腺", "SCT:15776009", "pancraes", "xqzvwj"])
    assert [one.category for one in matches] == ["pancreas"] * 3 + [None]
    assert [one.match for one in matches] == ["synonym", "code", "fuzzy", "none"]


def test_errors(client):
    with pytest.raises(UnknownCategory) as caught:
        client.segment(ct(), categories="pancras")
    assert "pancreas" in caught.value.suggestions
    assert caught.value.details["query"] == "pancras" and caught.value.id
    with pytest.raises(InvalidArgument) as caught:
        client.call("categories.resolve", {"querys": []})
    assert caught.value.suggestions == ["queries"] and "querys" in caught.value.path
    with pytest.raises(InvalidArgument) as caught:
        client.segment(ct(), categories="liver", threshold=2)
    assert "threshold" in caught.value.path
    with pytest.raises(UnknownMethod):
        client.call("segmnt")
    with pytest.raises(UnknownImage):
        client.call("segment", {"categories": ["liver"], "image_id": "0" * 32})
    with pytest.raises(DeadlineExceeded):
        client.segment(long(7), categories="liver", deadline_ms=1)
    with pytest.raises(InvalidArgument):
        client.segment(ImageFile(b"\x89PNG\r\n\x1a\n rubbish"), categories="liver")


def test_the_same_id_again(client):
    id = str(uuid.uuid4())
    first = client.segment(ct(8), categories="liver", id=id)
    again = client.segment(ct(8), categories="liver", id=id, priority=3)
    assert again.request == first.request and np.array_equal(again.masks, first.masks)
    with pytest.raises(IdConflict):
        client.segment(ct(8), categories="spleen", id=id)


def test_a_client_id_over_reconnects(server, client):
    id = str(uuid.uuid4())
    first = client.segment(ct(9), categories="liver", id=id)
    with SegSAMClient(server.endpoint, client_id=client.client_id) as same:
        assert same.segment(ct(9), categories="liver", id=id).request == first.request


def test_impatience_does_no_harm(server):
    """Several tries, each over a new socket, while the server works: one request, one answer."""
    with SegSAMClient(server.endpoint, timeout=0.1, retries=100, backoff=(0.01, 0.1)) as client:
        sent = []
        send = client.exchange._connect

        def connect():
            sent.append(1)
            return send()

        client.exchange._connect = connect
        # Without progress, so that nothing is heard meanwhile.
        reply = client.call(
            "segment", {"categories": ["liver"]}, inputs=(long(10).input(),))
        assert reply.status == "ok" and len(sent) > 1


def test_progress(client):
    heard = []
    client.segment(volume(11, 6), categories="liver", on_progress=heard.append)
    assert heard[0].status == "accepted" and heard[-1].total == 6
    done = [one.done for one in heard if one.done is not None]
    assert done and done == sorted(done)


def test_cancel(client):
    failed = []

    def ask(n):
        try:
            client.segment(long(20 + n), categories="liver", id=f"cancelled-{n}", priority=-n)
        except Cancelled as error:
            failed.append(error.id)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(3)]
    for one in threads:
        one.start()
    until = time.monotonic() + 10
    while "cancelled-2" not in str(client.status()) and time.monotonic() < until:
        time.sleep(0.01)
    assert client.cancel("cancelled-2") is True
    for one in threads:
        one.join(60)
    assert failed == ["cancelled-2"]
    assert client.cancel("cancelled-2") is False


def test_a_task_that_is_cancelled(server, client):
    async def main():
        async with AsyncSegSAMClient(server.endpoint) as asynchronous:
            first, last = (
                asyncio.ensure_future(asynchronous.segment(long(30 + n), categories="liver"))
                for n in range(2))
            while not (await asynchronous.status()).my_in_flight:
                await asyncio.sleep(0.01)
            last.cancel()
            await asyncio.wait({last})
            status = await asynchronous.status()
            assert status.my_queued == () and len(status.my_in_flight) <= 1
            first.cancel()

    asyncio.run(main())


def test_threads_and_tasks(server, client):
    expected = {n: client.segment(ct(40 + n), categories="liver", **OPEN).masks for n in range(4)}
    found = {}

    def ask(n):
        found[n] = client.segment(ct(40 + n), categories="liver", **OPEN).masks

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)

    async def main():
        async with AsyncSegSAMClient(server.endpoint) as asynchronous:
            return await asyncio.gather(*(
                asynchronous.segment(ct(40 + n), categories="liver", **OPEN) for n in range(4)))

    for n, one in enumerate(asyncio.run(main())):
        assert np.array_equal(expected[n], found[n]) and np.array_equal(expected[n], one.masks)


def study() -> str:
    return f"study-{uuid.uuid4().hex[:12]}"


@pytest.mark.parametrize("image", [ct(50), volume(50)], ids=["slice", "volume"])
def test_the_stream_of_results(server, client, image):
    name = study()
    with Subscriber(server.publish, [f"result.{name}."], replay_from=client) as subscriber:
        subscriber.ready()
        found = client.segment(image, categories=["liver", "spleen"], publish=name, **OPEN)
        for query, message in zip(found, [subscriber.receive(10) for _ in range(2)]):
            assert message.topic == f"result.{name}.{query.category}" and message.study == name
            assert message.request == found.request and message.lost == 0
            assert np.array_equal(message.mask, query.mask)
            assert message.query.presence == query.presence
        again = client.segment(image, categories=["liver"], publish=name, **OPEN)
        message = subscriber.receive(10)
        assert message.request == again.request and message.topic_position == 2
        assert subscriber.lost == 0


def test_the_stream_of_reports_asynchronously(server, client):
    name = study()

    async def main():
        async with AsyncSubscriber(server.publish, [f"report.{name}", "heartbeat"]) as subscriber:
            await subscriber.ready()
            await asyncio.to_thread(client.report, ct(51), categories="liver", publish=name)
            async for message in subscriber:
                if message.topic != "heartbeat":
                    return message

    assert asyncio.run(asyncio.wait_for(main(), 20)).study == name


def test_replay(client):
    offers(client, "stream.replay")
    name, before = study(), client.status().position
    found = client.segment(ct(52), categories=ORGANS, publish=name, **OPEN)
    page = client.replay(before, [f"result.{name}."])
    assert [one.category for one in page.messages] == [one.category for one in found]
    assert not page.truncated and page.oldest <= page.messages[0].position
    for query, message in zip(found, page.messages):
        assert np.array_equal(query.mask, message.mask) and message.request == found.request
    first = client.replay(before, [f"result.{name}."], limit=1)
    assert first.truncated and len(first.messages) == 1
    second = client.replay(first.messages[0].position, [f"result.{name}."])
    assert [one.position for one in second.messages] == [
        one.position for one in page.messages[1:]]


def test_resuming_the_stream(server, client):
    offers(client, "stream.replay")
    name, before = study(), client.status().position
    found = client.segment(ct(53), categories=ORGANS, publish=name, **OPEN)
    with Subscriber(
        server.publish, [f"result.{name}."], replay_from=client, after=before
    ) as subscriber:
        seen = [subscriber.receive(10) for _ in ORGANS]
        assert all(one.is_replayed and one.request == found.request for one in seen)
        client.segment(ct(54), categories="liver", publish=name, **OPEN)
        live = subscriber.receive(10)
        assert not live.is_replayed and live.topic_position == 2 and live.lost == 0


def test_durable(tmp_path):
    """The server dies with the request, and the next one answers it."""
    takes("--journal")
    options = ["--journal", str(tmp_path / "journal")]
    accepted = threading.Event()
    found = []
    where = {"bind": free_endpoint(), "publish": free_endpoint()}
    with RealServer(*options, **where) as server:
        client = SegSAMClient(server.endpoint, timeout=2, retries=30, backoff=(0.1, 0.5))
        try:
            client.capabilities()
            thread = threading.Thread(target=lambda: found.append(client.segment(
                long(60), categories="liver", durable=True, publish="durable",
                on_progress=lambda one: accepted.set(), **OPEN)))
            thread.start()
            assert accepted.wait(20)
        finally:
            server.process.kill()
    with client, RealServer(*options, **where) as server:
        thread.join(60)
        assert found and found[0].masks.any()
        with Subscriber(
            server.publish, ["result.durable."], replay_from=client, after=0
        ) as subscriber:
            assert np.array_equal(subscriber.receive(10).mask, found[0]["liver"].mask)


def test_the_stream_over_a_restart(tmp_path):
    """Killed between two results; another comes before the subscriber is back. None is lost."""
    takes("--journal")
    options = ["--journal", str(tmp_path / "journal")]
    where = {"bind": free_endpoint(), "publish": free_endpoint()}
    with RealServer(*options, **where) as server:
        client = SegSAMClient(server.endpoint, timeout=5)
        subscriber = Subscriber(
            server.publish, ["result.s."], replay_from=client, silence=3, backoff=(0.5, 0.5))
        subscriber.ready()
        client.segment(ct(70), categories=ORGANS, publish="s")
        seen = [subscriber.receive(10) for _ in ORGANS]
        server.process.kill()
    with client, subscriber, RealServer(*options, **where) as server:
        client.segment(ct(71), categories=ORGANS, publish="s")
        seen += [subscriber.receive(15) for _ in ORGANS]
        client.segment(ct(72), categories=["liver"], publish="s")
        seen.append(subscriber.receive(10))
        assert [(one.category, one.topic_position, one.lost) for one in seen] == [
            ("liver", 1, 0), ("spleen", 1, 0), ("kidneys", 1, 0),
            ("liver", 2, 0), ("spleen", 2, 0), ("kidneys", 2, 0), ("liver", 3, 0)]
        assert seen[3].is_replayed and not seen[6].is_replayed


def test_a_server_without_journal_refuses_durable(client):
    try:
        assert client.segment(ct(61), categories="liver", durable=True).masks is not None
    except InvalidArgument as error:
        assert error.path == "durable"


def test_reload(client):
    offers(client, "model.reload")
    try:
        model = client.reload_model()
    except Unauthorized:
        pytest.skip("without keys nobody may change the model")
    assert model.name == client.capabilities().model.name
    assert client.segment(ct(62), categories="liver").model == model


def test_curve(tmp_path):
    takes("--client-keys")
    server_file, clients = tmp_path / "server.key", str(tmp_path / "clients")
    segsam("keys", "new", "--server", str(server_file))
    files = {}
    for name, roles in (("asker", "query"), ("watcher", "query,stream")):
        files[name] = tmp_path / f"{name}.key"
        segsam("keys", "new", str(files[name]))
        segsam("keys", "allow", "--roles", roles, "--name", name, "--keys", clients, "--",
               public(files[name]))
    files["stranger"] = tmp_path / "stranger.key"
    segsam("keys", "new", str(files["stranger"]))
    key = public(server_file)
    with RealServer("--server-key", str(server_file), "--client-keys", clients) as server:
        with SegSAMClient(server.endpoint, server_key=key, keys=files["asker"]) as asker:
            assert asker.segment(ct(63), categories="liver").masks is not None
            with pytest.raises(Unauthorized):
                asker.replay(0)
        with SegSAMClient(
            server.endpoint, server_key=key, keys=files["watcher"]
        ) as watcher, Subscriber(
            server.publish, ["result."], replay_from=watcher, server_key=key,
            keys=files["watcher"]
        ) as subscriber:
            subscriber.ready()
            watcher.segment(ct(63), categories="liver", publish="curve")
            assert subscriber.receive(10).study == "curve"
        options = {"timeout": 0.5, "retries": 0}
        for wrong in ({"server_key": key, "keys": files["stranger"]}, {}):
            with SegSAMClient(server.endpoint, **options, **wrong) as stranger:
                with pytest.raises(TimedOut):
                    stranger.status()


def public(path) -> str:
    return next(line.split()[1] for line in path.read_text().splitlines()
                if line.startswith("public "))

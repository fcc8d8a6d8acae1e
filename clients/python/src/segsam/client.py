"""The synchronous client."""

from __future__ import annotations

import os
import random
import weakref
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

import numpy.typing as npt

from . import operations, results
from .aio import make_exchange
from .background import Background
from .errors import Closed, UnknownImage
from .images import ImageLike
from .operations import Box, Held, ImageOrHeld, Operation, Point, T
from .results import HeldImage, Progress, Segmentation
from .stream import Replay
from .wire import Limits, Model, Reply

OnProgress = Callable[[Progress], Any]


class SegSAMClient:
    """A client of a SegSAM server, for any number of threads.

    - `client_id`: who this client is to the server, over reconnects; a UUID of its own by default.
    - `server_key`, `keys`: CURVE; the server's public key (Z85), and a file with the lines
      `public <z85>` and `secret <z85>`.
    - `timeout`, `retries`, `backoff`: a try is given up after so many seconds without a sign of
      life from the server, and made again, with the same id over a new connection, at most so
      often, after pauses that grow between these bounds. `deadline`, if given, bounds a whole
      call in seconds. A server that is busy is asked again likewise; no other error is retried.
    - `max_in_flight`: what is asked beyond that waits here.
    - `limits`: what a reply may hold. `rng`: the source of jitter.

    Use it in a `with` statement, or `close` it. All errors are `SegSAMError`.
    """

    def __init__(
        self,
        endpoint: str = "tcp://127.0.0.1:5555",
        *,
        client_id: str | None = None,
        server_key: str | bytes | None = None,
        keys: str | os.PathLike[str] | None = None,
        timeout: float = 30.0,
        retries: int = 5,
        backoff: tuple[float, float] = (0.1, 5.0),
        deadline: float | None = None,
        max_in_flight: int = 64,
        limits: Limits = Limits(),
        rng: random.Random | None = None,
    ):
        self.exchange = make_exchange(
            endpoint, client_id=client_id, server_key=server_key, keys=keys, timeout=timeout,
            retries=retries, backoff=backoff, deadline=deadline, max_in_flight=max_in_flight,
            limits=limits, rng=rng)
        self.background = Background("segsam-client")
        self._stop = weakref.finalize(self, self.background.stop, self.exchange.close)

    @property
    def client_id(self) -> str:
        """Who this client is to the server, over reconnects too."""
        return self.exchange.client_id

    def __enter__(self) -> SegSAMClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends calls in flight, of other threads, with `Closed`."""
        self._stop()

    def _call(self, operation: Operation[T], on_progress: OnProgress | None = None) -> T:
        exchange, wanted = self.exchange, on_progress is not None
        reply: Reply = self.background.run(
            lambda tell: exchange.call(operation, tell if wanted else None), on_progress)
        return operation.read(reply)

    def call(
        self, method: str, parameters: Mapping[str, Any] | None = None, **options: Any
    ) -> Reply:
        """Any method, as the protocol has it; options as of `Operation`."""
        return self._call(Operation(method, lambda reply: reply, parameters or {}, **options))

    def segment(
        self,
        image: ImageOrHeld,
        *,
        categories: str | Sequence[str] | None = None,
        free_text: str | None = None,
        boxes: Box | Sequence[Box | None] | None = None,
        points: Sequence[Point | Mapping[str, Any]] | None = None,
        mask: npt.ArrayLike | None = None,
        outputs: str | Sequence[str] | None = None,
        encoding: str | None = None,
        threshold: float | None = None,
        presence_threshold: float | None = None,
        publish: str | None = None,
        refine: str | None = None,
        zoom: str | None = None,
        propagate: str | None = None,
        post_process: Sequence[str] | None = None,
        durable: bool = False,
        deadline_ms: int | None = None,
        priority: int = 0,
        id: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> Segmentation:
        """Masks of what `categories`, `free_text`, `boxes`, `points` or `mask` name; one is needed.

        - `image`: an array `[j, i]`, an `Image`, an `ImageFile`, a path, a file's bytes, or what
          `put_image` gave.
        - `categories`: names and synonyms in any language of the vocabulary, or codes
          (`SCT:15776009`); one query each. `free_text`: one more, in English.
        - `boxes`: `[x0, y0, x1, y1]`, with z in volumes, upper bounds exclusive; one, or one for
          each query, with None for none; in one slice drawn closely around the object, whose mask
          reaches its sides. `points`: clicks.
        - `mask`: of 0 and 1, `[…image]`, or `[K, …image]` with one for each query: where they start
          from. Where it is set, and where there are points or boxes, is drawn anew.
        - `outputs`: of `binary_masks`, `semantic_mask`, `probabilities`, which are the default, and
          `alternatives`: what else was drawn for an ambiguous click.
        - `encoding`: of the masks on the wire: `raw`, `bits` (an eighth), `rle`. The result is
          the same.
        - `publish`: also publish under this study name.
        - `refine`: the `id` of an earlier request whose stored masks these queries start from.
        - Of volumes, `zoom`: `off`, `auto`, `on`; `propagate`: `off`, `auto`; `post_process`: of
          `sides`, `components`, `holes`.
        - `durable`: the request outlives the server's death.
        - `id`: by which it can be cancelled, or asked for again; by default one of its own.
        - `on_progress`: called in this thread. What it raises ends the call, and the request.
        """
        return self._call(
            operations.segment(
                image, categories=categories, free_text=free_text, boxes=boxes, points=points,
                mask=mask, outputs=outputs, encoding=encoding, threshold=threshold,
                presence_threshold=presence_threshold, publish=publish, refine=refine, zoom=zoom,
                propagate=propagate, post_process=post_process, durable=durable,
                deadline_ms=deadline_ms, priority=priority, id=id, limits=self.exchange.limits),
            on_progress)

    def report(
        self,
        image: ImageOrHeld,
        *,
        categories: str | Sequence[str] | None = None,
        format: str = "json",
        publish: str | None = None,
        durable: bool = False,
        deadline_ms: int | None = None,
        priority: int = 0,
        id: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> results.Report:
        """Measurements of `categories`, or of all that is present; a page, too, as `html`."""
        return self._call(
            operations.report(
                image, categories=categories, format=format, publish=publish, durable=durable,
                deadline_ms=deadline_ms, priority=priority, id=id),
            on_progress)

    def put_image(self, image: ImageLike, *, deadline_ms: int | None = None) -> ImageHandle:
        """The server keeps the image, for many questions. `with` drops it at the end."""
        return ImageHandle(
            self, self._call(operations.put_image(image, deadline_ms=deadline_ms)))

    def drop_image(self, image: Held | str) -> bool:
        return self._call(operations.drop_image(image))

    def categories(
        self, region: str | None = None, modality: str | None = None
    ) -> list[results.Category]:
        """The vocabulary."""
        return self._call(operations.categories(region, modality))

    def resolve(self, queries: str | Sequence[str]) -> list[results.Match]:
        """What the vocabulary takes these for, in order."""
        return self._call(operations.resolve(queries))

    def capabilities(self) -> results.Capabilities:
        return self._call(operations.capabilities())

    def status(self) -> results.Status:
        return self._call(operations.status())

    def cancel(self, id: str) -> bool:
        """Cancels a request of this client, made in another thread; False if it is too late."""
        return self._call(operations.cancel(id))

    def replay(
        self, position: int, topics: Sequence[str] | None = None, limit: int | None = None
    ) -> Replay:
        """What was published after this position; needs the role `stream`."""
        return self._call(operations.replay(position, topics, limit, self.exchange.limits))

    def reload_model(self, name: str | None = None) -> Model:
        """Needs the role `admin`."""
        return self._call(operations.reload_model(name))


class ImageHandle(Held):
    """A held image; `with` drops it at the end."""

    def __init__(self, client: SegSAMClient, held: HeldImage):
        self._client, self.held = client, held

    def drop(self) -> bool:
        return self._client.drop_image(self)

    def __enter__(self) -> ImageHandle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.drop()
            else:
                # Nothing waits for a server that may be the reason of the error.
                exchange, parameters = self._client.exchange, {"image_id": self.image_id}
                self._client.background.run(lambda _: exchange.post("image.drop", parameters))
        except UnknownImage:
            pass  # Its lease was over.
        except Closed:
            if error is None:
                raise

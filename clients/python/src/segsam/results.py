"""What the methods give back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from . import reading
from .masks import Mask, decode_masks, decode_rle
from .reading import Object, malformed
from .wire import Limits, Model, Reply, read_model

__all__ = [
    "Candidate", "Capabilities", "Category", "HeldImage", "Match", "Part", "Progress", "Query",
    "QueuedRequest", "Report", "Segmentation", "Status",
]


@dataclass(frozen=True)
class Part:
    """A part of a composite, as found."""

    category: str
    present: bool
    presence: float


@dataclass(frozen=True)
class Candidate:
    """What a query without text may have hit."""

    category: str
    probability: float


@dataclass(frozen=True)
class Step:
    """Something that was done to a mask of a volume."""

    step: str
    added: int
    removed: int
    """Voxels."""
    note: str | None = None


@dataclass(frozen=True, eq=False)
class Query:
    """The answer to one query."""

    query: str | None
    """As asked; None without text."""
    category: str | None
    """None for free text."""
    present: bool
    presence: float
    """In [0, 1]: how sure it is that the thing is there."""
    score: float
    """The model's own estimate of the mask's IoU."""
    voxels: int
    bbox: tuple[int, ...] | None
    """`(x0, y0, x1, y1)` or with z, upper bounds exclusive; None where the mask is empty."""
    parts: tuple[Part, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    """Of a query without text, best first."""
    prompted_by: str | None = None
    """What another model gave the one that drew, which knows boxes only; None where there is none."""
    mask: Mask | None = field(default=None, repr=False)
    """`[…image]`, not to be written; None where masks were not asked for."""
    steps: tuple[Step, ...] = ()
    """What was done to the mask of a volume after the networks, in order."""
    warnings: tuple[str, ...] = ()
    """What a reader of the mask should know."""
    alternatives: Mask | None = field(default=None, repr=False)
    """`[3, …image]`, what else was drawn; None where `outputs` did not name `alternatives`."""
    alternative_scores: tuple[float, ...] = ()
    """The model's own estimate of the IoU of each alternative."""


@dataclass(frozen=True, eq=False)
class Segmentation:
    """The answer to `segment`. Arrays are not to be written; copy what you change."""

    queries: tuple[Query, ...]
    """In the order of the request."""
    masks: Mask | None = field(repr=False)
    """`[K, …image]`, of all queries; None where not asked for."""
    semantic_mask: npt.NDArray[Any] | None = field(repr=False)
    """0 is background, else a key of `labels`; None where not asked for."""
    labels: dict[int, str]
    probabilities: dict[str, float] | None = field(repr=False)
    """Of every trained category, that it is in the image; None where not asked for."""
    shape: tuple[int, ...] | None
    """The grid, where the image was sent as a file."""
    affine: npt.NDArray[np.float64] | None = field(repr=False)
    """`(i, j, k, 1)` to RAS millimetres, where the image was sent as a file."""
    timing_ms: dict[str, float]
    model: Model | None
    id: str | None
    request: str | None
    """The server's own id of the request, as in topics and in its log."""

    def __iter__(self) -> Iterator[Query]:
        return iter(self.queries)

    def __len__(self) -> int:
        return len(self.queries)

    def __getitem__(self, name: str | int) -> Query:
        """By place, or the first with this query text or category."""
        if isinstance(name, int):
            return self.queries[name]
        for one in self.queries:
            if name in (one.query, one.category):
                return one
        raise KeyError(name)


def read_query(object: Object, mask: Mask | None, alternatives: Mask | None = None) -> Query:
    bbox = object.get("bbox")
    return Query(
        query=reading.text_or_none(object, "query"),
        category=reading.text_or_none(object, "category"),
        present=reading.boolean(object, "present"),
        presence=reading.number(object, "presence"),
        score=reading.number(object, "score"),
        voxels=reading.integer(object, "voxels"),
        bbox=None if bbox is None else _bbox(reading.integers(object, "bbox")),
        parts=tuple(
            Part(
                reading.text(one, "category"), reading.boolean(one, "present"),
                reading.number(one, "presence"))
            for one in reading.objects_or_empty(object, "parts")),
        candidates=tuple(
            Candidate(reading.text(one, "category"), reading.number(one, "probability"))
            for one in reading.objects_or_empty(object, "candidates")),
        prompted_by=reading.text_or_none(object, "prompted_by") if "prompted_by" in object else None,
        mask=mask,
        steps=tuple(
            Step(
                reading.text(one, "step"), reading.integer(one, "added"),
                reading.integer(one, "removed"), reading.text_or_none(one, "note"))
            for one in reading.objects_or_empty(object, "steps")),
        warnings=tuple(reading.texts(object, "warnings")),
        alternatives=alternatives,
        alternative_scores=reading.numbers_or_empty(object, "alternative_scores"),
    )


def _bbox(bounds: tuple[int, ...]) -> tuple[int, ...]:
    half = len(bounds) // 2
    if len(bounds) not in (4, 6) or any(bounds[n] >= bounds[n + half] for n in range(half)):
        malformed(f"the bbox {list(bounds)}")
    return bounds


def read_segmentation(
    reply: Reply, limits: Limits = Limits(), grid: tuple[int, ...] | None = None
) -> Segmentation:
    """`grid`: the image's, where it is known; the masks must have it."""
    result = reply.result
    entries = reading.objects(result, "categories")
    masks = _binary_masks(reply, entries, limits)
    alternatives = _alternatives(reply, len(entries), limits)
    semantic = reply.output("semantic_mask")
    semantic_mask = None if semantic is None else semantic.array()
    if semantic_mask is not None and semantic_mask.dtype not in (np.uint8, np.dtype("<u2")):
        malformed(f"a semantic mask of {semantic_mask.dtype}")
    shape = None if result.get("shape") is None else reading.integers(result, "shape")
    if masks is not None and len(masks) != len(entries):
        malformed(f"{len(masks)} masks for {len(entries)} queries")
    grids = {
        one for one in (
            grid, shape, masks.shape[1:] if masks is not None else None,
            semantic_mask.shape if semantic_mask is not None else None,
            alternatives.shape[2:] if alternatives is not None else None)
        if one is not None
    }
    if len(grids) > 1:
        malformed(f"image and masks of differing shapes: {sorted(grids)}")
    return Segmentation(
        queries=tuple(
            read_query(
                entry, None if masks is None else masks[n],
                None if alternatives is None else alternatives[n])
            for n, entry in enumerate(entries)),
        masks=masks,
        semantic_mask=semantic_mask,
        labels=_labels(reading.mapping_or_empty(result, "labels")),
        probabilities=None if result.get("probabilities") is None
        else _numbers(reading.mapping(result, "probabilities")),
        shape=shape,
        affine=None if result.get("affine") is None else _affine(result),
        timing_ms=reply.timing_ms,
        model=reply.model,
        id=reply.id,
        request=reply.request,
    )


def _alternatives(reply: Reply, count: int, limits: Limits) -> Mask | None:
    tensor = reply.output("alternatives")
    if tensor is None:
        return None
    masks = decode_masks(tensor, limits)
    if masks.ndim < 3 or len(masks) != count:
        malformed(f"alternatives of the shape {masks.shape} for {count} queries")
    return masks


def _binary_masks(reply: Reply, entries: list[Object], limits: Limits) -> Mask | None:
    tensor = reply.output("binary_masks")
    runs = [one["rle"] for one in entries if one.get("rle") is not None]
    if tensor is not None:
        return decode_masks(tensor, limits)
    if not runs:
        return None
    if len(runs) != len(entries):
        malformed(f"run lengths of {len(runs)} of {len(entries)} queries")
    return decode_rle(runs, limits)


def _labels(object: Object) -> dict[int, str]:
    labels = {}
    for key in object:
        if not (key.isascii() and key.isdigit() and len(key) <= 5):
            malformed(f"the label {key[:40]!r}")
        labels[int(key)] = reading.text(object, key)
    return labels


def _numbers(object: Object) -> dict[str, float]:
    return {key: reading.number(object, key) for key in object}


def _affine(result: Object) -> npt.NDArray[np.float64]:
    rows = reading.array(result, "affine")
    if len(rows) != 4 or not all(isinstance(row, list) and len(row) == 4 for row in rows):
        malformed("an affine that is not 4×4")
    return np.array(
        [[reading.number({"affine": one}, "affine") for one in row] for row in rows], np.float64)


@dataclass(frozen=True)
class HeldImage:
    """An image that the server keeps: a lease that any message of the client renews."""

    image_id: str
    shape: tuple[int, ...]
    expires_in_s: float


def read_held_image(reply: Reply) -> HeldImage:
    result = reply.result
    return HeldImage(
        reading.text(result, "image_id"), reading.integers(result, "shape"),
        reading.number(result, "expires_in_s"))


@dataclass(frozen=True)
class Category:
    """A category of the vocabulary."""

    category: str
    name: str
    names: dict[str, list[str]]
    """By language: `en`, `la`, `zh`."""
    codes: dict[str, str]
    """By scheme: `SCT` …"""
    region: str | None
    parent: str | None
    parts: tuple[str, ...]
    """Of a composite."""
    trained: bool


def read_categories(reply: Reply) -> list[Category]:
    return [_category(one) for one in reading.objects(reply.result, "categories")]


def _category(object: Object) -> Category:
    names = reading.mapping_or_empty(object, "names")
    codes = reading.mapping_or_empty(object, "codes")
    return Category(
        category=reading.text(object, "category"),
        name=reading.text(object, "name"),
        names={language: reading.texts(names, language) for language in names},
        codes={scheme: reading.text(codes, scheme) for scheme in codes},
        region=reading.text_or_none(object, "region"),
        parent=reading.text_or_none(object, "parent"),
        parts=tuple(reading.texts(object, "parts")),
        trained=reading.boolean(object, "trained"),
    )


@dataclass(frozen=True)
class Match:
    """How a query is understood."""

    query: str
    category: str | None
    match: str
    """`name`, `synonym`, `code`, `composite`, `fuzzy` or `none`."""
    score: float
    suggestions: tuple[str, ...] = ()
    """Where nothing matched."""


def read_matches(reply: Reply, count: int) -> list[Match]:
    matches = [
        Match(
            reading.text(one, "query"), reading.text_or_none(one, "category"),
            reading.text(one, "match"),
            0.0 if one.get("score") is None else reading.number(one, "score"),
            tuple(reading.texts(one, "suggestions")))
        for one in reading.objects(reply.result, "matches")
    ]
    if len(matches) != count:
        malformed(f"{len(matches)} matches for {count} queries")
    return matches


@dataclass(frozen=True)
class Report:
    report: Object
    html: str | None = field(repr=False)
    """A whole page, where `format` was `html`."""
    model: Model | None
    request: str | None


def read_report(reply: Reply) -> Report:
    page = reply.output("html")
    try:
        html = None if page is None else page.bytes().decode("utf-8")
    except UnicodeDecodeError:
        malformed("a page that is not UTF-8")
    return Report(reading.mapping(reply.result, "report"), html, reply.model, reply.request)


@dataclass(frozen=True)
class Capabilities:
    protocol: str
    methods: tuple[str, ...]
    model: Model
    modalities: tuple[str, ...]
    content_types: tuple[str, ...]
    limits: Object
    languages: tuple[str, ...]
    stored_answers: Any


def read_capabilities(reply: Reply) -> Capabilities:
    result = reply.result
    return Capabilities(
        protocol=reading.text(result, "protocol"),
        methods=tuple(reading.texts(result, "methods")),
        model=read_model(reading.mapping(result, "model")),
        modalities=tuple(reading.texts(result, "modalities")),
        content_types=tuple(reading.texts(result, "content_types")),
        limits=reading.mapping_or_empty(result, "limits"),
        languages=tuple(reading.texts(result, "languages")),
        stored_answers=result.get("stored_answers"),
    )


@dataclass(frozen=True)
class QueuedRequest:
    id: str
    ahead: int
    """Requests that come before it."""


@dataclass(frozen=True)
class Status:
    live: bool
    ready: bool
    queued: int
    in_flight: int
    uptime_s: float
    position: int
    """The stream's last."""
    my_queued: tuple[QueuedRequest, ...]
    my_in_flight: tuple[Any, ...]
    my_images: tuple[Any, ...]


def read_status(reply: Reply) -> Status:
    result = reply.result
    yours = reading.mapping_or_empty(result, "yours")
    return Status(
        live=reading.boolean(result, "live"),
        ready=reading.boolean(result, "ready"),
        queued=reading.integer(result, "queued"),
        in_flight=reading.integer(result, "in_flight"),
        uptime_s=reading.number(result, "uptime_s"),
        position=reading.integer(result, "position"),
        my_queued=tuple(
            QueuedRequest(reading.text(one, "id"), reading.integer(one, "ahead"))
            for one in reading.objects_or_empty(yours, "queued")),
        my_in_flight=tuple(reading.array_or_empty(yours, "in_flight")),
        my_images=tuple(reading.array_or_empty(yours, "images")),
    )


@dataclass(frozen=True)
class Progress:
    """How far a request is."""

    status: str
    """`accepted` or `partial`."""
    state: str | None
    done: int | None
    """Slices, of `total`."""
    total: int | None
    request: str | None
    result: Object = field(repr=False)


def read_progress(reply: Reply) -> Progress:
    result = reply.result
    done, total = (
        None if result.get(key) is None else reading.integer(result, key)
        for key in ("done", "total"))
    return Progress(
        reply.status, reading.text_or_none(result, "state"), done, total, reply.request, result)

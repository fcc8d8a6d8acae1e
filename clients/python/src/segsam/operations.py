"""Each method once: its parameters, and how its reply is read. Both clients share them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, Union

import numpy as np
import numpy.typing as npt

from . import reading, results
from .images import Image, ImageFile, ImageLike, as_image
from .results import HeldImage, Segmentation
from .stream import Replay, read_replay
from .wire import Input, Limits, Model, Reply, read_model

T = TypeVar("T")

Box = Sequence[float]
ImageOrHeld = Union[ImageLike, "Held"]


class Held:
    """The base of what `put_image` gives back."""

    held: HeldImage

    @property
    def image_id(self) -> str:
        return self.held.image_id

    @property
    def shape(self) -> tuple[int, ...]:
        return self.held.shape


@dataclass(frozen=True)
class Point:
    """A click: label 1 on the object, 0 beside it. Without `query` it is for all queries."""

    at: Sequence[float]
    label: int = 1
    query: int | None = None


@dataclass(frozen=True)
class Operation(Generic[T]):
    """A request that has no id yet, and the reading of its reply."""

    method: str
    read: Callable[[Reply], T]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    id: str | None = None
    """None for one of the client's making."""
    deadline_ms: int | None = None
    priority: int = 0
    durable: bool = False
    takes_long: bool = False
    """Then progress is asked for: as long as the server makes some, no try is given up."""
    is_urgent: bool = False
    """Then it does not wait for others to be answered."""


def given(**parameters: Any) -> dict[str, Any]:
    """Those that are not None; the server has its own defaults."""
    return {key: value for key, value in parameters.items() if value is not None}


def _names(names: str | Sequence[str] | None) -> list[str] | None:
    """One name is a list of one."""
    return None if names is None else [names] if isinstance(names, str) else list(names)


def _point(point: Point | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(point, Point):
        return given(at=list(point.at), label=point.label, query=point.query)
    return dict(point)


def _boxes(boxes: Any) -> Any:
    return boxes if boxes is None or isinstance(boxes, np.ndarray) else list(boxes)


def _source(
    image: ImageOrHeld | None,
) -> tuple[dict[str, Any], tuple[Input, ...], tuple[int, ...] | None]:
    """Parameters, inputs and the grid, where it is known."""
    if image is None:
        return {}, (), None
    if isinstance(image, Held):
        # A held image has the shape of its pixels; that of colour ends with the colours.
        return {"image_id": image.image_id}, (), None
    sent = as_image(image)
    return {}, (sent.input(),), sent.grid


def _mask(mask: npt.ArrayLike) -> Input:
    array = np.ascontiguousarray(mask)
    if array.dtype != np.bool_ and not np.isin(array, (0, 1)).all():
        raise ValueError("a mask holds 0 and 1 only")
    return Input(
        {"name": "mask", "datatype": "UINT8", "shape": list(array.shape)},
        array.astype(np.uint8).tobytes())


def segment(
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
    limits: Limits = Limits(),
) -> Operation[Segmentation]:
    source, inputs, grid = _source(image)
    if mask is not None:
        inputs += (_mask(mask),)
    parameters = given(
        categories=_names(categories), free_text=free_text, boxes=_boxes(boxes),
        points=None if points is None else [_point(one) for one in points],
        outputs=_names(outputs), encoding=encoding, threshold=threshold,
        presence_threshold=presence_threshold, publish=publish, refine=refine, zoom=zoom,
        propagate=propagate, post_process=_names(post_process))
    return Operation(
        "segment", lambda reply: results.read_segmentation(reply, limits, grid),
        parameters | source, inputs, id=id, deadline_ms=deadline_ms, priority=priority,
        durable=durable, takes_long=True)


def report(
    image: ImageOrHeld,
    *,
    categories: str | Sequence[str] | None = None,
    format: str = "json",
    publish: str | None = None,
    durable: bool = False,
    deadline_ms: int | None = None,
    priority: int = 0,
    id: str | None = None,
) -> Operation[results.Report]:
    source, inputs, _ = _source(image)
    parameters = given(categories=_names(categories), format=format, publish=publish)
    return Operation(
        "report", results.read_report, parameters | source, inputs, id=id,
        deadline_ms=deadline_ms, priority=priority, durable=durable, takes_long=True)


def put_image(image: ImageLike, *, deadline_ms: int | None = None) -> Operation[HeldImage]:
    return Operation(
        "image.put", results.read_held_image, inputs=(as_image(image).input(),),
        deadline_ms=deadline_ms, takes_long=True)


def drop_image(image: Held | str) -> Operation[bool]:
    id = image if isinstance(image, str) else image.image_id
    return Operation(
        "image.drop", lambda reply: reading.boolean(reply.result, "dropped"), {"image_id": id})


def categories(
    region: str | None = None, modality: str | None = None
) -> Operation[list[results.Category]]:
    return Operation(
        "categories.list", results.read_categories, given(region=region, modality=modality))


def resolve(queries: str | Sequence[str]) -> Operation[list[results.Match]]:
    names = _names(queries) or []
    return Operation(
        "categories.resolve", lambda reply: results.read_matches(reply, len(names)),
        {"queries": names})


def capabilities() -> Operation[results.Capabilities]:
    return Operation("capabilities", results.read_capabilities)


def status() -> Operation[results.Status]:
    return Operation("status", results.read_status, is_urgent=True)


def cancel(id: str) -> Operation[bool]:
    return Operation(
        "cancel", lambda reply: reading.boolean(reply.result, "cancelled"), {"id": id},
        is_urgent=True)


def replay(
    position: int,
    topics: Sequence[str] | None = None,
    limit: int | None = None,
    limits: Limits = Limits(),
) -> Operation[Replay]:
    parameters = {"from": position} | given(
        topics=None if topics is None else list(topics), limit=limit)
    return Operation("stream.replay", lambda reply: read_replay(reply, limits), parameters)


def reload_model(name: str | None = None) -> Operation[Model]:
    return Operation(
        "model.reload", lambda reply: read_model(reading.mapping(reply.result, "model")),
        given(name=name))


__all__ = [
    "Box", "Held", "Image", "ImageFile", "ImageOrHeld", "Operation", "Point", "cancel",
    "capabilities", "categories", "drop_image", "put_image", "reload_model", "replay", "report",
    "resolve", "segment", "status",
]

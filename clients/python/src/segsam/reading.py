"""Reading JSON that others wrote: strict where it is parsed, typed where it is taken apart."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from .errors import MalformedReply

Object = dict[str, Any]


def malformed(what: str) -> NoReturn:
    raise MalformedReply(what)


def strict_json(data: bytes | memoryview, what: str = "the header") -> Object:
    """An object in UTF-8, without a key twice, NaN, infinities, or endless nesting."""

    def constant(name: str) -> NoReturn:
        malformed(f"{what} holds {name}")

    def real(text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            malformed(f"{what} holds a number over all doubles")
        return value

    def unique(pairs: list[tuple[str, Any]]) -> Object:
        members = dict(pairs)
        if len(members) != len(pairs):
            malformed(f"{what} has a key twice")
        return members

    try:
        value = json.loads(
            bytes(data).decode("utf-8"), parse_constant=constant, parse_float=real,
            object_pairs_hook=unique)
    except MalformedReply:
        raise
    except RecursionError:
        raise MalformedReply(f"{what} is nested too deep") from None
    except ValueError as error:
        raise MalformedReply(f"{what} is no JSON: {str(error)[:200]}") from None
    if not isinstance(value, dict):
        malformed(f"{what} is no object")
    return value


def required(object: Mapping[str, Any], key: str) -> Any:
    if key not in object:
        malformed(f"{key!r} is missing")
    return object[key]


def text(object: Mapping[str, Any], key: str) -> str:
    value = required(object, key)
    return value if isinstance(value, str) else malformed(f"{key!r} is no string")


def text_or_none(object: Mapping[str, Any], key: str) -> str | None:
    return None if object.get(key) is None else text(object, key)


def number(object: Mapping[str, Any], key: str) -> float:
    value = required(object, key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        malformed(f"{key!r} is no number")
    try:
        return float(value)
    except OverflowError:
        malformed(f"{key!r} is a number over all doubles")


def integer(object: Mapping[str, Any], key: str) -> int:
    return as_integer(required(object, key), key)


def as_integer(value: Any, what: str, least: int = 0) -> int:
    """At least `least` and of 63 bits; 3.0 is an integer, too, as in JSON."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**63:
        malformed(f"{what!r} is no integer of at least {least}")
    return value


def boolean(object: Mapping[str, Any], key: str) -> bool:
    value = required(object, key)
    return value if isinstance(value, bool) else malformed(f"{key!r} is neither true nor false")


def mapping(object: Mapping[str, Any], key: str) -> Object:
    value = required(object, key)
    return value if isinstance(value, dict) else malformed(f"{key!r} is no object")


def mapping_or_empty(object: Mapping[str, Any], key: str) -> Object:
    return {} if object.get(key) is None else mapping(object, key)


def array(object: Mapping[str, Any], key: str) -> list[Any]:
    value = required(object, key)
    return value if isinstance(value, list) else malformed(f"{key!r} is no array")


def array_or_empty(object: Mapping[str, Any], key: str) -> list[Any]:
    return [] if object.get(key) is None else array(object, key)


def objects(object: Mapping[str, Any], key: str) -> list[Object]:
    values = array(object, key)
    if not all(isinstance(one, dict) for one in values):
        malformed(f"{key!r} holds something that is no object")
    return values


def objects_or_empty(object: Mapping[str, Any], key: str) -> list[Object]:
    return [] if object.get(key) is None else objects(object, key)


def texts(object: Mapping[str, Any], key: str) -> list[str]:
    values = array_or_empty(object, key)
    if not all(isinstance(one, str) for one in values):
        malformed(f"{key!r} holds something that is no string")
    return values


def numbers_or_empty(object: Mapping[str, Any], key: str) -> tuple[float, ...]:
    values = array_or_empty(object, key)
    return tuple(number({key: one}, key) for one in values)


def integers(object: Mapping[str, Any], key: str) -> tuple[int, ...]:
    return tuple(as_integer(one, key) for one in array(object, key))

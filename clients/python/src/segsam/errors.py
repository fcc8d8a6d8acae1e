"""What can go wrong: one class for each code of the protocol, and three of the client's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class SegSAMError(Exception):
    """The base of all errors of this package.

    `code` is one of the protocol's (or `timed_out`, `closed`, `malformed_reply`, which are the
    client's own), `details` what the server adds to it, `id` the request's id, where known, and
    `request` the server's own id of it, as in its log.
    """

    code: str = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
        id: str | None = None,
        request: str | None = None,
    ):
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.details: dict[str, Any] = dict(details or {})
        self.id = id
        self.request = request

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def suggestions(self) -> list[str]:
        """What may have been meant; empty where the server has no idea."""
        found = self.details.get("suggestions")
        return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


class InvalidMessage(SegSAMError):
    """Frames or header are not of this protocol."""

    code = "invalid_message"


class InvalidArgument(SegSAMError):
    """A parameter or tensor is off; `path` says which."""

    code = "invalid_argument"

    @property
    def path(self) -> str | None:
        found = self.details.get("path")
        return found if isinstance(found, str) else None


class UnknownMethod(SegSAMError):
    code = "unknown_method"


class UnknownCategory(SegSAMError):
    """No category is called so; `suggestions` has at most five that are."""

    code = "unknown_category"


class UnknownImage(SegSAMError):
    """No such held image, or it was evicted: send it again."""

    code = "unknown_image"


class TooLarge(SegSAMError):
    """Over a limit; `limit` says which."""

    code = "too_large"

    @property
    def limit(self) -> str | None:
        found = self.details.get("limit")
        return found if isinstance(found, str) else None


class Busy(SegSAMError):
    """The server's queue is full, and stayed so over all tries."""

    code = "busy"

    @property
    def retry_after_ms(self) -> float:
        """0 where the server does not say."""
        found = self.details.get("retry_after_ms")
        is_number = isinstance(found, (int, float)) and not isinstance(found, bool)
        return max(0.0, float(found)) if is_number else 0.0  # type: ignore[arg-type]


class DeadlineExceeded(SegSAMError):
    """Not finished within `deadline_ms`."""

    code = "deadline_exceeded"


class Cancelled(SegSAMError):
    code = "cancelled"


class IdConflict(SegSAMError):
    """This `id` was used with another content."""

    code = "id_conflict"


class Unauthorized(SegSAMError):
    """The key may not use this method."""

    code = "unauthorized"


class Internal(SegSAMError):
    """A fault of the server, which its log has under `request`."""

    code = "internal"


class TimedOut(SegSAMError, TimeoutError):
    """No reply over all tries. The request may still be answered: the same `id` asks again."""

    code = "timed_out"


class Closed(SegSAMError):
    """The client was closed."""

    code = "closed"


class MalformedReply(SegSAMError):
    """What came back is not of this protocol."""

    code = "malformed_reply"


_BY_CODE: dict[str, type[SegSAMError]] = {
    one.code: one
    for one in (
        InvalidMessage, InvalidArgument, UnknownMethod, UnknownCategory, UnknownImage, TooLarge,
        Busy, DeadlineExceeded, Cancelled, IdConflict, Unauthorized, Internal,
    )
}


def refusal(
    code: str,
    message: str,
    details: Mapping[str, Any] | None = None,
    *,
    id: str | None = None,
    request: str | None = None,
) -> SegSAMError:
    """The error of a code; one that this client does not know yet is a plain `SegSAMError`."""
    kind = _BY_CODE.get(code, SegSAMError)
    return kind(message, code=code, details=details, id=id, request=request)

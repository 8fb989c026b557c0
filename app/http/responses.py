"""How the door answers: stable error codes, refusals, and JSON bytes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from schema.scalars import print_instant


class Code(StrEnum):
    """What `extensions.code` of a top-level error can be, beside the codes of expected errors."""

    BAD_REQUEST = "BAD_REQUEST"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    COST_LIMIT = "COST_LIMIT"
    FORBIDDEN = "FORBIDDEN"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    INTERNAL = "INTERNAL"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    RATE_LIMITED = "RATE_LIMITED"
    TIMEOUT = "TIMEOUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"


Failure = dict[str, Any]
"""One entry of `errors`, ready for JSON."""

_LONGEST_MESSAGE = 300
_ORJSON = orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_DATACLASS


def failure(code: str, message: str, **extensions: object) -> Failure:
    """Make an entry of `errors`; what a caller wrote is echoed only in part."""
    if len(message) > _LONGEST_MESSAGE:
        message = message[:_LONGEST_MESSAGE] + "…"
    return {"message": message, "extensions": {"code": code, **extensions}}


class Refused(Exception):
    """A request that ends without data.

    `status` is the HTTP status. A *well-formed* request was read and is refused as GraphQL; to clients
    that accept only application/json it is answered with 200, as they have always been.
    """

    def __init__(
        self,
        status: int,
        *failures: Failure,
        headers: Mapping[str, str] | None = None,
        well_formed: bool = False,
    ) -> None:
        super().__init__(status)
        self.status = status
        self.failures = failures
        self.headers = dict(headers or {})
        self.well_formed = well_formed


def refuse(code: str, message: str, **extensions: object) -> Refused:
    """Refuse a well-formed request by one error."""
    return Refused(400, failure(code, message, **extensions), well_formed=True)


@dataclass(frozen=True, slots=True)
class Written:
    """A part of an answer that is JSON already."""

    body: bytes


def dump(value: object) -> bytes:
    """Write JSON in UTF-8.

    Instants in UTC are written as the scalar Instant is. What orjson cannot say (integers over 64 bits,
    lone surrogates) is written by the slower writer. Raises TypeError or ValueError for what is not JSON.
    """
    try:
        return orjson.dumps(value, _fragment, _ORJSON)
    except TypeError:
        return json.dumps(value, allow_nan=False, separators=(",", ":"), default=_plain).encode()


class Answered:
    """An ASGI answer with status 200 whose body is ready: what nearly every request gets, without detours."""

    def __init__(self, body: bytes, media: str, headers: Mapping[str, str]) -> None:
        self._body = body
        self._media = media
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        del scope, receive
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self._headers.items()
        ]
        headers.append((b"content-type", f"{self._media}; charset=utf-8".encode()))
        headers.append((b"content-length", str(len(self._body)).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._body})


def dump_failures(failures: tuple[Failure, ...]) -> bytes:
    """Write a response that has errors and no data."""
    return dump({"errors": failures})


def _fragment(value: object) -> object:
    if isinstance(value, Written):
        return orjson.Fragment(value.body)
    raise TypeError


def _plain(value: object) -> object:
    """Give the slower writer what only the faster one can write."""
    if isinstance(value, Written):
        return orjson.loads(value.body)
    if isinstance(value, datetime):
        return print_instant(value)
    raise TypeError

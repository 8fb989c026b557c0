"""What a caller asks for, read strictly from bytes or from a socket's message."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any, TypeGuard

import orjson
from starlette.requests import ClientDisconnect, Request

from app.http.limits import Limits
from app.http.responses import Code, Refused, failure, refuse

JsonObject = dict[str, Any]

_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+"')
_TOO_LARGE = "The request is too large."


@dataclass(frozen=True, slots=True)
class Asked:
    """One request in GraphQL's terms: a document, the operation's name in it, and its variables.

    `digest` names the document, be it instead of its text or beside it: its SHA-256 in hexadecimal, or
    whatever else was sent as a name. One of both is always there.
    """

    query: str | None
    operation_name: str | None
    variables: JsonObject
    digest: str | None = None


async def read_body(request: Request, limits: Limits, seconds: float) -> bytes:
    """Read a body no further than its limit and no longer than `seconds`.

    Raises Refused with 413 or 408.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared[:12]) > limits.body_bytes:
        raise _malformed(413, Code.PAYLOAD_TOO_LARGE, _TOO_LARGE)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limits.body_bytes:
                    raise _malformed(413, Code.PAYLOAD_TOO_LARGE, _TOO_LARGE)
    except TimeoutError:
        raise _malformed(408, Code.TIMEOUT, "The request did not arrive in time.") from None
    except ClientDisconnect:
        raise _malformed(400, Code.BAD_REQUEST, "The request did not arrive.") from None
    return bytes(body)


def read_request(body: bytes, limits: Limits) -> Asked:
    """Read a request from its bytes; raises Refused."""
    try:
        value = read_json(body)
    except ValueError:
        raise _malformed(400, Code.BAD_REQUEST, "The request is not valid JSON.") from None
    return read_asked(value, limits)


def read_json(body: bytes) -> object:
    """Read JSON, refusing what two readers could understand in two ways.

    Raises ValueError for anything broken: bytes that are not UTF-8, lone surrogates, NaN, numbers
    beyond a double, nesting over 1,024, and objects that have a key twice.
    """
    value: object = orjson.loads(body)
    # Every key of valid JSON has its colon outside of strings, and nothing else has one there.
    if _STRINGS.sub(b"", body).count(b":") != _keys(value):
        raise ValueError("An object has a key twice.")
    return value


def read_asked(value: object, limits: Limits) -> Asked:
    """Read the members of a request; raises Refused for members of a wrong type or size."""
    if isinstance(value, list):
        raise _malformed(400, Code.BAD_REQUEST, "Batches are not offered; send one operation a request.")
    if not is_object(value):
        raise _malformed(400, Code.BAD_REQUEST, "A request is a JSON object with `query`.")
    query = value.get("query")
    operation_name = value.get("operationName")
    variables = value.get("variables")
    extensions = value.get("extensions")
    if operation_name is not None and not isinstance(operation_name, str):
        raise _malformed(400, Code.BAD_REQUEST, "`operationName` is a string or null.")
    if variables is not None and not is_object(variables):
        raise _malformed(400, Code.BAD_REQUEST, "`variables` is an object or null.")
    if extensions is not None and not is_object(extensions):
        raise _malformed(400, Code.BAD_REQUEST, "`extensions` is an object or null.")
    digest = _digest(value.get("documentId"), extensions or {})
    if not isinstance(query, str) and (query is not None or digest is None):
        raise _malformed(400, Code.BAD_REQUEST, "`query` is a string, and it is required.")
    if query is not None and len(query) > limits.body_bytes:
        raise _malformed(413, Code.PAYLOAD_TOO_LARGE, _TOO_LARGE)
    _bound(variables or {}, limits)
    return Asked(query, operation_name, variables or {}, digest)


def is_object(value: object) -> TypeGuard[JsonObject]:
    """Tell whether a JSON value is an object; JSON's keys are always strings."""
    return isinstance(value, dict)


def _digest(document_id: object, extensions: JsonObject) -> str | None:
    """Read a document's name in either of the two ways in which clients send it."""
    if isinstance(document_id, str):
        return document_id.removeprefix("sha256:").lower()
    persisted = extensions.get("persistedQuery")
    if persisted is None and document_id is None:
        return None
    name = persisted.get("sha256Hash") if is_object(persisted) else None
    return name.lower() if isinstance(name, str) else ""


def _malformed(status: int, code: Code, message: str) -> Refused:
    return Refused(status, failure(code, message))


def _keys(value: object) -> int:
    count = 0
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if is_object(item):
            count += len(item)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)  # pyright: ignore[reportUnknownArgumentType]  # JSON, looked at one by one
    return count


def _bound(variables: JsonObject, limits: Limits) -> None:
    """Refuse variables that are too many or too deep, or whose text has a NUL, which no column can hold."""
    if len(variables) > limits.variables:
        raise refuse(Code.BAD_USER_INPUT, "There are too many variables.")
    level: list[object] = [variables]
    seen = 0
    depth = 0
    while level:
        depth += 1
        if depth > limits.variable_depth:
            raise refuse(Code.BAD_USER_INPUT, "The variables are nested too deeply.")
        below: list[object] = []
        for item in level:
            if isinstance(item, str):
                if "\x00" in item:
                    raise refuse(Code.BAD_USER_INPUT, "Text cannot hold the character NUL.")
            elif is_object(item):
                below.extend(item.keys())
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)  # pyright: ignore[reportUnknownArgumentType]  # JSON, as above
        seen += len(below)
        if seen > limits.variable_values:
            raise refuse(Code.BAD_USER_INPUT, "The variables hold too many values.")
        level = below

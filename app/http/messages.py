"""The messages of graphql-transport-ws, read strictly: what is not one of them closes the socket."""

from dataclasses import dataclass
from enum import IntEnum

from app.http.request import JsonObject, is_object, read_json

SUBPROTOCOL = "graphql-transport-ws"
_LONGEST_ID = 128


class Close(IntEnum):
    """Why a socket is closed."""

    TOO_BIG = 1009
    INTERNAL = 4500
    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL = 4406
    TOO_SLOW = 4408
    DUPLICATE_ID = 4409
    TOO_MANY = 4429


class Closing(Exception):
    """The end of a socket, with its code and a reason for people."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Init:
    """The client introduces itself."""

    payload: JsonObject


@dataclass(frozen=True, slots=True)
class Ping:
    """The client asks whether we are there."""

    payload: JsonObject | None


@dataclass(frozen=True, slots=True)
class Pong:
    """The client is there."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """The client asks for an operation of any kind, under an id of its choice."""

    id: str
    payload: JsonObject


@dataclass(frozen=True, slots=True)
class Complete:
    """The client wants no more of an operation."""

    id: str


ClientMessage = Init | Ping | Pong | Subscribe | Complete


def read_message(text: str) -> ClientMessage:
    """Read a message; raises Closing with 4400 for anything that the protocol does not have."""
    try:
        value = read_json(text.encode())
    except ValueError:
        raise _bad("A message is JSON.") from None
    if not is_object(value):
        raise _bad("A message is a JSON object.")
    payload = value.get("payload")
    match value.get("type"):
        case "connection_init":
            return Init(_optional(payload) or {})
        case "ping":
            return Ping(_optional(payload))
        case "pong":
            _optional(payload)
            return Pong()
        case "subscribe":
            if not is_object(payload):
                raise _bad("The payload of `subscribe` is an object.")
            _check_members(payload)
            return Subscribe(_id(value), payload)
        case "complete":
            return Complete(_id(value))
        case _:
            raise _bad("A message has a type that a client may send.")


def _optional(payload: object) -> JsonObject | None:
    if payload is not None and not is_object(payload):
        raise _bad("A payload is an object, null or absent.")
    return payload


def _id(value: JsonObject) -> str:
    id_ = value.get("id")
    if not isinstance(id_, str) or not 0 < len(id_) <= _LONGEST_ID:
        raise _bad("An id is a string that is not empty.")
    return id_


def _check_members(payload: JsonObject) -> None:
    """Check the types that the protocol gives; a document's id may stand for its text."""
    name = payload.get("operationName")
    query = payload.get("query", "" if "documentId" in payload else None)
    if not isinstance(query, str) or not (name is None or isinstance(name, str)):
        raise _bad("`query` and `operationName` are strings.")
    _optional(payload.get("variables"))
    _optional(payload.get("extensions"))


def _bad(reason: str) -> Closing:
    return Closing(Close.BAD_REQUEST, reason)

"""What Graph answers: JSON that is read with suspicion, and errors that are judged by their codes.

The words of an error never leave this module: they may hold addresses and titles.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from integrations.failures import failure_of
from integrations.http import UNREADABLE, Answer
from integrations.ports import Expired, Permanent, ProviderFailed, Revoked, Transient

Fields = Mapping[str, object]
"""A JSON object."""

DUPLICATE = "errorduplicatetransactionid"
OK, CREATED = 200, 201
CHANGED = 412

_UNAUTHORIZED = 401
_GONE = frozenset({404, 410})
_THROTTLED = frozenset({429, 503, 504})
_NOTHING: Fields = MappingProxyType({})


class ZoneRefused(Permanent):
    """A zone that Graph does not know: the question can be asked again in UTC."""

    def __init__(self) -> None:
        super().__init__("zone_refused")


def unreadable() -> Transient:
    """Make the failure of an answer that is not what was asked for."""
    return Transient(UNREADABLE)


def fields_of(answer: Answer) -> Fields:
    """Read an answer as a JSON object; raises Transient for anything else."""
    try:
        return _object(json.loads(answer.body))
    except (ValueError, RecursionError):
        raise unreadable() from None


def inner(fields: Fields, name: str) -> Fields:
    """Give the object that must stand under a name."""
    return _object(fields.get(name))


def listed(fields: Fields, name: str) -> list[Fields]:
    """Give the list of objects that must stand under a name."""
    found = fields.get(name)
    if not isinstance(found, list):
        raise unreadable()
    return [_object(each) for each in cast("list[object]", found)]


def text(fields: Fields, name: str) -> str:
    """Give the text that must stand under a name, and must not be empty."""
    found = fields.get(name)
    if not isinstance(found, str) or not found:
        raise unreadable()
    return found


def perhaps(fields: Fields, *names: str) -> str | None:
    """Give the text at the end of a path of names, or None where it is missing or something else."""
    for name in names[:-1]:
        found = fields.get(name)
        fields = cast("Fields", found) if isinstance(found, dict) else _NOTHING
    found = fields.get(names[-1])
    return found if isinstance(found, str) and found else None


def code_of(answer: Answer) -> str:
    """Read the code of an error in lower case; Microsoft spells some in two ways. Empty if it has none."""
    try:
        return (perhaps(fields_of(answer), "error", "code") or "").lower()
    except Transient:
        return ""


def is_gone(answer: Answer) -> bool:
    """Say whether Graph tells that a thing is no more.

    A mailbox that cannot be reached is not gone, nor what a stranger on the way does not know.
    """
    code = code_of(answer)
    return answer.status in _GONE and bool(code) and not code.startswith("mailbox")


def failure(answer: Answer) -> ProviderFailed:
    """Judge an answer that is not the one that was hoped for.

    A missing permission is the host's to mend, by granting it again. A mailbox on the organization's own
    servers cannot be reached by Graph, whatever anybody does (R094).
    """
    if answer.status == _UNAUTHORIZED:
        return Expired("token_refused")
    match code_of(answer):
        case "mailboxnotenabledforrestapi" | "mailboxnotsupportedforrestapi":
            return Permanent("mailbox_on_premises")
        case "erroraccessdenied":
            return Revoked("scope_missing")
        case "timezonenotsupportedexception":
            return ZoneRefused()
        case "validationerror":
            return Transient("hook_unreachable")
        case _:
            return _by_status(answer)


def _by_status(answer: Answer) -> ProviderFailed:
    judged = failure_of(answer)
    if answer.status in _THROTTLED and isinstance(judged, Transient):
        return Transient("throttled", judged.retry_after_s, is_outage=judged.is_outage)
    return judged


def _object(found: object) -> Fields:
    if not isinstance(found, dict):
        raise unreadable()
    return cast("Fields", found)

"""Graph's notices, read: what changed, and how its watches fare. Nothing in them is believed."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from integrations.microsoft.answers import Fields, perhaps
from integrations.ports import Ping, PingKind

_MAX_PINGS = 1000
_MAX_TOKEN = 2048
_LIFECYCLE = MappingProxyType(
    {
        "missed": PingKind.MISSED,
        "subscriptionRemoved": PingKind.REMOVED,
        "reauthorizationRequired": PingKind.REAUTHORIZE,
    }
)


def read_pings(body: bytes) -> list[Ping]:
    """Read a batch of notices in order, of changes or of watches; what is malformed is left out.

    One batch may hold notices of several watches, each with the token of its own.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return []
    notices = cast("Fields", found).get("value") if isinstance(found, dict) else None
    if not isinstance(notices, list):
        return []
    some = cast("list[object]", notices)[:_MAX_PINGS]
    pings = (_ping(cast("Fields", notice)) for notice in some if isinstance(notice, dict))
    return [ping for ping in pings if ping is not None]


def validation_token(query: Mapping[str, str]) -> str | None:
    """Find the token by which Graph asks whether an address is ours, in a decoded query.

    It is to be answered as it is, as text/plain, within ten seconds. None if there is none to answer:
    whoever asks is a stranger, and gets nothing back that could be more than a line of text.
    """
    token = query.get("validationToken", "")
    return token if 0 < len(token) <= _MAX_TOKEN and token.isprintable() else None


def _ping(notice: Fields) -> Ping | None:
    watch, token = perhaps(notice, "subscriptionId"), perhaps(notice, "clientState")
    event = perhaps(notice, "lifecycleEvent")
    if watch is None or token is None:
        return None
    if event is not None:
        kind = _LIFECYCLE.get(event)
        return Ping(watch, token, kind) if kind is not None else None
    if perhaps(notice, "changeType") is None:
        return None
    return Ping(watch, token, PingKind.CHANGED, perhaps(notice, "resourceData", "id"))

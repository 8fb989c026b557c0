"""What Zoom's webhooks say: whether it was Zoom, what it wants to hear, and which calendar to look at again.

Pure functions over the raw body. Nothing of a body that is not verified may be acted upon, and of one
that is, only ids: a ping is followed by a look of our own, so that its order and its number are no matter.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import cast

from integrations.ports import Ping, PingKind, Secret

_SIGNATURE = "x-zm-signature"
_TIMESTAMP = "x-zm-request-timestamp"
_MAX_AGE_S = 300.0
_CHANGES = frozenset({"calendar.event_create", "calendar.event_update", "calendar.event_delete"})
_VALIDATION = "endpoint.url_validation"
_DEAUTHORIZED = "app_deauthorized"

# Without a colon: an answer to "v0:<time>:<body>" would be the signature of that body.
_PLAIN_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}")


def verified(secret: Secret, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Say whether Zoom signed a body within the last five minutes; its clock may be ahead by as much."""
    named = {name.lower(): value for name, value in headers.items()}
    stamp = named.get(_TIMESTAMP, "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= len("9999999999")):
        return False
    wanted = f"v0={_hmac(secret, b'v0:' + stamp.encode() + b':' + body)}"
    is_signed = hmac.compare_digest(wanted.encode(), named.get(_SIGNATURE, "").encode())
    return is_signed and abs(now.timestamp() - int(stamp)) <= _MAX_AGE_S


def crc_answer(secret: Secret, body: bytes) -> dict[str, str] | None:
    """Answer Zoom's question whether the address is ours; None for every other body.

    To be asked only of a body that is `verified`, within three seconds.
    """
    event, payload = _read(body)
    token = payload.get("plainToken")
    if event != _VALIDATION or not isinstance(token, str) or not _PLAIN_TOKEN.fullmatch(token):
        return None
    return {"plainToken": token, "encryptedToken": _hmac(secret, token.encode())}


def read_pings(body: bytes) -> list[Ping]:
    """Say which calendar changed; empty for every event that is about something else.

    `watch` is the calendar's id, as `discover` names it. Zoom's signature stands for the token, which
    is empty.
    """
    event, payload = _read(body)
    about = payload.get("object")
    if event not in _CHANGES or not isinstance(about, dict):
        return []
    ids = cast("dict[str, object]", about)
    calendar, entry = ids.get("resource_id"), ids.get("event_id")
    if not isinstance(calendar, str) or not calendar:
        return []
    return [Ping(calendar, "", PingKind.CHANGED, entry if isinstance(entry, str) and entry else None)]


def deauthorized(body: bytes) -> str | None:
    """Give the id of the user who removed our app at Zoom, or else of the account; None for other events."""
    event, payload = _read(body)
    if event != _DEAUTHORIZED:
        return None
    for name in ("user_id", "account_id"):
        id_ = payload.get(name)
        if isinstance(id_, str) and id_:
            return id_
    return None


def _hmac(secret: Secret, text: bytes) -> str:
    return hmac.new(secret.reveal().encode(), text, hashlib.sha256).hexdigest()


def _read(body: bytes) -> tuple[str, dict[str, object]]:
    """Read the event's name and its payload, each empty where there is none."""
    try:
        said: object = json.loads(body)
    except (ValueError, RecursionError):
        return "", {}
    if not isinstance(said, dict):
        return "", {}
    named = cast("dict[str, object]", said)
    event, payload = named.get("event"), named.get("payload")
    return (
        event if isinstance(event, str) else "",
        cast("dict[str, object]", payload) if isinstance(payload, dict) else {},
    )

"""What Google answers: JSON that is looked at field by field, and failures, told apart by their reason."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import cast

import orjson

from integrations.failures import failure_of
from integrations.http import UNREADABLE, Answer
from integrations.ports import Expired, Permanent, ProviderFailed, Revoked, Transient

GONE = "calendar_gone"
TOKEN_REFUSED = "token_refused"  # noqa: S105 -- a reason, not a secret
SCOPE_MISSING = "scope_missing"
THROTTLED = "throttled"
QUOTA = "quota"
FORBIDDEN = "forbidden"
WATCH_REFUSED = "watch_refused"
SERVER_FAILED = "provider_error"

_QUOTA_S = 3600.0
_OK = 200
_UNAUTHORIZED = 401
_CONFLICT = 409
_TOO_MANY = 429
_SERVER_ERRORS = 500
_NO_FIELDS: Mapping[str, object] = MappingProxyType({})
_RATES = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"})
_WATCHES = ("channel", "push", "webhookUrl")
_BY_REASON: Mapping[str, Callable[[], ProviderFailed]] = MappingProxyType(
    {
        "insufficientPermissions": partial(Revoked, SCOPE_MISSING),
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT": partial(Revoked, SCOPE_MISSING),
        **dict.fromkeys(_RATES, partial(Transient, THROTTLED)),
        "quotaExceeded": partial(Transient, QUOTA, _QUOTA_S),
        "dailyLimitExceeded": partial(Transient, QUOTA, _QUOTA_S),
        "forbidden": partial(Permanent, FORBIDDEN),
        "requiredAccessLevel": partial(Permanent, FORBIDDEN),
        "forbiddenForNonOrganizer": partial(Permanent, FORBIDDEN),
        "backendError": partial(Transient, SERVER_FAILED),
        "internalError": partial(Transient, SERVER_FAILED),
        "notFound": partial(Permanent, GONE),
    }
)


def read_json(answer: Answer) -> Mapping[str, object]:
    """Read an answer that is a JSON object; Transient for any other, whatever its status says."""
    if answer.status != _OK:
        raise failure(answer)
    found = _parsed(answer.body)
    if found is None:
        raise unreadable()
    return found


def unreadable() -> ProviderFailed:
    """Make the failure of an answer that says something else than Google's documents promise."""
    return Transient(UNREADABLE)


def fields(value: object) -> Mapping[str, object]:
    """Take a value as an object; whatever else it is has no fields."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else _NO_FIELDS


def items(value: object) -> list[object]:
    """Take a value as a list; raises Transient where it is none, because a part is missing then."""
    if not isinstance(value, list):
        raise unreadable()
    return cast("list[object]", value)


def text(value: object) -> str:
    """Take a value as a text; whatever else it is says nothing."""
    return value if isinstance(value, str) else ""


def instant(value: object) -> datetime:
    """Read an instant, which has to have an offset; raises Transient."""
    try:
        found = datetime.fromisoformat(text(value))
    except ValueError:
        raise unreadable() from None
    if found.tzinfo is None:
        raise unreadable()
    return found


def reason_of(answer: Answer) -> str:
    """Find the reason that a refusal gives, empty where it gives none. To be compared, never shown."""
    error = fields((_parsed(answer.body) or _NO_FIELDS).get("error"))
    for place in ("errors", "details"):
        for one in cast("list[object]", error.get(place)) if isinstance(error.get(place), list) else []:
            if found := text(fields(one).get("reason")):
                return found
    return ""


def is_duplicate(answer: Answer) -> bool:
    """Say whether an entry was refused because its id is taken."""
    return answer.status == _CONFLICT and reason_of(answer) in {"duplicate", ""}


def failure(answer: Answer) -> ProviderFailed:
    """Judge an answer by its reason first and its status second."""
    reason = reason_of(answer)
    if reason in _RATES:
        return failure_of(
            Answer(_TOO_MANY, answer.headers, b"")
        )  # it knows how long to wait, if that is said
    if answer.status >= _SERVER_ERRORS:
        return failure_of(answer)
    known = failure_by(reason)
    if known is not None:
        return known
    return Expired(TOKEN_REFUSED) if answer.status == _UNAUTHORIZED else failure_of(answer)


def failure_by(reason: str) -> ProviderFailed | None:
    """Judge a reason alone, as it also stands beside a single calendar; None for one that we do not know."""
    if reason in _BY_REASON:
        return _BY_REASON[reason]()
    return Permanent(WATCH_REFUSED) if reason.startswith(_WATCHES) else None


def _parsed(body: bytes) -> Mapping[str, object] | None:
    try:
        found: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return cast("dict[str, object]", found) if isinstance(found, dict) else None

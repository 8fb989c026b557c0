"""What an HTTP answer that is none means: try again, give up, or ask the user."""

from email.utils import parsedate_to_datetime

from integrations.http import Answer
from integrations.ports import Permanent, ProviderFailed, Revoked, Transient

REFUSED = "credentials_refused"
NOT_OURS = "not_ours"
ELSEWHERE = "left_origin"

_SERVER_ERRORS = 500
_PERMANENT = {403: "forbidden", 404: "calendar_gone", 410: "calendar_gone", 507: "storage_full"}
_TRANSIENT = {408: "provider_error", 423: "locked", 429: "throttled", 503: "throttled"}


def failure_of(answer: Answer) -> ProviderFailed:
    """Judge an answer by its status alone; the words of a provider may hold anything."""
    status = answer.status
    if status == 401:  # noqa: PLR2004 -- the number is its name
        return Revoked(REFUSED)
    if status in _PERMANENT:
        return Permanent(_PERMANENT[status])
    if status in _TRANSIENT:
        return Transient(_TRANSIENT[status], _retry_after_s(answer), is_outage=status >= _SERVER_ERRORS)
    if status >= _SERVER_ERRORS:
        return Transient("provider_error", _retry_after_s(answer), is_outage=True)
    return Permanent(f"http_{status}")


def _retry_after_s(answer: Answer) -> float | None:
    """Read how long to wait; a date is measured by the provider's own clock."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until, now = (parsedate_to_datetime(when) for when in (text, answer.headers.get("date", "")))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None

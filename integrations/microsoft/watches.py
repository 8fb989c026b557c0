"""Watches of calendars: subscriptions, as Graph calls them."""

from datetime import UTC, datetime, timedelta

from integrations.microsoft.answers import CREATED, OK, Fields, failure, fields_of, is_gone, text, unreadable
from integrations.microsoft.api import Api, part
from integrations.ports import Hook, Watch

LONGEST = timedelta(minutes=10_070)
"""Ten minutes less than Graph allows: its clock and ours need not agree."""

_DONE = frozenset({200, 202, 204})


async def begin(api: Api, calendar_url: str, hook: Hook, now: datetime) -> Watch:
    """Begin to watch a calendar. Graph asks both of the hook's addresses before it answers."""
    body = {
        "changeType": "created,updated,deleted",
        "notificationUrl": hook.address,
        "lifecycleNotificationUrl": hook.lifecycle,
        "resource": f"/me/calendars/{part(calendar_url)}/events",
        "expirationDateTime": _spelled(hook.ends_at, now),
        "clientState": hook.token.reveal(),
    }
    answer = await api.send("POST", "/subscriptions", body=body)
    if answer.status != CREATED:
        raise failure(answer)
    return _watch(fields_of(answer))


async def prolong(api: Api, watch: Watch, ends_at: datetime, now: datetime) -> Watch | None:
    """Let a watch last longer, which also renews its authorization; None if it is gone."""
    body = {"expirationDateTime": _spelled(ends_at, now)}
    answer = await api.send("PATCH", f"/subscriptions/{part(watch.remote_id)}", body=body)
    if is_gone(answer):
        return None
    if answer.status != OK:
        raise failure(answer)
    return _watch(fields_of(answer))


async def stop(api: Api, watch: Watch) -> None:
    """End a watch."""
    answer = await api.send("DELETE", f"/subscriptions/{part(watch.remote_id)}")
    if answer.status not in _DONE and not is_gone(answer):
        raise failure(answer)


def _watch(subscription: Fields) -> Watch:
    try:
        ends_at = datetime.fromisoformat(text(subscription, "expirationDateTime"))
    except ValueError:
        raise unreadable() from None
    if ends_at.tzinfo is None:
        raise unreadable()
    return Watch(text(subscription, "id"), None, ends_at.astimezone(UTC))


def _spelled(ends_at: datetime, now: datetime) -> str:
    return f"{min(ends_at, now + LONGEST).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

"""Google's channels, by which it pings us when something in a calendar changes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import orjson

from integrations.google.answers import text, unreadable
from integrations.ports import Hook, Permanent, Watch

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def wanted(hook: Hook) -> bytes:
    """Spell the wish for a channel; Google knows no second address for news of the channel itself."""
    return orjson.dumps(
        {
            "id": hook.id,
            "type": "web_hook",
            "address": hook.address,
            "token": hook.token.reveal(),
            "expiration": str((hook.ends_at - _EPOCH) // timedelta(milliseconds=1)),
        }
    )


def started(answer: Mapping[str, object], hook: Hook) -> Watch:
    """Read what was promised; without the resource's id it could never be stopped, so that is no promise."""
    resource_id, ends = text(answer.get("resourceId")), text(answer.get("expiration"))
    if answer.get("id") != hook.id or not resource_id:
        raise unreadable()
    if not ends.isascii() or not ends.isdigit():
        return Watch(hook.id, resource_id, hook.ends_at)
    try:
        return Watch(hook.id, resource_id, _EPOCH + timedelta(milliseconds=int(ends)))
    except OverflowError:
        raise unreadable() from None


def stopping(watch: Watch) -> bytes:
    """Spell the end of a channel."""
    if watch.resource_id is None:
        raise Permanent("watch_unknown")
    return orjson.dumps({"id": watch.remote_id, "resourceId": watch.resource_id})

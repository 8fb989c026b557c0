"""Google's pings: a POST without a body, in whose headers is all that it says."""

import re
from collections.abc import Mapping
from datetime import datetime

from integrations.ports import Heard, Ping, PingKind, Posted

_CHANNEL = re.compile(r"[A-Za-z0-9\-_+/=]{1,64}")
_MAX_TOKEN = 256
# Of what a watch lies on being gone only a look of our own can tell, as of any other change.
_CHANGES = frozenset({"exists", "not_exists"})


def read_pings(headers: Mapping[str, str]) -> list[Ping]:
    """Read the ping of a request; none where a watch only begins, or where it is no ping of Google's.

    Nothing is proved by it: the token is yet to be compared, in constant time, with the watch's own.
    """
    given = {name.lower(): value for name, value in headers.items()}
    channel, token = given.get("x-goog-channel-id", ""), given.get("x-goog-channel-token", "")
    if given.get("x-goog-resource-state") not in _CHANGES:
        return []
    if _CHANNEL.fullmatch(channel) is None or not 0 < len(token) <= _MAX_TOKEN:
        return []
    return [Ping(channel, token, PingKind.CHANGED)]


class GooglePings:
    """Reads what Google posts to us."""

    def read(self, posted: Posted, now: datetime) -> Heard:
        """Read a ping; its body is empty, whatever it holds."""
        del now
        return Heard(tuple(read_pings(posted.headers)))

"""Writing our entries: what is there is looked at before each write, and changed only if it is ours."""

from dataclasses import replace

from domain.calendars import Entry, EntryRef, EntrySpot
from integrations.microsoft.answers import (
    CHANGED,
    CREATED,
    DUPLICATE,
    OK,
    Fields,
    code_of,
    failure,
    fields_of,
    is_gone,
    perhaps,
    text,
)
from integrations.microsoft.api import Api, part
from integrations.microsoft.entries import (
    EXPAND,
    SELECT_OWN,
    Own,
    is_ours,
    new_event,
    news,
    own_of,
    ref_of,
    search_for,
    transaction_id,
)
from integrations.ports import Permanent, Transient

_TRIES = 3
_DELETED = 204
_CONFLICT = frozenset({400, 409})
_TEAMS_PROVIDER = "teamsForBusiness"


async def put(api: Api, spot: EntrySpot, entry: Entry) -> EntryRef:
    """Write an entry once, however often it is asked for.

    It is looked for before it is created, since nobody knows how long Graph remembers a transaction. One
    that Graph remembers but does not show is Transient: a second one would be worse than a late one.
    """
    gone = None
    for _ in range(_TRIES):
        own = await find(api, spot)
        if own is not None:
            ref = await _update(api, own, spot, entry)
            if ref is not None:
                return ref
            continue
        gone = spot.remote_id or gone
        ref, existing = await _create(api, spot, entry, transaction_id(spot, gone))
        if ref is not None:
            return ref
        spot = replace(spot, remote_id=existing)
    raise Transient("changed_meanwhile")


async def delete(api: Api, spot: EntrySpot) -> None:
    """Remove an entry of ours."""
    for _ in range(_TRIES):
        own = await find(api, spot)
        if own is None:
            return
        answer = await api.send("DELETE", own.path, etag=own.etag)
        if answer.status == _DELETED or is_gone(answer):
            return
        if answer.status != CHANGED:
            raise failure(answer)
    raise Transient("changed_meanwhile")


async def find(api: Api, spot: EntrySpot) -> Own | None:
    """Find an entry of ours by its id, or where that is not known by its UID; None if it is gone.

    Permanent("not_ours") if something else bears the id. An entry that the host has moved to another
    calendar of theirs keeps its id, and is found there.
    """
    identifier = spot.remote_id or await _searched(api, spot)
    if identifier is None:
        return None
    here = f"{_calendar(spot.calendar_url)}/events/{part(identifier)}"
    for path in (here, f"/me/events/{part(identifier)}"):
        answer = await api.send("GET", path, {"$select": SELECT_OWN, "$expand": EXPAND})
        if answer.status == OK:
            return own_of(fields_of(answer), spot, path)
        if not is_gone(answer):
            raise failure(answer)
    return None


async def _searched(api: Api, spot: EntrySpot) -> str | None:
    query = {"$filter": search_for(spot.uid), "$select": "id", "$expand": EXPAND, "$top": "10"}
    try:
        found = await api.pages(f"{_calendar(spot.calendar_url)}/events", query)
    except Permanent as failed:
        if failed.reason == "calendar_gone":  # and everything in it
            return None
        raise
    return next((text(event, "id") for event in found if is_ours(event, spot)), None)


async def _create(
    api: Api, spot: EntrySpot, entry: Entry, transaction: str
) -> tuple[EntryRef | None, str | None]:
    """Create an entry; where one was created before, its id instead, as far as Graph tells."""
    if entry.meeting is not None:
        await _check_teams(api, spot)
    path = f"{_calendar(spot.calendar_url)}/events"
    answer = await api.send("POST", path, body=new_event(entry, transaction))
    if answer.status == CREATED:
        return ref_of(fields_of(answer), wants_meeting=entry.meeting is not None), None
    if answer.status in _CONFLICT and code_of(answer) == DUPLICATE:
        return None, perhaps(fields_of(answer), "error", "@event.existingEventId")
    raise failure(answer)


async def _update(api: Api, own: Own, spot: EntrySpot, entry: Entry) -> EntryRef | None:
    """Write what is new; None if somebody changed or removed the entry meanwhile."""
    wants_meeting = entry.meeting is not None
    event: Fields = {"id": own.id, "@odata.etag": own.etag}
    if wants_meeting or entry.texts != spot.texts:
        event = {**event, **await api.read(own.path, {"$select": "id,isOnlineMeeting,onlineMeeting"})}
    has_meeting = event.get("isOnlineMeeting") is True
    changes = news(entry, spot, own, has_meeting=has_meeting)
    if not changes:
        return ref_of(event, wants_meeting=wants_meeting)
    if wants_meeting and not has_meeting:
        await _check_teams(api, spot)
    answer = await api.send("PATCH", own.path, body=changes, etag=own.etag)
    if answer.status == OK:
        return ref_of(fields_of(answer), wants_meeting=wants_meeting)
    if answer.status == CHANGED or is_gone(answer):
        return None
    raise failure(answer)


async def _check_teams(api: Api, spot: EntrySpot) -> None:
    """Ask whether a calendar makes Teams meetings; those of personal accounts do not."""
    query = {"$select": "allowedOnlineMeetingProviders"}
    calendar = await api.read(_calendar(spot.calendar_url), query)
    allowed = calendar.get("allowedOnlineMeetingProviders")
    if not isinstance(allowed, list) or _TEAMS_PROVIDER not in allowed:
        raise Permanent("meeting_not_offered")


def _calendar(calendar_url: str) -> str:
    return f"/me/calendars/{part(calendar_url)}"

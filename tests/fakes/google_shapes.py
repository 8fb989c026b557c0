"""What Google's calendar API knows: parameters, scopes and fields of each operation, masks and errors.

The tables follow Google's own discovery document (v3); a test compares them with the one that Google's
client brings along.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from starlette.responses import JSONResponse

from tests.fakes.kit import Refusal

AUTH = "https://www.googleapis.com/auth/"

Shape = Mapping[str, "Shape | None"]
"""The fields of an object, or of the objects in a list; None is a value, or an object with any names."""


def _leaves(names: str) -> dict[str, Shape | None]:
    return dict.fromkeys(names.split())


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _scopes(names: str) -> frozenset[str]:
    return frozenset(f"{AUTH}{name}" for name in names.split())


_TIME = _leaves("date dateTime timeZone")
_PERSON = _leaves("displayName email id self")
_KEY: Shape = {"type": None}
EVENT: Shape = {
    **_leaves(
        "anyoneCanAddSelf attendeesOmitted colorId created description endTimeUnspecified etag eventLabelId"
        " eventType guestsCanInviteOthers guestsCanModify guestsCanSeeOtherGuests hangoutLink htmlLink"
        " iCalUID id kind location locked privateCopy recurrence recurringEventId sequence status summary"
        " transparency updated visibility"
    ),
    "attachments": _leaves("fileId fileUrl iconLink mimeType title"),
    "attendees": _leaves(
        "additionalGuests asyncOperation comment displayName email id optional organizer resource"
        " responseStatus self"
    ),
    "birthdayProperties": _leaves("contact customTypeName type"),
    "conferenceData": {
        **_leaves("conferenceId notes signature"),
        "conferenceSolution": {"iconUri": None, "key": _KEY, "name": None},
        "createRequest": {
            "conferenceSolutionKey": _KEY,
            "requestId": None,
            "status": {"statusCode": None},
        },
        "entryPoints": _leaves(
            "accessCode entryPointFeatures entryPointType label meetingCode passcode password pin"
            " regionCode uri"
        ),
        "parameters": {"addOnParameters": {"parameters": None}},
    },
    "creator": _PERSON,
    "end": _TIME,
    "extendedProperties": _leaves("private shared"),
    "focusTimeProperties": _leaves("autoDeclineMode chatStatus declineMessage"),
    "gadget": _leaves("display height iconLink link preferences title type width"),
    "organizer": _PERSON,
    "originalStartTime": _TIME,
    "outOfOfficeProperties": _leaves("autoDeclineMode declineMessage"),
    "reminders": {"overrides": _leaves("method minutes"), "useDefault": None},
    "source": _leaves("title url"),
    "start": _TIME,
    "workingLocationProperties": {
        "customLocation": {"label": None},
        "homeOffice": None,
        "officeLocation": _leaves("buildingId deskId floorId floorSectionId label"),
        "type": None,
    },
}
_REMINDER = _leaves("method minutes")
_LISTED: Shape = {
    **_leaves(
        "accessRole autoAcceptInvitations backgroundColor colorId dataOwner deleted description etag"
        " foregroundColor hidden id kind location primary selected summary summaryOverride timeZone"
    ),
    "conferenceProperties": {"allowedConferenceSolutionTypes": None},
    "defaultReminders": _REMINDER,
    "notificationSettings": {"notifications": _leaves("method type")},
}
_CALENDAR: Shape = {
    **_leaves("autoAcceptInvitations dataOwner description etag id kind location summary timeZone"),
    "conferenceProperties": {"allowedConferenceSolutionTypes": None},
    "labelProperties": {"eventLabels": _leaves("backgroundColor id name")},
    "workingHours": {
        "availableTimes": _leaves("dayOfWeek periodEnd periodStart"),
        "workingHoursEnabled": None,
    },
}
CHANNEL: Shape = _leaves("address expiration id kind params payload resourceId resourceUri token type")

ANSWERS: Mapping[str, Shape | None] = {
    "calendarList.list": {**_leaves("etag kind nextPageToken nextSyncToken"), "items": _LISTED},
    "calendarList.get": _LISTED,
    "calendars.get": _CALENDAR,
    "freebusy.query": _leaves("calendars groups kind timeMax timeMin"),
    "events.insert": EVENT,
    "events.get": EVENT,
    "events.patch": EVENT,
    "events.list": {
        **_leaves("accessRole description etag kind nextPageToken nextSyncToken summary timeZone updated"),
        "defaultReminders": _REMINDER,
        "items": EVENT,
    },
    "events.watch": CHANNEL,
    "events.delete": None,
    "channels.stop": None,
}
BODIES: Mapping[str, Shape] = {
    "freebusy.query": {
        **_leaves("calendarExpansionMax groupExpansionMax timeMax timeMin timeZone"),
        "items": {"id": None},
    },
    "events.insert": EVENT,
    "events.patch": EVENT,
    "events.watch": CHANNEL,
    "channels.stop": CHANNEL,
}

COMMON = _names("alt fields key oauth_token prettyPrint quotaUser userIp")
_WRITE = (
    "conferenceDataVersion eventLabelVersion maxAttendees sendNotifications sendUpdates supportsAttachments"
)
_EVENTS = (
    "alwaysIncludeEmail eventTypes iCalUID maxAttendees maxResults orderBy pageToken privateExtendedProperty"
    " q sharedExtendedProperty showDeleted showHiddenInvitations singleEvents syncToken timeMax timeMin"
    " timeZone updatedMin"
)
PARAMETERS: Mapping[str, frozenset[str]] = {
    name: _names(known)
    for name, known in {
        "calendarList.list": "maxResults minAccessRole pageToken showDeleted showHidden"
        " showOwnOrganizationOnly syncToken",
        "calendarList.get": "",
        "calendars.get": "",
        "freebusy.query": "",
        "events.insert": _WRITE,
        "events.get": "alwaysIncludeEmail maxAttendees timeZone",
        "events.list": _EVENTS,
        "events.patch": f"alwaysIncludeEmail {_WRITE}",
        "events.delete": "sendNotifications sendUpdates",
        "events.watch": _EVENTS,
        "channels.stop": "",
    }.items()
}

_LIST = "calendar calendar.calendarlist calendar.calendarlist.readonly calendar.readonly"
_WRITES = "calendar calendar.app.created calendar.events calendar.events.owned"
_READS = (
    f"{_WRITES} calendar.events.freebusy calendar.events.owned.readonly calendar.events.public.readonly"
    " calendar.events.readonly calendar.readonly"
)
SCOPES: Mapping[str, frozenset[str]] = {
    "calendarList.list": _scopes(_LIST),
    "calendarList.get": _scopes(f"{_LIST} calendar.app.created"),
    "calendars.get": _scopes(
        "calendar calendar.app.created calendar.calendars calendar.calendars.readonly calendar.readonly"
    ),
    "freebusy.query": _scopes("calendar calendar.events.freebusy calendar.freebusy calendar.readonly"),
    "events.insert": _scopes(_WRITES),
    "events.get": _scopes(_READS),
    "events.list": _scopes(_READS),
    "events.patch": _scopes(_WRITES),
    "events.delete": _scopes(_WRITES),
    "events.watch": _scopes(_READS),
    "channels.stop": _scopes(
        f"{_READS} calendar.acls calendar.acls.readonly calendar.calendarlist calendar.settings"
        " calendar.calendarlist.readonly calendar.settings.readonly"
    ),
}
ALL_SCOPES = _names("openid email profile").union(*SCOPES.values())
TELLING = _names(
    "* summary description location attendees attachments creator organizer htmlLink source gadget"
)
"""What may never be asked of entries that somebody else could have made (R062 to R065)."""

_TIMES_AND_STATUSES: Shape = {
    **_leaves("id status start end transparency eventType"),
    "attendees": _leaves("self responseStatus"),
}
"""All that a list of such entries may have a mask for (R108)."""


def refusal(status: int, reason: str, message: str, domain: str = "global") -> Refusal:
    """Make Google's own refusal; what decides is the reason."""
    error = {"domain": domain, "reason": reason, "message": message}
    body = {"error": {"code": status, "message": message, "errors": [error]}}
    headers = {"www-authenticate": 'Bearer realm="https://accounts.google.com/"'} if status == 401 else {}
    return Refusal(JSONResponse(body, status, headers))


Mask = dict[str, "Mask | None"]
"""A mask, read: None takes all that is under a name, "*" stands for every name."""


def read_mask(text: str) -> Mask:
    """Read a mask like `a,b(c,d/e)`; raises ValueError where it is not one."""
    mask, rest = _read_names(text)
    if rest:
        raise ValueError(text)
    return mask


def _read_names(text: str) -> tuple[Mask, str]:
    mask: Mask = {}
    while True:
        path, text = _read_path(text)
        under: Mask | None = None
        if text.startswith("("):
            under, text = _read_names(text[1:])
            if not text.startswith(")"):
                raise ValueError(text)
            text = text[1:]
        for name in reversed(path[1:]):
            under = {name: under}
        known = mask.get(path[0])
        mask[path[0]] = {**known, **under} if known and under else under
        if not text.startswith(","):
            return mask, text
        text = text[1:]


def _read_path(text: str) -> tuple[list[str], str]:
    end = next((index for index, mark in enumerate(text) if mark in ",()"), len(text))
    path = text[:end].split("/")
    if not all(name == "*" or name.isidentifier() for name in path):
        raise ValueError(text)
    return path, text[end:]


def unknown_names(mask: Mask, shape: Shape | None) -> list[str]:
    """Name what a mask selects and the answer can never have."""
    if shape is None:
        return []
    found: list[str] = []
    for name, under in mask.items():
        if name == "*":
            shapes: Iterable[Shape | None] = shape.values()
        elif name not in shape:
            found.append(name)
            continue
        else:
            shapes = [shape[name]]
        if under:
            found.extend(missing for one in shapes for missing in unknown_names(under, one))
    return found


def tells_of_entries(mask: Mask) -> bool:
    """Say whether the mask of a list lets through more of its entries than times and statuses."""
    if "items" not in mask:
        return "*" in mask
    return bool(unheard_of(mask["items"], _TIMES_AND_STATUSES))


def unheard_of(mask: Mask | None, known: Shape) -> list[str]:
    """Name what a mask takes beyond what is known, at any depth."""
    if mask is None:
        return ["*"]
    found: list[str] = []
    for name, under in mask.items():
        shape = known.get(name)
        if name not in known:
            found.append(name)
        elif shape is not None:
            found.extend(unheard_of(under, shape))
    return found


def masked(value: Any, mask: Mask | None) -> Any:
    """Leave of an answer only what a mask selects."""
    if mask is None:
        return value
    if isinstance(value, list):
        return [masked(one, mask) for one in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    return {
        name: masked(inner, mask.get(name, mask.get("*")))
        for name, inner in cast("dict[str, Any]", value).items()
        if name in mask or "*" in mask
    }


def unknown_fields(value: Any, shape: Shape | None) -> list[str]:
    """Name the fields of a body that the API does not know, at any depth."""
    if shape is None:
        return []
    if isinstance(value, list):
        return [name for one in cast("list[Any]", value) for name in unknown_fields(one, shape)]
    if not isinstance(value, dict):
        return []
    found: list[str] = []
    for name, inner in cast("dict[str, Any]", value).items():
        found.extend([name] if name not in shape else unknown_fields(inner, shape[name]))
    return found

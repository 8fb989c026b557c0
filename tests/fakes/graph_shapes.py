"""Shapes of what Graph sends and takes, in our own notation: names, types, and who may write them.

A type is `text`, `flag`, `number`, `instant`, the name of another shape, or of a list of words; `[]` before
it is a list of it. A `*` marks what cannot be written; `=` what is never null.
"""

from datetime import datetime
from typing import Any, cast

WORDS: dict[str, frozenset[str]] = {
    "freeBusyStatus": frozenset({"unknown", "free", "tentative", "busy", "oof", "workingElsewhere"}),
    "responseType": frozenset(
        {"none", "organizer", "tentativelyAccepted", "accepted", "declined", "notResponded"}
    ),
    "eventType": frozenset({"singleInstance", "occurrence", "exception", "seriesMaster"}),
    "sensitivity": frozenset({"normal", "personal", "private", "confidential"}),
    "importance": frozenset({"low", "normal", "high"}),
    "attendeeType": frozenset({"required", "optional", "resource"}),
    "bodyType": frozenset({"text", "html"}),
    "onlineMeetingProviderType": frozenset(
        {"unknown", "skypeForBusiness", "skypeForConsumer", "teamsForBusiness"}
    ),
    "changeType": frozenset({"created", "updated", "deleted"}),
    "lifecycleEventType": frozenset({"missed", "subscriptionRemoved", "reauthorizationRequired"}),
}

SHAPES: dict[str, dict[str, str]] = {
    "event": {
        "id": "*=text",
        "categories": "[]text",
        "changeKey": "*text",
        "createdDateTime": "*instant",
        "lastModifiedDateTime": "*instant",
        "attendees": "[]attendee",
        "body": "itemBody",
        "bodyPreview": "*text",
        "end": "dateTimeTimeZone",
        "hasAttachments": "*flag",
        "importance": "importance",
        "isAllDay": "flag",
        "isCancelled": "*flag",
        "isOnlineMeeting": "flag",
        "isOrganizer": "*flag",
        "isReminderOn": "flag",
        "location": "location",
        "onlineMeeting": "*onlineMeetingInfo",
        "onlineMeetingProvider": "onlineMeetingProviderType",
        "onlineMeetingUrl": "*text",
        "organizer": "recipient",
        "originalStartTimeZone": "*text",
        "responseStatus": "*responseStatus",
        "sensitivity": "sensitivity",
        "seriesMasterId": "*text",
        "showAs": "freeBusyStatus",
        "start": "dateTimeTimeZone",
        "subject": "text",
        "transactionId": "text",
        "type": "*eventType",
        "webLink": "*text",
        "singleValueExtendedProperties": "[]singleValueLegacyExtendedProperty",
    },
    "calendar": {
        "id": "*=text",
        "allowedOnlineMeetingProviders": "*[]onlineMeetingProviderType",
        "canEdit": "*flag",
        "canShare": "*flag",
        "canViewPrivateItems": "*flag",
        "changeKey": "*text",
        "defaultOnlineMeetingProvider": "onlineMeetingProviderType",
        "isDefaultCalendar": "flag",
        "name": "text",
        "owner": "*emailAddress",
    },
    "subscription": {
        "id": "*=text",
        "applicationId": "*text",
        "changeType": "=text",
        "clientState": "text",
        "creatorId": "*text",
        "expirationDateTime": "=instant",
        "includeResourceData": "flag",
        "lifecycleNotificationUrl": "text",
        "notificationUrl": "=text",
        "resource": "=text",
    },
    "changeNotification": {
        "changeType": "=changeType",
        "clientState": "text",
        "id": "text",
        "lifecycleEvent": "lifecycleEventType",
        "resource": "=text",
        "resourceData": "resourceData",
        "subscriptionExpirationDateTime": "=instant",
        "subscriptionId": "=text",
        "tenantId": "=text",
    },
    "attendee": {"emailAddress": "emailAddress", "type": "attendeeType"},
    "dateTimeTimeZone": {"dateTime": "=text", "timeZone": "text"},
    "emailAddress": {"address": "text", "name": "text"},
    "itemBody": {"content": "text", "contentType": "bodyType"},
    "location": {"displayName": "text"},
    "onlineMeetingInfo": {"conferenceId": "text", "joinUrl": "text"},
    "recipient": {"emailAddress": "emailAddress"},
    "resourceData": {"id": "text"},
    "responseStatus": {"response": "responseType", "time": "instant"},
    "singleValueLegacyExtendedProperty": {"id": "=text", "value": "text"},
}


def problems(shape: str, value: Any, *, is_written: bool = False) -> list[str]:
    """Say what in a JSON value is not of a shape; `is_written` also forbids what cannot be written.

    Annotations (`@odata.etag`) are not of the shape, and let be where Graph speaks.
    """
    if not isinstance(value, dict):
        return [f"{shape}: no object"]
    found: list[str] = []
    for name, each in cast("dict[str, Any]", value).items():
        if "@" in name and not is_written:
            continue
        kind = SHAPES[shape].get(name)
        if kind is None:
            found.append(f"{shape}: unknown {name}")
        elif is_written and kind.startswith("*"):
            found.append(f"{shape}: {name} is read-only")
        else:
            found += _problems(f"{shape}.{name}", kind.lstrip("*"), each, is_written=is_written)
    return found


def _problems(where: str, kind: str, value: Any, *, is_written: bool) -> list[str]:
    if value is None:
        return [f"{where}: null"] if kind.startswith("=") else []
    kind = kind.lstrip("=")
    if kind.startswith("[]"):
        if not isinstance(value, list):
            return [f"{where}: no list"]
        return [
            one
            for each in cast("list[Any]", value)
            for one in _problems(where, kind[2:], each, is_written=is_written)
        ]
    if kind in SHAPES:
        return problems(kind, value, is_written=is_written)
    if kind in WORDS:
        return [] if value in WORDS[kind] else [f"{where}: {kind} has no such word"]
    is_good = {
        "text": isinstance(value, str),
        "flag": isinstance(value, bool),
        "number": isinstance(value, int),
        "instant": isinstance(value, str) and _is_instant(value),
    }[kind]
    return [] if is_good else [f"{where}: not {kind}"]


def _is_instant(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False

"""The audit log of an organization: who has done what, each entry chained to the one before it by a hash.

An entry's hash covers everything in it and the hash of the entry before, so that nothing can be changed,
put in or taken out without every later hash being wrong. An entry holds ids and words of ours alone:
nothing that a person wrote.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.ids import ApiKeyId, OrganizationId, UserId

_FORMAT = b"slotgraph audit 1"


class Act(StrEnum):
    """What was done, in the past tense; the object of each stands behind it."""

    ORGANIZATION_FOUNDED = "organization_founded"  # the organization
    ORGANIZATION_RENAMED = "organization_renamed"
    PLAN_CHANGED = "plan_changed"
    OWNERSHIP_TRANSFERRED = "ownership_transferred"  # the user who owns it now
    MEMBER_INVITED = "member_invited"  # the invitation; so for the next two
    INVITATION_RESENT = "invitation_resent"
    INVITATION_REVOKED = "invitation_revoked"
    MEMBER_JOINED = "member_joined"  # the user; so for the next two
    MEMBER_ROLE_CHANGED = "member_role_changed"
    MEMBER_REMOVED = "member_removed"
    TEAM_CREATED = "team_created"  # the team; so for the next two
    TEAM_UPDATED = "team_updated"
    TEAM_DELETED = "team_deleted"
    TEAM_MEMBER_ADDED = "team_member_added"  # the user; so for the next two
    TEAM_MEMBER_UPDATED = "team_member_updated"
    TEAM_MEMBER_REMOVED = "team_member_removed"
    API_KEY_CREATED = "api_key_created"  # the key
    API_KEY_REVOKED = "api_key_revoked"
    IDENTITY_LINKED = "identity_linked"  # the identity
    IDENTITY_UNLINKED = "identity_unlinked"
    CALENDAR_CONNECTED = "calendar_connected"  # the connection
    CALENDAR_RECONNECTED = "calendar_reconnected"
    CALENDAR_DISCONNECTED = "calendar_disconnected"
    PAGE_CREATED = "page_created"  # the page
    PAGE_DELETED = "page_deleted"
    DELEGATION_INVITED = "delegation_invited"  # the delegation; so for the next four
    DELEGATION_ACCEPTED = "delegation_accepted"
    DELEGATION_DECLINED = "delegation_declined"
    DELEGATION_UPDATED = "delegation_updated"
    DELEGATION_ENDED = "delegation_ended"
    ORGANIZATION_DELEGATION_SET = "organization_delegation_set"  # the organization
    RESOURCE_CREATED = "resource_created"  # the resource
    RESOURCE_UPDATED = "resource_updated"
    RESOURCE_DELETED = "resource_deleted"
    RESOURCE_CALENDAR_SET = "resource_calendar_set"
    PAGE_LINK_CREATED = "page_link_created"  # the link
    PAGE_LINK_REVOKED = "page_link_revoked"
    PAGE_TEMPLATE_CREATED = "page_template_created"  # the template; so for the next two
    PAGE_TEMPLATE_UPDATED = "page_template_updated"
    PAGE_TEMPLATE_DELETED = "page_template_deleted"
    PAGE_MANAGED = "page_managed"  # the page that was made from a template, the detail; so for the next
    PAGE_RELEASED = "page_released"
    POLL_OPENED = "poll_opened"  # the poll; so for the next three
    POLL_CLOSED = "poll_closed"
    POLL_REOPENED = "poll_reopened"
    POLL_DELETED = "poll_deleted"
    POLL_LINK_RENEWED = "poll_link_renewed"  # the poll that is organized by it; so for the next
    POLL_LINK_REVOKED = "poll_link_revoked"
    ROUTING_FORM_CREATED = "routing_form_created"  # the form; so for the next two
    ROUTING_FORM_UPDATED = "routing_form_updated"
    ROUTING_FORM_DELETED = "routing_form_deleted"
    SUBMISSION_ERASED = "submission_erased"  # the submission
    MEMBER_ATTRIBUTES_SET = "member_attributes_set"  # the user whose they are
    # From here on only what a delegate has done, or whoever has a link.
    POLL_UPDATED = "poll_updated"  # the poll; so for the next two
    POLL_INVITED = "poll_invited"
    POLL_REMINDED = "poll_reminded"
    PAGE_UPDATED = "page_updated"  # the page; so for the next two
    PAGE_HOSTS_SET = "page_hosts_set"
    PAGE_RESOURCES_SET = "page_resources_set"
    PAGE_LINK_UPDATED = "page_link_updated"  # the link
    BOOKING_CREATED = "booking_created"  # the booking; so for the next seven
    BOOKING_APPROVED = "booking_approved"
    BOOKING_DECLINED = "booking_declined"
    BOOKING_RESCHEDULED = "booking_rescheduled"
    BOOKING_CANCELLED = "booking_cancelled"
    BOOKING_SERIES_CANCELLED = "booking_series_cancelled"
    BOOKING_REASSIGNED = "booking_reassigned"
    BOOKING_MEETING_RETRIED = "booking_meeting_retried"
    WAITER_REMOVED = "waiter_removed"  # who waited
    SCHEDULE_CREATED = "schedule_created"  # the schedule; so for the next two
    SCHEDULE_UPDATED = "schedule_updated"
    SCHEDULE_DELETED = "schedule_deleted"
    ABSENCE_CREATED = "absence_created"  # the absence; so for the next two
    ABSENCE_STAND_IN_SET = "absence_stand_in_set"
    ABSENCE_DELETED = "absence_deleted"
    HOST_RULES_UPDATED = "host_rules_updated"  # the user whose rules they are


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done, before it has its place in the log.

    `actor` did it, None for whoever operates the installation; `principal` is for whom, mostly the same;
    `key_id` is the API key by which. `detail` is a word of ours, like a role, or another thing's id.
    """

    organization_id: OrganizationId
    act: Act
    object_id: UUID
    actor_id: UserId | None
    principal_id: UserId | None = None
    key_id: ApiKeyId | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A deed in its place. Numbers begin at 1 and have no gaps."""

    number: int
    at: datetime
    deed: Deed
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log ends: how many entries it has, and the hash of the last one."""

    number: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What comes of verifying a log; `broken_at` is the first number that does not fit, None if all do."""

    head: Head
    broken_at: int | None


def beginning(organization_id: OrganizationId) -> Head:
    """Give the head of a log in which nothing stands yet: no two organizations have the same."""
    return Head(0, hashlib.sha256(_FORMAT + organization_id.bytes).digest())


def following(head: Head, deed: Deed, at: datetime) -> AuditEntry:
    """Make the entry that follows a head."""
    number = head.number + 1
    return AuditEntry(number, at, deed, _hash(head.hash, number, at, deed))


def verified(
    organization_id: OrganizationId, entries: Iterable[AuditEntry], head: Head, after: Head | None = None
) -> Verdict:
    """Compare entries, in order, with their hashes and with the head that was kept apart from them.

    `after` is where they begin, verified before; None is the beginning of the log.
    """
    reached = after or beginning(organization_id)
    for entry in entries:
        expected = following(reached, entry.deed, entry.at)
        if entry.deed.organization_id != organization_id or entry != expected:
            return Verdict(head, reached.number + 1)
        reached = Head(entry.number, entry.hash)
    return Verdict(head, None if reached == head else reached.number + 1)


def _hash(before: bytes, number: int, at: datetime, deed: Deed) -> bytes:
    """Hash an entry: each part with its length before it, so that no two entries are spelled alike."""
    parts = (
        deed.organization_id.hex,
        str(number),
        at.isoformat(timespec="microseconds"),
        deed.act.value,
        deed.object_id.hex,
        deed.actor_id.hex if deed.actor_id else "",
        deed.principal_id.hex if deed.principal_id else "",
        deed.key_id.hex if deed.key_id else "",
        deed.detail or "",
    )
    digest = hashlib.sha256(_FORMAT + before)
    for part in parts:
        digest.update(f"{len(part)}:{part}".encode())
    return digest.digest()

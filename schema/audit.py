"""Audit log: what was done in an organization, by whom."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Self

import strawberry

from domain.audit import Act, AuditEntry
from domain.ids import UserId
from schema.context import Info
from schema.nodes import global_id
from schema.users import UserType


@strawberry.enum(name="AuditAct", description="What was done.")
class AuditActType(Enum):
    """Twin of domain.audit.Act."""

    ORGANIZATION_FOUNDED = strawberry.enum_value(
        Act.ORGANIZATION_FOUNDED.value, description="An organization was founded by signing up."
    )
    ORGANIZATION_RENAMED = strawberry.enum_value(
        Act.ORGANIZATION_RENAMED.value, description="An organization was given another name."
    )
    PLAN_CHANGED = strawberry.enum_value(
        Act.PLAN_CHANGED.value, description="An operator changed plan or add-ons; `detail` has them."
    )
    OWNERSHIP_TRANSFERRED = strawberry.enum_value(
        Act.OWNERSHIP_TRANSFERRED.value, description="A member was made the owner."
    )
    MEMBER_INVITED = strawberry.enum_value(
        Act.MEMBER_INVITED.value, description="An address was invited; `detail` has the role."
    )
    INVITATION_RESENT = strawberry.enum_value(
        Act.INVITATION_RESENT.value, description="An invitation was sent anew."
    )
    INVITATION_REVOKED = strawberry.enum_value(
        Act.INVITATION_REVOKED.value, description="An invitation was ended."
    )
    MEMBER_JOINED = strawberry.enum_value(
        Act.MEMBER_JOINED.value, description="Somebody accepted an invitation, which `detail` names."
    )
    MEMBER_ROLE_CHANGED = strawberry.enum_value(
        Act.MEMBER_ROLE_CHANGED.value, description="A member was given the role that `detail` has."
    )
    MEMBER_REMOVED = strawberry.enum_value(
        Act.MEMBER_REMOVED.value, description="A member was removed, or left."
    )
    TEAM_CREATED = strawberry.enum_value(Act.TEAM_CREATED.value, description="A team was made.")
    TEAM_UPDATED = strawberry.enum_value(
        Act.TEAM_UPDATED.value, description="A team's settings were changed."
    )
    TEAM_DELETED = strawberry.enum_value(Act.TEAM_DELETED.value, description="A team was deleted.")
    TEAM_MEMBER_ADDED = strawberry.enum_value(
        Act.TEAM_MEMBER_ADDED.value, description="Somebody came into the team that `detail` names."
    )
    TEAM_MEMBER_UPDATED = strawberry.enum_value(
        Act.TEAM_MEMBER_UPDATED.value,
        description="Somebody became manager of the team that `detail` names, or ceased to be.",
    )
    TEAM_MEMBER_REMOVED = strawberry.enum_value(
        Act.TEAM_MEMBER_REMOVED.value, description="Somebody went out of the team that `detail` names."
    )
    API_KEY_CREATED = strawberry.enum_value(Act.API_KEY_CREATED.value, description="An API key was made.")
    API_KEY_REVOKED = strawberry.enum_value(Act.API_KEY_REVOKED.value, description="An API key was revoked.")
    IDENTITY_LINKED = strawberry.enum_value(
        Act.IDENTITY_LINKED.value, description="An account elsewhere was linked."
    )
    IDENTITY_UNLINKED = strawberry.enum_value(
        Act.IDENTITY_UNLINKED.value, description="An account elsewhere was unlinked."
    )
    CALENDAR_CONNECTED = strawberry.enum_value(
        Act.CALENDAR_CONNECTED.value, description="A calendar account was connected."
    )
    CALENDAR_RECONNECTED = strawberry.enum_value(
        Act.CALENDAR_RECONNECTED.value, description="A calendar account was connected again."
    )
    CALENDAR_DISCONNECTED = strawberry.enum_value(
        Act.CALENDAR_DISCONNECTED.value, description="A calendar connection was ended."
    )
    PAGE_CREATED = strawberry.enum_value(Act.PAGE_CREATED.value, description="A booking page was made.")
    RESOURCE_CREATED = strawberry.enum_value(
        Act.RESOURCE_CREATED.value, description="A room or a piece of equipment was made."
    )
    RESOURCE_UPDATED = strawberry.enum_value(
        Act.RESOURCE_UPDATED.value, description="A room or a piece of equipment was changed."
    )
    RESOURCE_DELETED = strawberry.enum_value(
        Act.RESOURCE_DELETED.value, description="A room or a piece of equipment was deleted."
    )
    RESOURCE_CALENDAR_SET = strawberry.enum_value(
        Act.RESOURCE_CALENDAR_SET.value, description="A resource got another calendar, or none any more."
    )
    PAGE_LINK_CREATED = strawberry.enum_value(
        Act.PAGE_LINK_CREATED.value, description="A link to a page was made."
    )
    PAGE_LINK_REVOKED = strawberry.enum_value(
        Act.PAGE_LINK_REVOKED.value, description="A link to a page was ended."
    )
    PAGE_TEMPLATE_CREATED = strawberry.enum_value(
        Act.PAGE_TEMPLATE_CREATED.value, description="A template of pages was made."
    )
    PAGE_TEMPLATE_UPDATED = strawberry.enum_value(
        Act.PAGE_TEMPLATE_UPDATED.value, description="A template of pages was changed, and its pages with it."
    )
    PAGE_TEMPLATE_DELETED = strawberry.enum_value(
        Act.PAGE_TEMPLATE_DELETED.value, description="A template of pages was deleted."
    )
    PAGE_MANAGED = strawberry.enum_value(
        Act.PAGE_MANAGED.value, description="A member was given a page from the template in `detail`."
    )
    PAGE_RELEASED = strawberry.enum_value(
        Act.PAGE_RELEASED.value, description="A page is managed no more by the template in `detail`."
    )
    ROUTING_FORM_CREATED = strawberry.enum_value(
        Act.ROUTING_FORM_CREATED.value, description="A routing form was made."
    )
    ROUTING_FORM_UPDATED = strawberry.enum_value(
        Act.ROUTING_FORM_UPDATED.value, description="A routing form was changed."
    )
    ROUTING_FORM_DELETED = strawberry.enum_value(
        Act.ROUTING_FORM_DELETED.value, description="A routing form was removed, and what was answered to it."
    )
    SUBMISSION_ERASED = strawberry.enum_value(
        Act.SUBMISSION_ERASED.value, description="Somebody's answers to a routing form were erased."
    )
    MEMBER_ATTRIBUTES_SET = strawberry.enum_value(
        Act.MEMBER_ATTRIBUTES_SET.value, description="Attributes of a member were set."
    )
    PAGE_DELETED = strawberry.enum_value(Act.PAGE_DELETED.value, description="A booking page was removed.")
    DELEGATION_INVITED = strawberry.enum_value(
        Act.DELEGATION_INVITED.value,
        description="Somebody was asked to act for another; `detail` has scopes.",
    )
    DELEGATION_ACCEPTED = strawberry.enum_value(
        Act.DELEGATION_ACCEPTED.value, description="A delegate accepted to act for another."
    )
    DELEGATION_DECLINED = strawberry.enum_value(
        Act.DELEGATION_DECLINED.value, description="Somebody declined to act for another."
    )
    DELEGATION_UPDATED = strawberry.enum_value(
        Act.DELEGATION_UPDATED.value, description="What a delegate may do was changed; `detail` has scopes."
    )
    DELEGATION_ENDED = strawberry.enum_value(
        Act.DELEGATION_ENDED.value, description="A delegation was ended by one of its two sides."
    )
    ORGANIZATION_DELEGATION_SET = strawberry.enum_value(
        Act.ORGANIZATION_DELEGATION_SET.value,
        description="Delegation by administrators was made `allowed` or `refused`, as `detail` says.",
    )
    POLL_OPENED = strawberry.enum_value(Act.POLL_OPENED.value, description="A poll was opened.")
    POLL_CLOSED = strawberry.enum_value(Act.POLL_CLOSED.value, description="A poll was closed by hand.")
    POLL_REOPENED = strawberry.enum_value(
        Act.POLL_REOPENED.value, description="A closing of a poll was undone."
    )
    POLL_DELETED = strawberry.enum_value(Act.POLL_DELETED.value, description="A poll was deleted.")
    POLL_LINK_RENEWED = strawberry.enum_value(
        Act.POLL_LINK_RENEWED.value, description="A link by which a poll is organized was made anew."
    )
    POLL_LINK_REVOKED = strawberry.enum_value(
        Act.POLL_LINK_REVOKED.value, description="A link by which a poll is organized was revoked."
    )
    POLL_UPDATED = strawberry.enum_value(Act.POLL_UPDATED.value, description="A delegate changed a poll.")
    POLL_INVITED = strawberry.enum_value(
        Act.POLL_INVITED.value, description="A delegate, or who has a link, asked people to vote in a poll."
    )
    POLL_REMINDED = strawberry.enum_value(
        Act.POLL_REMINDED.value, description="A delegate, or who has a link, reminded the voters of a poll."
    )
    PAGE_UPDATED = strawberry.enum_value(
        Act.PAGE_UPDATED.value, description="A delegate changed a booking page."
    )
    PAGE_HOSTS_SET = strawberry.enum_value(
        Act.PAGE_HOSTS_SET.value, description="A delegate set the hosts of a booking page."
    )
    PAGE_RESOURCES_SET = strawberry.enum_value(
        Act.PAGE_RESOURCES_SET.value, description="A delegate set the resources that a booking page requires."
    )
    PAGE_LINK_UPDATED = strawberry.enum_value(
        Act.PAGE_LINK_UPDATED.value, description="A delegate changed a link to a page."
    )
    BOOKING_CREATED = strawberry.enum_value(
        Act.BOOKING_CREATED.value, description="A delegate booked for an invitee."
    )
    BOOKING_APPROVED = strawberry.enum_value(
        Act.BOOKING_APPROVED.value, description="A delegate approved a request."
    )
    BOOKING_DECLINED = strawberry.enum_value(
        Act.BOOKING_DECLINED.value, description="A delegate declined a request."
    )
    BOOKING_RESCHEDULED = strawberry.enum_value(
        Act.BOOKING_RESCHEDULED.value, description="A delegate moved a booking."
    )
    BOOKING_CANCELLED = strawberry.enum_value(
        Act.BOOKING_CANCELLED.value, description="A delegate cancelled a booking."
    )
    BOOKING_SERIES_CANCELLED = strawberry.enum_value(
        Act.BOOKING_SERIES_CANCELLED.value,
        description="A delegate cancelled a booking of a series with all later ones.",
    )
    BOOKING_REASSIGNED = strawberry.enum_value(
        Act.BOOKING_REASSIGNED.value, description="A delegate handed a booking over."
    )
    BOOKING_MEETING_RETRIED = strawberry.enum_value(
        Act.BOOKING_MEETING_RETRIED.value, description="A delegate had a meeting tried again."
    )
    WAITER_REMOVED = strawberry.enum_value(
        Act.WAITER_REMOVED.value, description="A delegate took somebody off a waitlist."
    )
    SCHEDULE_CREATED = strawberry.enum_value(
        Act.SCHEDULE_CREATED.value, description="A delegate made a schedule."
    )
    SCHEDULE_UPDATED = strawberry.enum_value(
        Act.SCHEDULE_UPDATED.value, description="A delegate changed a schedule."
    )
    SCHEDULE_DELETED = strawberry.enum_value(
        Act.SCHEDULE_DELETED.value, description="A delegate removed a schedule."
    )
    ABSENCE_CREATED = strawberry.enum_value(
        Act.ABSENCE_CREATED.value, description="A delegate added an absence."
    )
    ABSENCE_STAND_IN_SET = strawberry.enum_value(
        Act.ABSENCE_STAND_IN_SET.value, description="A delegate said who stands in while somebody is away."
    )
    ABSENCE_DELETED = strawberry.enum_value(
        Act.ABSENCE_DELETED.value, description="A delegate removed an absence."
    )
    HOST_RULES_UPDATED = strawberry.enum_value(
        Act.HOST_RULES_UPDATED.value, description="A delegate changed a host's own rules."
    )


# The type of what was acted upon, by the beginning of an act's name; the longest that fits counts.
_OBJECTS: Mapping[str, str] = MappingProxyType(
    {
        "organization_": "Organization",
        "plan_": "Organization",
        "waiter_": "PageWaiter",
        "ownership_": "User",
        "member_": "User",
        "member_invited": "Invitation",
        "invitation_": "Invitation",
        "team_": "Team",
        "team_member_": "User",
        "api_key_": "ApiKey",
        "identity_": "Identity",
        "calendar_": "CalendarConnection",
        "page_": "BookingPage",
        "page_link_": "PageLink",
        "page_template_": "PageTemplate",
        "routing_form_": "RoutingForm",
        "submission_": "Submission",
        "resource_": "Resource",
        "delegation_": "Delegation",
        "poll_": "Poll",
        "booking_": "Booking",
        "schedule_": "Schedule",
        "absence_": "Absence",
        "host_rules_": "User",
    }
)


@strawberry.type(name="AuditEntry", description="Something that was done; its hash covers the one before.")
class AuditEntryType:
    """Twin of domain.audit.AuditEntry, for those who manage the organization."""

    actor_key: strawberry.Private[UserId | None]
    principal_key: strawberry.Private[UserId | None]
    number: int = strawberry.field(description="Place in the log, from 1 without gaps.")
    at: datetime = strawberry.field(description="Instant at which it was done.")
    act: AuditActType = strawberry.field(description="What was done.")
    object_id: strawberry.ID = strawberry.field(description="Id of what was acted upon; it may be gone.")
    api_key_id: strawberry.ID | None = strawberry.field(description="Id of the API key that did it, if one.")
    detail: str | None = strawberry.field(description="Word that belongs to the act, or another id in hex.")
    hash: str = strawberry.field(description="SHA-256 in hex over the entry and the hash before it.")

    @strawberry.field(description="Who did it; null for the operator of the installation.")
    async def actor(self, info: Info) -> UserType | None:
        """Show who did it, also if they have left."""
        return await _user(info, self.actor_key)

    @strawberry.field(description="For whom it was done, mostly the same.")
    async def principal(self, info: Info) -> UserType | None:
        """Show for whom it was done, also if they have left."""
        return await _user(info, self.principal_key)

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        """Shape an entry."""
        deed = entry.deed
        return cls(
            actor_key=deed.actor_id,
            principal_key=deed.principal_id,
            number=entry.number,
            at=entry.at,
            act=AuditActType(deed.act.value),
            object_id=global_id(object_type(deed.act), deed.object_id),
            api_key_id=global_id("ApiKey", deed.key_id) if deed.key_id else None,
            detail=deed.detail,
            hash=entry.hash.hex(),
        )


def object_type(act: Act) -> str:
    """Name the type of what an act was about."""
    return _OBJECTS[max((name for name in _OBJECTS if act.startswith(name)), key=len)]


async def _user(info: Info, user_id: UserId | None) -> UserType | None:
    user = await info.context.loaders.users.load(user_id) if user_id else None
    return UserType.of(user) if user else None

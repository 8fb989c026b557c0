"""One NewType per kind of id, so that a type checker tells a host from a page."""

from typing import NewType
from uuid import UUID

OrganizationId = NewType("OrganizationId", UUID)
UserId = NewType("UserId", UUID)
SessionId = NewType("SessionId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)
ConnectionId = NewType("ConnectionId", UUID)
CalendarId = NewType("CalendarId", UUID)
EntryId = NewType("EntryId", UUID)
ScheduleId = NewType("ScheduleId", UUID)
PageId = NewType("PageId", UUID)
BookingId = NewType("BookingId", UUID)
InviteeId = NewType("InviteeId", UUID)
EventId = NewType("EventId", UUID)
EffectId = NewType("EffectId", UUID)
IdentityId = NewType("IdentityId", UUID)
AbsenceId = NewType("AbsenceId", UUID)
SeriesId = NewType("SeriesId", UUID)
InvitationId = NewType("InvitationId", UUID)
PageLinkId = NewType("PageLinkId", UUID)
TeamId = NewType("TeamId", UUID)
TemplateId = NewType("TemplateId", UUID)
WaitlistId = NewType("WaitlistId", UUID)
WaiterId = NewType("WaiterId", UUID)
DelegationId = NewType("DelegationId", UUID)
ResourceId = NewType("ResourceId", UUID)

"""Who may call each root field of the API: one row a field, held by tests."""

from domain.users import Scope

GUEST = "guest"
SESSION = "session"
KEYS = tuple(f"key with {scope.name}" for scope in Scope)
ACTORS = (GUEST, SESSION, *KEYS)

EVERYBODY = frozenset(ACTORS)
IN_PERSON = frozenset({SESSION})


def scoped(scope: Scope) -> frozenset[str]:
    """Give those who are let in by a scope: a key that has it, and every session."""
    return frozenset({SESSION, f"key with {scope.name}"})


ACCESS: dict[str, frozenset[str]] = {
    "node": EVERYBODY,
    "nodes": EVERYBODY,
    "viewer": EVERYBODY,
    "signInProviders": EVERYBODY,
    "calendarConnections": scoped(Scope.CALENDARS),
    "consentProviders": scoped(Scope.CALENDARS),
    "schedules": scoped(Scope.READ),
    "absences": scoped(Scope.READ),
    "bookingPage": EVERYBODY,
    "profile": EVERYBODY,
    "bookingPages": scoped(Scope.READ),
    "bookingPageByLink": EVERYBODY,
    "pageLinks": scoped(Scope.READ),
    "proposedTimes": scoped(Scope.READ),
    "explainSlot": scoped(Scope.READ),
    "bookingByLink": EVERYBODY,
    "bookings": scoped(Scope.READ),
    "hostRules": scoped(Scope.READ),
    "limits": EVERYBODY,
    "signInStart": EVERYBODY,
    "signInFinish": EVERYBODY,
    "signInWithStart": EVERYBODY,
    "signInWithFinish": EVERYBODY,
    "identityLinkStart": IN_PERSON,
    "identityLinkFinish": IN_PERSON,
    "identityUnlink": IN_PERSON,
    "signOut": IN_PERSON,
    "userUpdate": scoped(Scope.PROFILE),
    "sessionRevoke": IN_PERSON,
    "sessionRevokeOthers": IN_PERSON,
    "apiKeyCreate": IN_PERSON,
    "apiKeyRevoke": IN_PERSON,
    "socketTicketCreate": IN_PERSON,
    "organizationUpdate": IN_PERSON,
    "memberInvite": IN_PERSON,
    "invitationResend": IN_PERSON,
    "invitationRevoke": IN_PERSON,
    "invitationAccept": IN_PERSON,
    "memberRoleChange": IN_PERSON,
    "memberRemove": IN_PERSON,
    "ownershipTransfer": IN_PERSON,
    "accountSwitch": IN_PERSON,
    "teamCreate": IN_PERSON,
    "teamUpdate": IN_PERSON,
    "teamDelete": IN_PERSON,
    "teamMemberAdd": IN_PERSON,
    "teamMemberUpdate": IN_PERSON,
    "teamMemberRemove": IN_PERSON,
    "calendarConnect": IN_PERSON,
    "calendarReconnect": IN_PERSON,
    "calendarUpdate": scoped(Scope.CALENDARS),
    "calendarDisconnect": scoped(Scope.CALENDARS),
    "calendarConsentStart": IN_PERSON,
    "calendarConsentFinish": IN_PERSON,
    "scheduleCreate": scoped(Scope.AVAILABILITY),
    "scheduleUpdate": scoped(Scope.AVAILABILITY),
    "scheduleDelete": scoped(Scope.AVAILABILITY),
    "absenceCreate": scoped(Scope.AVAILABILITY),
    "absenceDelete": scoped(Scope.AVAILABILITY),
    "bookingPageCreate": scoped(Scope.PAGES),
    "bookingPageUpdate": scoped(Scope.PAGES),
    "bookingPageDelete": scoped(Scope.PAGES),
    "pageLinkCreate": scoped(Scope.PAGES),
    "pageLinkUpdate": scoped(Scope.PAGES),
    "pageLinkRevoke": scoped(Scope.PAGES),
    "holdCreate": EVERYBODY,
    "holdRelease": EVERYBODY,
    "bookingCreate": EVERYBODY,
    "bookingLinksSend": EVERYBODY,
    "bookingApprove": scoped(Scope.BOOKINGS),
    "bookingDecline": scoped(Scope.BOOKINGS),
    "bookingSeriesCreate": EVERYBODY,
    "bookingSeriesCancel": EVERYBODY,
    "bookingSeriesCancelByHost": scoped(Scope.BOOKINGS),
    "bookingReschedule": EVERYBODY,
    "bookingCancel": EVERYBODY,
    "bookingCreateByHost": scoped(Scope.BOOKINGS),
    "bookingRescheduleByHost": scoped(Scope.BOOKINGS),
    "bookingCancelByHost": scoped(Scope.BOOKINGS),
    "bookingMeetingRetry": scoped(Scope.BOOKINGS),
    "bookingPageHostsSet": scoped(Scope.PAGES),
    "hostRulesUpdate": scoped(Scope.AVAILABILITY),
    "bookingReassign": scoped(Scope.BOOKINGS),
    "resourceCreate": IN_PERSON,
    "resourceUpdate": IN_PERSON,
    "resourceDelete": IN_PERSON,
    "bookingPageResourcesSet": scoped(Scope.PAGES),
    "openSlotsChanged": EVERYBODY,
    "bookingsChanged": scoped(Scope.READ),
}

LET_IN = {
    "invitationAccept": "INVITATION_UNKNOWN",
    "signInWithFinish": "SIGN_IN_UNKNOWN",
    "identityLinkFinish": "SIGN_IN_UNKNOWN",
    "calendarConsentStart": "PROVIDER_UNSUPPORTED",  # the connection to be opened again is another provider's
    "calendarConsentFinish": "CONSENT_UNKNOWN",
}
"""What those who are let in are answered, where only the world outside could make it work."""

_OWN: frozenset[str] = frozenset()
_COLLEAGUES = frozenset({"administrator", "member"})

NODES: dict[str, frozenset[str]] = {
    "Absence": _OWN,
    "ApiKey": _OWN,
    "Booking": _OWN,
    "BookingPage": _OWN,
    "Calendar": _OWN,
    "CalendarConnection": _OWN,
    "Identity": _OWN,
    "Invitation": frozenset({"administrator"}),
    "Invitee": _OWN,
    "Organization": _COLLEAGUES,
    "Resource": _COLLEAGUES,
    "PageLink": _OWN,
    "Schedule": _OWN,
    "Session": _OWN,
    "Team": _COLLEAGUES,
    "User": _COLLEAGUES,
}
"""Who in the organization, beside a user themselves, is shown something of theirs by its id."""

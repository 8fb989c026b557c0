"""Who may call each root field of the API: one row a field, held by tests."""

from domain.users import DelegationScope, Scope

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
    "standInDuties": scoped(Scope.READ),
    "bookingPage": EVERYBODY,
    "profile": EVERYBODY,
    "bookingPages": scoped(Scope.READ),
    "bookingPageByLink": EVERYBODY,
    "pageLinks": scoped(Scope.READ),
    "pageTemplates": scoped(Scope.READ),
    "proposedTimes": scoped(Scope.READ),
    "explainSlot": scoped(Scope.READ),
    "bookingByLink": EVERYBODY,
    "bookings": scoped(Scope.READ),
    "hostRules": scoped(Scope.READ),
    "delegations": scoped(Scope.READ),
    "hostedPages": scoped(Scope.READ),
    "limits": EVERYBODY,
    "teamAvailability": scoped(Scope.READ),
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
    "delegationInvite": IN_PERSON,
    "delegationAccept": IN_PERSON,
    "delegationDecline": IN_PERSON,
    "delegationUpdate": IN_PERSON,
    "delegationEnd": IN_PERSON,
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
    "absenceStandInSet": scoped(Scope.AVAILABILITY),
    "standInAccept": scoped(Scope.AVAILABILITY),
    "standInDecline": scoped(Scope.AVAILABILITY),
    "bookingPageCreate": scoped(Scope.PAGES),
    "bookingPageUpdate": scoped(Scope.PAGES),
    "bookingPageDelete": scoped(Scope.PAGES),
    "pageLinkCreate": scoped(Scope.PAGES),
    "pageLinkUpdate": scoped(Scope.PAGES),
    "pageLinkRevoke": scoped(Scope.PAGES),
    "pageTemplateCreate": IN_PERSON,
    "pageTemplateUpdate": IN_PERSON,
    "pageTemplateMembersAdd": IN_PERSON,
    "pageTemplateMembersRemove": IN_PERSON,
    "pageTemplateDelete": IN_PERSON,
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
    "bookingPageCalendarsSet": scoped(Scope.CALENDARS),
    "hostRulesUpdate": scoped(Scope.AVAILABILITY),
    "bookingReassign": scoped(Scope.BOOKINGS),
    "waiter": EVERYBODY,
    "waitlistJoin": EVERYBODY,
    "waitlistLeave": EVERYBODY,
    "waitlistTake": EVERYBODY,
    "waiterChanged": EVERYBODY,
    "resourceCreate": IN_PERSON,
    "resourceUpdate": IN_PERSON,
    "resourceDelete": IN_PERSON,
    "bookingPageResourcesSet": scoped(Scope.PAGES),
    "openSlotsChanged": EVERYBODY,
    "bookingsChanged": scoped(Scope.READ),
    "teamAvailabilityChanged": scoped(Scope.READ),
    "teamBookingsChanged": scoped(Scope.READ),
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
    "Delegation": frozenset({"member"}),  # the delegate of the one that is asked for
    "Identity": _OWN,
    "Invitation": frozenset({"administrator"}),
    "Invitee": _OWN,
    "Organization": _COLLEAGUES,
    "Resource": _COLLEAGUES,
    "PageLink": _OWN,
    "PageTemplate": frozenset({"administrator"}),
    "Schedule": _OWN,
    "Session": _OWN,
    "Team": _COLLEAGUES,
    "User": _COLLEAGUES,
}
"""Who in the organization, beside a user themselves, is shown something of theirs by its id."""

NO_DELEGATE: frozenset[DelegationScope] = frozenset()
ANY_DELEGATE = frozenset(DelegationScope)
_PAGES = frozenset({DelegationScope.PAGES})
_BOOKINGS = frozenset({DelegationScope.BOOKINGS})
_AVAILABILITY = frozenset({DelegationScope.AVAILABILITY})

DELEGATES: dict[str, frozenset[DelegationScope]] = {
    **{name: ANY_DELEGATE if GUEST in who else NO_DELEGATE for name, who in ACCESS.items()},
    "bookingPages": _PAGES,
    "bookingPageCreate": _PAGES,
    "bookingPageUpdate": _PAGES,
    "bookingPageDelete": _PAGES,
    "bookingPageHostsSet": _PAGES,
    "bookings": _BOOKINGS,
    "bookingsChanged": _BOOKINGS,
    "bookingApprove": _BOOKINGS,
    "bookingDecline": _BOOKINGS,
    "bookingCreateByHost": _BOOKINGS,
    "bookingRescheduleByHost": _BOOKINGS,
    "bookingCancelByHost": _BOOKINGS,
    "bookingSeriesCancelByHost": _BOOKINGS,
    "bookingMeetingRetry": _BOOKINGS,
    "bookingReassign": _BOOKINGS,
    "schedules": _AVAILABILITY | _PAGES,
    "absences": _AVAILABILITY,
    "hostRules": _AVAILABILITY,
    "explainSlot": _AVAILABILITY | _PAGES,
    "scheduleCreate": _AVAILABILITY,
    "scheduleUpdate": _AVAILABILITY,
    "scheduleDelete": _AVAILABILITY,
    "absenceCreate": _AVAILABILITY,
    "absenceDelete": _AVAILABILITY,
    "absenceStandInSet": _AVAILABILITY,
    "hostRulesUpdate": _AVAILABILITY,
}
"""Which scopes let a delegate in, beside what everybody may do; what has no line here lets in none."""

DELEGATE_NODES: dict[str, frozenset[DelegationScope]] = {
    **dict.fromkeys(NODES, NO_DELEGATE),
    "Absence": _AVAILABILITY,
    "Booking": _BOOKINGS,
    "BookingPage": _PAGES,
    "Invitee": _BOOKINGS,
    "Organization": ANY_DELEGATE,
    "Schedule": _AVAILABILITY | _PAGES,
    "Resource": ANY_DELEGATE,
    "Team": ANY_DELEGATE,
    "User": ANY_DELEGATE,
}
"""Things of their principal's that a delegate is shown by their ids."""

KEPT_FROM_DELEGATES = {
    "Viewer": {"sessions", "apiKeys", "identities"},
    "Organization": {"invitations", "auditLog"},
}
SHOWN_TO_DELEGATES = {
    "Viewer": {"user", "delegate", "organization", "scopes", "accounts"},
    "Organization": {
        *("id", "name", "region", "plan", "isEntitled", "administratorsMayDelegate", "createdAt"),
        *("members", "teams", "resources"),
    },
}
"""Of what a viewer has without asking for it by a field of its own: what a delegate's answer leaves empty."""

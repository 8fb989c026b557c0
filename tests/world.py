"""A host who has one of everything, and for each root field of the API variables that work for them."""

from dataclasses import dataclass
from uuid import uuid4

from domain.tokens import TokenKind, token
from tests.calling import Variables, code_for
from tests.delegations import calls_of_delegation
from tests.forms import form_calls, form_questions
from tests.installation import SIGN_IN_FINISH, Host, Installation, booking
from tests.links import link_calls
from tests.polls import poll_calls
from tests.radicale import USER, WORD
from tests.stand_ins import calls_of_absences
from tests.templates import calls_of_templates

DAY = "2026-03-30"  # the Monday after Europe's clocks went forward
TUESDAY, WEDNESDAY, THURSDAY = "2026-03-31", "2026-04-01", "2026-04-02T08:00:00Z"
NINE, TEN, ELEVEN, NOON, ONE, TWO = (f"{DAY}T{hour:02d}:00:00Z" for hour in range(7, 13))  # 9 to 14 in Berlin
WEEK: list[dict[str, object]] = [{"days": ["MONDAY", "TUESDAY"], "from": "09:00", "to": "17:00"}]
PLACE: dict[str, object] = {"kind": "LINK", "details": "https://meet.example.com/ada", "choices": []}
AWAY = {"first": "2026-08-03", "last": "2026-08-14", "zone": "Europe/Berlin", "reason": "VACATION"}
_FORTNIGHT = {"everyWeeks": 2, "anchor": "2026-03-30", "nthOfMonth": None}
_WEEKS = [*WEEK, {"days": ["SATURDAY"], "from": "09:00", "to": "17:00", "recurrence": _FORTNIGHT}]
_TRAVELS = [{"first": "2026-05-04", "last": "2026-05-08", "zone": "Asia/Tokyo"}]
_OVERRIDES = [{"date": "2026-04-06", "windows": [{"from": "10:00", "to": "12:00"}]}]
_SIGN_UP = {
    "name": "Lin",
    "organizationName": "Lin's",
    "zone": "Asia/Tokyo",
    "handle": "lin",
    "homeRegion": "local",
}
_RETURNED = {
    "provider": "GOOGLE",
    "returnedState": token(TokenKind.SIGN_IN, b"a state that nobody was given!!!"),
    "code": "code",
    "issuer": "https://accounts.google.com",
    "browserSecret": token(TokenKind.BROWSER, b"a secret that nobody was given!!"),
}
_GRACE = {"name": "Grace", "email": "grace@example.org", "zone": "America/New_York", "locale": "en"}
QUESTION = {
    "key": "topic",
    "label": "Topic?",
    "format": "CHOICES_ONE",
    "choices": ["Engines", "Looms"],
    "isRequired": False,
    "isEnabled": True,
    "takesOther": True,
}


@dataclass(frozen=True)
class World:
    """What a host has: ids by type, the first one to keep and the last one to lose; links and secrets."""

    host: Host
    ids: dict[str, list[str]]
    slug: str
    tokens: list[str]
    hold: str
    calendar: str
    stranger: str
    code: str
    other_slug: str
    series: list[str]
    waits: list[str]
    link: str
    polls: list[str]
    bound_link: str

    async def colleague(self, house: Installation, number: int) -> str:
        """Sign one of the host's two colleagues in; the token of their session."""
        email = f"{number}{self.host.email}"
        given = {"email": email, "code": await code_for(house, email)}
        return (await house.ask(SIGN_IN_FINISH, input=given))["signInFinish"]["sessionToken"]

    def calls(self) -> dict[str, Variables]:
        """Give variables that work for each query and mutation; in this order each finds what it needs."""
        page, schedule, seen = self.ids["BookingPage"], self.ids["Schedule"], self.ids["Booking"]
        given: dict[str, Variables] = {
            "signInStart": {"email": "lin@example.org", "locale": "ja", "idempotencyKey": str(uuid4())},
            "signInFinish": {
                "email": self.stranger,
                "code": self.code,
                "signUp": _SIGN_UP,
                "isMobile": False,
            },
            "signInWithStart": {"provider": "GOOGLE", "locale": "ja"},
            "signInWithFinish": {**_RETURNED, "signUp": _SIGN_UP, "isMobile": True},
            "identityLinkStart": {"provider": "GOOGLE"},
            "identityLinkFinish": _RETURNED,
            "identityUnlink": {"id": self.ids["Identity"][-1]},
            "userUpdate": {
                "name": "Ada",
                "zone": "Europe/Berlin",
                "locale": "en",
                "sharesAvailability": True,
            },
            "organizationUpdate": {"name": "Engines", "administratorsMayDelegate": True},
            **calls_of_delegation(self.ids, f"{WEDNESDAY}T00:00:00Z"),
            **self._of_many(),
            "apiKeyCreate": {
                "name": "Program",
                "scopes": ["READ"],
                "expiresAt": f"{DAY}T00:00:00Z",
                "isMobile": True,
            },
            "socketTicketCreate": {},
            "calendarConnect": {
                "provider": "CALDAV",
                "url": self.calendar,
                "username": USER,
                "password": WORD,
                "label": "Home",
            },
            "calendarReconnect": {
                "id": self.ids["CalendarConnection"][0],
                "password": WORD,
                "username": USER,
            },
            "calendarConsentStart": {"provider": "GOOGLE", "connectionId": self.ids["CalendarConnection"][0]},
            "calendarConsentFinish": {
                "provider": "GOOGLE",
                "returnedState": token(TokenKind.CONSENT, b"a state that nobody was given!!!"),
                "code": "code",
                "issuer": "https://accounts.google.com",
            },
            "calendarUpdate": {
                "id": self.ids["Calendar"][0],
                "countsAsBusy": True,
                "receivesBookings": True,
            },
            "scheduleCreate": {
                "name": "Late",
                "zone": "Asia/Tokyo",
                "weekly": _WEEKS,
                "overrides": _OVERRIDES,
                "travels": _TRAVELS,
                "isDefault": False,
            },
            "scheduleUpdate": {
                "id": schedule[0],
                "expectedRevision": 1,
                "name": "Usual",
                "zone": "Europe/Berlin",
                "weekly": _WEEKS,
                "overrides": _OVERRIDES,
                "travels": _TRAVELS,
                "isDefault": True,
            },
            **calls_of_absences(self.ids, AWAY),
            "bookingPageCreate": self._settings(f"made-{uuid4().hex[:8]}"),
            "bookingPageUpdate": {
                "id": page[0],
                "expectedRevision": 1,
                **self._settings(self.slug.split("/")[1]),
            },
            "holdCreate": {
                "slug": self.slug,
                "start": TWO,
                "idempotencyKey": str(uuid4()),
                "link": self.link,
            },
            "holdRelease": {"token": self.hold},
            "bookingCreate": {
                **booking(self.slug, ONE),
                "invitee": _GRACE,
                "answers": [{"key": "topic", "values": ["Engines"]}],
                "placeKind": "LINK",
                "link": None,
                "submission": None,
                "code": None,
            },
            "bookingApprove": {"id": seen[3], "version": 1},
            "bookingDecline": {"id": seen[4], "reason": "Ill", "version": 1},
            "bookingSeriesCreate": {
                **series_at(self.other_slug, f"{TUESDAY}T07:30:00Z"),
                "answers": [],
                "placeKind": None,
            },
            "waitlistJoin": {
                **booking(self.other_slug, f"{TUESDAY}T07:00:00Z"),
                "invitee": {"name": "Lin", "email": "lin@example.org", "zone": "UTC", "locale": "ja"},
                "durationMinutes": None,
            },
            "waiterRemove": {"id": self.ids["PageWaiter"][1]},
            "waitlistLeave": {"token": self.waits[0]},
            "waitlistTake": {
                "token": self.waits[1],
                "answers": [],
                "placeKind": None,
                "idempotencyKey": str(uuid4()),
            },
            "bookingSeriesCancel": {"token": self.series[1], "reason": "Ill", "idempotencyKey": str(uuid4())},
            "bookingSeriesCancelByHost": {"id": seen[2], "reason": "Ill", "version": 1},
            "bookingCodeSend": {
                "slug": self.slug,
                "link": self.bound_link,
                "locale": "ja",
                "idempotencyKey": str(uuid4()),
            },
            "bookingLinksSend": {"slug": self.slug, "email": "grace@example.org"},
            "bookingReschedule": {
                "token": self.tokens[0],
                "start": ELEVEN,
                "version": 0,
                "idempotencyKey": str(uuid4()),
            },
            "bookingRescheduleByHost": {"id": seen[1], "start": NINE, "version": 1, "waives": ["HOURS"]},
            "bookingCreateByHost": {
                **booking(self.slug, f"{DAY}T06:00:00Z"),
                "invitee": _GRACE,
                "answers": [{"key": "topic", "values": ["Engines"]}],
                "placeKind": "LINK",
                "waives": ["NOTICE", "HOURS"],
            },
            "bookingMeetingRetry": {"id": seen[1]},
            "bookingPageHostsSet": {
                "id": page[0],
                "assignment": "ONE",
                "hosts": [
                    {
                        "user": self.ids["User"][0],
                        "scheduleId": schedule[0],
                        "isFixed": False,
                        "priority": "HIGH",
                        "weight": 10,
                    }
                ],
                "turns": "FAIRNESS",
                "maxLead": 5,
                "keepsHost": False,
            },
            "bookingPageCalendarsSet": {"id": page[0], "calendarIds": [self.ids["Calendar"][0]]},
            "resourceCreate": {"name": "Beamer", "kind": "EQUIPMENT", "seats": 1, "isPublic": True},
            "resourceUpdate": {
                "id": self.ids["Resource"][0],
                "expectedRevision": 1,
                "name": "Large room",
                "kind": "ROOM",
                "seats": 12,
                "isPublic": False,
            },
            "resourceCalendarSet": {
                "id": self.ids["Resource"][0],
                "expectedRevision": 2,
                "calendarId": self.ids["Calendar"][0],
            },
            "bookingPageResourcesSet": {
                "id": self.ids["BookingPage"][1],
                "expectedRevision": 2,
                "requires": [{"anyOf": [self.ids["Resource"][0]]}],
            },
            "resourceDelete": {"id": self.ids["Resource"][-1]},
            "hostRulesUpdate": {
                "bufferBeforeMinutes": 0,
                "bufferAfterMinutes": 0,
                "noticeMinutes": 0,
                "caps": {"perDay": 40, "weekStart": "SUNDAY"},
            },
            "bookingReassign": {"id": seen[1], "to": self.ids["User"][0], "from": self.ids["User"][0]},
            **link_calls(page[0], self.ids["PageLink"]),
            **calls_of_templates(self.ids, self._settings("template")),
            **poll_calls(page[0], self.ids["Poll"], self.polls, self.ids["User"][0], THURSDAY),
            **form_calls(self.ids, self.host.handle, self.slug),
            "bookingCancel": {"token": self.tokens[0], "reason": "Ill", "idempotencyKey": str(uuid4())},
            "bookingCancelByHost": {"id": seen[1], "reason": "Ill"},
            "bookingPageDelete": {"id": page[-1]},
            "scheduleDelete": {"id": schedule[-1]},
            "calendarDisconnect": {"id": self.ids["CalendarConnection"][-1]},
            "apiKeyRevoke": {"id": self.ids["ApiKey"][0]},
            "sessionRevoke": {"id": self.ids["Session"][-1]},
            "sessionRevokeOthers": {},
            "accountSwitch": {"accountId": self.ids["User"][0]},
            "ownershipTransfer": {"id": self.ids["User"][1]},
            "signOut": {},
        }
        return {**self._questions(), **{name: {"input": it} if it else {} for name, it in given.items()}}

    def _of_many(self) -> dict[str, Variables]:
        """Give what works for an organization of several: its members, invitations and teams."""
        member, team, sent = self.ids["User"], self.ids["Team"], self.ids["Invitation"]
        return {
            "memberInvite": {"email": f"new{self.stranger}", "role": "MEMBER", "locale": "ja"},
            "invitationResend": {"id": sent[0]},
            "invitationRevoke": {"id": sent[-1]},
            "invitationAccept": {"token": token(TokenKind.INVITATION, b"a link that nobody was sent!!!!!")},
            "memberRoleChange": {"id": member[1], "role": "ADMINISTRATOR"},
            "teamCreate": {"name": "Looms", "slug": f"looms-{uuid4().hex[:8]}", "zone": "Europe/London"},
            "teamUpdate": {
                "id": team[0],
                "expectedRevision": 1,
                "name": "Engines",
                "slug": "engines",
                "zone": "Asia/Tokyo",
            },
            "teamMemberAdd": {"teamId": team[0], "memberId": member[-1], "isManager": True},
            "teamMemberUpdate": {"teamId": team[0], "memberId": member[1], "isManager": False},
            "teamMemberRemove": {"teamId": team[0], "memberId": member[1]},
            "teamDelete": {"id": team[-1]},
            "memberRemove": {"id": member[-1]},
        }

    def _questions(self) -> dict[str, Variables]:
        page, seen = self.ids["BookingPage"][0], self.ids["Booking"][0]
        part: Variables = {"first": 10, "after": None, "last": None, "before": None}
        wanted = {"states": ["CONFIRMED"], "startFrom": NINE, "startBefore": TWO}
        return {
            "node": {"id": page},
            "nodes": {"ids": [page, seen]},
            "viewer": {},
            "signInProviders": {},
            "calendarConnections": {},
            "consentProviders": {},
            "schedules": {},
            "absences": {},
            "standInDuties": {},
            "bookingPage": {"slug": self.slug},
            "profile": {"handle": self.host.handle},
            "bookingPages": part,
            "bookingPageByLink": {"secret": self.link},
            "pageLinks": part,
            "pageTemplates": {"team": self.ids["Team"][0], **part},
            **form_questions(self.ids, self.host.handle, part),
            "proposedTimes": {"pageId": page, "starts": [TWO], "durationMinutes": 30},
            "polls": part,
            "pollTimes": {
                "pageId": page,
                "options": [{"start": THURSDAY, "day": None, "places": 8}],
                "durationMinutes": 30,
                "zone": "Asia/Tokyo",
                "members": [self.ids["User"][0]],
            },
            "pollResults": {"id": self.ids["Poll"][0]},
            "pollByLink": {"token": self.polls[0]},
            "pollByOrganizerLink": {"token": self.polls[2]},
            "explainSlot": {"pageId": page, "start": TEN, "linkId": self.ids["PageLink"][0]},
            "bookingByLink": {"token": self.tokens[0]},
            "hostRules": {},
            "delegations": {"side": "GIVEN", **part},
            "hostedPages": part,
            "bookings": {"filter": wanted, **part},
            "limits": {},
            "waiter": {"token": self.waits[0]},
            "pageWaiters": {"pageId": page, "waitingOnly": True, **part},
            "teamAvailability": {
                "team": self.ids["Team"][0],
                "window": {"from": NINE, "to": TWO},
                "zone": "Asia/Tokyo",
            },
        }

    def _settings(self, slug: str) -> Variables:
        return {
            "slug": slug,
            "name": "Workshop",
            "durationMinutes": 30,
            "place": PLACE,
            "description": "Bring a laptop.",
            "kind": "ONE_TO_ONE",
            "capacity": 1,
            "intervalMinutes": 30,
            "gridOrigin": "HOUR",
            "bufferBeforeMinutes": 0,
            "bufferAfterMinutes": 0,
            "noticeMinutes": 0,
            "window": {"kind": "DATE_RANGE", "days": None, "first": "2026-03-01", "last": "2026-04-30"},
            "caps": {
                **dict.fromkeys(("perDay", "perWeek", "perMonth", "perYear"), 50),
                **dict.fromkeys((f"per{each}Minutes" for each in ("Day", "Week", "Month", "Year")), 5000),
                "weekStart": "SUNDAY",
            },
            "zone": "Europe/Berlin",
            "scheduleId": self.ids["Schedule"][0],
            "calendarId": self.ids["Calendar"][0],
            "questions": [QUESTION],
            "reminderMinutes": [60],
            "invitation": "See you.",
            "cancellationPolicy": "Any time.",
            "cancelUntilMinutes": 0,
            "rescheduleUntilMinutes": 0,
            "calendarPolicy": "REQUIRED",
            "statusRule": {
                "free": False,
                "tentative": False,
                "workingElsewhere": True,
                "outOfOffice": True,
                "allDay": True,
            },
            "isActive": True,
            "isHidden": False,
            "otherLengthsMinutes": [60],
            "upcomingPerInvitee": 20,
            "seriesUpTo": 5,
            "approvalMinutes": None,
        }


def series_at(slug: str, start: str) -> Variables:
    """Make the input of two bookings, a week apart."""
    return {**booking(slug, start), "frequency": "WEEKLY", "count": 2}

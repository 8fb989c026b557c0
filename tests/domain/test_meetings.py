"""Places and meetings: what a page may offer, what an invitee chooses, and what follows for a meeting."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.assignment import Assigned, AssignedBy
from domain.booking_pages import Answer, PageKind, Place, PlaceKind, Question, QuestionFormat
from domain.bookings import Booking, BookingState, Invitee
from domain.effects import EffectKind
from domain.errors import InvalidInput
from domain.ids import BookingId, InviteeId, OrganizationId, PageId, UserId
from domain.meetings import BookingMeeting, MeetingState, maker_of, next_maker, shown_meeting, told_place
from domain.notifications import MeetingPlace
from domain.places import check_asks, checked_page_place, chosen_place
from domain.reactions import on_cancelled, on_link, on_meeting_failed

NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)
START = NOW + timedelta(days=3)
HALF = timedelta(minutes=30)
FIRST, SECOND, THIRD = (UserId(UUID(int=number)) for number in (1, 2, 3))
ZOOM = Place(PlaceKind.ZOOM_MEETING, "")
MEET = Place(PlaceKind.GOOGLE_MEET, "")
CALLS = Place(PlaceKind.HOST_CALLS, "")
NUMBER = Question(
    "tel",
    "Number?",
    QuestionFormat.PHONE_NUMBER,
    (),
    is_required=False,
    is_enabled=True,
    takes_other=False,
)
ANSWERED = Answer("tel", "Number?", ("+49 30 1234567",))
LINK = "https://zoom.example/j/1"


def choice(*places: Place) -> Place:
    return Place(PlaceKind.INVITEE_CHOICE, "", places)


def seat(number: int, state: BookingState = BookingState.CONFIRMED) -> Invitee:
    return Invitee(
        InviteeId(UUID(int=10 + number)), BookingId(UUID(int=5)), number, state, None, "Grace",
        "grace@example.org", "UTC", "en", (), None, 1, None, None, NOW,
    )  # fmt: skip


def booking(**changes: Any) -> Booking:
    made = Booking(
        BookingId(UUID(int=5)), OrganizationId(UUID(int=6)), PageId(UUID(int=7)), BookingState.CONFIRMED,
        START, START + HALF, 1, ZOOM, 3, (SECOND, FIRST), (seat(1),), NOW, NOW,
    )  # fmt: skip
    return replace(made, **changes)


def meeting(**changes: Any) -> BookingMeeting:
    of = booking()
    made = BookingMeeting(
        of.organization_id, of.id, FIRST, PlaceKind.ZOOM_MEETING, MeetingState.MADE,
        LINK, None, of.start, of.end,
    )  # fmt: skip
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("place", "path"),
    [
        (Place(PlaceKind.ZOOM_MEETING, "https://zoom.example/j/1"), ("place", "details")),
        (Place(PlaceKind.GOOGLE_MEET, "x"), ("place", "details")),
        (Place(PlaceKind.TEAMS, "x"), ("place", "details")),
        (Place(PlaceKind.LINK, "https://a.example", (ZOOM,)), ("place", "choices")),
        (choice(), ("place", "choices")),
        (choice(ZOOM), ("place", "choices")),
        (choice(*[ZOOM] * 7), ("place", "choices")),
        (choice(ZOOM, ZOOM), ("place", "choices")),
        (Place(PlaceKind.INVITEE_CHOICE, "x", (ZOOM, MEET)), ("place", "details")),
        (choice(ZOOM, choice(ZOOM, MEET)), ("place", "choices", "1", "kind")),
        (choice(ZOOM, Place(PlaceKind.LINK, "http://a.example")), ("place", "choices", "1", "details")),
    ],
)
def test_place_that_cannot_be_is_refused_by_its_field(place: Place, path: tuple[str, ...]) -> None:
    """R022."""
    with pytest.raises(InvalidInput) as refused:
        checked_page_place(place, PageKind.ONE_TO_ONE)

    assert refused.value.path == path


def test_group_has_no_choice_and_may_meet_online() -> None:
    with pytest.raises(InvalidInput):
        checked_page_place(choice(ZOOM, MEET), PageKind.GROUP)

    assert checked_page_place(ZOOM, PageKind.GROUP) == ZOOM


def test_choice_is_cleaned_place_by_place() -> None:
    cleaned = checked_page_place(choice(ZOOM, Place(PlaceKind.IN_PERSON, "  Main St ")), PageKind.ONE_TO_ONE)

    assert cleaned == choice(ZOOM, Place(PlaceKind.IN_PERSON, "Main St"))


def test_where_the_host_may_call_a_number_is_asked_for() -> None:
    check_asks(choice(ZOOM, CALLS), (NUMBER,))
    with pytest.raises(InvalidInput):
        check_asks(choice(ZOOM, CALLS), ())
    with pytest.raises(InvalidInput):
        check_asks(CALLS, (NUMBER,))


def test_invitee_gets_the_place_that_they_chose() -> None:
    """R022: who is to be called gives a number; who comes online need not."""
    offered = choice(ZOOM, CALLS)

    assert chosen_place(offered, PlaceKind.ZOOM_MEETING, (NUMBER,), ()) == ZOOM
    assert chosen_place(offered, PlaceKind.HOST_CALLS, (NUMBER,), (ANSWERED,)) == CALLS
    assert chosen_place(ZOOM, None, (), ()) == ZOOM


@pytest.mark.parametrize(
    ("offered", "kind", "path"),
    [
        (choice(ZOOM, CALLS), None, ("placeKind",)),
        (choice(ZOOM, CALLS), PlaceKind.TEAMS, ("placeKind",)),
        (choice(ZOOM, CALLS), PlaceKind.INVITEE_CHOICE, ("placeKind",)),
        (ZOOM, PlaceKind.TEAMS, ("placeKind",)),
        (choice(ZOOM, CALLS), PlaceKind.HOST_CALLS, ("answers", "tel")),
    ],
)
def test_place_that_was_not_offered_is_refused(
    offered: Place, kind: PlaceKind | None, path: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        chosen_place(offered, kind, (NUMBER,), ())

    assert refused.value.path == path


def test_meeting_is_made_by_the_host_who_stands_first() -> None:
    assert maker_of(booking(hosts=(SECOND, FIRST))) == SECOND
    assert maker_of(booking(hosts=(FIRST, SECOND))) == FIRST


def test_next_fixed_host_stands_in_and_never_the_one_who_took_a_turn() -> None:
    turn = Assigned(THIRD, AssignedBy.FEWEST, free=2, booked=0)
    team = replace(booking(hosts=(SECOND, FIRST, THIRD)), assigned=turn)

    assert next_maker(team, SECOND) == FIRST
    assert next_maker(team, FIRST) is None
    assert next_maker(team, THIRD) is None


def test_meeting_that_nobody_began_is_pending_and_others_stand_as_they_are() -> None:
    begun = shown_meeting(booking(), None)
    moved = shown_meeting(booking(start=START + HALF, end=START + 2 * HALF), meeting())

    assert (begun and begun.state, begun and begun.join_url) == (MeetingState.PENDING, None)
    assert shown_meeting(booking(), meeting()) == meeting()
    assert moved == meeting(state=MeetingState.PENDING)
    assert shown_meeting(booking(place=Place(PlaceKind.IN_PERSON, "")), None) is None


def test_place_is_told_with_the_link_as_it_is_now() -> None:
    """R022, R116."""
    assert told_place(ZOOM, None) == MeetingPlace("Zoom", None, link_follows=True)
    assert told_place(ZOOM, meeting()) == MeetingPlace("Zoom", LINK)
    assert told_place(ZOOM, meeting(state=MeetingState.FAILED)) == MeetingPlace("Zoom", LINK)
    assert told_place(ZOOM, meeting(state=MeetingState.REMOVED)).url is None
    assert told_place(Place(PlaceKind.LINK, LINK), None) == MeetingPlace(url=LINK)
    assert told_place(Place(PlaceKind.IN_PERSON, "Room 7"), None) == MeetingPlace(text="Room 7")


def test_meeting_follows_a_change_only_where_one_is_made() -> None:
    online = [effect.kind for effect in on_cancelled(booking(), seat(1), NOW)]
    there = [
        effect.kind for effect in on_cancelled(booking(place=Place(PlaceKind.IN_PERSON, "")), seat(1), NOW)
    ]

    assert online[0] is EffectKind.MEETING
    assert EffectKind.MEETING not in there


def test_link_that_came_late_is_told_to_both_sides_of_every_seat_that_stands() -> None:
    seats = (seat(1), seat(2, BookingState.CANCELLED), seat(3, BookingState.HELD))

    told = [(effect.kind, effect.recipient_id) for effect in on_link(booking(invitees=seats), NOW)]

    assert told == [
        (EffectKind.TELL_INVITEE_LINK, seats[0].id),
        (EffectKind.TELL_HOST_LINK, SECOND),
        (EffectKind.TELL_HOST_LINK, FIRST),
    ]


def test_failure_is_told_to_one_host_once_for_each_version() -> None:
    [effect] = on_meeting_failed(booking(), FIRST, NOW)

    assert (effect.kind, effect.version, effect.recipient_id) == (EffectKind.TELL_MEETING_FAILED, 3, FIRST)

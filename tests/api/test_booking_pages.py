"""Booking pages, profiles and schedules over the API: what owners set, and what everybody sees."""

from typing import Any

import pytest

from tests.installation import Host, Installation

pytestmark = pytest.mark.anyio

SETTINGS = """slug name description kind capacity durationMinutes intervalMinutes gridOrigin
  bufferBeforeMinutes bufferAfterMinutes noticeMinutes zone reminderMinutes invitation cancellationPolicy
  cancelUntilMinutes rescheduleUntilMinutes calendarPolicy isActive isHidden place { kind details }
  window { kind days first last } caps { perDay perWeek perMonth perDayMinutes perWeekMinutes perMonthMinutes
  weekStart } questions { key label format choices isRequired isEnabled takesOther }"""
CREATE = f"""mutation ($input: BookingPageCreateInput!) {{ bookingPageCreate(input: $input) {{ __typename
  ... on BookingPageCreatePayload {{ bookingPage {{ id link revision
    hosts {{ scheduleId host {{ name }} }} {SETTINGS} }} }}
  ... on Error {{ code path }} }} }}"""
UPDATE = f"""mutation ($input: BookingPageUpdateInput!) {{ bookingPageUpdate(input: $input) {{ __typename
  ... on BookingPageUpdatePayload {{ bookingPage {{ id revision
    hosts {{ scheduleId }} {SETTINGS} }} }}
  ... on Error {{ code path }} }} }}"""
DELETE = """mutation ($input: BookingPageDeleteInput!) { bookingPageDelete(input: $input) { __typename
  ... on BookingPageDeletePayload { bookingPageId } ... on Error { code path } } }"""
PUBLIC = """query ($slug: String!) { bookingPage(slug: $slug) { slug name description kind seats
  durationMinutes lengthsMinutes seriesUpTo needsApproval placeKind placeChoices
  cancellationPolicy zone host { name handle }
  questions { key label isEnabled } } }"""
PROFILE = """query ($handle: String!) { profile(handle: $handle) { name handle pages { slug } } }"""
MINE = """query ($first: Int, $after: String, $last: Int, $before: String) {
  bookingPages(first: $first, after: $after, last: $last, before: $before) {
    nodes { slug link } pageInfo { hasNextPage hasPreviousPage endCursor startCursor } } }"""
NODE = """query ($id: ID!) { node(id: $id) { ... on BookingPage { name } } }"""
SCHEDULES = """{ schedules { id name zone isDefault revision weekly { days from to }
  overrides { date windows { from to } } } }"""
SCHEDULE_CREATE = """mutation ($input: ScheduleCreateInput!) { scheduleCreate(input: $input) { __typename
  ... on ScheduleCreatePayload { schedule { id isDefault weekly { days from to }
    overrides { date windows { from to } } } } ... on Error { code path } } }"""
SCHEDULE_UPDATE = """mutation ($input: ScheduleUpdateInput!) { scheduleUpdate(input: $input) { __typename
  ... on ScheduleUpdatePayload { schedule { name isDefault revision } }
  ... on Error { code path message } } }"""
SCHEDULE_DELETE = """mutation ($input: ScheduleDeleteInput!) { scheduleDelete(input: $input) { __typename
  ... on ScheduleDeletePayload { scheduleId } ... on Error { code path message } } }"""

EVERYTHING: dict[str, Any] = {
    "slug": "workshop",
    "name": "Workshop",
    "description": "Bring a laptop.",
    "kind": "GROUP",
    "capacity": 12,
    "durationMinutes": 90,
    "intervalMinutes": 45,
    "gridOrigin": "HOUR",
    "bufferBeforeMinutes": 10,
    "bufferAfterMinutes": 15,
    "noticeMinutes": 120,
    "zone": "Asia/Tokyo",
    "reminderMinutes": [1440, 10],
    "invitation": "See you there.",
    "cancellationPolicy": "Up to a day before.",
    "cancelUntilMinutes": 1440,
    "rescheduleUntilMinutes": 120,
    "calendarPolicy": "IGNORE_UNCONNECTED",
    "isActive": True,
    "isHidden": False,
    "place": {"kind": "LINK", "details": "https://meet.example.com/ada"},
    "window": {"kind": "DATE_RANGE", "days": None, "first": "2026-04-01", "last": "2026-04-30"},
    "caps": {
        "perDay": 2,
        "perWeek": None,
        "perMonth": None,
        "perDayMinutes": None,
        "perWeekMinutes": None,
        "perMonthMinutes": 600,
        "weekStart": "SUNDAY",
    },
    "questions": [
        {
            "key": "topic",
            "label": "Which topic?",
            "format": "SELECT",
            "choices": ["A", "B"],
            "isRequired": True,
            "isEnabled": True,
            "takesOther": True,
        },
        {
            "key": "old",
            "label": "Asked no more?",
            "format": "STRING",
            "choices": [],
            "isRequired": False,
            "isEnabled": False,
            "takesOther": False,
        },
    ],
}
INTRO = {"slug": "intro", "name": "Introduction", "durationMinutes": 30}


@pytest.fixture
async def ada(house: Installation) -> Host:
    """Sign Ada up; she has no calendar here."""
    return await house.sign_up()


async def create(house: Installation, host: Host, **settings: object) -> dict[str, Any]:
    return (await house.ask(CREATE, host.token, input={**INTRO, **settings}))["bookingPageCreate"]


async def change(house: Installation, host: Host, **settings: object) -> dict[str, Any]:
    return (await house.ask(UPDATE, host.token, input=settings))["bookingPageUpdate"]


async def test_everything_set_is_read_back(house: Installation, ada: Host) -> None:
    """Name, link, description, place, reminders, invitation, policy, participants, questions (R070)."""
    made = (await house.ask(CREATE, ada.token, input=EVERYTHING))["bookingPageCreate"]["bookingPage"]

    assert {name: made[name] for name in EVERYTHING} == EVERYTHING
    assert (made["link"], made["revision"]) == (f"{ada.handle}/workshop", 1)
    assert made["hosts"] == [{"scheduleId": None, "host": {"name": "Ada"}}]


async def test_everything_can_be_changed_and_unsaid_things_stay(house: Installation, ada: Host) -> None:
    """R070, R005."""
    made = (await create(house, ada, description="Before"))["bookingPage"]
    (schedule,) = (await house.ask(SCHEDULES, ada.token))["schedules"]

    changed = await change(house, ada, id=made["id"], expectedRevision=1, **EVERYTHING)
    chosen = await change(house, ada, id=made["id"], name=None, scheduleId=schedule["id"])
    cleared = await change(house, ada, id=made["id"], intervalMinutes=None, zone=None, scheduleId=None)

    assert {name: changed["bookingPage"][name] for name in EVERYTHING} == EVERYTHING
    assert chosen["bookingPage"]["hosts"] == [{"scheduleId": schedule["id"]}]
    assert {name: chosen["bookingPage"][name] for name in EVERYTHING} == EVERYTHING
    assert {name: cleared["bookingPage"][name] for name in EVERYTHING} == {
        **EVERYTHING,
        "intervalMinutes": None,
        "zone": None,
    }
    assert cleared["bookingPage"]["hosts"] == [{"scheduleId": None}]
    assert cleared["bookingPage"]["revision"] == 4


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"slug": "Not a slug"}, ["slug"]),
        ({"name": " "}, ["name"]),
        ({"durationMinutes": 1}, ["durationMinutes"]),
        ({"window": {"kind": "ROLLING_DAYS"}}, ["window", "days"]),
        ({"window": {"kind": "ROLLING_BUSINESS_DAYS", "days": -1}}, ["window", "days"]),
        ({"window": {"kind": "DATE_RANGE", "last": "2026-04-01"}}, ["window", "first"]),
        ({"window": {"kind": "DATE_RANGE", "first": "2026-04-02", "last": "2026-04-01"}}, ["window", "last"]),
        ({"caps": {"perDay": -1}}, ["caps"]),
        ({"zone": "Mars/Olympus"}, ["zone"]),
        ({"place": {"kind": "LINK", "details": "http://meet.example.com"}}, ["place", "details"]),
        ({"place": {"kind": "HOST_CALLS"}}, ["questions"]),
        ({"questions": [{"label": "Which?", "format": "SELECT"}]}, ["questions", "0", "choices"]),
        ({"reminderMinutes": [0]}, ["reminderMinutes"]),
        ({"cancelUntilMinutes": 2_000_000_000}, ["cancelUntilMinutes"]),
        ({"capacity": 5}, ["capacity"]),
    ],
)
async def test_bad_setting_is_refused_by_its_field_and_changes_nothing(
    house: Installation, ada: Host, settings: dict[str, Any], path: list[str]
) -> None:
    refused = await create(house, ada, **settings)

    assert refused == {"__typename": "InvalidInputError", "code": "INVALID_INPUT", "path": path}
    assert await house.count("booking_pages") == 0


async def test_taken_link_stale_revision_and_wrong_ids_are_told_apart(house: Installation, ada: Host) -> None:
    made = (await create(house, ada))["bookingPage"]

    taken = await create(house, ada)
    stale = await change(house, ada, id=made["id"], expectedRevision=7, name="Other")
    foreign_kind = await change(house, ada, id="Qm9va2luZzox", name="Other")
    no_schedule = await change(house, ada, id=made["id"], scheduleId=made["id"])

    assert taken == {"__typename": "ConflictError", "code": "CONFLICT", "path": ["slug"]}
    assert stale == {"__typename": "ConflictError", "code": "CONFLICT", "path": ["expectedRevision"]}
    assert foreign_kind == {"__typename": "NotFoundError", "code": "NOT_FOUND", "path": ["id"]}
    assert no_schedule == {"__typename": "NotFoundError", "code": "NOT_FOUND", "path": ["scheduleId"]}


async def test_everybody_sees_the_page_by_its_link_and_nothing_that_is_the_owners(
    house: Installation, ada: Host
) -> None:
    """R003, R084: publicly reachable without a session."""
    await house.ask(CREATE, ada.token, input=EVERYTHING)

    shown = (await house.ask(PUBLIC, slug=f"{ada.handle}/workshop"))["bookingPage"]
    probed = await house.answer('{ __type(name: "PublicBookingPage") { fields { name } } }')

    assert shown == {
        "slug": f"{ada.handle}/workshop",
        "name": "Workshop",
        "description": "Bring a laptop.",
        "kind": "GROUP",
        "seats": 12,
        "durationMinutes": 90,
        "lengthsMinutes": [90],
        "seriesUpTo": None,
        "needsApproval": False,
        "placeKind": "LINK",
        "placeChoices": [],
        "cancellationPolicy": "Up to a day before.",
        "zone": "Asia/Tokyo",
        "host": {"name": "Ada", "handle": ada.handle},
        "questions": [{"key": "topic", "label": "Which topic?", "isEnabled": True}],
    }
    assert {field["name"] for field in probed["data"]["__type"]["fields"]} == {*shown, "away", "openSlots"}


async def test_inactive_removed_and_unknown_pages_look_alike(house: Installation, ada: Host) -> None:
    """R085; case 26."""
    made = (await create(house, ada))["bookingPage"]
    gone = (await create(house, ada, slug="gone"))["bookingPage"]
    await change(house, ada, id=made["id"], isActive=False)
    await house.ask(DELETE, ada.token, input={"id": gone["id"]})

    inactive = await house.answer(PUBLIC, slug=f"{ada.handle}/intro")
    removed = await house.answer(PUBLIC, slug=f"{ada.handle}/gone")
    unknown = await house.answer(PUBLIC, slug="nobody/nothing")
    by_id = await house.answer(NODE, id=made["id"])

    assert inactive["data"] == removed["data"] == unknown["data"] == {"bookingPage": None}
    assert "errors" not in inactive | removed | unknown
    assert by_id["data"] == {"node": None}
    assert (await house.ask(PROFILE, handle=ada.handle))["profile"]["pages"] == []
    assert (await house.ask(NODE, ada.token, id=made["id"]))["node"] == {"name": "Introduction"}
    assert (await house.ask(NODE, ada.token, id=gone["id"]))["node"] is None


async def test_hidden_page_is_reached_by_its_link_and_listed_nowhere(house: Installation, ada: Host) -> None:
    """R086; case 27."""
    await create(house, ada, slug="secret", isHidden=True)
    await create(house, ada)

    profile = (await house.ask(PROFILE, handle=ada.handle))["profile"]

    assert profile == {
        "name": "Ada",
        "handle": ada.handle,
        "pages": [{"slug": f"{ada.handle}/intro"}],
    }
    assert (await house.ask(PUBLIC, slug=f"{ada.handle}/secret"))["bookingPage"]["name"] == "Introduction"
    assert (await house.ask(PROFILE, handle="nobody"))["profile"] is None


async def test_viewers_list_has_every_page_of_theirs_and_nobody_elses(house: Installation, ada: Host) -> None:
    for number in range(3):
        await create(house, ada, slug=f"page-{number}", isActive=number != 1)
    bob = await house.sign_up("Bob")
    await create(house, bob)

    first = (await house.ask(MINE, ada.token, first=2))["bookingPages"]
    rest = (await house.ask(MINE, ada.token, first=2, after=first["pageInfo"]["endCursor"]))["bookingPages"]
    back = (await house.ask(MINE, ada.token, last=2, before=rest["pageInfo"]["startCursor"]))["bookingPages"]

    assert [node["slug"] for node in first["nodes"]] == ["page-0", "page-1"]
    assert [node["link"] for node in rest["nodes"]] == [f"{ada.handle}/page-2"]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    assert back["nodes"] == first["nodes"]


async def test_pages_and_schedules_of_others_are_not_found(house: Installation, ada: Host) -> None:
    made = (await create(house, ada))["bookingPage"]
    (schedule,) = (await house.ask(SCHEDULES, ada.token))["schedules"]
    bob = await house.sign_up("Bob")
    not_found = {"__typename": "NotFoundError", "code": "NOT_FOUND", "path": ["id"]}

    changed = await change(house, bob, id=made["id"], name="Mine")
    removed = await house.ask(DELETE, bob.token, input={"id": made["id"]})
    rescheduled = await house.ask(SCHEDULE_UPDATE, bob.token, input={"id": schedule["id"], "name": "Mine"})

    assert changed == not_found
    assert removed["bookingPageDelete"] == not_found
    assert rescheduled["scheduleUpdate"]["__typename"] == "NotFoundError"
    assert (await house.ask(NODE, bob.token, id=made["id"]))["node"] is None
    assert (await house.ask(NODE, ada.token, id=made["id"]))["node"] == {"name": "Introduction"}


@pytest.mark.parametrize(
    "settings",
    [
        {"name": "Sales demo", "durationMinutes": 30, "bufferAfterMinutes": 15},
        {"name": "Interview", "durationMinutes": 60, "noticeMinutes": 1440},
        {"name": "Consultation", "durationMinutes": 50, "caps": {"perDay": 4}},
        {"name": "Onboarding class", "durationMinutes": 45, "kind": "GROUP", "capacity": 20},
    ],
    ids=lambda settings: settings["name"],
)
async def test_one_product_serves_professions_by_settings_alone(
    house: Installation, ada: Host, settings: dict[str, Any]
) -> None:
    """R005; a host without a calendar is offered where the page says so."""
    slug = await house.page(ada, calendarPolicy="IGNORE_UNCONNECTED", **settings)

    booked = await house.book(slug, "2026-03-30T07:00:00Z")

    assert booked["__typename"] == "BookingCreatePayload"
    assert booked["booking"]["start"] == "2026-03-30T07:00:00Z"


async def test_schedule_is_written_and_read_in_wall_time(house: Installation, ada: Host) -> None:
    wanted: dict[str, Any] = {
        "name": "Evenings",
        "zone": "Asia/Tokyo",
        "weekly": [
            {"days": ["MONDAY", "FRIDAY"], "from": "18:00", "to": "24:00"},
            {"days": ["FRIDAY"], "from": "22:00", "to": "02:00"},
        ],
        "overrides": [
            {"date": "2026-05-01", "windows": [{"from": "10:00", "to": "11:30"}]},
            {"date": "2026-05-04", "windows": []},
        ],
    }
    made = (await house.ask(SCHEDULE_CREATE, ada.token, input=wanted))["scheduleCreate"]["schedule"]

    (first, second) = (await house.ask(SCHEDULES, ada.token))["schedules"]

    assert (first["name"], first["isDefault"], first["zone"]) == ("Working hours", True, "Europe/Berlin")
    assert first["weekly"] == [
        {
            "days": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
            "from": "09:00",
            "to": "17:00",
        }
    ]
    assert second == {**wanted, "id": made["id"], "isDefault": False, "revision": 1}


async def test_schedule_passes_the_default_on_and_goes_when_nothing_needs_it(
    house: Installation, ada: Host
) -> None:
    wanted: dict[str, Any] = {"name": "Evenings", "zone": "UTC", "weekly": [], "isDefault": True}
    made = (await house.ask(SCHEDULE_CREATE, ada.token, input=wanted))["scheduleCreate"]["schedule"]
    first = (await house.ask(SCHEDULES, ada.token))["schedules"][0]
    page = (await create(house, ada, scheduleId=first["id"]))["bookingPage"]

    default = (await house.ask(SCHEDULE_DELETE, ada.token, input={"id": made["id"]}))["scheduleDelete"]
    used = (await house.ask(SCHEDULE_DELETE, ada.token, input={"id": first["id"]}))["scheduleDelete"]
    await change(house, ada, id=page["id"], scheduleId=None)
    gone = (await house.ask(SCHEDULE_DELETE, ada.token, input={"id": first["id"]}))["scheduleDelete"]

    assert made["isDefault"]
    assert (default["__typename"], used["__typename"]) == ("ConflictError", "ConflictError")
    assert default["message"] == "This is your default schedule. Make another one the default first."
    assert used["message"] == "A booking page uses this schedule. Choose another one there first."
    assert gone == {"__typename": "ScheduleDeletePayload", "scheduleId": first["id"]}


async def test_changed_hours_are_offered_at_once(house: Installation, ada: Host) -> None:
    """R002: windows that others can book."""
    slug = await house.page(ada, calendarPolicy="IGNORE_UNCONNECTED")
    (schedule,) = (await house.ask(SCHEDULES, ada.token))["schedules"]
    hours = [{"days": ["MONDAY"], "from": "20:00", "to": "21:00"}]

    changed = await house.ask(
        SCHEDULE_UPDATE, ada.token, input={"id": schedule["id"], "expectedRevision": 1, "weekly": hours}
    )
    window = {"from": "2026-03-30T00:00:00Z", "to": "2026-03-31T00:00:00Z"}
    found = await house.ask(
        """query ($slug: String!, $window: WindowInput!) { bookingPage(slug: $slug) {
          openSlots(window: $window) { slots { start } } } }""",
        slug=slug,
        window=window,
    )

    assert changed["scheduleUpdate"]["schedule"]["revision"] == 2
    assert [slot["start"] for slot in found["bookingPage"]["openSlots"]["slots"]] == [
        "2026-03-30T18:00:00Z",
        "2026-03-30T18:30:00Z",
    ]


def weekly(start: str, end: str) -> dict[str, Any]:
    return {"weekly": [{"days": ["MONDAY"], "from": start, "to": end}]}


CLOSED: dict[str, Any] = {"date": "2026-05-01", "windows": []}


@pytest.mark.parametrize(
    ("change_", "path"),
    [
        ({"zone": "Mars/Olympus"}, ["zone"]),
        (weekly("09:00", "09:00"), ["weekly"]),
        (weekly("24:00", "09:00"), ["weekly"]),
        ({"overrides": [CLOSED, CLOSED]}, ["overrides"]),
        ({"name": ""}, ["name"]),
    ],
)
async def test_impossible_hours_are_refused_by_their_field(
    house: Installation, ada: Host, change_: dict[str, Any], path: list[str]
) -> None:
    (before,) = (await house.ask(SCHEDULES, ada.token))["schedules"]

    refused = await house.ask(SCHEDULE_UPDATE, ada.token, input={"id": before["id"], **change_})

    assert refused["scheduleUpdate"]["__typename"] == "InvalidInputError"
    assert refused["scheduleUpdate"]["path"] == path
    assert (await house.ask(SCHEDULES, ada.token))["schedules"] == [before]


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("{ schedules { id } }", {}),
        (MINE, {}),
        (CREATE, {"input": INTRO}),
        (SCHEDULE_CREATE, {"input": {"name": "Mine", "zone": "UTC", "weekly": []}}),
    ],
    ids=["schedules", "bookingPages", "bookingPageCreate", "scheduleCreate"],
)
async def test_guests_are_told_to_sign_in(
    house: Installation, document: str, variables: dict[str, Any]
) -> None:
    refused = await house.answer(document, **variables)

    assert [error["extensions"]["code"] for error in refused["errors"]] == ["UNAUTHENTICATED"]

"""Polls over the API, as organizers open and close them and as voters vote."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from tests.installation import Host, Installation
from tests.links import page_id

_OPTIONS = "options { number start end day places isFull yes ifNeedBe no }"
_ANSWERS = "answers { option answer }"
POLL = f"""id state chosen bookingId announcedAt ballotsCast version title deadline {_OPTIONS}
  voters {{ name email isInvited isRequired hasVoted isCounted {_ANSWERS} comment }}"""
LINKED = f"""title state chosen ballotsCast {_OPTIONS} organizer {{ name }} deadline
  ballots {{ name {_ANSWERS} comment }} mine {{ name hasVoted isCounted {_ANSWERS} comment }}"""
_ERROR = "... on Error { code path message }"
_TIMES = "times { time { start hosts { state } } members { host { name } state } }"
OPEN = f"""mutation ($input: PollOpenInput!) {{ pollOpen(input: $input) {{ __typename
  ... on PollOpenPayload {{ token organizerToken poll {{ {POLL} }} {_TIMES} }} {_ERROR} }} }}"""
UPDATE = f"""mutation ($input: PollUpdateInput!) {{ pollUpdate(input: $input) {{ __typename
  ... on PollUpdatePayload {{ poll {{ {POLL} }} }} {_ERROR} }} }}"""
INVITE = f"""mutation ($input: PollInviteInput!) {{ pollInvite(input: $input) {{ __typename
  ... on PollInvitePayload {{ poll {{ {POLL} }} }} {_ERROR} }} }}"""
REMIND = f"""mutation ($input: PollRemindInput!) {{ pollRemind(input: $input) {{ __typename
  ... on PollRemindPayload {{ reminded }} {_ERROR} }} }}"""
CLOSE = f"""mutation ($input: PollCloseInput!) {{ pollClose(input: $input) {{ __typename
  ... on PollClosePayload {{ poll {{ {POLL} }} }} {_ERROR} ... on NotWaivedError {{ rules }} }} }}"""
REOPEN = f"""mutation ($input: PollReopenInput!) {{ pollReopen(input: $input) {{ __typename
  ... on PollReopenPayload {{ poll {{ {POLL} }} }} {_ERROR} }} }}"""
DELETE = f"""mutation ($input: PollDeleteInput!) {{ pollDelete(input: $input) {{ __typename {_ERROR} }} }}"""
CAST = f"""mutation ($input: BallotCastInput!) {{ ballotCast(input: $input) {{ __typename
  ... on BallotCastPayload {{ token poll {{ {LINKED} }} }} {_ERROR}
  ... on OptionFullError {{ option }} }} }}"""
CHANGE = f"""mutation ($input: BallotUpdateInput!) {{ ballotUpdate(input: $input) {{ __typename
  ... on BallotUpdatePayload {{ poll {{ {LINKED} }} }} {_ERROR}
  ... on OptionFullError {{ option }} }} }}"""
LOOK = f"query ($secret: String!) {{ pollByLink(token: $secret) {{ {LINKED} }} }}"
NODE = f"query ($id: ID!) {{ node(id: $id) {{ ... on Poll {{ {POLL} }} }} }}"
TIMES = f"""query ($page: ID!, $options: [PollOptionInput!]!, $length: Int, $members: [ID!]) {{
  pollTimes(pageId: $page, options: $options, durationMinutes: $length, members: $members) {{
    {_TIMES} }} }}"""
FOLLOW = f"""subscription ($secret: String!, $after: String) {{
  pollByLinkChanged(token: $secret, after: $after) {{ cursor poll {{ {LINKED} }} }} }}"""
FOLLOW_OWN = f"""subscription ($id: ID!, $after: String) {{
  pollChanged(id: $id, after: $after) {{ cursor poll {{ {POLL} }} }} }}"""


def forged(token: str) -> str:
    """Make a secret that differs in its last letter."""
    return token[:-1] + ("y" if token.endswith("x") else "x")


async def opened(house: Installation, host: Host, slug: str, *starts: str, **given: Any) -> dict[str, Any]:
    """Open a poll of half hours on a page; whatever comes of it."""
    wanted = {
        "pageId": await page_id(house, host, slug),
        "title": "Planning",
        "options": [{"start": start} for start in starts],
        "durationMinutes": 30,
        **given,
    }
    return (await house.ask(OPEN, host.token, input=wanted))["pollOpen"]


def ballot(token: str, name: str, said: str, **more: Any) -> dict[str, Any]:
    """Make the input of a ballot: `said` has a letter for each option, y, i or n."""
    voter = {"name": name, "zone": "Europe/Berlin", **more.pop("voter", {})}
    return {"token": token, "voter": voter, "answers": answers(said), "idempotencyKey": str(uuid4()), **more}


def answers(said: str) -> list[dict[str, Any]]:
    """Make answers of letters."""
    words = {"y": "YES", "i": "IF_NEED_BE", "n": "NO"}
    return [{"option": number, "answer": words[each]} for number, each in enumerate(said, 1)]


async def cast(house: Installation, token: str, name: str, said: str, **more: Any) -> dict[str, Any]:
    """Vote; whatever comes of it."""
    return (await house.ask(CAST, input=ballot(token, name, said, **more)))["ballotCast"]


async def changed(house: Installation, token: str, said: str, **more: Any) -> dict[str, Any]:
    """Vote anew; whatever comes of it."""
    wanted = {"token": token, "answers": answers(said), **more}
    return (await house.ask(CHANGE, input=wanted))["ballotUpdate"]


async def closed(house: Installation, host: Host, poll: str, option: int | None, **more: Any) -> Any:
    """Close a poll; whatever comes of it."""
    wanted = {"id": poll, "option": option, **more}
    return (await house.ask(CLOSE, host.token, input=wanted))["pollClose"]


async def linked(house: Installation, token: str) -> Any:
    """See a poll by a link."""
    return (await house.ask(LOOK, secret=token))["pollByLink"]


def counts(poll: dict[str, Any]) -> list[tuple[int | None, int | None, int | None]]:
    """Give what was counted: yes, if need be and no of each option."""
    return [(option["yes"], option["ifNeedBe"], option["no"]) for option in poll["options"]]


def turn_to(house: Installation, instant: str) -> None:
    """Turn the clock to an instant."""
    house.clock.turn(seconds=(datetime.fromisoformat(instant) - house.clock()).total_seconds())


async def ballots_of(house: Installation, host: Host, slug: str, start: str) -> list[str]:
    """Open a poll and vote in it: the secrets of its link, of the ballot, and of who organizes it."""
    made = await opened(house, host, slug, start, undoMinutes=60, offersBusyTimes=True)
    voted = await cast(house, made["token"], "Lin", "y")
    return [made["token"], voted["token"], made["organizerToken"]]


def poll_calls(
    page: str, polls: list[str], tokens: list[str], member: str, start: str
) -> dict[str, dict[str, Any]]:
    """Give input that works for each mutation of polls, everything said that can be, in this order."""
    asked = {
        "name": "Bea",
        "email": "bea@example.org",
        "zone": "Asia/Tokyo",
        "locale": "ja",
        "isRequired": False,
    }
    settings = {
        "title": "Planning",
        "description": "Where we go.",
        "deadline": start,
        "reminderMinutes": [60],
    }
    return {
        "pollOpen": {
            "pageId": page,
            "options": [{"start": start, "day": None, "places": 8}],
            "durationMinutes": 30,
            "zone": "Asia/Tokyo",
            "visibility": "COUNTS",
            "isAnonymous": False,
            "asksAddress": False,
            "holdsTimes": False,
            "closesOnConsensus": True,
            "undoMinutes": 60,
            "voters": [{"memberId": member, **asked, "isRequired": True}],
            "offersBusyTimes": True,
            **settings,
        },
        "pollUpdate": {"id": polls[0], "expectedVersion": 1, **settings},
        "pollInvite": {"id": polls[0], "voters": [{"memberId": member, **asked}]},
        "pollRemind": {"id": polls[0]},
        "pollInviteByLink": {"token": tokens[2], "voters": [{**asked, "email": "cem@example.org"}]},
        "pollRemindByLink": {"token": tokens[2]},
        "ballotCast": {
            "token": tokens[0],
            "voter": {"name": "Mei", "email": "mei@example.org", "zone": "Asia/Tokyo", "locale": "ja"},
            "answers": [{"option": 1, "answer": "IF_NEED_BE"}],
            "comment": "Late",
            "idempotencyKey": str(uuid4()),
        },
        "ballotUpdate": {
            "token": tokens[1],
            "answers": [{"option": 1, "answer": "YES"}],
            "comment": "Soon",
            "name": "Lin",
        },
        "pollCloseByLink": {"token": tokens[2], "option": None},
        "pollReopenByLink": {"token": tokens[2]},
        "pollClose": {"id": polls[0], "option": 1, "waives": ["HOURS", "BUSY"]},
        "pollReopen": {"id": polls[0]},
        "pollLinkRenew": {"id": polls[0]},
        "pollLinkRevoke": {"id": polls[0]},
        "pollDelete": {"id": polls[-1]},
    }

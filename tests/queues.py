"""Waiting for slots of a page, through the API."""

from tests.installation import CANCEL, Installation, booking

JOIN = """mutation ($input: WaitlistJoinInput!) { waitlistJoin(input: $input) {
  ... on WaitlistJoinPayload { token } } }"""


async def wait_for(house: Installation, slug: str, taken: str, freed: str) -> list[str]:
    """Let somebody wait for a start that is taken, and somebody for one that is then freed: their secrets."""
    booked = await house.book(slug, freed)
    joined = [await house.ask(JOIN, input=booking(slug, start)) for start in (taken, freed)]
    await house.ask(CANCEL, input={"token": booked["manageToken"]})
    await house.work()
    return [one["waitlistJoin"]["token"] for one in joined]

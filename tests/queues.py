"""Waiting for slots of a page, through the API."""

from tests.installation import CANCEL, Installation, booking

JOIN = """mutation ($input: WaitlistJoinInput!) { waitlistJoin(input: $input) {
  ... on WaitlistJoinPayload { token } } }"""


async def wait_for(house: Installation, slug: str, taken: str, freed: str) -> list[str]:
    """Let two wait for a start that is taken, and one for a start that is then freed.

    Gives the secrets of who waits first and of who is offered something.
    """
    other = {"name": "Linus", "email": "linus@example.org", "zone": "UTC"}
    booked = await house.book(slug, freed)
    joined = [await house.ask(JOIN, input=booking(slug, start)) for start in (taken, freed)]
    await house.ask(JOIN, input=booking(slug, taken, invitee=other))
    await house.ask(CANCEL, input={"token": booked["manageToken"]})
    await house.work()
    return [one["waitlistJoin"]["token"] for one in joined]

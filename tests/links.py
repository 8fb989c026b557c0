"""Links to pages over the API, as hosts make them and as those use them who have them."""

from typing import Any
from uuid import uuid4

from tests.installation import Host, Installation

LINK_FIELDS = """id label maxUses used usesLeft expiresAt endsAt revokedAt email isBound durationMinutes
  starts dates { first last } hours { zone } revision"""
_TIMES = "times { start isFree hosts { host { handle } state } refusals { rule } }"
LINK_CREATE = f"""mutation ($input: PageLinkCreateInput!) {{ pageLinkCreate(input: $input) {{ __typename
  ... on PageLinkCreatePayload {{ secret pageLink {{ {LINK_FIELDS} }} {_TIMES} }}
  ... on Error {{ code path message }} ... on TimesNotFreeError {{ {_TIMES} }} }} }}"""
LINK_UPDATE = f"""mutation ($input: PageLinkUpdateInput!) {{ pageLinkUpdate(input: $input) {{ __typename
  ... on PageLinkUpdatePayload {{ pageLink {{ {LINK_FIELDS} }} {_TIMES} }}
  ... on Error {{ code path message }} }} }}"""
LINK_REVOKE = """mutation ($input: PageLinkRevokeInput!) { pageLinkRevoke(input: $input) { __typename
  ... on PageLinkRevokePayload { pageLink { revokedAt revision } } ... on Error { code path } } }"""
LINKS = f"""query ($first: Int, $after: String) {{ pageLinks(first: $first, after: $after) {{
  nodes {{ {LINK_FIELDS} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
PROPOSED = f"""query ($page: ID!, $starts: [Instant!]!, $length: Int) {{
  proposedTimes(pageId: $page, starts: $starts, durationMinutes: $length) {{ {_TIMES} }} }}"""
BY_LINK = """query ($secret: String!, $window: WindowInput!) { bookingPageByLink(secret: $secret) { __typename
  ... on LinkedPage { email isBound usesLeft endsAt firstStart lastStart
    page { slug name lengthsMinutes openSlots(window: $window) { slots { start end } } } }
  ... on Error { code message path } ... on LinkEndedError { ending } } }"""
FOLLOW_LINK = """subscription ($slug: String!, $window: WindowInput!, $link: String) {
  openSlotsChanged(slug: $slug, window: $window, link: $link) { __typename
    ... on OpenSlotsState { slots { start } }
    ... on OpenSlotsChange { added { start } removed { start } } ... on OpenSlotsEnd { reason } } }"""
EXPLAIN = """query ($page: ID!, $start: Instant!, $link: ID) {
  explainSlot(pageId: $page, start: $start, linkId: $link) { isOffered refusals { rule detail } } }"""
WINDOW = {"from": "2026-03-30T00:00:00Z", "to": "2026-04-14T00:00:00Z"}


async def page_id(house: Installation, host: Host, slug: str) -> str:
    """Give the id of a host's page."""
    nodes = (await house.ask("{ bookingPages { nodes { id slug } } }", host.token))["bookingPages"]["nodes"]
    return next(node["id"] for node in nodes if node["slug"] == slug.split("/")[1])


async def made_link(house: Installation, host: Host, slug: str, **given: Any) -> dict[str, Any]:
    """Make a link to a page; whatever comes of it."""
    wanted = {"pageId": await page_id(house, host, slug), **given}
    return (await house.ask(LINK_CREATE, host.token, input=wanted))["pageLinkCreate"]


async def secret_of(house: Installation, host: Host, slug: str, **given: Any) -> str:
    """Make a link to a page; its secret."""
    made = await made_link(house, host, slug, **given)
    assert made["__typename"] == "PageLinkCreatePayload", made
    return made["secret"]


async def opened(house: Installation, secret: str, window: dict[str, str] = WINDOW) -> Any:
    """Open a page by a link."""
    return (await house.ask(BY_LINK, secret=secret, window=window))["bookingPageByLink"]


async def offered(house: Installation, secret: str, window: dict[str, str] = WINDOW) -> list[str]:
    """List the free starts by a link."""
    slots = (await opened(house, secret, window))["page"]["openSlots"]["slots"]
    return [slot["start"] for slot in slots]


def held(slug: str, start: str, **more: Any) -> dict[str, Any]:
    """Make the input of a hold."""
    return {"slug": slug, "start": start, "idempotencyKey": str(uuid4()), **more}


def link_calls(page: str, links: list[str]) -> dict[str, dict[str, Any]]:
    """Give input that works for each mutation of links, everything said of them that can be."""
    said: dict[str, Any] = {
        "label": "For Grace",
        "maxUses": 5,
        "expiresAt": "2026-04-01T00:00:00Z",
        "email": "grace@example.org",
        "isBound": True,
        "durationMinutes": 45,
        "dates": {"first": "2026-03-30", "last": "2026-04-01"},
        "hours": {
            "zone": "Asia/Tokyo",
            "weekly": [
                {
                    "days": ["MONDAY"],
                    "from": "09:00",
                    "to": "17:00",
                    "recurrence": {"everyWeeks": 2, "anchor": "2026-03-30", "nthOfMonth": None},
                }
            ],
            "overrides": [{"date": "2026-04-06", "windows": [{"from": "10:00", "to": "12:00"}]}],
        },
        "starts": [],
        "offersBusyTimes": False,
    }
    return {
        "pageLinkCreate": {"pageId": page, **said},
        "pageLinkUpdate": {"id": links[0], "expectedRevision": 1, **said},
        "pageLinkRevoke": {"id": links[-1]},
    }

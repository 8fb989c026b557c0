"""Templates of pages over the API, as those use them who keep them, and what works with those of a world."""

from typing import Any

from tests.installation import Host, Installation

TEMPLATE_FIELDS = """id name slug durationMinutes lockedFields isForWholeTeam onLeaving revision
  team { id name } pages(first: 50) { nodes { link isActive owner { name } } }"""
TEMPLATE_CREATE = f"""mutation ($input: PageTemplateCreateInput!) {{ pageTemplateCreate(input: $input) {{
  __typename ... on PageTemplateCreatePayload {{ pageTemplate {{ {TEMPLATE_FIELDS} }} }}
  ... on Error {{ code path message }} }} }}"""
TEMPLATE_UPDATE = f"""mutation ($input: PageTemplateUpdateInput!) {{ pageTemplateUpdate(input: $input) {{
  __typename ... on PageTemplateUpdatePayload {{ pageTemplate {{ {TEMPLATE_FIELDS} }} }}
  ... on Error {{ code path message }} }} }}"""
TEMPLATE_DELETE = """mutation ($input: PageTemplateDeleteInput!) { pageTemplateDelete(input: $input) {
  __typename ... on Error { code path } } }"""
MEMBERS_ADD = f"""mutation ($input: PageTemplateMembersAddInput!) {{ pageTemplateMembersAdd(input: $input) {{
  __typename ... on PageTemplateMembersAddPayload {{ pageTemplate {{ {TEMPLATE_FIELDS} }} }}
  ... on Error {{ code path }} }} }}"""
MEMBERS_REMOVE = f"""mutation ($input: PageTemplateMembersRemoveInput!) {{
  pageTemplateMembersRemove(input: $input) {{ __typename
  ... on PageTemplateMembersRemovePayload {{ pageTemplate {{ {TEMPLATE_FIELDS} }} }}
  ... on Error {{ code path }} }} }}"""
TEMPLATES = f"""query ($team: ID) {{ pageTemplates(team: $team) {{ nodes {{ {TEMPLATE_FIELDS} }} }} }}"""
OWN_PAGES = """{ bookingPages { nodes { id slug name description durationMinutes noticeMinutes isActive
  revision capacity kind otherLengthsMinutes approvalMinutes
  managed { lockedFields template { name team { name } } } } } }"""
PAGE_UPDATE = """mutation ($input: BookingPageUpdateInput!) { bookingPageUpdate(input: $input) { __typename
  ... on BookingPageUpdatePayload { bookingPage { revision name durationMinutes } }
  ... on Error { code path message }
  ... on PageManagedError { template { name team { name } } } } }"""
PAGE_DELETE = """mutation ($input: BookingPageDeleteInput!) { bookingPageDelete(input: $input) { __typename
  ... on Error { code path } } }"""
BASIC: dict[str, Any] = {
    "slug": "intro",
    "name": "Introduction",
    "durationMinutes": 30,
    "window": {"kind": "UNLIMITED"},
    "place": {"kind": "IN_PERSON", "details": "Main street 1", "choices": []},
}


async def made_template(house: Installation, keeper: Host, **given: Any) -> dict[str, Any]:
    """Make a template; it, with its pages."""
    made = await house.ask(TEMPLATE_CREATE, keeper.token, input={**BASIC, **given})
    assert made["pageTemplateCreate"]["__typename"] == "PageTemplateCreatePayload", made
    return made["pageTemplateCreate"]["pageTemplate"]


async def own_pages(house: Installation, owner: Host) -> list[dict[str, Any]]:
    """List the pages of somebody as they see them."""
    return (await house.ask(OWN_PAGES, owner.token))["bookingPages"]["nodes"]


def calls_of_templates(ids: dict[str, list[str]], settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give what works with the templates of a world, whose first one has made a colleague a page."""
    template, last = ids["PageTemplate"]
    said = {name: value for name, value in settings.items() if name not in ("scheduleId", "calendarId")}
    options = {"lockedFields": ["NAME", "PLACE"], "onLeaving": "DEACTIVATED"}
    return {
        "pageTemplateCreate": {**said, **options, "team": ids["Team"][0], "isForWholeTeam": True},
        "pageTemplateUpdate": {
            "id": template,
            "expectedRevision": 1,
            **said,
            **options,
            "isForWholeTeam": False,
        },
        "pageTemplateMembersAdd": {"id": template, "memberIds": [ids["User"][0]]},
        "pageTemplateMembersRemove": {"id": template, "memberIds": [ids["User"][1]], "pages": "KEPT"},
        "pageTemplateDelete": {"id": last, "pages": "DEACTIVATED"},
    }


async def templated(house: Installation, host: Host, colleague: str) -> None:
    """Let a host make two templates, the first of them with a page for a colleague."""
    first, _ = [await made_template(house, host, slug=f"from-{number}") for number in (1, 2)]
    given = {"id": first["id"], "memberIds": [colleague]}
    added = await house.ask(MEMBERS_ADD, host.token, input=given)
    assert added["pageTemplateMembersAdd"]["__typename"] == "PageTemplateMembersAddPayload", added

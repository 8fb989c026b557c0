"""Routing forms over the API, as their owners make them and as visitors fill them in."""

from typing import Any
from uuid import uuid4

from tests.installation import Host, Installation
from tests.teams import ME

_DESTINATION = "kind page text url member { pageSlug teamId attribute value question }"
FORM = f"""id slug name revision isActive keepsDays questions {{ key label }}
  rules {{ name joining conditions {{ question comparison values isNegated }}
    destination {{ {_DESTINATION} }} }} otherwise {{ {_DESTINATION} }}"""
ROUTED = "kind slug text url answers { key label values }"
CREATE = f"""mutation ($input: RoutingFormCreateInput!) {{ routingFormCreate(input: $input) {{ __typename
  ... on RoutingFormCreatePayload {{ routingForm {{ {FORM} }} }} ... on Error {{ code path message }} }} }}"""
UPDATE = f"""mutation ($input: RoutingFormUpdateInput!) {{ routingFormUpdate(input: $input) {{ __typename
  ... on RoutingFormUpdatePayload {{ routingForm {{ {FORM} }} }} ... on Error {{ code path message }} }} }}"""
DELETE = """mutation ($input: RoutingFormDeleteInput!) { routingFormDelete(input: $input) { __typename
  ... on Error { code } } }"""
OPEN = """query ($slug: String!) { routingForm(slug: $slug) { slug name version owner { handle }
  questions { key label isRequired choices } } }"""
SUBMIT = f"""mutation ($input: SubmissionCreateInput!) {{ submissionCreate(input: $input) {{ __typename
  ... on SubmissionCreatePayload {{ secret routed {{ {ROUTED} }} }}
  ... on Error {{ code path message }} }} }}"""
SUBMISSIONS = """query ($form: ID!, $filter: SubmissionFilterInput, $first: Int, $after: String) {
  submissions(formId: $form, filter: $filter, first: $first, after: $after) {
    nodes { id version isErased ruleName fellBack kind slug text url isBooked createdAt
      questions { key label } answers { key label values } } pageInfo { hasNextPage endCursor } } }"""
FUNNEL = """query ($form: ID!, $filter: SubmissionFilterInput) {
  routingFunnel(formId: $form, filter: $filter) { submitted booked arrivals { kind slug routed booked } } }"""
EXPLAIN = f"""query ($form: ID!, $answers: [AnswerInput!]!) {{
  explainRouting(formId: $form, answers: $answers) {{ fellBack routed {{ {ROUTED} }}
    rules {{ name isMet isTaken conditions {{ isMet reason said condition {{ question }} }} }} }} }}"""
ERASE = """mutation ($input: SubmissionEraseInput!) { submissionErase(input: $input) { __typename
  ... on SubmissionErasePayload { submission { isErased answers { key } } } ... on Error { code } } }"""
ATTRIBUTES = """mutation ($input: MemberAttributesSetInput!) { memberAttributesSet(input: $input) { __typename
  ... on MemberAttributesSetPayload { memberAttributes { attributes { name value } } }
  ... on Error { code path } } }"""
ATTRIBUTES_OF = "query ($id: ID!) { memberAttributes(id: $id) { attributes { name value } } }"


def asked(key: str, kind: str, *choices: str, **more: Any) -> dict[str, Any]:
    """Make a question of a form."""
    return {"key": key, "label": f"{key.title()}?", "format": kind, "choices": list(choices), **more}


def rule(name: str, destination: dict[str, Any], *conditions: dict[str, Any], joining: str = "ALL") -> Any:
    """Make a rule."""
    return {"name": name, "joining": joining, "conditions": list(conditions), "destination": destination}


def when(question: str, comparison: str, *values: str, **more: Any) -> dict[str, Any]:
    """Make a condition."""
    return {"question": question, "comparison": comparison, "values": list(values), **more}


def said(**answers: str | list[str]) -> list[dict[str, Any]]:
    """Make answers by key."""
    return [
        {"key": key, "values": value if isinstance(value, list) else [value]}
        for key, value in answers.items()
    ]


def to_text(text: str) -> dict[str, Any]:
    """Make a destination that is a text."""
    return {"kind": "TEXT", "text": text}


SIZE = asked("size", "STRING", isRequired=True)
MAIL, TONGUE = asked("mail", "STRING"), asked("tongue", "SELECT", "Deutsch", "English", takesOther=True)
TOPIC = asked("topic", "CHOICES_MANY", "Museums", "Shops")
QUESTIONS = [SIZE, MAIL, TONGUE, TOPIC]
PARTNER = {"kind": "URL", "url": "https://partner.example.com/start?from=us"}
SPEAKS = {"kind": "MEMBER", "member": {"pageSlug": "intro", "attribute": "language", "question": "tongue"}}


def rules_to(large: str) -> list[dict[str, Any]]:
    """Make rules of each kind: a page for the large, an address for partners, a member by their language."""
    return [
        rule(
            "Large",
            {"kind": "PAGE", "page": large},
            when("size", "AT_LEAST", "50"),
            when("topic", "EQUALS", "Shops", isNegated=True),
        ),
        rule("Partner", PARTNER, when("mail", "MAIL_DOMAIN", "partner.example.com", "Partner.Example")),
        rule("Speaks", SPEAKS, when("tongue", "ANSWERED"), when("size", "CONTAINS", "soon"), joining="ANY"),
    ]


async def give(house: Installation, boss: Host, member: str, **attributes: str) -> dict[str, Any]:
    """Set a member's attributes; whatever comes of it."""
    wanted = [{"name": name, "value": value} for name, value in attributes.items()]
    given = {"id": member, "attributes": wanted}
    return (await house.ask(ATTRIBUTES, boss.token, input=given))["memberAttributesSet"]


async def id_of(house: Installation, host: Host) -> str:
    """Give the id of somebody."""
    return (await house.ask(ME, host.token))["viewer"]["user"]["id"]


async def made_form(house: Installation, host: Host, **given: Any) -> dict[str, Any]:
    """Make a form; whatever comes of it."""
    wanted = {"slug": "where", "name": "Where to?", "otherwise": to_text("Write to us."), **given}
    return (await house.ask(CREATE, host.token, input=wanted))["routingFormCreate"]


def filled(slug: str, /, **answers: str | list[str]) -> dict[str, Any]:
    """Make the input of a submission by the first version of a form."""
    return {"slug": slug, "version": 1, "answers": said(**answers), "idempotencyKey": str(uuid4())}


async def submitted(house: Installation, given: dict[str, Any]) -> dict[str, Any]:
    """Submit a form as a guest, a second after whoever came before; whatever comes of it."""
    house.clock.turn(seconds=1)
    return (await house.ask(SUBMIT, input=given))["submissionCreate"]


async def listed(house: Installation, host: Host, form: str, **wanted: Any) -> list[dict[str, Any]]:
    """List what was submitted by a form."""
    found = await house.ask(SUBMISSIONS, host.token, form=form, filter=wanted or None, first=100)
    return found["submissions"]["nodes"]


async def with_forms(house: Installation, host: Host) -> list[str]:
    """Let a host have three forms, the second for whoever submits; ids of submissions of the first."""
    for slug in ("where", "open", "gone"):
        await made_form(house, host, slug=slug, questions=[SIZE], keepsDays=30)
    for size in ("1", "2"):
        await house.ask(SUBMIT, input=filled(f"{host.handle}/where", size=size))
    forms = (await house.ask("{ routingForms { nodes { id } } }", host.token))["routingForms"]["nodes"]
    return [one["id"] for one in await listed(house, host, forms[0]["id"])]


def form_calls(ids: dict[str, list[str]], handle: str, page: str) -> dict[str, dict[str, Any]]:
    """Give input that works for each mutation of routing, everything said of them that can be."""
    forms, team = ids["RoutingForm"], ids["Team"][0]
    member = {"pageSlug": "intro", "teamId": team, "attribute": "tongue", "value": None, "question": "size"}
    found: dict[str, Any] = {"kind": "MEMBER", "member": member, "page": page, "text": "Hello.", "url": ""}
    settings: dict[str, Any] = {
        "name": "Where to?",
        "description": "Three questions.",
        "questions": [{**SIZE, "isEnabled": True, "takesOther": False}],
        "rules": [rule("Large", found, when("size", "AT_LEAST", "50", isNegated=True))],
        "otherwise": found,
        "isActive": True,
        "keepsDays": 30,
    }
    return {
        "submissionCreate": filled(f"{handle}/open", size="50"),
        "routingFormCreate": {"slug": f"made-{uuid4().hex[:8]}", **settings},
        "routingFormUpdate": {"id": forms[0], "expectedRevision": 1, "slug": "where", **settings},
        "submissionErase": {"id": ids["Submission"][-1]},
        "submissionsErase": {"formId": forms[0], "email": "grace@example.org", "after": None},
        "memberAttributesSet": {"id": ids["User"][0], "attributes": [{"name": "tongue", "value": "Deutsch"}]},
        "routingFormDelete": {"id": forms[-1]},
    }


def form_questions(ids: dict[str, list[str]], handle: str, part: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give variables that work for each question about routing."""
    form = ids["RoutingForm"][0]
    wanted = {
        "isBooked": False,
        "kind": "TEXT",
        "createdFrom": "2026-01-01T00:00:00Z",
        "createdBefore": "2027-01-01T00:00:00Z",
    }
    return {
        "routingForm": {"slug": f"{handle}/open"},
        "routingForms": part,
        "explainRouting": {"formId": form, "answers": said(size="50")},
        "submissions": {"formId": form, "filter": wanted, **part},
        "routingFunnel": {"formId": form, "filter": wanted},
        "submissionsSheet": {"formId": form, "filter": wanted, "first": 10, "after": None},
        "submissionsBy": {"formId": form, "email": "grace@example.org", "after": None},
        "memberAttributes": {"id": ids["User"][0]},
    }

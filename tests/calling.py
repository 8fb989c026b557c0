"""Calling a root field with everything it can answer, and what came of it."""

import json
import re
from typing import Any

import orjson
from httpx import Response

from tests.graph import graph
from tests.installation import SIGN_IN_START, Installation, headers_of

SCHEMA = graph()
Variables = dict[str, Any]


async def send(
    house: Installation, name: str, token: str | None, variables: Variables, act_for: str | None = None
) -> Response:
    """Call a root field with everything it can answer; non-ASCII text and lone surrogates go as escapes."""
    headers = {"Content-Type": "application/json", **headers_of(token, act_for)}
    body = json.dumps({"query": SCHEMA.operation(name), "variables": variables})
    return await house.http.post("/graphql", content=body, headers=headers)


async def call(
    house: Installation, name: str, token: str | None, variables: Variables, act_for: str | None = None
) -> dict[str, Any]:
    """Call a root field and read the answer, whatever it is."""
    return orjson.loads((await send(house, name, token, variables, act_for)).content)


def outcome(answer: dict[str, Any]) -> str:
    """Say in a word what came of a call: the code of what went wrong, or that it worked."""
    if "errors" in answer:
        return answer["errors"][0]["extensions"]["code"]
    data: dict[str, Variables | list[Variables] | None] = answer["data"]
    (value,) = data.values()
    if isinstance(value, dict) and str(value["__typename"]).endswith("Error"):
        return value["code"]
    return "nothing" if value is None else "works"


async def code_for(house: Installation, email: str) -> str:
    """Ask for a sign-in code and read it in the mail."""
    await house.ask(SIGN_IN_START, input={"email": email})
    await house.work()
    found = re.search(r"\b\d{8}\b", house.mails_to(email)[-1].part("text/plain"))
    assert found is not None
    return found[0]

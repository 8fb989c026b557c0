"""What callers and the log are told when something fails."""

import logging

import httpx
import pytest

from tests import serving
from tests.http.conftest import Door
from tests.http.example import PRIVATE

pytestmark = pytest.mark.anyio


async def ask(client: httpx.AsyncClient, query: str, **headers: str) -> httpx.Response:
    return await client.post("/graphql", json={"query": query}, headers=headers)


async def test_a_defect_is_masked_outside_and_found_inside(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        response = await ask(client, "query Name { hello boom }")

    [error] = response.json()["errors"]
    [record] = [record for record in caplog.records if record.name == "app.http.faults"]
    assert response.status_code == 200
    assert response.json()["data"] == {"hello": "Hello world", "boom": None}
    assert error["message"] == "Something went wrong on our side."
    assert error["path"] == ["boom"]
    assert error["locations"] == [{"line": 1, "column": 20}]
    assert error["extensions"]["code"] == "INTERNAL"
    assert record.__dict__["incident"] == error["extensions"]["incident"]
    assert record.__dict__["kinds"] == ["RuntimeError"]
    assert record.__dict__["field"] == "boom"
    assert record.__dict__["operation"] == "Name"
    assert any("example.py" in place for place in record.__dict__["places"])
    assert PRIVATE not in response.text + caplog.text


async def test_our_own_bad_value_is_a_defect_and_not_the_callers(client: httpx.AsyncClient) -> None:
    response = await ask(client, "{ overflow }")

    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "1099511627776" not in response.text


async def test_a_broken_rule_speaks_for_itself_where_no_union_takes_it(client: httpx.AsyncClient) -> None:
    [error] = (await ask(client, "{ forbidden }")).json()["errors"]

    assert (error["message"], error["path"]) == ("Said: You may not do this.", ["forbidden"])
    assert error["extensions"] == {"code": "FORBIDDEN"}


async def test_a_broken_rule_becomes_the_member_of_the_fields_union(client: httpx.AsyncClient) -> None:
    response = await ask(client, 'mutation { note(text: "") { __typename ... on BadNote { message } } }')

    assert response.json()["data"] == {
        "note": {"__typename": "BadNote", "message": "Said: A note has a text."}
    }


async def test_a_null_for_a_required_argument_is_the_callers(client: httpx.AsyncClient) -> None:
    asked = {"query": 'query ($n: Int = 1) { repeat(text: "x", count: $n) }', "variables": {"n": None}}
    response = await client.post("/graphql", json=asked)

    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_suggestions_are_for_those_signed_in_where_the_schema_is_open(open_door: Door) -> None:
    """Case 88."""
    asked = {"query": "{ helo }"}
    async with serving.client() as client:
        guest = await client.post(open_door.url, json=asked)
        signed_in = await client.post(open_door.url, json=asked, headers={"Authorization": "ada"})

    assert "hello" not in guest.text
    assert "hello" in signed_in.text


async def test_the_usual_introspection_is_within_the_limits_where_it_is_open(open_door: Door) -> None:
    from_console = (
        "query I { __schema { types { ...T } } } "
        "fragment T on __Type { name fields { args { type { ...R } } type { ...R } } } "
        "fragment R on __Type { kind ofType { kind ofType { kind ofType { kind ofType { kind ofType "
        "{ kind ofType { kind ofType { kind ofType { kind name } } } } } } } } }"
    )
    async with serving.client() as client:
        response = await client.post(open_door.url, json={"query": from_console})

    assert "errors" not in response.json()


async def test_a_defect_while_the_caller_is_looked_up_is_500_and_masked(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = await ask(client, "{ hello }", Authorization="broken")

    assert response.status_code == 500
    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert PRIVATE not in response.text + caplog.text


async def test_the_callers_own_mistakes_are_not_logged(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="app"):
        await ask(client, "{ nothing }")
        await ask(client, "{")
        await ask(client, "{ forbidden }")

    assert [record for record in caplog.records if record.name.startswith("app")] == []


async def test_long_names_are_echoed_only_in_part(client: httpx.AsyncClient) -> None:
    response = await ask(client, "{ " + "n" * 10_000 + " }")

    assert len(response.json()["errors"][0]["message"]) <= 301

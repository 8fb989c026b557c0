"""GraphQL over HTTP as the draft, the audits and hostile callers have it."""

import socket
from collections.abc import AsyncGenerator

import httpx
import pytest

from tests import serving
from tests.http.conftest import Door

pytestmark = pytest.mark.anyio

GRAPHQL = "application/graphql-response+json"
QUERY = {"query": "{ hello }"}


def code(response: httpx.Response) -> str:
    return response.json()["errors"][0]["extensions"]["code"]


async def ask(client: httpx.AsyncClient, json: object, **headers: str) -> httpx.Response:
    return await client.post("/graphql", json=json, headers={"Accept": GRAPHQL, **headers})


async def test_a_query_is_answered_with_its_cost_and_guarded_headers(client: httpx.AsyncClient) -> None:
    response = await ask(client, QUERY)

    assert response.status_code == 200
    assert response.json() == {
        "data": {"hello": "Hello world"},
        "extensions": {"cost": {"requested": 0, "budget": 1000}},
    }
    assert response.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("*/*", "application/json; charset=utf-8"),
        ("application/*;q=0.5", "application/json; charset=utf-8"),
        ("text/html, application/json", "application/json; charset=utf-8"),
        (f"{GRAPHQL}, application/json;q=0.9", f"{GRAPHQL}; charset=utf-8"),
        (f"application/json;q=0.1, {GRAPHQL};q=0.2", f"{GRAPHQL}; charset=utf-8"),
        (f"{GRAPHQL}; charset=utf-8", f"{GRAPHQL}; charset=utf-8"),
    ],
)
async def test_the_answer_has_the_form_that_was_accepted(
    client: httpx.AsyncClient, accept: str, answered: str
) -> None:
    response = await ask(client, QUERY, Accept=accept)

    assert (response.status_code, response.headers["content-type"]) == (200, answered)


@pytest.mark.parametrize(
    "accept", ["text/html", f"{GRAPHQL};charset=utf-16", "application/json;q=0", "application/json;q=x"]
)
async def test_what_nobody_here_can_write_is_406(client: httpx.AsyncClient, accept: str) -> None:
    response = await ask(client, QUERY, Accept=accept)

    assert (response.status_code, code(response)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_only_post_is_answered(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql", params={"query": "{ hello }"})

    assert (response.status_code, code(response)) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "OPTIONS, POST"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
        "application/json; charset=utf-16",
        "application/json-patch+json",
        "application/graphql",
        "",
    ],
)
async def test_a_form_that_a_foreign_page_can_send_is_415(
    client: httpx.AsyncClient, content_type: str
) -> None:
    """The CSRF table of the protocol: look-alikes are not executed."""
    response = await client.post(
        "/graphql", content=b'{"query":"{ hello }"}', headers={"Content-Type": content_type}
    )

    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_compressed_body_is_415(client: httpx.AsyncClient) -> None:
    """Case 82."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = await client.post("/graphql", content=b"\x1f\x8b", headers=headers)

    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"1",
        b'"x"',
        b"null",
        b"true",
        b"[]",
        b'[{"query":"{ hello }"}]',
        b"{}",
        b'{"query":1}',
        b'{"query":null}',
        b'{"query":["{ hello }"]}',
        b'{"query":"{ hello }","variables":[]}',
        b'{"query":"{ hello }","variables":"{}"}',
        b'{"query":"{ hello }","operationName":1}',
        b'{"query":"{ hello }","extensions":7}',
        b'{"query":"{ hello }","query":"{ who }"}',
        b'{"query":"{ hello }","variables":{"a":{"b":1,"b":2}}}',
        b'{"query":"\xff"}',
        b'{"query":"{ hello }","variables":{"a":"\\ud800"}}',
        b'{"query":"{ hello }","variables":{"a":NaN}}',
        b'{"query":"{ hello }","variables":{"a":1e400}}',
        b'{"query":"{ hello }","variables":{"a":' + b"9" * 5_000 + b"}}",
        b'{"query":"{ hello }","variables":{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}}",
        b"[" * 8_000,
    ],
    ids=range(25),
)
@pytest.mark.parametrize("accept", [GRAPHQL, "application/json"])
async def test_a_malformed_request_is_400_in_json(
    client: httpx.AsyncClient, body: bytes, accept: str
) -> None:
    """Cases 89 and 91."""
    headers = {"Content-Type": "application/json", "Accept": accept}
    response = await client.post("/graphql", content=body, headers=headers)

    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert "data" not in response.json()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
        ({"query": '{ hello(name: "\\u0000") }'}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "fragment A on Query { hello }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "{ __schema { types { name } } }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": '{ ...A } fragment A on Query { __type(name: "Query") { name } }'},
         "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { hello } query B { who }"}, "BAD_USER_INPUT"),
        ({"query": "query A { hello }", "operationName": "B"}, "BAD_USER_INPUT"),
        ({"query": "query A { hello }", "operationName": ""}, "BAD_USER_INPUT"),
        ({"query": "query ($n: String!) { hello(name: $n) }"}, "BAD_USER_INPUT"),
        ({"query": "query ($n: String) { hello(name: $n) }", "variables": {"n": 1}},
         "BAD_USER_INPUT"),
        ({"query": "query ($n: String) { hello(name: $n) }", "variables": {"n": "\x00"}},
         "BAD_USER_INPUT"),
        ({"query": "subscription { count }"}, "BAD_USER_INPUT"),
        ({"documentId": "sha256:" + "0" * 64}, "PERSISTED_QUERY_NOT_FOUND"),
        ({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
         "PERSISTED_QUERY_NOT_FOUND"),
    ],
)  # fmt: skip
async def test_a_request_error_has_a_code_and_no_data(
    client: httpx.AsyncClient, asked: dict[str, object], expected: str
) -> None:
    """Case 92 among them; 400 for the new media type, 200 for the old one."""
    new = await ask(client, asked)
    old = await ask(client, asked, Accept="application/json")

    assert (new.status_code, old.status_code) == (400, 200)
    assert new.json() == old.json()
    assert code(new) == expected
    assert "data" not in new.json()


async def test_the_named_one_of_several_operations_runs(client: httpx.AsyncClient) -> None:
    asked = {"query": 'query A { hello } query B { hello(name: "B") }', "operationName": "B"}

    assert (await ask(client, asked)).json()["data"] == {"hello": "Hello B"}


async def test_text_of_every_kind_comes_back_as_it_went(client: httpx.AsyncClient) -> None:
    asked = {
        "query": "query ($n: String!) { hello(name: $n) }",
        "variables": {"n": 'ä"\\:{}\u202e\U0001f600\n'},
    }

    assert (await ask(client, asked)).json()["data"] == {"hello": 'Hello ä"\\:{}\u202e\U0001f600\n'}


async def test_numbers_and_text_beyond_the_fast_writer_are_written(client: httpx.AsyncClient) -> None:
    response = await ask(client, {"query": "{ big surrogate }"})

    assert response.json()["data"] == {"big": 2**80, "surrogate": "\ud800"}


async def test_a_body_over_the_limit_is_413_before_it_is_all_read(client: httpx.AsyncClient) -> None:
    """Case 82: guests have 16 kB, those who are signed in 64 kB, also where no length is told."""

    async def chunks() -> AsyncGenerator[bytes]:
        for _ in range(100):
            yield b" " * 1_000

    large = {"query": "{ hello }" + " " * 20_000}
    guest = await ask(client, large)
    signed_in = await ask(client, large, Authorization="ada")
    too_large = await ask(client, {"query": "{ hello }" + " " * 70_000}, Authorization="ada")
    headers = {"Content-Type": "application/json"}
    chunked = await client.post("/graphql", content=chunks(), headers=headers)

    assert (guest.status_code, code(guest)) == (413, "PAYLOAD_TOO_LARGE")
    assert signed_in.status_code == 200
    assert too_large.status_code == 413
    assert chunked.status_code == 413


async def test_a_body_that_does_not_come_is_408(door: Door) -> None:
    """Case 93."""
    with socket.create_connection(("127.0.0.1", door.port), timeout=5) as raw:
        raw.sendall(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b'Content-Length: 100\r\n\r\n{"query":'
        )

        assert raw.recv(1_000).startswith(b"HTTP/1.1 408 ")


async def test_wrong_credentials_are_401_and_a_used_up_budget_is_429(client: httpx.AsyncClient) -> None:
    wrong = await ask(client, QUERY, Authorization="wrong")
    busy = await ask(client, QUERY, Authorization="busy")

    assert (wrong.status_code, code(wrong)) == (401, "UNAUTHENTICATED")
    assert wrong.headers["www-authenticate"] == "Bearer"
    assert (busy.status_code, code(busy), busy.headers["retry-after"]) == (429, "RATE_LIMITED", "7")
    assert busy.json()["errors"][0]["extensions"]["retryAfterSeconds"] == 7


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://book.example.com.evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "https://book.example.com"}, 200),
    ],
)
async def test_a_cookie_counts_only_from_our_own_pages(
    client: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    response = await ask(client, {"query": "{ who }"}, Cookie="session=ada", **headers)

    assert response.status_code == status


async def test_a_page_of_the_same_origin_is_ours(door: Door, client: httpx.AsyncClient) -> None:
    origin = f"http://127.0.0.1:{door.port}"
    response = await ask(client, {"query": "{ who }"}, Cookie="session=ada", Origin=origin)

    assert response.json()["data"] == {"who": "ada"}


async def test_browsers_are_told_who_may_read(client: httpx.AsyncClient, open_door: Door) -> None:
    """R033 and R041: allowed origins with credentials, and anybody as a guest where `*` is set."""
    ours = await client.options("/graphql", headers={"Origin": "https://book.example.com"})
    foreign = await client.options("/graphql", headers={"Origin": "https://evil.example"})
    async with serving.client() as other:
        anybody = await other.options(open_door.url, headers={"Origin": "https://blog.example"})

    assert ours.headers["access-control-allow-origin"] == "https://book.example.com"
    assert ours.headers["access-control-allow-credentials"] == "true"
    assert "Authorization" in ours.headers["access-control-allow-headers"]
    assert "access-control-allow-origin" not in foreign.headers
    assert anybody.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in anybody.headers
    assert "Authorization" not in anybody.headers["access-control-allow-headers"]


async def test_the_caller_is_told_apart_and_never_printed(door: Door, client: httpx.AsyncClient) -> None:
    await ask(
        client, QUERY, Authorization="Bearer hush", **{"Accept-Language": "ja", "X-Request-Id": "abc_12345"}
    )

    caller = next(caller for caller in door.world.callers if caller.request_id == "abc_12345")
    assert (caller.authorization, caller.ip, caller.locale) == ("Bearer hush", "127.0.0.1", "ja")
    assert "hush" not in repr(caller)


async def test_the_console_is_served_in_development_only(client: httpx.AsyncClient, open_door: Door) -> None:
    html = {"Accept": "text/html"}
    async with serving.client(headers=html) as other:
        page = await other.get(open_door.url)
        script = await other.get(f"{open_door.url}/console.js")
        closed = await client.get("/graphql", headers=html)

    assert 'src="/graphql/console.js"' in page.text
    assert "http" not in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert script.headers["content-type"].startswith("text/javascript")
    assert closed.status_code == 405

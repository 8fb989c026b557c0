"""The door to the outside, on real sockets."""

import asyncio
import gzip
import logging
import ssl
import warnings

import pytest

from integrations.addresses import Origin
from integrations.http import Credentials, Request, SafeHttp
from integrations.ports import Permanent, ProviderFailed, Secret, Transient
from tests.integrations.outside import Told, answer, outside

pytestmark = pytest.mark.anyio

HERE = SafeHttp(allow_loopback=True)
SECRET = "canary-secret-77aa"


def credentials(port: int) -> Credentials:
    return Credentials(Origin("http", "127.0.0.1", port), "ada", Secret(SECRET))


async def failure(http: SafeHttp, url: str, deadline_s: float = 5) -> tuple[type[ProviderFailed], str]:
    """Ask and fail; say how."""
    with pytest.raises(ProviderFailed) as failed:
        async with http.session(deadline_s) as session:
            await session.send(Request("GET", url))
    return type(failed.value), failed.value.reason


async def test_answer_comes_back_with_small_names_of_headers() -> None:
    async with outside(lambda _: answer(201, "made", ETag='"1"')) as server:
        async with HERE.session(5) as session:
            found = await session.send(Request("PUT", f"{server.url}a%20b?c=d#e", body=b"text"))

        assert (found.status, found.body, found.headers["etag"]) == (201, b"made", '"1"')
        assert [(asked.method, asked.target, asked.body) for asked in server.asked] == [
            ("PUT", "/a%20b?c=d", b"text")
        ]
        assert server.asked[0].headers["host"] == f"127.0.0.1:{server.port}"
        assert server.asked[0].headers["accept-encoding"] == "identity"


async def test_name_that_leads_to_this_machine_is_refused_before_anything_is_sent() -> None:
    """Cases 114 and 115: the listener sees no connection, whatever development allows."""

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.77"]

    async with outside(lambda _: answer(200), host="127.0.0.77", port=8443) as server:
        closed = await failure(SafeHttp(resolve=resolve), "https://dav.example.com:8443/")
        opened = await failure(
            SafeHttp(resolve=resolve, allow_loopback=True), "https://dav.example.com:8443/"
        )

        assert closed == opened == (Transient, "unreachable")
        assert server.connections == 0


async def test_name_is_looked_up_once_and_what_was_checked_is_connected_to() -> None:
    """Case 115: a second answer is never asked for, so it cannot lead elsewhere."""
    answers = [["127.0.0.1"], ["10.0.0.1"]]

    async def resolve(host: str, port: int) -> list[str]:
        return answers.pop(0)

    http = SafeHttp(allow_loopback=True, resolve=resolve)
    async with outside(lambda _: answer(200, "here")) as server:
        url = f"http://localhost:{server.port}/"
        async with http.session(5) as session:
            found = [await session.send(Request("GET", url)) for _ in range(2)]
        later = await failure(http, url)

        assert [each.body for each in found] == [b"here", b"here"]
        assert later == (Transient, "unreachable")
        assert (server.connections, answers) == (1, [])
        assert server.asked[0].headers["host"] == f"localhost:{server.port}"


async def test_tls_asks_for_the_name_and_not_for_the_number(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """R091, case 115."""
    named: list[str | None] = []
    server_tls.sni_callback = lambda _socket, name, _context: named.append(name)

    http = SafeHttp(allow_loopback=True, tls=client_tls)
    async with outside(lambda _: answer(200, "safe"), tls=server_tls) as server, http.session(5) as session:
        found = await session.send(Request("GET", f"https://localhost:{server.port}/"))

    assert (found.body, named) == (b"safe", ["localhost"])


async def test_certificate_that_nobody_vouches_for_is_refused(server_tls: ssl.SSLContext) -> None:
    """R091."""
    async with outside(lambda _: answer(200), tls=server_tls) as server:
        found = await failure(HERE, f"https://localhost:{server.port}/")

        assert (found, server.asked) == ((Transient, "unreachable"), [])


async def test_certificate_for_another_name_is_refused(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """R091."""
    async with outside(lambda _: answer(200), tls=server_tls) as server:
        http = SafeHttp(allow_loopback=True, tls=client_tls)
        found = await failure(http, f"https://127.0.0.1:{server.port}/")

        assert (found, server.asked) == ((Transient, "unreachable"), [])


async def test_server_that_speaks_tls_1_1_at_most_is_refused(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """R091."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        server_tls.minimum_version = ssl.TLSVersion.TLSv1
        server_tls.maximum_version = ssl.TLSVersion.TLSv1_1
        client_tls.minimum_version = ssl.TLSVersion.TLSv1
    server_tls.set_ciphers("ALL:@SECLEVEL=0")
    client_tls.set_ciphers("ALL:@SECLEVEL=0")

    async with outside(lambda _: answer(200), tls=server_tls) as server:
        http = SafeHttp(allow_loopback=True, tls=client_tls)
        found = await failure(http, f"https://localhost:{server.port}/")

        assert (found, server.asked) == ((Transient, "unreachable"), [])
    assert client_tls.minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_an_answer_and_is_not_followed(status: int) -> None:
    """Case 116."""
    async with (
        outside(lambda _: answer(200)) as inside,
        outside(lambda _: answer(status, Location=inside.url)) as server,
        HERE.session(5, credentials(server.port)) as session,
    ):
        found = await session.send(Request("GET", server.url))

        assert (found.status, inside.connections) == (status, 0)


async def test_secret_goes_to_its_own_origin_alone() -> None:
    """Case 118."""
    async with outside(lambda _: answer(200)) as own, outside(lambda _: answer(200)) as other:
        async with HERE.session(5, credentials(own.port)) as session:
            await session.send(Request("GET", own.url))
            await session.send(Request("GET", other.url))

        assert own.asked[0].headers["authorization"].startswith("Basic ")
        assert "authorization" not in other.asked[0].headers


@pytest.mark.parametrize(
    ("saved", "asked", "holds"),
    [
        ("caldav.icloud.com", "p42-caldav.icloud.com", True),
        ("caldav.icloud.com", "icloud.com.evil.example", False),
        ("caldav.icloud.com", "evilicloud.com", False),
        ("dav.example.com", "p42-caldav.icloud.com", False),
        ("caldav.icloud.com", "dav.example.com", False),
        ("dav.example.com", "www.example.com", False),
    ],
)
async def test_secret_is_shared_within_one_family_of_hosts(saved: str, asked: str, holds: bool) -> None:
    """Case 118."""
    kept = Credentials(Origin("https", saved, 443), "ada", Secret(SECRET))

    assert kept.holds_at(Origin("https", asked, 443)) is holds
    assert not kept.holds_at(Origin("https", saved, 8443))


async def endless(writer: asyncio.StreamWriter) -> None:
    """Send a body that never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        await writer.drain()


async def many_headers(writer: asyncio.StreamWriter) -> None:
    """Send headers that never end."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: " + b"y" * 8000 + b"\r\n")
        await writer.drain()


async def broken(writer: asyncio.StreamWriter) -> None:
    """Send half of a body."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.close()


async def silent(writer: asyncio.StreamWriter) -> None:
    """Send nothing, for as long as the other side stays."""
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("told", "kind", "reason"),
    [
        (endless, Permanent, "answer_too_large"),
        (answer(200, b"x" * 2_000_001), Permanent, "answer_too_large"),
        (many_headers, Transient, "unreachable"),
        (broken, Transient, "unreachable"),
        (b"nonsense\r\n\r\n", Transient, "unreachable"),
        (
            answer(200, gzip.compress(b"x" * 50_000_000), Content_Encoding="gzip"),
            Transient,
            "answer_unreadable",
        ),
    ],
    ids=["endless body", "large body", "endless headers", "half a body", "no http", "bomb"],
)
async def test_answer_that_would_hurt_is_cut_off(told: Told, kind: type[ProviderFailed], reason: str) -> None:
    """Case 117."""
    async with outside(lambda _: told) as server:
        assert await failure(HERE, server.url) == (kind, reason)


async def test_server_that_says_nothing_is_waited_for_until_the_deadline() -> None:
    """Case 117."""
    async with outside(lambda _: silent) as server:
        assert await failure(HERE, server.url, deadline_s=0.05) == (Transient, "timeout")


async def test_largest_body_is_still_read() -> None:
    async with outside(lambda _: answer(200, b"x" * 2_000_000)) as server, HERE.session(5) as session:
        assert len((await session.send(Request("GET", server.url))).body) == 2_000_000


async def test_closed_port_and_unknown_name_fail_alike() -> None:
    """Case 120."""

    async def resolve(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    async with outside(lambda _: answer(200)) as server:
        closed = server.url

    assert await failure(HERE, closed) == (Transient, "unreachable")
    assert await failure(SafeHttp(resolve=resolve), "https://dav.example.com/") == (Transient, "unreachable")
    assert await failure(SafeHttp(), "http://dav.example.com/") == (Transient, "unreachable")


async def test_cookies_are_not_kept_and_proxies_of_the_environment_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1/")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1/")

    async with outside(lambda _: answer(200, Set_Cookie="a=b")) as server, HERE.session(5) as session:
        await session.send(Request("GET", server.url))
        await session.send(Request("GET", server.url))

        assert ["cookie" in asked.headers for asked in server.asked] == [False, False]


async def test_neither_addresses_nor_secrets_reach_the_log_or_the_eye(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Case 164."""
    caplog.set_level(logging.DEBUG)
    seen: list[object] = []

    async with (
        outside(lambda _: answer(200, SECRET, Location=SECRET)) as server,
        HERE.session(5, credentials(server.port)) as session,
    ):
        request = Request("GET", f"{server.url}{SECRET}", {"X": SECRET}, SECRET.encode())
        seen += [request, await session.send(request), credentials(server.port)]

    assert SECRET not in caplog.text
    assert SECRET not in repr(seen)

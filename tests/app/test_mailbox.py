"""The development mailbox: mails come in by SMTP and are seen on its page."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from aiosmtplib import SMTP

from app.mailbox.sink import listen
from app.mailbox.store import MailStore
from app.mailbox.web import MailboxPage
from domain.notifications import Telling
from tests.mails.facts import FACTS, NOW, make_composer, make_reader

pytestmark = pytest.mark.anyio
MESSAGE = make_composer().tell(Telling.CONFIRMED, FACTS, make_reader(), NOW).as_bytes()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def client_of(store: MailStore, host: str = "localhost") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(MailboxPage(store).application())
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}")


async def deliver(port: int, message: bytes) -> None:
    client = SMTP(hostname="127.0.0.1", port=port, start_tls=False)
    async with client:
        await client.sendmail("bookings@slots.example", ["sam@example.net"], message)


async def test_a_delivered_mail_is_listed_with_its_parts(tmp_path: Path) -> None:
    store = MailStore(tmp_path, 10)
    server = await listen(store, 0)

    async with server, client_of(store) as client:
        await deliver(server.sockets[0].getsockname()[1], MESSAGE)
        (summary,) = (await client.get("/messages.json")).json()
        whole = (await client.get(f"/messages/{summary['id']}.json")).json()

    assert summary["subject"] == "Confirmed: Intro call, Tuesday, January 5, 2027"
    assert summary["to"] == "Sam Guest <sam@example.net>"
    assert "https://slots.example/manage#sgm_secret" in whole["text"]
    assert whole["html"].startswith("<!doctype html>")
    assert whole["calendar"].startswith("BEGIN:VCALENDAR\r\n")
    assert whole["calendar_method"] == "REQUEST"


async def test_the_source_is_the_mail_byte_for_byte(tmp_path: Path) -> None:
    store = MailStore(tmp_path, 10)
    mail_id = store.add(MESSAGE)

    async with client_of(store) as client:
        answer = await client.get(f"/messages/{mail_id}.eml")

    assert answer.content == MESSAGE
    assert answer.headers["content-disposition"] == f'attachment; filename="{mail_id}.eml"'


async def test_a_mails_html_can_run_nothing_and_load_nothing(tmp_path: Path) -> None:
    """Case 111."""
    store = MailStore(tmp_path, 10)
    mail_id = store.add(MESSAGE)

    async with client_of(store) as client:
        policy = (await client.get(f"/messages/{mail_id}.html")).headers["content-security-policy"]
        page = await client.get("/")

    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'")
    assert "allow-scripts" not in policy + page.text
    assert "allow-same-origin" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


async def test_the_page_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    async with client_of(MailStore(tmp_path, 10)) as client:
        texts = [(await client.get(path)).text for path in ("/", "/mailbox.css", "/mailbox.js")]

    assert [text.count("://") for text in texts] == [0, 0, 0]


async def test_another_host_name_is_refused(tmp_path: Path) -> None:
    """A page elsewhere that points its name at loopback does not read the codes."""
    store = MailStore(tmp_path, 10)
    store.add(MESSAGE)

    async with client_of(store, "evil.example") as client:
        answer = await client.get("/messages.json")

    assert answer.status_code == 400
    assert "Intro" not in answer.text


async def test_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    store = MailStore(tmp_path, 2)
    ids = [store.add(MESSAGE) for _ in range(3)]

    assert [mail.id for mail in store.newest_first()] == [ids[2], ids[1]]
    assert store.get(ids[0]) is None
    assert store.raw(ids[0]) is None


async def test_mails_survive_a_restart_and_ids_go_on(tmp_path: Path) -> None:
    first = MailStore(tmp_path, 10).add(MESSAGE)

    again = MailStore(tmp_path, 10)

    assert [mail.id for mail in again.newest_first()] == [first]
    assert again.add(MESSAGE) == first + 1


async def test_clearing_drops_every_mail(tmp_path: Path) -> None:
    store = MailStore(tmp_path, 10)
    mail_id = store.add(MESSAGE)

    async with client_of(store) as client:
        cleared = await client.delete("/messages")
        gone = await client.get(f"/messages/{mail_id}.json")

    assert cleared.status_code == 204
    assert gone.status_code == 404
    assert store.newest_first() == []


async def test_another_site_cannot_clear_it(tmp_path: Path) -> None:
    store = MailStore(tmp_path, 10)
    store.add(MESSAGE)

    async with client_of(store) as client:
        answer = await client.delete("/messages", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert len(store.newest_first()) == 1


@pytest.mark.parametrize(
    "raw", [b"", b"no header at all", b"Content-Type: text/html\r\n\r\n\xff\xfe", b"\x00"]
)
async def test_a_broken_mail_is_shown_all_the_same(tmp_path: Path, raw: bytes) -> None:
    store = MailStore(tmp_path, 10)
    mail_id = store.add(raw)

    async with client_of(store) as client:
        answers = [await client.get(path) for path in ("/messages.json", f"/messages/{mail_id}.json")]

    assert [answer.status_code for answer in answers] == [200, 200]


async def test_a_change_between_two_looks_is_not_missed(tmp_path: Path) -> None:
    store = MailStore(tmp_path, 10)
    seen = store.revision

    store.add(MESSAGE)

    assert await store.changed(seen) == seen + 1


@asynccontextmanager
async def started(data: Path) -> AsyncGenerator[tuple[int, str]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.mailbox", "--smtp-port", "0", "--http-port", "0", "--data", str(data)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parent.parent.parent,
        env=os.environ,
    )
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    smtp, http = line.removeprefix("mailbox: ").split()
    try:
        yield int(smtp.rpartition(":")[2]), http
    finally:
        process.terminate()
        await process.wait()


async def test_the_page_hears_of_a_new_mail_by_itself(tmp_path: Path) -> None:
    async with started(tmp_path) as (smtp_port, address), httpx.AsyncClient(base_url=address) as client:
        async with client.stream("GET", "/changes") as stream, asyncio.timeout(20):
            lines = (line async for line in stream.aiter_lines() if line)
            first = json.loads((await anext(lines)).removeprefix("data: "))
            await deliver(smtp_port, MESSAGE)
            second = json.loads((await anext(lines)).removeprefix("data: "))
        listed = (await client.get("/messages.json")).json()

    assert (first, second) == (0, 1)
    assert len(listed) == 1

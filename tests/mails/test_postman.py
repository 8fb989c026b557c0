"""The postman against real SMTP servers on loopback, well-behaved and not."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from domain.notifications import Telling
from integrations.messages import SmtpPostman
from integrations.ports import Permanent, Transient
from tests.mails.facts import FACTS, NOW, make_composer, make_reader

pytestmark = pytest.mark.anyio
RECIPIENT = "sam@example.net"
WELCOME = ["220 hello", "250 hello", "250 sender", "250 recipient", "354 go on", "250 kept"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def make_message() -> EmailMessage:
    return make_composer().tell(Telling.CONFIRMED, FACTS, make_reader(), NOW)


class Sink:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return "250 OK"


@asynccontextmanager
async def sink_server() -> AsyncGenerator[tuple[Sink, str]]:
    sink = Sink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(sink, hostname="localhost"), "127.0.0.1", 0)
    async with server:
        yield sink, f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def scripted_server(answers: Sequence[str]) -> AsyncGenerator[str]:
    """Answer each command with the next line; after the last one hang up. An empty line says nothing."""
    served = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            for answer in answers:
                writer.write(f"{answer}\r\n".encode() if answer else b"")
                await writer.drain()
                await reader.readuntil(b"\r\n.\r\n" if answer.startswith("354") else b"\r\n")
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        served.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await served.wait()


async def closed_port() -> int:
    """Give a port of loopback where nobody listens any more."""
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def test_a_message_arrives_byte_for_byte_and_the_envelope_is_the_header() -> None:
    """Case 108: one sender and one recipient, those of the header."""
    message = make_message()

    async with sink_server() as (sink, url):
        await SmtpPostman(url, 5).send(message, RECIPIENT)

    (envelope,) = sink.envelopes
    assert envelope.mail_from == "bookings@slots.example"
    assert envelope.rcpt_tos == [RECIPIENT]
    assert envelope.original_content == message.as_bytes(policy=SMTP_POLICY)


async def test_lines_that_begin_with_a_dot_arrive_whole() -> None:
    message = make_message()
    message.clear_content()
    message.set_content("first\n.\n..second\n")

    async with sink_server() as (sink, url):
        await SmtpPostman(url, 5).send(message, RECIPIENT)

    content = sink.envelopes[0].original_content or b""
    assert content.endswith(b"first\r\n.\r\n..second\r\n")


@pytest.mark.parametrize("step", [2, 3, 5])
async def test_a_4xx_answer_is_worth_another_try(step: int) -> None:
    answers = [*WELCOME[:step], "451 sam@example.net is busy", "250 reset", "221 bye"]

    async with scripted_server(answers) as url:
        with pytest.raises(Transient, match=r"^smtp_451$"):
            await SmtpPostman(url, 5).send(make_message(), RECIPIENT)


@pytest.mark.parametrize("step", [2, 3, 5])
async def test_a_5xx_answer_is_final_and_its_words_are_not_repeated(step: int) -> None:
    answers = [*WELCOME[:step], "550 no such user sam@example.net", "250 reset", "221 bye"]

    async with scripted_server(answers) as url:
        with pytest.raises(Permanent, match=r"^smtp_550$"):
            await SmtpPostman(url, 5).send(make_message(), RECIPIENT)


async def test_a_server_that_hangs_up_after_the_dot_is_tried_again() -> None:
    """D21: it may have kept the mail; the retry has the same Message-ID."""
    async with scripted_server(WELCOME[:5]) as url:
        with pytest.raises(Transient, match=r"^smtp_unavailable$"):
            await SmtpPostman(url, 5).send(make_message(), RECIPIENT)


async def test_a_server_that_hangs_up_after_it_kept_the_mail_has_kept_it() -> None:
    async with scripted_server(WELCOME) as url:
        await SmtpPostman(url, 5).send(make_message(), RECIPIENT)


async def test_a_silent_server_is_left_at_the_deadline() -> None:
    async with scripted_server([""]) as url:
        with pytest.raises(Transient, match=r"^smtp_timeout$|^smtp_unavailable$"):
            await SmtpPostman(url, 0.2).send(make_message(), RECIPIENT)


async def test_a_dead_server_is_tried_again() -> None:
    url = f"smtp://127.0.0.1:{await closed_port()}"

    with pytest.raises(Transient, match=r"^smtp_unavailable$"):
        await SmtpPostman(url, 5).send(make_message(), RECIPIENT)


async def test_a_server_without_tls_gets_nothing_where_tls_is_asked_for() -> None:
    async with sink_server() as (sink, url):
        with pytest.raises(Transient, match=r"^smtp_unavailable$"):
            await SmtpPostman(url.replace("smtp:", "starttls:"), 5).send(make_message(), RECIPIENT)

    assert sink.envelopes == []


async def test_a_certificate_nobody_vouches_for_is_refused(untrusted: ssl.SSLContext) -> None:
    sink, loop = Sink(), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(sink, tls_context=untrusted, hostname="localhost"), "127.0.0.1", 0
    )

    async with server:
        url = f"starttls://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(Transient, match=r"^smtp_unavailable$"):
            await SmtpPostman(url, 5).send(make_message(), RECIPIENT)

    assert sink.envelopes == []


@pytest.mark.parametrize("recipient", ["evil@example.com", "sam@example.net\r\nRCPT TO:<evil@example.com>"])
async def test_a_recipient_who_is_not_in_the_header_is_our_defect(recipient: str) -> None:
    async with sink_server() as (sink, url):
        with pytest.raises(ValueError, match="envelope"):
            await SmtpPostman(url, 5).send(make_message(), recipient)

    assert sink.envelopes == []


async def test_a_header_of_two_recipients_is_our_defect() -> None:
    """Case 108 (M11): `a@b.c, evil@x.y` would be two."""
    message = make_message()
    del message["To"]
    message["To"] = "sam@example.net, evil@example.com"

    with pytest.raises(ValueError, match="one recipient"):
        await SmtpPostman("smtp://127.0.0.1:1", 5).send(message, RECIPIENT)


@pytest.mark.parametrize("url", ["http://127.0.0.1", "127.0.0.1:25", "smtp://", ""])
async def test_an_address_of_no_mail_server_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="mail server"):
        SmtpPostman(url)


async def test_the_password_is_not_shown() -> None:
    postman = SmtpPostman("smtps://user:pass%40word@mail.example")

    assert "pass@word" not in repr(vars(postman))
    assert "pass%40word" not in repr(vars(postman))

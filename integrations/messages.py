"""E-mail by SMTP: one message to one mailbox, over verified TLS."""

import asyncio
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
)

from integrations.http import trusting_authorities
from integrations.ports import Permanent, Transient

_PORTS: Mapping[str, int] = MappingProxyType({"smtp": 587, "starttls": 587, "smtps": 465})
_FIRST_PERMANENT = 500


@dataclass(frozen=True, slots=True)
class _Server:
    host: str
    port: int
    is_tls: bool
    starts_tls: bool
    username: str | None
    password: str | None = field(repr=False)


class SmtpPostman:
    """Delivers messages to one SMTP server.

    The URL is `smtps://` (TLS from the start), `starttls://`, or `smtp://`, which is plain on loopback
    and STARTTLS everywhere else. User and password stand in it, percent-encoded.
    """

    def __init__(self, url: str, deadline_s: float = 30.0) -> None:
        self._server = _server(url)
        self._deadline_s = deadline_s

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Deliver a message to the one mailbox that its To names; Transient or Permanent when it fails.

        After Transient the mail may have been delivered all the same: send it again with the same
        Message-ID. A message to anybody else than `recipient` is our defect and a ValueError.
        """
        sender = _only_mailbox(message, "From")
        if _only_mailbox(message, "To") != recipient or message["Cc"] or message["Bcc"]:
            raise ValueError("the envelope is the header: one mailbox")
        content = message.as_bytes(policy=SMTP_POLICY)
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._deliver(sender, recipient, content)
        except (SMTPRecipientsRefused, SMTPSenderRefused, SMTPDataError) as error:
            raise _refused(error) from None
        except TimeoutError:
            raise Transient("smtp_timeout") from None
        except (SMTPException, OSError):
            # A wrong password or certificate is ours to mend; the mail is not lost meanwhile.
            raise Transient("smtp_unavailable") from None

    async def _deliver(self, sender: str, recipient: str, content: bytes) -> None:
        server = self._server
        client = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.is_tls,
            start_tls=server.starts_tls,
            tls_context=trusting_authorities() if server.is_tls or server.starts_tls else None,
            timeout=self._deadline_s,
        )
        await client.connect()
        try:
            await client.sendmail(sender, [recipient], content)
        finally:
            # What the server has taken is delivered: no wait for a goodbye may make a failure of it.
            client.close()


def _refused(error: SMTPRecipientsRefused | SMTPSenderRefused | SMTPDataError) -> Transient | Permanent:
    """Judge by the code alone: the server's words may hold the address."""
    refusals: list[SMTPRecipientRefused | SMTPSenderRefused | SMTPDataError]
    refusals = list(error.recipients) if isinstance(error, SMTPRecipientsRefused) else [error]
    code = refusals[0].code
    return Permanent(f"smtp_{code}") if code >= _FIRST_PERMANENT else Transient(f"smtp_{code}")


def _only_mailbox(message: EmailMessage, name: str) -> str:
    headers = message.get_all(name, [])
    if len(headers) != 1 or not isinstance(headers[0], AddressHeader):
        raise ValueError("a message has one sender and one recipient")
    addresses = headers[0].addresses
    if len(addresses) != 1 or not addresses[0].addr_spec.isascii():
        raise ValueError("a message has one sender and one recipient")
    return addresses[0].addr_spec


def _server(url: str) -> _Server:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("a mail server's URL starts with smtp://, starttls:// or smtps://")
    is_tls = parts.scheme == "smtps"
    return _Server(
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme],
        is_tls=is_tls,
        starts_tls=parts.scheme == "starttls" or (not is_tls and not _is_loopback(parts.hostname)),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

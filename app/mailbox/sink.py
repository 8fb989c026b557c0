"""The SMTP side of the mailbox: accepts every mail that reaches loopback."""

import asyncio

from aiosmtpd.smtp import SMTP, Envelope, Session

from app.mailbox.store import MailStore

_MAX_BYTES = 5 * 1024 * 1024


class Sink:
    """Puts what SMTP delivers into the store; its method is named by aiosmtpd."""

    def __init__(self, store: MailStore) -> None:
        self._store = store

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one mail."""
        content = envelope.original_content or b""
        mail_id = self._store.add(content)
        return f"250 OK kept as {mail_id}"


async def listen(store: MailStore, port: int) -> asyncio.Server:
    """Listen for SMTP on loopback; port 0 takes a free one."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: SMTP(Sink(store), data_size_limit=_MAX_BYTES, hostname="localhost"), "127.0.0.1", port
    )

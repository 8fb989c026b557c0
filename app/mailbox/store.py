"""The mails of the mailbox: one .eml file each, a bounded number, and what stands in them."""

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

_NAME = re.compile(r"\d{6,12}\.eml")


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A mail as it came; `received_at` is an aware UTC instant."""

    id: int
    received_at: datetime
    message: EmailMessage

    @property
    def summary(self) -> dict[str, object]:
        """What a list shows of it."""
        return {
            "id": self.id,
            "received_at": self.received_at.isoformat().replace("+00:00", "Z"),
            "from": str(self.message["From"] or ""),
            "to": str(self.message["To"] or ""),
            "subject": str(self.message["Subject"] or ""),
        }

    @property
    def whole(self) -> dict[str, object]:
        """The summary, every header and every part that is text."""
        calendar = self.part("text/calendar")
        return {
            **self.summary,
            "message_id": str(self.message["Message-ID"] or ""),
            "headers": [[name, str(value)] for name, value in self.message.items()],
            "text": self.part("text/plain"),
            "html": self.part("text/html"),
            "calendar": calendar,
            "calendar_method": self._calendar_method() if calendar else "",
        }

    def part(self, content_type: str) -> str:
        """Give the text of the first part of a type; empty where there is none."""
        for part in self.message.walk():
            if part.get_content_type() == content_type:
                payload = part.get_payload(decode=True)
                return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
        return ""

    def _calendar_method(self) -> str:
        calendars = [part for part in self.message.walk() if part.get_content_type() == "text/calendar"]
        return str(calendars[0].get_param("method", ""))


class MailStore:
    """Mails in a folder, the newest `most` of them; ids grow and are never used twice while it runs."""

    def __init__(self, folder: Path, most: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._most = most
        self._last = max(self._ids(), default=0)
        self._revision = 0
        self._arrival = asyncio.Event()

    @property
    def revision(self) -> int:
        """Number that grows with every change of the store."""
        return self._revision

    def add(self, raw: bytes) -> int:
        """Keep a mail, drop the oldest beyond the bound, and wake everybody who waits."""
        self._last += 1
        path = self._path(self._last)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(raw)
        unfinished.replace(path)
        for mail_id in self._ids()[: -self._most]:
            self._path(mail_id).unlink(missing_ok=True)
        self._wake()
        return self._last

    def clear(self) -> None:
        """Drop every mail."""
        for mail_id in self._ids():
            self._path(mail_id).unlink(missing_ok=True)
        self._wake()

    def newest_first(self) -> list[StoredMail]:
        """Give every mail, newest first."""
        found = (self.get(mail_id) for mail_id in reversed(self._ids()))
        return [mail for mail in found if mail is not None]

    def get(self, mail_id: int) -> StoredMail | None:
        """Give a mail, if it is still kept."""
        path = self._path(mail_id)
        try:
            raw, changed = path.read_bytes(), path.stat().st_mtime
        except FileNotFoundError:
            return None
        return StoredMail(
            mail_id, datetime.fromtimestamp(changed, UTC), message_from_bytes(raw, policy=default)
        )

    def raw(self, mail_id: int) -> bytes | None:
        """Give a mail as it came, byte for byte."""
        path = self._path(mail_id)
        return path.read_bytes() if path.exists() else None

    async def changed(self, since: int) -> int:
        """Wait until the revision is another than `since`, and give it; nothing between is missed."""
        while self._revision == since:
            await self._arrival.wait()
        return self._revision

    def _wake(self) -> None:
        self._revision += 1
        self._arrival.set()
        self._arrival = asyncio.Event()

    def _ids(self) -> list[int]:
        return sorted(int(path.stem) for path in self._folder.iterdir() if _NAME.fullmatch(path.name))

    def _path(self, mail_id: int) -> Path:
        return self._folder / f"{mail_id:06}.eml"

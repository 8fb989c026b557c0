"""A worker of ours whose acts do nothing: what is left is what each effect costs before and after."""

import asyncio
import os
from dataclasses import replace
from typing import cast

from app.settings import Settings
from app.wiring import now, wire
from domain.effects import Effect
from services.effects import Effects
from services.grants import Grants
from services.meetings import Meetings
from services.notices import Notices
from services.poll_notices import PollNotices
from services.telling import Tellings
from workers.main import work


class NoNotices:
    """Sends nothing."""

    async def send_code(self, _: Effect) -> str | None:
        """Send no code."""
        return None


def main() -> None:
    """Work as `python -m workers.main` does, but for the acts."""
    settings = Settings.read(os.environ)
    parts = wire(settings)
    services = parts.services
    nothing = cast("Notices", NoNotices())
    effects = Effects(
        services.units,
        cast("Tellings", None),
        nothing,
        cast("Grants", None),
        cast("Meetings", None),
        services.watching,
        services.looking,
        services.calendars,
        now,
        services.bookings.answering,
        services.bookings.offering,
        services.polls.closing,
        cast("PollNotices", None),
    )
    asyncio.run(work(settings, replace(parts, services=replace(services, effects=effects))))


if __name__ == "__main__":
    main()

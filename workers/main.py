"""One worker process: startup, signals, and an orderly end. Run as `python -m workers.main`."""

import asyncio
import os
import signal

from app.logs import configure
from app.settings import Settings
from app.wiring import Parts, wire
from storage.live import WAKE, Live
from workers.clock import keep_clock
from workers.effects import Runner
from workers.relay import relay


async def work(settings: Settings, parts: Parts) -> None:
    """Work until a signal says stop; what is running then is finished first.

    No part of it is worth anything without the others: if one fails the process does, and is started anew.
    """
    runner = Runner(parts.services.effects)
    loop = asyncio.get_running_loop()
    for word in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(word, runner.leave)
    try:
        async with asyncio.TaskGroup() as group:
            beside = [
                group.create_task(_listen(parts.live, runner)),
                group.create_task(relay(parts.services)),
                group.create_task(keep_clock(settings, parts.services)),
            ]
            await runner.run()
            for task in beside:
                task.cancel()
    finally:
        await parts.close()


async def _listen(live: Live, runner: Runner) -> None:
    async for _ in live.listen(WAKE):
        runner.wake()


def main() -> None:
    """Run one worker process."""
    settings = Settings.read(os.environ)
    configure(settings.log_level)
    asyncio.run(work(settings, wire(settings)))


if __name__ == "__main__":
    main()

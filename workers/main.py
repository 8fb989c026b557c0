"""arq's settings: the functions, the clock table, startup. Run as `python -m workers.main`.

arq carries wake-up calls; the truth is in the effects table. A job is an effect's ids and nothing else,
spelled in JSON: whoever can write to Redis cannot make a worker run code.
"""

import asyncio
import contextlib
import os
from dataclasses import replace
from typing import Any

import orjson
from arq import cron
from arq.connections import RedisSettings, create_pool
from arq.worker import Worker

from app.logs import configure
from app.settings import Settings
from app.wiring import wire
from workers.effects import run_effect
from workers.housekeeping import finish_past, forget
from workers.relay import Relay

JOB_S = 40  # shorter than an effect's lease: a job that is taken over has ended before
_POLL_S = 0.05
_JOBS = 20
_REDIS_AWAY_S = 60  # arq asks each second; a worker that fell with Redis need not fall again at once


def _load(data: bytes) -> dict[str, Any]:
    """Read a job or a result; arq drops what cannot be read."""
    return orjson.loads(data)


async def work(settings: Settings) -> None:
    """Work until a signal says stop; what is running then is finished first."""
    parts = wire(settings)
    queue = await create_pool(
        replace(RedisSettings.from_dsn(settings.redis_url), conn_retries=_REDIS_AWAY_S),
        job_serializer=orjson.dumps,
        job_deserializer=_load,
    )
    relay = asyncio.create_task(Relay(parts.services, parts.live, queue).run())
    worker = Worker(
        functions=[run_effect],
        cron_jobs=[cron(finish_past, second=0), cron(forget, minute=17, second=0)],
        redis_pool=queue,
        ctx={"services": parts.services},
        max_jobs=_JOBS,
        job_timeout=JOB_S,
        keep_result=0,
        poll_delay=_POLL_S,
        max_tries=1,
        job_completion_wait=20,
        health_check_interval=30,
        job_serializer=orjson.dumps,
        job_deserializer=_load,
        log_results=False,
    )
    working = asyncio.create_task(worker.async_run())
    try:
        # Neither is worth anything without the other: if one fails the process does, and is started anew.
        await asyncio.wait({relay, working}, return_when=asyncio.FIRST_COMPLETED)
        for ended in (relay, working):
            if ended.done():
                with contextlib.suppress(asyncio.CancelledError):  # how arq obeys a signal
                    ended.result()
    finally:
        for task in (relay, working):
            task.cancel()
        await asyncio.gather(relay, working, return_exceptions=True)
        await worker.close()
        await parts.close()


def main() -> None:
    """Run one worker process."""
    settings = Settings.read(os.environ)
    configure(settings.log_level)
    asyncio.run(work(settings))


if __name__ == "__main__":
    main()

"""The clock table, kept by arq: each line is done by one worker of all, whichever reaches it first.

Nothing else is arq's, and nothing that somebody waits for (ADR-0010). A job is a name, spelled in JSON:
whoever can write to Redis cannot make a worker run code.
"""

import asyncio
import contextlib
from dataclasses import replace
from typing import Any

import orjson
from arq import cron
from arq.connections import RedisSettings, create_pool
from arq.worker import Worker

from app.settings import Settings
from services.all import Services
from storage.redis import RedisFailed
from workers.housekeeping import end_waits, finish_past, forget, keep_watches, look_again

_POLL_S = 1.0
_AWAY_S = 5.0


async def keep_clock(settings: Settings, services: Services) -> None:
    """Do what the table says, for ever. While Redis is away nothing of it is done; all of it can wait."""
    while True:
        with contextlib.suppress(*RedisFailed):
            await _keep(settings, services)
        await asyncio.sleep(_AWAY_S)


async def _keep(settings: Settings, services: Services) -> None:
    queue = await create_pool(
        replace(RedisSettings.from_dsn(settings.redis_url), conn_retries=0),
        job_serializer=orjson.dumps,
        job_deserializer=_load,
    )
    worker = Worker(
        functions=[],
        cron_jobs=[
            cron(finish_past, second=0),
            cron(keep_watches, second=20),
            cron(end_waits, minute=set(range(0, 60, 5)), second=30),
            cron(look_again, second=40),
            cron(forget, minute=17, second=0),
        ],
        redis_pool=queue,
        ctx={"services": services},
        handle_signals=False,
        keep_result=0,
        poll_delay=_POLL_S,
        max_tries=1,
        health_check_interval=30,
        job_serializer=orjson.dumps,
        job_deserializer=_load,
        log_results=False,
    )
    try:
        await worker.async_run()
    finally:
        with contextlib.suppress(*RedisFailed):
            await worker.close()


def _load(data: bytes) -> dict[str, Any]:
    """Read a job or a result; arq drops what cannot be read."""
    return orjson.loads(data)

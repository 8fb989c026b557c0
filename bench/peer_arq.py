"""The peer: arq as it comes, with a job that does nothing. Run as `python -m bench.peer_arq`."""

import os
from typing import Any

from arq.connections import RedisSettings
from arq.worker import Worker

QUEUE = "peer"


async def nothing(ctx: dict[Any, Any]) -> None:
    """Do nothing."""


if __name__ == "__main__":
    Worker(
        functions=[nothing],
        redis_settings=RedisSettings.from_dsn(os.environ["REDIS_URL"]),
        queue_name=QUEUE,
        max_jobs=100,
        poll_delay=0.01,
    ).run()

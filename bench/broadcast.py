"""The least that a broadcast costs: the `websockets` library's own server and its `broadcast`.

`python -m bench.broadcast REDIS CHANNEL` prints its port, and sends what is published there to every client.
"""

import asyncio
import resource
import sys

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.typing import Subprotocol

from storage.live import Live
from storage.redis import connect


async def main(redis_url: str, channel: str) -> None:
    """Serve until we are ended."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    clients: set[ServerConnection] = set()

    async def stay(client: ServerConnection) -> None:
        clients.add(client)
        try:
            await client.wait_closed()
        finally:
            clients.discard(client)

    serving = serve(
        stay,
        "127.0.0.1",
        0,
        compression=None,
        backlog=4_096,
        subprotocols=[Subprotocol("graphql-transport-ws")],
    )
    async with serving as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        async for text in Live(connect(redis_url)).listen(channel):
            if text is not None:
                broadcast(clients, text.decode())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))

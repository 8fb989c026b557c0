"""Starts the development mailbox: `python -m app.mailbox --smtp-port P --http-port Q --data DIR`."""

import argparse
import asyncio
import socket
import sys
from pathlib import Path

import uvicorn

from app.mailbox.sink import listen
from app.mailbox.store import MailStore
from app.mailbox.web import MailboxPage

_MOST = 500


def main() -> None:
    """Run the mailbox until it is interrupted."""
    parser = argparse.ArgumentParser(prog="app.mailbox", description="Development mailbox, on loopback only.")
    parser.add_argument(
        "--smtp-port", type=int, required=True, help="where mails are taken; 0 for a free one"
    )
    parser.add_argument("--http-port", type=int, required=True, help="where the page is; 0 for a free one")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the mails")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.smtp_port, arguments.http_port, arguments.data))


async def serve(smtp_port: int, http_port: int, data: Path) -> None:
    """Take mails and show them, until the process is told to end; says on stdout where it listens."""
    store = MailStore(data, _MOST)
    sink = await listen(store, smtp_port)
    with socket.create_server(("127.0.0.1", http_port)) as web:
        smtp_at, http_at = sink.sockets[0].getsockname()[1], web.getsockname()[1]
        sys.stdout.write(f"mailbox: smtp://127.0.0.1:{smtp_at} http://127.0.0.1:{http_at}/\n")
        sys.stdout.flush()
        config = uvicorn.Config(
            MailboxPage(store).application(),
            ws="none",
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=1,  # the page's open stream must not hold up the end
        )
        async with sink:
            await uvicorn.Server(config).serve(sockets=[web])


if __name__ == "__main__":
    main()

"""HTTP/1.1 as uvicorn speaks it, without the kernel's delay before small packets.

Asyncio turns that delay off only where the listening socket names its protocol. The socket that uvicorn
makes for several processes does not, and each answer in two packets then waits 40 ms for the other side's
acknowledgement (RFC 896, RFC 1122 4.2.3.2).
"""

import asyncio
import socket

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PROMPT = "app.http.prompt:Prompt"


class Prompt(HttpToolsProtocol):
    """One connection, whose packets leave when they are written."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        here = transport.get_extra_info("socket")
        if here is not None and here.family in (socket.AF_INET, socket.AF_INET6):
            here.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)

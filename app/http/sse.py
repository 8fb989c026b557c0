"""Answers as a stream of events: GraphQL over SSE, in its distinct-connections mode.

One request, one operation, one stream: `next` for each result, then `complete`. What is wrong with the
operation itself comes as a `next`, since the stream has been accepted by then.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from starlette.types import Receive, Scope, Send

from app.http.execution import Kind, OperationContext, SignedOut
from app.http.faults import tell_broken, tell_incident
from app.http.limits import DoorRules
from app.http.negotiation import Media
from app.http.operations import Operations
from app.http.request import Asked
from app.http.responses import Refused, dump_failures
from app.http.seats import Seats

_COMPLETE = b"event: complete\ndata:\n\n"
_KEEP_ALIVE = b":\n\n"


async def results(operations: Operations, asked: Asked, context: OperationContext) -> AsyncGenerator[bytes]:
    """Run an operation of any kind and give its results as they come; a refusal is the last of them."""
    try:
        ready = await operations.make_ready(asked, context)
        if ready.kind is not Kind.SUBSCRIPTION:
            yield await operations.answer(ready)
            return
        async with aclosing(operations.events(ready)) as events:
            async for event in events:
                yield event
    except Refused as refused:
        yield dump_failures(refused.failures)
    except SignedOut as broken:
        yield dump_failures((tell_broken(broken, context),))
    except Exception as error:  # noqa: BLE001  # the door: the stream has begun, so the error ends it
        yield dump_failures((tell_incident(error),))


class EventStream:
    """An ASGI answer that sends results as events until they end, the reader leaves, or is too slow."""

    def __init__(
        self,
        stream: AsyncGenerator[bytes],
        context: OperationContext,
        rules: DoorRules,
        seats: Seats,
        ip: str,
        headers: Mapping[str, str],
    ) -> None:
        self._stream = stream
        self._context = context
        self._rules = rules
        self._seats = seats
        self._ip = ip
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream; raises Refused, before anything is sent, where no seat is left."""
        del scope
        context = self._context
        async with aclosing(self._stream):
            with (
                self._seats.at_address(self._ip),
                self._seats.of_actor(context.actor_key, is_guest=context.is_guest),
            ):
                await self._send(receive, send)

    async def _send(self, receive: Receive, send: Send) -> None:
        headers = {**self._headers, "Content-Type": f"{Media.EVENTS}; charset=utf-8"}
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        sending = asyncio.create_task(self._send_events(send))
        leaving = asyncio.create_task(_until_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send_events(self, send: Send) -> None:
        """Send events and, in between, signs of life; the sign-in is looked at again while nothing comes."""
        following = asyncio.ensure_future(anext(self._stream, None))
        waited_s = 0.0
        try:
            while True:
                await asyncio.wait({following}, timeout=self._rules.keep_alive_s)
                if following.done():
                    event = following.result()
                    if event is None:
                        await self._send_chunk(send, _COMPLETE, last=True)
                        return
                    await self._send_chunk(send, b"event: next\ndata: " + event + b"\n\n")
                    following = asyncio.ensure_future(anext(self._stream, None))
                    waited_s = 0.0
                    continue
                await self._send_chunk(send, _KEEP_ALIVE)
                waited_s += self._rules.keep_alive_s
                if waited_s >= self._rules.renewal_s:
                    waited_s = 0.0
                    await self._context.renewed()
        except SignedOut as broken:
            told = dump_failures((tell_broken(broken, self._context),))
            await self._send_chunk(send, b"event: next\ndata: " + told + b"\n\n" + _COMPLETE, last=True)
        except TimeoutError:
            return  # a reader that does not read is left; the server then closes the connection
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def _send_chunk(self, send: Send, chunk: bytes, *, last: bool = False) -> None:
        async with asyncio.timeout(self._rules.slow_reader_s):
            await send({"type": "http.response.body", "body": chunk, "more_body": not last})


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

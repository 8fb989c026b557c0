"""A thousand who vote in one poll at once, over HTTP, while others follow its tally over WebSockets.

Every vote changes one poll, so the votes follow each other: what is measured is how long that queue is. Each
follower checks that no tally goes back and that the last one counts everybody.
"""

import asyncio
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from statistics import quantiles
from time import perf_counter
from uuid import uuid4

import httpx
import orjson
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from app.wiring import Parts, now, wire
from bench.crowd import Crowd, host_id, page_id
from bench.figures import AtMost, Figure, Measured
from bench.house import house
from domain.ids import PageId
from domain.polls import PollSettings
from domain.users import Scope, SignedIn
from services.polls import OpenPoll, Picked

_VOTERS, _FOLLOWERS, _OPTIONS, _CLIENTS = 1000, 20, 8, 100
_PATIENCE_S = 120.0
_CAST = """mutation ($input: BallotCastInput!) { ballotCast(input: $input) {
  __typename ... on Error { message } } }"""
_FOLLOW = """subscription ($secret: String!) { pollByLinkChanged(token: $secret) {
  poll { ballotsCast options { yes ifNeedBe no } } } }"""


class NotAsPromisedError(Exception):
    """A vote was lost, or a tally went back: there is nothing to measure."""


async def measure(rounds: int) -> Sequence[Measured]:
    """Let a thousand vote at once, in a new poll each round."""
    rates: list[float] = []
    slowest: list[float] = []
    told: list[float] = []
    with house() as installation:
        crowd = Crowd(installation.servers)
        crowd.add_hosts(range(rounds + 1))
        crowd.settle()
        parts = wire(installation.settings)
        api = installation.api()
        try:
            for number in range(rounds + 1):
                secret = await _opened(parts, number)
                took, waits, last = await _voted(api.port, secret)
                if number:  # the first warms up
                    rates.append(_VOTERS / took)
                    slowest.append(quantiles(waits, n=100)[98])
                    told.append(last)
        finally:
            await parts.close()
    return [
        Figure(f"{_VOTERS} vote at once", "ballots/s", tuple(rates)),
        Figure(f"{_VOTERS} vote at once: p99", "ms", tuple(slowest), limit=AtMost(5000)),
        Figure(
            "from the last answer to the last follower's whole tally", "ms", tuple(told), limit=AtMost(1000)
        ),
    ]


async def _opened(parts: Parts, number: int) -> str:
    """Open a poll of eight times on a host's page, as that host; its secret."""
    async with parts.services.units.read() as unit:
        found = await unit.users.by_handle(f"host{number}")
    if found is None or found.id != host_id(number):
        raise NotAsPromisedError("The crowd has no such host.")
    first = (now() + timedelta(days=20)).replace(hour=9, minute=0, second=0, microsecond=0)
    starts = tuple(first + timedelta(hours=hour) for hour in range(_OPTIONS))
    picked = Picked(starts=starts, places=(None,) * _OPTIONS, length=timedelta(minutes=30))
    command = OpenPoll(PageId(page_id(number)), picked, PollSettings("Which hour"), offers_busy=True)
    viewer = SignedIn(found, frozenset(Scope), None, None, "127.0.0.1")
    return (await parts.services.polls.organizing.open(viewer, command)).token


async def _voted(port: int, secret: str) -> tuple[float, list[float], float]:
    """Let everybody vote; seconds until all were answered, each one's wait, and the followers', in ms."""
    following = [asyncio.create_task(_follow(port, secret)) for _ in range(_FOLLOWERS)]
    base = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as held:
        # Several, since the time that one client takes grows with the square of what it waits for.
        clients = [
            await held.enter_async_context(
                httpx.AsyncClient(base_url=base, trust_env=False, timeout=_PATIENCE_S)
            )
            for _ in range(_CLIENTS)
        ]
        began = perf_counter()
        waits = await asyncio.gather(
            *(_cast(clients[voter % _CLIENTS], secret, voter) for voter in range(_VOTERS))
        )
        ended = perf_counter()
    async with asyncio.timeout(_PATIENCE_S):
        last = max(await asyncio.gather(*following))
    return ended - began, waits, max(0.0, last - ended) * 1000


async def _cast(client: httpx.AsyncClient, secret: str, number: int) -> float:
    said = ("YES", "IF_NEED_BE", "NO")
    answers = [{"option": option + 1, "answer": said[(number + option) % 3]} for option in range(_OPTIONS)]
    wanted = {
        "token": secret,
        "voter": {"name": f"Voter {number}", "zone": "UTC"},
        "answers": answers,
        "idempotencyKey": str(uuid4()),
    }
    began = perf_counter()
    answer = await client.post("/graphql", json={"query": _CAST, "variables": {"input": wanted}})
    waited = (perf_counter() - began) * 1000
    if b'"BallotCastPayload"' not in answer.content:
        raise NotAsPromisedError(f"A vote was not taken: {answer.text}")
    return waited


async def _follow(port: int, secret: str) -> float:
    """Follow until all are counted; when that was."""
    address = f"ws://127.0.0.1:{port}/graphql"
    async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None) as socket:
        await socket.send(json.dumps({"type": "connection_init"}))
        await socket.recv()
        payload = {"query": _FOLLOW, "variables": {"secret": secret}}
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        cast = 0
        while cast < _VOTERS:
            message = orjson.loads(await socket.recv())
            if message["type"] != "next":
                continue
            poll = message["payload"]["data"]["pollByLinkChanged"]["poll"]
            sums = {option["yes"] + option["ifNeedBe"] + option["no"] for option in poll["options"]}
            if poll["ballotsCast"] < cast or sums != {poll["ballotsCast"]}:
                raise NotAsPromisedError("A tally went back, or counted what no state had.")
            cast = poll["ballotsCast"]
    return perf_counter()

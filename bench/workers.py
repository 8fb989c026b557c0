"""From a commit to the start of what must follow, a burst of it, and what a worker costs while it is idle.

The worker as it runs in production is given mails of sign-in codes that nobody asked for: it looks for the
code in the database, finds none, and writes down that it was skipped. The outside world has no part in it.

A second worker of ours has acts that do nothing. Of a single effect it writes down the instant at which the
act was over as soon as it began: the start, as seen on the clock of this machine. Its burst stands beside
the peer's, which is arq as it comes, with 100 jobs at once and a look each 10 ms, doing nothing as often;
only that with us the claim and the outcome of each effect are durable.

A start is counted from the moment COMMIT is sent, so the time to make it durable is in it too.

Both have one core, and the servers and this program what is left.
"""

import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from uuid import UUID, uuid4

from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.constants import job_key_prefix
from arq.jobs import serialize_job
from sqlalchemy import text

from app.command.serving import worker_command
from app.wiring import Parts, wire
from bench.figures import AtLeast, AtMost, Figure, Measured
from bench.house import House, Process, house
from bench.peer_arq import QUEUE, nothing
from domain.effects import Effect, EffectKind
from domain.events import EventKind, Happened
from domain.ids import OrganizationId

_SINGLES = 200
_BURST = 5_000
_LOOKED_UP = 1_000
_WARM = 100
_IDLE_S = 3.0
_CORE = 1
_ARQ = f"{_BURST} jobs that do nothing, arq"
_NO_ACTS = (sys.executable, "-m", "bench.worker_without_acts")
_PEER = (sys.executable, "-m", "bench.peer_arq")
_FOUND = "SELECT subject_id, finished_at FROM effects WHERE subject_id = ANY(:subjects)"
_LEFT = "SELECT count(*) FILTER (WHERE finished_at IS NULL), max(finished_at) FROM effects"


async def measure(rounds: int) -> Sequence[Measured]:
    """Measure a worker as it runs in production, then one that does nothing beside arq."""
    with house() as ours:
        parts = wire(ours.settings)
        try:
            taken = [await _round(ours, parts) for _ in range(rounds)]
        finally:
            await parts.close()
    looked, looked_up, idle, memory, p50, p99, without_acts, arq = zip(*taken, strict=True)
    return [
        Figure("commit to start, p50", "ms", p50),
        Figure("commit to start, p99", "ms", p99, limit=AtMost(10)),
        Figure("commit to the end of an act that asks the database, p50", "ms", looked),
        Figure(_ARQ, "1/s", arq),
        Figure(f"{_BURST} effects that do nothing", "1/s", without_acts, _ARQ, AtLeast(1)),
        Figure(f"{_LOOKED_UP} effects that ask the database", "1/s", looked_up, _ARQ),
        Figure("processor while idle", "%", idle, limit=AtMost(2)),
        Figure("memory, resident", "MB", memory),
    ]


async def _round(ours: House, parts: Parts) -> tuple[float, ...]:
    async with _working(ours, parts, worker_command()) as worker:
        looked, _ = await _latencies(parts, _SINGLES // 4)
        idle = await _idle(worker.process.pid)
        looked_up = await _drain(parts, _LOOKED_UP)
        memory = worker.resident_kb / 1024
    async with _working(ours, parts, _NO_ACTS):
        p50, p99 = await _latencies(parts, _SINGLES)
        without_acts = await _drain(parts, _BURST)
    return looked, looked_up, idle, memory, p50, p99, without_acts, await _drain_arq(ours)


@asynccontextmanager
async def _working(ours: House, parts: Parts, command: Sequence[str]) -> AsyncGenerator[Process]:
    """Run a worker, and let it become warm."""
    worker = ours.run(command, core=_CORE)
    try:
        await _drain(parts, _WARM)
        yield worker
    finally:
        await asyncio.to_thread(worker.end)


async def _commit(parts: Parts, count: int) -> tuple[datetime, list[UUID]]:
    """Commit effects by a unit, which wakes the workers; say when COMMIT was sent, and the subjects."""
    organization, subjects = OrganizationId(uuid4()), [uuid4() for _ in range(count)]
    async with parts.services.units.begin() as unit:
        unit.record(
            Happened(EventKind.PAGE_CHANGED, organization),
            [Effect(EffectKind.SIGN_IN_CODE, organization, id_, 0, id_, unit.now) for id_ in subjects],
        )
        await unit.flush()
        sent_at = datetime.now(UTC)  # all is written; what follows is COMMIT
    return sent_at, subjects


async def _drain(parts: Parts, count: int) -> float:
    """Commit a burst; say how many a second ended, from the commit to the last one."""
    begun, _ = await _commit(parts, count)
    ended = await _drained(parts)
    return count / (ended - begun).total_seconds()


async def _drained(parts: Parts) -> datetime:
    """Wait until nothing is left, asking seldom; say when the last one ended, by the worker's own word."""
    while True:
        async with parts.engine.connect() as connection:
            left, last = (await connection.execute(text(_LEFT))).one()
        if not left:
            return last
        await asyncio.sleep(0.1)


async def _latencies(parts: Parts, count: int) -> tuple[float, float]:
    """Commit effects one by one, each long after the other; say the median and the 99th of a hundred."""
    begun: dict[str, datetime] = {}
    for _ in range(count):
        sent, [subject] = await _commit(parts, 1)
        begun[str(subject)] = sent
        await asyncio.sleep(random.uniform(0.01, 0.03))
    await _drained(parts)
    async with parts.engine.connect() as connection:
        found = await connection.execute(text(_FOUND), {"subjects": list(begun)})
        took = [(ended - begun[str(subject)]).total_seconds() * 1000 for subject, ended in found]
    places = quantiles(took, n=100)
    return places[49], places[98]


async def _idle(pid: int) -> float:
    """Say how much of a core a process takes while nothing is to be done, in percent."""
    await asyncio.sleep(0.5)
    before = _processor_s(pid)
    await asyncio.sleep(_IDLE_S)
    return (_processor_s(pid) - before) / _IDLE_S * 100


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _drain_arq(ours: House) -> float:
    """Let arq do nothing as often as that, all of it queued at once; say how many a second."""
    worker = ours.run(_PEER, core=_CORE)
    queue = await create_pool(RedisSettings.from_dsn(ours.settings.redis_url))
    try:
        await _queue(queue, _WARM)
        return await _queue(queue, _BURST)
    finally:
        await queue.aclose()
        await asyncio.to_thread(worker.end)


async def _queue(queue: ArqRedis, count: int) -> float:
    at = time.time_ns() // 1_000_000
    job = serialize_job(nothing.__name__, (), {}, None, at)
    async with queue.pipeline(transaction=True) as pipe:
        for _ in range(count):
            id_ = uuid4().hex
            pipe.psetex(job_key_prefix + id_, 86_400_000, job)
            pipe.zadd(QUEUE, {id_: at})
        await pipe.execute()
    begun = time.perf_counter()
    while await queue.zcard(QUEUE):  # noqa: ASYNC110 -- arq tells nobody when nothing is left
        await asyncio.sleep(0.02)
    return count / (time.perf_counter() - begun)

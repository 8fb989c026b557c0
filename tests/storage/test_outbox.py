"""What the outbox asks of the database stays small, however much is planned for later."""

from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from domain.effects import EffectState, Outcome
from tests.clock import NOW
from tests.installation import Installation, running

pytestmark = pytest.mark.anyio

FILL = """INSERT INTO effects (organization_id, id, kind, subject_id, version, recipient_id, lead_minutes,
    due_at, state, attempts, created_at)
  SELECT md5((n % 20)::text)::uuid, gen_random_uuid(), 'remind_invitee', gen_random_uuid(), 1,
    gen_random_uuid(), 60, CAST(:due AS timestamptz) + n * interval '1 minute', CAST(:state AS text),
    0, CAST(:due AS timestamptz)
  FROM generate_series(1, CAST(:count AS int)) n"""


@pytest.fixture
async def house(database_url: str, redis_url: str, tmp_path: Path) -> AsyncGenerator[Installation, None]:
    """Run an installation in which much is planned, much is done, and little is due."""
    async with running(database_url, redis_url, tmp_path) as installation:
        await installation.rows_changed(FILL, due=NOW + timedelta(days=7), state="due", count=20_000)
        await installation.rows_changed(FILL, due=NOW - timedelta(days=90), state="done", count=20_000)
        await installation.rows_changed(FILL, due=NOW - timedelta(hours=1), state="due", count=10)
        await installation.rows_changed("ANALYZE effects")
        yield installation


@contextmanager
def said(house: Installation) -> Generator[list[tuple[str, Any]], None, None]:
    """Note the statements that are sent to the database, with what was filled in."""
    statements: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, given: Any, _x: object, _m: object) -> None:
        statements.append((statement, given))

    event.listen(house.parts.engine.sync_engine, "before_cursor_execute", note)
    yield statements
    event.remove(house.parts.engine.sync_engine, "before_cursor_execute", note)


async def plan_of(house: Installation, statement: str, given: Any) -> tuple[str, int]:
    """Explain a statement by running it, and undo it: the plan, and how many pages of data it read."""
    async with house.parts.engine.connect() as connection:
        rows = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", given)
        [plan] = rows.scalar_one()
        await connection.rollback()
    return str(plan), plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]


async def test_looking_for_work_reads_what_is_due_and_nothing_that_is_planned(house: Installation) -> None:
    """Hot path 6: reminders of the coming weeks cost nothing before their time."""
    with said(house) as statements:
        claimed = await house.parts.services.effects.exchange((), 100)
    await house.rows_changed("UPDATE effects SET state = 'done' WHERE state = 'running'")
    plan, pages = await plan_of(house, *statements[0])

    assert len(claimed) == 10
    assert "effects_due_idx" in plan
    assert "Seq Scan" not in plan
    # Four, if no vacuum came in between and spread the ten over more; what is planned fills hundreds.
    assert pages < 60


async def test_however_many_acts_have_ended_one_statement_writes_it_down(house: Installation) -> None:
    """Hot path 6: by the key of each, and only for who still has it."""
    effects = house.parts.services.effects
    claimed = await effects.exchange((), 100)
    later = NOW + timedelta(minutes=5)
    went = [
        Outcome(claimed[0], EffectState.DONE),
        Outcome(claimed[1], EffectState.SKIPPED, "gone"),
        Outcome(claimed[2], EffectState.DUE, "smtp_451", later),
        *(Outcome(effect, EffectState.DONE) for effect in claimed[3:]),
    ]
    with said(house) as statements:
        await effects.exchange(went, 0)
    plan, _ = await plan_of(house, *statements[0])

    assert len(statements) == 1
    assert "effects_pkey" in plan
    assert "Seq Scan" not in plan
    assert await house.rows(HOW_IT_WENT) == [
        ("done", None, True, False, 8),
        ("due", "smtp_451", False, True, 1),
        ("skipped", "gone", True, False, 1),
    ]
    assert await house.rows("SELECT due_at FROM effects WHERE failure = 'smtp_451'") == [(later,)]


HOW_IT_WENT = """SELECT state, failure, finished_at IS NOT NULL, due_at > '2026-03-27T12:00Z', count(*)
  FROM effects WHERE attempts = 1 GROUP BY 1, 2, 3, 4 ORDER BY 1"""

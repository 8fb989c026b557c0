"""`organization` and `audit`: what the operator does with plans and audit logs."""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

from app.settings import Settings, SettingsRefused
from app.wiring import Parts, wire
from domain.ids import OrganizationId
from domain.organizations import AddOn, Plan
from storage.base import StorageFailed


def organization(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Change what an organization has subscribed to; 1 where there is none of that id."""
    parser = argparse.ArgumentParser(prog="./slotgraph organization")
    acts = parser.add_subparsers(dest="act", required=True)
    plan = acts.add_parser("plan", help="change what an organization has subscribed to")
    plan.add_argument("organization", type=UUID)
    plan.add_argument("plan", choices=[one.value for one in Plan])
    plan.add_argument("--add-on", action="append", default=[], choices=[one.value for one in AddOn])
    given = parser.parse_args(arguments)
    add_ons = frozenset(AddOn(name) for name in given.add_on)

    async def change(parts: Parts) -> int:
        whose = OrganizationId(given.organization)
        if not await parts.services.organizations.change_plan(whose, Plan(given.plan), add_ons):
            return _refuse("There is no such organization.", 1)
        print(f"{given.organization}: {' + '.join((given.plan, *sorted(add_ons)))}")
        return 0

    return _run(change, environment)


def audit(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Verify the audit logs of all organizations; 1 where one does not fit its hashes."""
    parser = argparse.ArgumentParser(prog="./slotgraph audit")
    acts = parser.add_subparsers(dest="act", required=True)
    acts.add_parser("verify", help="compare every audit log with its hashes; say where each ends")
    parser.parse_args(arguments)

    async def verify(parts: Parts) -> int:
        broken = 0
        async for organization_id, verdict in parts.services.audit.verify_all():
            end = f"{organization_id}: {verdict.head.number} entries, {verdict.head.hash.hex()}"
            if verdict.broken_at is None:
                print(end)
            else:
                broken += 1
                print(f"{end}; BROKEN at {verdict.broken_at}")
        return 1 if broken else 0

    return _run(verify, environment)


def _run(act: Callable[[Parts], Awaitable[int]], environment: Mapping[str, str]) -> int:
    async def with_parts(settings: Settings) -> int:
        parts = wire(settings)
        try:
            return await act(parts)
        finally:
            await parts.close()

    try:
        return asyncio.run(with_parts(Settings.read(environment)))
    except SettingsRefused as refused:
        return _refuse(str(refused), 2)
    except StorageFailed as failed:
        return _refuse(f"The database does not answer ({type(failed).__name__}).", 2)


def _refuse(sentence: str, code: int) -> int:
    print(f"slotgraph: {sentence}", file=sys.stderr)
    return code

"""`keys`: what the operator does with the keys that seal; docs/operations.md says when."""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from uuid import UUID

from app.settings import Settings, SettingsRefused
from app.wiring import wire
from domain.ids import OrganizationId
from services.vault import Done, Holding, KeyKeeping
from storage.base import StorageFailed

_ALL = "all"


def run(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Do one thing with keys; 1 where something could not be done, 2 where it cannot begin."""
    given = _parser().parse_args(arguments)
    try:
        settings = Settings.read(environment)
    except SettingsRefused as refused:
        return _refuse(str(refused))
    try:
        return asyncio.run(_do(settings, given))
    except StorageFailed as failed:
        return _refuse(f"The database does not answer ({type(failed).__name__}).")


async def _do(settings: Settings, given: argparse.Namespace) -> int:
    parts = wire(settings)
    try:
        match given.act:
            case "list":
                return await _list(parts.keys)
            case "retire":
                return await _retire(parts.keys, given.key)
            case "sweep":
                return await _sweep(parts.keys, None)
            case "destroy":
                return await _destroy(parts.keys, given.organization, is_meant=given.forever)
            case _:
                return await _rotate(parts.keys, given.data)
    finally:
        await parts.close()


async def _list(keys: KeyKeeping) -> int:
    for one in await keys.holdings():
        print(_line(one))
    return 0


async def _rotate(keys: KeyKeeping, data: str | UUID | None) -> int:
    if data is None:
        wrapped = await keys.rewrap()
        print(f"{wrapped.done} data keys wrapped anew.")
        sealed = await keys.reseal_ring()
        print(f"{sealed.done} values that a key of the ring had sealed are sealed by data keys.")
        return _ended(wrapped + sealed)
    organization_id = OrganizationId(data) if isinstance(data, UUID) else None
    renewed = await keys.organizations() if organization_id is None else [organization_id]
    for one in renewed:
        await keys.renew(one)
    print(f"{len(renewed)} new data keys.")
    return await _sweep(keys, organization_id)


async def _sweep(keys: KeyKeeping, organization_id: OrganizationId | None) -> int:
    sealed = await keys.reseal(organization_id)
    destroyed = await keys.destroy_idle(organization_id)
    print(f"{sealed.done} values sealed anew by the newest data keys; {destroyed} older keys destroyed.")
    print(
        "A key that was replaced rests for an hour, since processes may still seal by it; sweep again then."
    )
    return _ended(sealed)


async def _retire(keys: KeyKeeping, name: str) -> int:
    found = {one.kek_id: one for one in await keys.holdings()}.get(name)
    if found is None:
        return _refuse(f"No key is called {name}.")
    print(_line(found))
    return 0 if found.is_idle else 1


async def _destroy(keys: KeyKeeping, organization: UUID, *, is_meant: bool) -> int:
    if not is_meant:
        return _refuse("What its keys sealed can never be opened again. Say --forever if that is meant.")
    print(f"{await keys.destroy(OrganizationId(organization))} data keys destroyed.")
    print("Processes forget them within five minutes. Backups hold them still: see docs/operations.md.")
    return 0


def _line(one: Holding) -> str:
    holds = f"{one.kek_id}: wraps {one.data_keys} data keys ({one.sealing} seal), sealed {one.values} values"
    if one.is_current:
        return f"{holds}; wraps new ones"
    if not one.is_known:
        return f"{holds}; UNKNOWN here: what it holds cannot be opened"
    return f"{holds}; {'may be removed' if one.is_idle else 'must stay: run keys rotate'}"


def _ended(done: Done) -> int:
    if done.failed:
        print(f"{done.failed} could not be opened, and are left as they are.", file=sys.stderr)
    return 1 if done.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./slotgraph keys")
    acts = parser.add_subparsers(dest="act", required=True)
    acts.add_parser("list", help="say what each key of the ring holds")
    rotate = acts.add_parser("rotate", help="wrap all data keys by the first key of the ring")
    rotate.add_argument("--data", metavar="ORG|all", type=_whose, help="make new data keys instead")
    acts.add_parser("sweep", help="seal by the newest data keys, and destroy those that nothing needs")
    retire = acts.add_parser("retire", help="say whether a key may be taken out of the ring")
    retire.add_argument("key")
    destroy = acts.add_parser("destroy", help="destroy an organization's data keys")
    destroy.add_argument("organization", type=UUID)
    destroy.add_argument("--forever", action="store_true", help="yes, that is meant")
    return parser


def _whose(given: str) -> str | UUID:
    return _ALL if given == _ALL else UUID(given)


def _refuse(sentence: str) -> int:
    print(f"slotgraph: {sentence}", file=sys.stderr)
    return 2

"""Whatever happens, in whatever order: the host's own entries stay as they are, byte by byte."""

import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.fakes.kit import Fault
from tests.installation import CANCEL, HOLD, RESCHEDULE, stamp
from tests.proofs.life import CHANGES
from tests.proofs.scene import MONDAY, Scene

pytestmark = pytest.mark.anyio
_STEPS = 18
_SEED = 166
_TIMES = [stamp(MONDAY + timedelta(hours=8, minutes=30 * half)) for half in range(10)]


class Rows:
    """Steps that anybody could take, drawn by lot; `tokens` are links to bookings that were made."""

    def __init__(self, scene: Scene, slug: str, lot: random.Random) -> None:
        self.scene = scene
        self.slug = slug
        self.lot = lot
        self.tokens: list[str] = []
        self.done: list[str] = []

    async def book(self) -> None:
        """Book; sometimes hold first."""
        start = self.lot.choice(_TIMES)
        if self.lot.random() < 0.3:
            held = {"slug": self.slug, "start": start, "idempotencyKey": str(uuid4())}
            await self.scene.house.answer(HOLD, input=held)
        booked = await self.scene.house.book(self.slug, start)
        if "manageToken" in booked:
            self.tokens.append(booked["manageToken"])

    async def move(self) -> None:
        """Move a booking."""
        if self.tokens:
            wanted = {"token": self.lot.choice(self.tokens), "start": self.lot.choice(_TIMES)}
            await self.scene.house.answer(RESCHEDULE, input=wanted)

    async def cancel(self) -> None:
        """Cancel a booking."""
        if self.tokens:
            await self.scene.house.answer(CANCEL, input={"token": self.lot.choice(self.tokens)})

    async def host_changes(self) -> None:
        """Let the host move, rename or delete our entry by hand, if it is the only one."""
        at = MONDAY + timedelta(hours=self.lot.randrange(8, 14))
        with suppress(ValueError, KeyError):  # none of ours, or more than one
            match self.lot.randrange(3):
                case 0:
                    self.scene.side.host_retitles("Coffee")
                case 1:
                    self.scene.side.host_moves(at, at + timedelta(minutes=30))
                case _:
                    self.scene.side.host_deletes()

    async def point_elsewhere(self) -> None:
        """Let our table name one of the host's own entries for ours, as a copied or mistaken id would."""
        foreign = self.lot.choice(sorted(self.scene.foreign_ids()))
        column, value = ("uid", foreign) if self.scene.provider == "CALDAV" else ("remote_id", foreign)
        await self.scene.house.rows_changed(
            f"UPDATE entries SET {column} = :value, state = 'written'"  # noqa: S608 -- our own two columns
            " WHERE id = (SELECT id FROM entries ORDER BY random() LIMIT 1)",
            value=value,
        )

    async def provider_fails(self) -> None:
        """Lose the answer of the next change, or the change itself."""
        fault = self.lot.choice([Fault(hangs_up=True, after=True), Fault(503), Fault(200, b"<html>")])
        self.scene.fake.fails(self.lot.choice(CHANGES[self.scene.provider]), fault)

    async def step(self) -> None:
        """Take one step, and let a worker carry it out."""
        steps: list[Callable[[], Awaitable[None]]] = [
            *[self.book] * 4,
            *[self.move] * 3,
            *[self.cancel] * 2,
            *[self.host_changes] * 2,
            self.point_elsewhere,
            self.provider_fails,
        ]
        step = self.lot.choice(steps)
        self.done.append(step.__name__)
        await step()
        await self.scene.house.work()
        if self.lot.random() < 0.3:
            self.scene.clock.turn(minutes=2)
            await self.scene.house.work()


async def test_no_row_of_steps_changes_an_entry_of_the_host(scene: Scene) -> None:
    """R066 to R068, P8, case 166: model-based, through the whole house, at each provider."""
    scene.fill()
    host = await scene.house.sign_up()
    await scene.connect(host)
    rows = Rows(scene, await scene.house.page(host, capacity=1), random.Random(_SEED))
    stands = scene.side.foreign()
    for _ in range(_STEPS):
        await rows.step()
        assert scene.side.foreign() == stands, rows.done
    assert scene.fake.asked(*CHANGES[scene.provider]), rows.done


async def test_id_of_a_foreign_entry_is_refused_before_any_change(scene: Scene) -> None:
    """R068, case 166: with our row pointing at the host's entry, moving and cancelling change nothing."""
    scene.fill()
    house = scene.house
    host = await house.sign_up()
    await scene.connect(host)
    slug = await house.page(host)
    booked = await house.book(slug, _TIMES[0])
    await house.work()
    stands, before = scene.side.foreign(), len(scene.fake.asked(*CHANGES[scene.provider]))
    foreign = min(scene.foreign_ids())
    column = "uid" if scene.provider == "CALDAV" else "remote_id"
    await house.rows_changed(f"UPDATE entries SET {column} = :foreign", foreign=foreign)  # noqa: S608 -- as above

    await house.ask(RESCHEDULE, input={"token": booked["manageToken"], "start": _TIMES[3]})
    await house.work()
    await house.ask(CANCEL, input={"token": booked["manageToken"]})
    await house.work()

    assert scene.side.foreign() == stands
    changes = scene.fake.asked(*CHANGES[scene.provider])[before:]
    at_foreign = [call for call in changes if foreign in call.url or foreign in call.path.values()]
    # CalDAV first tries to make a new object, which a server refuses wherever there is one.
    assert [call for call in at_foreign if call.headers.get("if-none-match") != "*"] == []
    assert await house.rows("SELECT failure FROM entries") == [("not_ours",)]

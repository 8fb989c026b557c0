"""What a type may ask for, in batches: things by id, open slots by question.

Made anew for each operation and each subscription event, since a loader remembers what it gave.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from strawberry.dataloader import DataLoader

from domain.booking_pages import BookingPage
from domain.ids import OrganizationId, PageId, UserId
from domain.open_slots import FindSlots, OpenSlots
from domain.users import User
from services.all import Services

PageKey = tuple[OrganizationId, PageId]


@dataclass(frozen=True, slots=True)
class LoaderSet:
    """Every loader of one operation."""

    users: DataLoader[UserId, User | None]
    pages: DataLoader[PageKey, BookingPage | None]
    open_slots: DataLoader[FindSlots, OpenSlots]


def make_loaders(services: Services) -> LoaderSet:
    """Make the loaders of one operation; each batch has a unit of its own."""

    async def load_users(ids: Sequence[UserId]) -> list[User | None]:
        async with services.units.read() as unit:
            found = await unit.users.by_ids(list(ids))
        return [found.get(id_) for id_ in ids]

    async def load_pages(keys: Sequence[PageKey]) -> list[BookingPage | None]:
        by_organization: defaultdict[OrganizationId, list[PageId]] = defaultdict(list)
        for organization_id, page_id in keys:
            by_organization[organization_id].append(page_id)
        found: dict[PageKey, BookingPage] = {}
        async with services.units.read() as unit:
            for organization_id, ids in by_organization.items():
                pages = await unit.pages.by_ids(organization_id, ids, deleted=True)
                found.update({(organization_id, page_id): page for page_id, page in pages.items()})
        return [found.get(key) for key in keys]

    async def load_open_slots(questions: Sequence[FindSlots]) -> list[OpenSlots | BaseException]:
        answers = await asyncio.gather(
            *(services.availability.open_slots(question) for question in questions), return_exceptions=True
        )
        return list(answers)

    return LoaderSet(
        users=DataLoader(load_users),
        pages=DataLoader(load_pages),
        open_slots=DataLoader(load_open_slots, cache_key_fn=lambda q: (q.page.id, q.start, q.end)),
    )
